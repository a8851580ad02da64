"""Every page of the console has its pictures in docs/console/, and the page beside them tells what each is for."""

from __future__ import annotations

import re

import pytest

from shared.access.table import permission_table
from tests.support.documents import text
from tests.support.pictured import FOLDER, LANGUAGES, SIZES, pictured

PAGES = [one.name for one in pictured()]
README = FOLDER / "README.md"
LARGEST = 130_000
ALL_OF_THEM = 8_000_000


def files() -> set[str]:
    return {one.name for one in FOLDER.glob("*.png")}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_picture_at_each_size_in_each_language(page: str) -> None:
    """Taken by tests/support/screenshots.py."""
    wanted = {f"{page}.{size}.{language}.png" for size in SIZES for language in LANGUAGES}
    assert wanted - files() == set()


def test_there_is_no_picture_of_a_page_that_is_gone() -> None:
    assert {one.partition(".")[0] for one in files()} - set(PAGES) == set()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_told_of_with_its_picture(page: str) -> None:
    """At the desk's size, or at that of a telephone where it is mostly looked at there."""
    assert re.search(rf"!\[[^\]]+\]\({page}\.(desktop|phone)\.zh\.png\)", text(README)), page


def test_whoever_looks_at_a_page_may_open_it() -> None:
    table = permission_table()
    actions = {path: action for _, path, action in table.routes("console")}
    for page in pictured():
        allowed = table.actions[actions[page.path]]
        assert page.role is None or allowed.who != "role" or page.role in allowed.may, page


def test_pictures_are_small() -> None:
    sizes = {one.name: one.stat().st_size for one in FOLDER.glob("*.png")}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
    assert sum(sizes.values()) < ALL_OF_THEM


def test_a_picture_is_a_png() -> None:
    """A file that was cut off, or is something else, is told."""
    for one in FOLDER.glob("*.png"):
        content = one.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n"), one.name
        assert content.endswith(b"IEND\xaeB`\x82"), one.name
