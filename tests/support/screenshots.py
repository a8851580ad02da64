"""Pictures of every page of the console, for docs/console/: `.venv/bin/python -m tests.support.screenshots [FOLDER]`.

At both sizes and in both languages, as whoever has the page most sees it. The office in them is invented.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.pages import PageAddress, addresses, allowed, filled, roles
from tests.support.console import CHROMIUM, ConsoleUnderTest, Visitors, shared_console
from tests.support.documents import DOCS

FOLDER = DOCS / "console"
LOOKED_BY = {
    "page.desk": "reception", "page.mine": "consultant", "page.customers": "manager", "page.disputes": "manager",
    "page.floor": "manager", "page.findings": "manager", "page.reports": "manager", "page.people": "manager",
    "page.shift": "manager", "page.audit": "auditor", "page.rulebook": "manager",
}  # fmt: skip
NOT_PAGES = ("/assets", "/live/", "/healthz", "/readyz", "/metrics", "/openapi.json")
FILES = ("/evidence", "/workbook", "/rejected")


def main(folder: Path = FOLDER) -> None:
    """Take all of them, the old ones away first."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as place,
        shared_console(Path(place)) as console,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visitors = Visitors(browser, console)
        for address in addresses("GET"):
            take(visitors, console, address, folder)
        browser.close()


def take(visitors: Visitors, console: ConsoleUnderTest, address: PageAddress, folder: Path) -> None:
    """The pictures of one page; none of what is no page, or is of something that nobody made."""
    path = filled(address.path, console)
    if path is None or path.startswith(NOT_PAGES) or path.endswith(FILES):
        return
    role = None if address.action == "page.enter" else LOOKED_BY.get(address.action) or first(address.action)
    for size in ("desktop", "phone"):
        for language in ("zh", "en"):
            page = visitors.visit(role, size=size, language=language)
            page.goto(path)
            page.screenshot(path=folder / f"{name_of(address)}-{size}-{language}.png", full_page=True)
            page.context.close()


def first(action: str) -> str:
    """Somebody who may open it."""
    return next(role for role in roles() if allowed(action, role))


def name_of(address: PageAddress) -> str:
    """A page by its address, without what names an office or a scope."""
    left = [
        one.strip("{}").partition(":")[0] for one in address.path.split("/") if one not in ("", "at", "in")
    ]
    return "-".join(one for one in left if one not in ("scope", "office")) or "home"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
