"""The kinds of values that answers are made of."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from shared.contract.times import RFC_3339

InstantText = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": RFC_3339})]
"""A time in UTC with `Z`, as `format_instant` writes it."""
Seq = Annotated[int, Meta(ge=0)]
"""A place in the order of a scope; 0 where nothing is folded yet."""
Count = Annotated[int, Meta(ge=0)]

DisputeStatus = Literal["open", "ruled"]
Employment = Literal["enrolled", "departed"]
WarningRule = Literal["unknown_scope", "unknown_office", "unknown_staff", "departed_staff"]

CURSOR: Final = "where the next page begins; null or left out on the last one"


class BothLanguages(Struct, frozen=True, gc=False):
    """The same words in Chinese and English."""

    zh: str
    en: str
