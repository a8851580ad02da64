"""Whatever a file holds, loading ends in a rulebook or in `OfficeFileError`; the schema agrees about shapes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import Struct

from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.strict import fields_of, struct_in
from shared.rules.rulebooks.loading import load
from shared.rules.rulebooks.shape import SHAPE
from shared.rules.rulebooks.shape_values import CitedSection

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "rulebook.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
BEYOND_SCHEMA = ("missing citation", "must sum", "no time zone", "missing, and no rulebook")
TOKENS: list[Any] = [
    *(None, True, False, 0, 1, 3000, 7000, 10000, 0.5, "1", "yes", "no", "all", "", " ", "4 days", "1 month"),
    *("0 days", "12345 days", "found", "named", "none", "first", "closer", "split", "return", "ruling"),
    *("on_turn", "hold", "skip", "reversed", "optional", "required", "bar", "release", "deal"),
    *([], ["name"], ["name", "name"], ["manager", "director"], ["phone", "sms"], ["x"], {}, {"cite": "1"}),
    *({"effect": "first"}, {"effect": "split"}, {"split": {"first": 4000, "second": 6000}}),
    *({"owner": 7000, "assistant": 3000}, {"owner": 7000, "closer": 3000}, {"visit": "4 days", "call": None}),
    *({"zh": "罚", "en": "Fine", "cite": "1"}, {"by": "found", "within": "2 months"}, {"effect": "reversed"}),
]


def values(shape: type[Struct]) -> st.SearchStrategy[Any]:
    """Something for a value: its own fields with anything in them, or anything."""
    inner = {
        key: values(part) if (part := struct_in(kind)) is not None else st.sampled_from(TOKENS)
        for key, kind in fields_of(shape).items()
    }
    own = st.fixed_dictionaries({}, optional=inner | {"cite": st.sampled_from(["1", "2", "9", 1, None])})
    return st.one_of(own, st.sampled_from(TOKENS))


def sections() -> dict[str, st.SearchStrategy[Any]]:
    found: dict[str, st.SearchStrategy[Any]] = {}
    for key, shape in SHAPE.items():
        if issubclass(shape, CitedSection):
            kinds = {name: struct_in(kind) for name, kind in fields_of(shape).items()}
            inner = {name: values(value) for name, value in kinds.items() if value is not None}
            cite = {"cite": st.sampled_from(["1", "9", 2])}
            found[key] = st.fixed_dictionaries({}, optional=inner | cite)
        else:
            found[key] = values(shape)
    return found


def outcome(raw: bytes) -> OfficeFileError | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.yaml"
        path.write_bytes(raw)
        try:
            load(path)
        except OfficeFileError as bad:
            return bad
    return None


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(SHAPE)), st.just(None), max_size=3), st.data())
def test_the_schema_and_the_loader_agree_about_shapes(keys: dict[str, None], data: st.DataObject) -> None:
    """What the schema refuses is refused; what it accepts fails only for what no schema sees."""
    parts = sections()
    book: dict[str, Any] = {"rulebook": "office", "version": 1, "extends": "base"}
    book |= {key: data.draw(parts[key]) for key in keys}
    book["clauses"] = {"1": {"zh": "一", "en": "One."}, "2": {"zh": "二", "en": "Two."}}
    bad = outcome(json.dumps(book, ensure_ascii=False).encode())
    if VALIDATOR.is_valid(book):
        assert bad is None or any(reason in bad.reason for reason in BEYOND_SCHEMA), bad
    else:
        assert bad is not None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_refusal(raw: bytes) -> None:
    """Bytes that are no rulebook are refused, never more than that."""
    assert outcome(raw) is not None


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 5000),
    st.sampled_from(["", "\t", "'", '"', "{", "}", "[", ":", "- ", "&a ", "*a", "\x00", "#"]),
)
def test_a_broken_base_is_refused_or_read(place: int, noise: str) -> None:
    """A book with something typed into the middle is read or refused, never more than that."""
    text = (ROOT / "shared/rules/rulebooks/base.yaml").read_text(encoding="utf-8")
    text = text.replace("rulebook: base", "rulebook: own")
    bad = outcome((text[:place] + noise + text[place + 1 :]).encode())
    assert bad is None or (bad.line >= 1 and bad.reason)
