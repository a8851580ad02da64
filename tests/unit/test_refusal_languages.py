"""What a caller is refused with is said in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFUSALS = frozenset({"ProblemError", "problem", "unavailable", "refused", "bad_input", "wrong", "ask"})
WORDS = re.compile("[a-z]+ [a-z]+")
CALLS = sorted(path for room in ("services", "shared/platform/http") for path in (ROOT / room).rglob("*.py"))


def plain_words(path: Path) -> Iterator[str]:
    """Words of English in a refusal that were not looked up in the catalogue."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(call, ast.Call)
            and getattr(call.func, "attr", getattr(call.func, "id", "")) in REFUSALS
        ):
            for given in call.args:
                parts = given.values if isinstance(given, ast.JoinedStr) else [given]
                said = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
                if WORDS.search(said):
                    yield f"{path.relative_to(ROOT)}:{call.lineno}: {said}"


def test_no_refusal_is_in_english_alone() -> None:
    """Each goes through the catalogue, which has both."""
    assert [one for path in CALLS for one in plain_words(path)] == []
