"""The kinds of values that answers are made of."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypedDict, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.times import RFC_3339

InstantText = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": RFC_3339})]
"""A time in UTC with `Z`, as `format_instant` writes it."""
Seq = Annotated[int, Meta(ge=0)]
"""A place in the order of a scope; 0 where nothing is folded yet."""
Count = Annotated[int, Meta(ge=0)]

DisputeStatus = Literal["open", "ruled"]
Employment = Literal["enrolled", "departed"]

CURSOR: Final = "where the next page begins; null or left out on the last one"


class BothLanguages(Struct, frozen=True, gc=False):
    """The same words in Chinese and English."""

    zh: str
    en: str


class AnswerHead(TypedDict):
    """What every answer about a scope says of itself; `behind_since` is unset but while the scope is parked."""

    as_of_seq: int
    behind_since: str | UnsetType


class Times(TypedDict, total=False):
    """What an answer of an earlier time says of it: which one, by what was known when, and what is to be said of it."""

    as_of: str | UnsetType
    known_at: str | UnsetType
    note: BothLanguages | UnsetType


class AsOf(Struct, frozen=True, kw_only=True):
    """An answer that is true up to `as_of_seq`; `behind_since` while the scope waits in quarantine."""

    as_of_seq: Seq
    behind_since: InstantText | UnsetType = UNSET


class Page(Struct, frozen=True, kw_only=True):
    """What every page says behind its items."""

    cursor: str | None
    as_of_seq: Seq
    behind_since: InstantText | UnsetType = UNSET


class PageOfTime(Page, frozen=True, kw_only=True):
    """A page that may be of an earlier time (contract.md#times), and says so then."""

    as_of: InstantText | UnsetType = UNSET
    known_at: InstantText | UnsetType = UNSET
    note: BothLanguages | UnsetType = UNSET


A = TypeVar("A", bound=Struct)


def extended(kind: type[A], base: Struct, **more: Any) -> A:
    """An answer that has every field of another one, and more or other ones."""
    return kind(**{name: getattr(base, name) for name in base.__struct_fields__} | more)
