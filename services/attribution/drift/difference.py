"""One place at which what is stored is not what is given, in a form that may be shown.

Texts of people are never shown: of a name or a note that differs one reads that it does, and a digest of each, so that
two can be told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.contract import mask

PERSONAL: Final = frozenset(
    {
        "name", "names", "contacts", "contact", "phones", "phone", "wechat", "note", "notes", "subject", "content",
        "address", "result", "text", "evidence", "mail", "dingtalk", "wecom", "feishu",
    }
)  # fmt: skip
"""Fields whose values are told by a digest alone."""
LONGEST: Final = 300
FIELDS: Final = 12
"""Fields of one row that are told one by one."""
_RAW: Final = msgspec.json.Encoder(order="deterministic")


class Drift(Struct, frozen=True):
    """What stands in a field of a row, and what is given for it; None where there is no such row or field."""

    scope: str
    comparison: str
    place: str
    row: str
    field: str
    stored: str | None
    given: str | None

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """By which it is known again."""
        return self.scope, self.comparison, self.place, self.row, self.field


def shown(value: Any, field: str = "") -> str:
    """A value as it may be read by whoever looks after the data."""
    text = value if isinstance(value, str) else _RAW.encode(value).decode()
    steps = field.replace("[", ".").split(".")
    if any(step in PERSONAL for step in steps) or (isinstance(value, Mapping) and PERSONAL & value.keys()):
        return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"
    told = mask(text)
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"


def fields_of(stored: Any, given: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The places within two values at which they differ, each with what stands there."""
    if isinstance(stored, dict) and isinstance(given, dict):
        for name in sorted({*stored, *given}):
            inner = f"{path}.{name}" if path else str(name)
            yield from fields_of(stored.get(name), given.get(name), inner)
    elif isinstance(stored, list) and isinstance(given, list) and len(stored) == len(given):
        for n, (one, other) in enumerate(zip(stored, given, strict=True)):
            yield from fields_of(one, other, f"{path}[{n}]")
    elif stored != given:
        yield path, stored, given


def drift_of(scope: str, comparison: str, place: str, row: str, stored: Any, given: Any) -> Iterator[Drift]:
    """The differences of one row: whole where it is missing on one side, else field by field."""
    if stored is None or given is None:
        there = [None if value is None else shown(value) for value in (stored, given)]
        yield Drift(scope, comparison, place, row, "", *there)
        return
    for n, (field, one, other) in enumerate(fields_of(stored, given)):
        if n == FIELDS:
            yield Drift(scope, comparison, place, row, "…", None, None)
            return
        sides = [None if value is None else shown(value, field) for value in (one, other)]
        yield Drift(scope, comparison, place, row, field, *sides)
