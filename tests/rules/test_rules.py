"""The rules by example: every case holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.check import mismatches
from tests.rules.form import Case, judged, read_cases

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rules_decide_so(case: Case, tmp_path: Path) -> None:
    """What is decided of the facts of a case is what its sentence says, and nothing besides."""
    assert list(mismatches(case, judged(case, tmp_path))) == []


def test_a_case_is_named_once() -> None:
    """No two cases of a file have the same name."""
    names = [str(case) for case in CASES]
    assert len(names) == len(set(names))
