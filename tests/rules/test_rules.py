"""The rules by example: every sentence has a case, and every case holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.check import mismatches
from tests.rules.form import ELSEWHERE, Case, judged, read_cases, read_sentences

CASES = read_cases()
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rules_decide_so(case: Case, tmp_path: Path) -> None:
    """What is decided of the facts of a case is what its sentence says, and nothing besides."""
    assert list(mismatches(case, judged(case, tmp_path))) == []


def test_every_sentence_has_a_case() -> None:
    """Each sentence of the table is shown by at least one case."""
    shown = {key for case in CASES for key in case.said.get("of", [])}
    sentences = {f"{section}.{key}" for section, told in read_sentences().items() for key in told}
    assert sorted(sentences - shown) == []


def test_sentences_that_no_events_show_are_held_elsewhere() -> None:
    """What the rules say of input and of rulebook files is held by tests that are there."""
    held = [place for told in read_sentences(ELSEWHERE).values() for place in told.values()]
    missing = [place for place in held if not _stands(*place.split("::"))]
    assert held and missing == []


def _stands(path: str, test: str) -> bool:
    file = ROOT / path
    return file.is_file() and f"def {test}(" in file.read_text(encoding="utf-8")


def test_every_case_names_sentences_of_the_table() -> None:
    """A case says which sentences it shows, and these are in the table."""
    sentences = {f"{section}.{key}" for section, told in read_sentences().items() for key in told}
    named = {key for case in CASES for key in case.said["of"]}
    assert sorted(named - sentences) == []


def test_a_case_is_named_once() -> None:
    """No two cases of a file have the same name."""
    names = [str(case) for case in CASES]
    assert len(names) == len(set(names))
