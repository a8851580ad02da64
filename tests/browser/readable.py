"""Whether somebody can read a page, as far as a machine can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.hostile import unharmed

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def readable(page: Page) -> None:
    """What axe finds, what stands over the edge, whether there is one heading, and that no text was a program."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    assert _violations(found.response) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert page.locator("h1").count() == 1
    unharmed(page)


def _violations(response: Mapping[str, Any]) -> list[str]:
    return [
        f"{one['id']}: {node['html'][:200]}" for one in response["violations"] for node in one["nodes"][:3]
    ]
