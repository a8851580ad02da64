"""docs/rules: pages, rulebooks and cases say the same, clause by clause, value by value, case by case.

A reader of a page wants to see a clause at work: each names cases of the rules in which a decision, a deal, a
dispute or a penalty cites it. What the cases cite is computed by judging them, never taken from the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.rules.rulebooks.in_words import settings
from shared.rules.rulebooks.loading import load, load_book, shipped
from shared.rules.rulebooks.shape import CITING
from tests.rules.form import judged, read_cases

PAGES = Path(__file__).parents[2] / "docs" / "rules"
BOOKS = ("base", "confirmation", "getian", "handbook", "reception", "shijiazhuang")
NEVER_CITED = {
    "base.rotation": "moves the boards, which cite nothing; a fine for it cites the clause of the penalty",
    "confirmation.2": "sets no value: two parties are two customers without any rule saying so",
    "confirmation.7": "sets no value: what it says is decided under the value that cites confirmation.4",
}
SHOWN = re.compile(
    r"^\* \[(?P<file>[^]]+)\]\(\.\./\.\./tests/rules/cases/(?P<path>[^)]+)\.yaml\): (?P<name>.+)$", re.M
)

Cited = Mapping[str, frozenset[str]]


def clauses(result: Mapping[str, Any]) -> Iterator[str]:
    """Every clause that a judgement cites."""
    for told in (*result["customers"], *result["deals"]):
        yield from (decision["clause"] for decision in told["decisions"])
    yield from (told["clause"] for told in (*result["disputes"], *result["penalties"]))


@pytest.fixture(scope="module")
def cited(tmp_path_factory: pytest.TempPathFactory) -> Cited:
    """What each case of the rules cites, by file and name."""
    folder = tmp_path_factory.mktemp("books")
    return {str(case): frozenset(clauses(judged(case, folder))) for case in read_cases()}


def shown(section: str) -> list[str]:
    """The cases that a section names, each by file and name."""
    return [f"{said['file']}: {said['name']}" for said in SHOWN.finditer(section)]


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


@pytest.mark.parametrize("name", BOOKS)
def test_each_clause_is_cited_by_a_case(name: str, cited: Cited) -> None:
    """Every clause is cited by a case, but for those that no decision can rest on."""
    at_work = {clause for clauses_cited in cited.values() for clause in clauses_cited}
    own = set(load_book(name).sheets[-1].clauses)
    assert sorted(own - at_work) == sorted(own & set(NEVER_CITED))


@pytest.mark.parametrize("name", BOOKS)
def test_a_page_names_cases_that_cite_the_clause(name: str, cited: Cited) -> None:
    """Under each clause stand cases that exist and cite it; where none can, the page says so."""
    for clause, section in sections(name).items():
        if clause == "Not for software":
            continue
        cases = shown(section)
        assert cases and set(cases) <= set(cited), clause
        assert ("Cited by no decision: " in section) == (clause in NEVER_CITED), clause
        if clause not in NEVER_CITED:
            assert [case for case in cases if clause not in cited[case]] == []


@pytest.mark.parametrize("name", BOOKS)
def test_a_case_is_linked_by_its_file(name: str) -> None:
    """Every line of a list of cases is a link to the file that the case stands in."""
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    links = [(said["file"], said["path"]) for said in SHOWN.finditer(page)]
    assert len(links) == sum(line.startswith("* ") for line in page.splitlines())
    assert all(file == path for file, path in links)


def test_the_index_names_every_page() -> None:
    """The index links every book that ships, and there is a page for each, beside what is common to all."""
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert shipped() == BOOKS
    assert {path.stem for path in PAGES.glob("*.md")} == {*BOOKS, "README", "procedure", "proofs", "sources"}
    assert all(f"[{name}]({name}.md)" in index for name in (*BOOKS, "proofs"))


def test_the_example_of_the_index_is_good(tmp_path: Path) -> None:
    """The rulebook that the guide shows can be loaded as it stands."""
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", index, re.DOTALL)
    assert example is not None
    path = tmp_path / "riverside.yaml"
    path.write_text(example[1], encoding="utf-8")
    book = load(path)
    assert (book.follow_up.days("visit"), book.deal.assisted and book.deal.assisted.owner) == (7, 6000)


def enumerated(node: Any) -> Iterator[str]:
    """Every word that the published schema allows somewhere."""
    if isinstance(node, dict):
        yield from (word for word in node.get("enum", ()) if isinstance(word, str))
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from enumerated(inner)


def test_the_guide_tells_every_key_and_every_word() -> None:
    """Whoever writes a book finds each section and each word of the schema in the guide, with no look at code."""
    guide = (PAGES / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", guide, flags=re.DOTALL)))
    schema = json.loads((PAGES.parent / "schemas" / "rulebook.schema.json").read_text(encoding="utf-8"))
    assert sorted(set(enumerated(schema)) - told) == []
    assert sorted(key for key in CITING if not any(f"{word}.".startswith(f"{key}.") for word in told)) == []
