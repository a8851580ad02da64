"""docs/rules: the pages say what the rulebooks say, clause by clause and value by value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.attribution.rulebooks.loading import load, load_book, shipped
from services.attribution.rulebooks.telling import settings

PAGES = Path(__file__).parents[2] / "docs" / "rules"
BOOKS = ("base", "confirmation", "getian", "handbook", "reception", "shijiazhuang")


def sections(name: str) -> dict[str, str]:
    """The text under each heading of a page."""
    parts = re.split(r"^## (.+)$", (PAGES / f"{name}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", BOOKS)
def test_a_page_has_the_clauses_of_its_book(name: str) -> None:
    """A page has a heading for each clause of its book, in order, and then what is not for software."""
    assert list(sections(name)) == [*load_book(name).sheets[-1].clauses, "Not for software"]


@pytest.mark.parametrize("name", BOOKS)
def test_a_page_has_the_sentences_of_its_book(name: str) -> None:
    """Under each clause stand its sentences in both languages."""
    told, book = sections(name), load_book(name)
    for clause, text in book.sheets[-1].clauses.items():
        assert told[clause].startswith(f"\n\n> {text.zh}\n\n{text.en}\n\n")


@pytest.mark.parametrize("name", BOOKS)
def test_a_page_has_the_values_of_its_book(name: str) -> None:
    """Under each clause stand exactly the values that cite it, or that there are none."""
    told, book = sections(name), load_book(name)
    for clause in book.sheets[-1].clauses:
        lines = [line for line in told[clause].splitlines() if line.startswith("- `")]
        wanted = [(path, s.value) for path, s in settings(book).items() if s.clause == clause]
        assert lines == [f"- `{path}`: `{value}`" if value else f"- `{path}`" for path, value in wanted]
        assert ("Sets no value." in told[clause]) == (not wanted)


def test_the_index_names_every_page() -> None:
    """The index links every book that ships, and there is a page for each and no other."""
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert shipped() == BOOKS
    assert {path.stem for path in PAGES.glob("*.md")} == {*BOOKS, "README"}
    assert all(f"[{name}]({name}.md)" in index for name in BOOKS)


def test_the_example_of_the_index_is_good(tmp_path: Path) -> None:
    """The rulebook that the guide shows can be loaded as it stands."""
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", index, re.DOTALL)
    assert example is not None
    path = tmp_path / "riverside.yaml"
    path.write_text(example[1], encoding="utf-8")
    book = load(path)
    assert (book.follow_up.days("visit"), book.deal.assisted and book.deal.assisted.owner) == (7, 6000)
