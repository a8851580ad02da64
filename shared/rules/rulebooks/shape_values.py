"""What a single field of a rulebook file may hold, as types; part of `shape`.

`rule`, `form` and `missing` are what is said in an office's words of a value that is none: `rule` of any, `form` of
one that is text, `missing` where there is none.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from shared.contract.events import FollowUpMethod, Role
from shared.platform.officefile.strict import Strict
from shared.rules.rulebooks.folder import MAX_VERSION

WHOLE: Final = 10_000
MAX_TEXT: Final = 500
_CITED: Final = "The clause that this implements, a key of `clauses`"
_END: Final = r"$(?!\n)"
_UNIQUE: Final[dict[str, Any]] = {"uniqueItems": True}

Name = Annotated[
    str,
    Meta(
        pattern=f"^[a-z0-9][a-z0-9-]{{0,63}}{_END}",
        description="The name; clause ids begin with it",
        extra={
            "form": "a name has 1 to 64 of the characters a-z, 0-9 and -",
            "missing": "every rulebook names itself and its version",
        },
    ),
]
Version = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_VERSION,
        extra={
            "rule": f"a version is a whole number from 1 to {MAX_VERSION}",
            "missing": "every rulebook names itself and its version",
        },
    ),
]
Words = Annotated[
    str,
    Meta(
        pattern=r"\S",
        max_length=MAX_TEXT,
        extra={
            "form": f"text of 1 to {MAX_TEXT} characters is needed",
            "missing": "both zh and en are needed",
        },
    ),
]
ClauseNumber = Annotated[
    str,
    Meta(
        pattern=rf"^\S(.{{0,62}}\S)?{_END}",
        extra={"form": "a clause has 1 to 64 characters, with no space at either end"},
    ),
]
Cite = ClauseNumber | Annotated[int, Meta(ge=0)]
"""The clause that a value implements, a key of `clauses`; 4 and "4" are the same, 1.10 needs its quotes."""
Share = Annotated[
    int,
    Meta(
        ge=0,
        le=WHOLE,
        description="Basis points: 70% is 7000",
        extra={"rule": "wrong unit: a share is in basis points, 0 to 10000; 70% is 7000"},
    ),
]
Days = Annotated[
    str,
    Meta(
        pattern=f"^[1-9][0-9]{{0,3}} days?{_END}",
        examples=["4 days"],
        extra={"rule": "wrong unit: follow-up is counted in days, as 4 days, 1 to 9999"},
    ),
]
PeriodText = Annotated[
    str,
    Meta(
        pattern=f"^([1-9][0-9]{{0,3}} days?|[1-9][0-9]{{0,2}} months?){_END}",
        examples=["1 month", "30 days"],
        extra={
            "rule": "wrong unit: a period is 1 to 9999 days or 1 to 999 months, as 1 month or 30 days",
        },
    ),
]
Roles = Annotated[tuple[Role, ...], Meta(min_length=1, extra_json_schema=_UNIQUE)]
RolesOrNone = Annotated[tuple[Role, ...], Meta(extra_json_schema=_UNIQUE)]
Methods = Annotated[tuple[FollowUpMethod, ...], Meta(extra_json_schema=_UNIQUE)]
Requirements = Annotated[tuple[Literal["name", "contact", "phone"], ...], Meta(extra_json_schema=_UNIQUE)]
Relations = Annotated[tuple[Literal["spouse", "parent_child", "other"], ...], Meta(extra_json_schema=_UNIQUE)]
Absence = Annotated[
    Literal["to_tail", "hold", "skip"],
    Meta(
        description="to_tail: to the end of the queue; hold: the place is kept; skip: the turn is lost",
    ),
]


class CitedValue(Strict, frozen=True):
    """A value with the clause that it implements."""

    cite: Annotated[Cite | UnsetType, Meta(description=_CITED)] = UNSET


class CitedSection(Strict, frozen=True):
    """Several values; `own`: decisions cite the section too."""

    own: ClassVar[bool] = False
    cite: Annotated[Cite | UnsetType, Meta(description=_CITED)] = UNSET


class BothWords(Strict, frozen=True):
    """The same words in both languages."""

    zh: Words
    en: Words
