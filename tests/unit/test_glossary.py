"""The glossary is the law of words: what it names is there, and what it gives up is not used for a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.support.sources import ROOMS, ROOT, modules, nodes

PAGE = ROOT / "docs" / "glossary.md"
GIVEN_UP = "## Words given up"


def rows(section: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| *")]


WORDS, _, LAST = PAGE.read_text().partition(GIVEN_UP)
USED = {row[0].strip("*"): row for row in rows(WORDS)}
NOT_USED = {row[0].strip("*"): row[1] for row in rows(LAST)}


@cache
def said() -> str:
    """All that code and documents say but the glossary, in lower case, words apart."""
    code = [
        file for room in ROOMS for file in (ROOT / room).rglob("*") if file.suffix in {".py", ".sql", ".yaml"}
    ]
    documents = [file for file in (ROOT / "docs").rglob("*.md") if file != PAGE]
    text = "\n".join(file.read_text() for file in (*code, *documents))
    return re.sub(r"[_\-\s]+|(?<=[a-z])(?=[A-Z])", " ", text).lower()


def names() -> Iterator[tuple[str, str]]:
    """The names of modules, classes and functions, each with its place."""
    for file in modules():
        place = str(file)
        yield file.stem, place
        for one in nodes(file):
            if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield one.name, f"{place}:{one.lineno}"


def words_of(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def test_every_word_of_the_glossary_is_used() -> None:
    """A word that nobody uses any more has no row."""
    assert len(USED) > 100
    assert [word for word in USED if re.sub(r"[_\-]", " ", word).lower() not in said()] == []


def test_no_name_has_a_word_that_the_glossary_gives_up() -> None:
    """Modules, classes and functions are named with the words that the glossary has instead."""
    assert len(NOT_USED) > 10
    assert [f"{place} {name}" for name, place in names() if set(words_of(name)) & set(NOT_USED)] == []


def test_what_is_said_instead_is_not_given_up_itself() -> None:
    assert not {word for instead in NOT_USED.values() for word in words_of(instead)} & set(NOT_USED)
