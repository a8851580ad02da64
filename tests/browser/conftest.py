"""A real browser over a real deployment, which is there for these tests and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.console import CHROMIUM, ConsoleUnderTest, Visitors, shared_console


@pytest.fixture(scope="package")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleUnderTest]:
    """The console with everything behind it.

    It ends with the last test of the folder: while nobody looks, its clock runs on, and takes a fifth of a processor.
    """
    own: Path = tmp_path_factory.getbasetemp()
    with shared_console((own if own.name.startswith("pytest-") else own.parent) / "console") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window.

    One for each module, and closed with it: as long as it is driven, a loop of events runs in the process, beside which
    no other test has one of its own.
    """
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def visitors(browser: Browser, console: ConsoleUnderTest) -> Visitors:
    """Whoever looks, by role."""
    return Visitors(browser, console)
