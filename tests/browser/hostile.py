"""Texts that would be programs: who writes one into a name, a note or the title of a file is read, and not obeyed."""

from __future__ import annotations

import uuid
from typing import Any

from playwright.sync_api import Page

from tests.support.console import ConsoleUnderTest

SCRIPT = "<script>window.hit=1</script>"
IMAGE = '"><img src=x onerror=window.hit=1>'
TEMPLATE = "{{1234*5678}}${1234*5678}<svg/onload=window.hit=1>"
WORKED_OUT = "7006652"
"""What a template would make of it; no count on a page is that high."""
WATCHED = """addEventListener("securitypolicyviolation", (event) =>
  (window.violated ||= []).push(`${event.violatedDirective} ${event.blockedURI}`));"""
WORDS = frozenset(("script", "window", "hit", "img", "src", "onerror", "svg", "onload", "pdf"))
"""Their words, which no language has."""


def hostile_customer(console: ConsoleUnderTest) -> str:
    """A customer of whom every text is a program; the id."""
    phone = f"139{uuid.uuid4().int % 10**8:08d}"
    party = {"name": IMAGE, "phones": [phone], "relation": SCRIPT}
    said = {"level": IMAGE, "next_step": TEMPLATE, "project": SCRIPT}
    console.record(_event(console, "visit.registered", {
        "visit": uuid.uuid4().hex, "received_by": "li", "capacity": "on_turn", "asked": {"visited_before": "no"},
        "customer": party, "notes": f"{SCRIPT} {TEMPLATE}", "purpose": IMAGE,
        "channel": SCRIPT, **said,
    }))  # fmt: skip
    console.record(_event(console, "followup.recorded", {
        "customer": party, "by": "li", "method": "phone", "subject": IMAGE, "content": f"{SCRIPT}{TEMPLATE}", **said,
    }))  # fmt: skip
    console.record(_event(console, "document.attached", {
        "customer": party, "kind": SCRIPT, "title": f"{IMAGE}.pdf", "sha256": "0" * 64, "bytes": 1,
        "media_type": "application/pdf",
    }))  # fmt: skip
    console.record(_event(console, "dispute.opened", {
        "dispute": uuid.uuid4().hex, "customer": party, "opened_by": "li", "reason": f"{IMAGE}{SCRIPT}",
    }))  # fmt: skip
    return console.look_up(phone)


def hostile_record(console: ConsoleUnderTest) -> str:
    """A visit that the desk entered, of somebody whose name is a program; the id of the event."""
    party = {"name": IMAGE, "phones": [f"139{uuid.uuid4().int % 10**8:08d}"]}
    event = _event(console, "visit.registered", {
        "visit": uuid.uuid4().hex, "received_by": "li", "capacity": "on_turn", "asked": {"visited_before": "no"},
        "customer": party, "notes": SCRIPT,
    })  # fmt: skip
    console.record(event)
    return str(event["id"])


def _event(console: ConsoleUnderTest, type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "type": type_, "scope": console.scope, "office": console.office, "actor": "desk",
        "occurred_at": console.now().isoformat(), "data": data,
    }  # fmt: skip


def unharmed(page: Page) -> None:
    """Nothing ran, nothing was tried that the policy had to stop, and nothing was worked out."""
    assert page.evaluate("window.hit") is None
    assert page.evaluate("window.violated") is None
    assert WORKED_OUT not in page.locator("body").inner_text()
    assert page.locator("a[href^='javascript:']").count() == 0
