"""What calls take in their paths and queries, and how what is wrong with it is refused: by field and rule."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query
from msgspec import Struct
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from services.registers.lists.cursor import PageCursor, digest_of, read_cursor
from services.registers.lists.selecting import SORTS, Place
from shared.contract import BadEvent, parse_query_instant
from shared.contract.schema import INSTANT
from shared.contract.times import parse_day
from shared.i18n import bilingual, listed
from shared.ids import CustomerId, OfficeId, ScopeId
from shared.platform.http.problem import FieldError, ProblemError

Office = Annotated[OfficeId, Path(pattern=r"^[a-z0-9-]{1,64}$")]
Scope = Annotated[ScopeId, Path(pattern=r"^[a-z0-9-]{1,64}$")]
Customer = Annotated[
    CustomerId,
    Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z._:-]+$", description="id or case number"),
]
Slug = Annotated[str, Path(pattern=r"^[a-zA-Z0-9-]{1,40}$")]
Id = Annotated[str, Path(pattern=r"^[0-9A-Za-z._:-]{1,80}$")]
_SEEN: Final = r"^[^\x00-\x1f\x7f]+$"
Words = Annotated[str | None, Query(min_length=1, max_length=128, pattern=_SEEN)]
Search = Annotated[
    str | None,
    Query(
        min_length=1, max_length=128, pattern=_SEEN,
        description="part of a name; a whole phone or WeChat id; a case number; a customer number",
    ),
]  # fmt: skip
Flag = Annotated[
    str | None,
    Query(max_length=40, pattern=r"^[a-z_]+$", description="only records that have this flag; `any` one"),
]
Moment = Annotated[
    str | None, Query(max_length=40, description="RFC 3339 with offset", json_schema_extra=INSTANT)
]


def _day(said: Any) -> Any:
    """A day as it is written, in the years of the contract; a number of seconds or another form is none."""
    if said is None:
        return None
    try:
        return parse_day(said)
    except BadEvent as refusal:
        raise PydanticCustomError("date", "{told}", {"told": refusal.message}) from None


Day = Annotated[date, BeforeValidator(_day)]
"""A day of a query or a body."""
From = Annotated[Day | None, Query(alias="from", description="the first day, local")]
To = Annotated[Day | None, Query(alias="to", description="the last day, within")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
MinSeq = Annotated[int | None, Query(ge=1, le=10**15, description="answer only when this seq is posted")]
Grain = Annotated[
    str | None, Query(max_length=40, pattern=r"^[a-z]+$", description="by what lines are counted")
]
Ids = Annotated[
    bool,
    Query(description="whether figures have the ids of their rows; `false`: how many there are (`rows`)"),
]


def wrong(field: str, rule: str, message: str, status: int = 422) -> ProblemError:
    """A refusal that names the field and the rule."""
    error: FieldError = {"path": field, "rule": rule, "message": message}
    return ProblemError(status, f"{field}: {message}", errors=[error])


def moment_of(name: str, text: str | None) -> datetime | None:
    """A time of the query."""
    if text is None:
        return None
    try:
        return parse_query_instant(text, f"query.{name}")
    except BadEvent as refusal:
        raise wrong(f"query.{name}", refusal.rule, refusal.message) from None


def past_moment(name: str, text: str | None, now: datetime) -> datetime | None:
    """A time of the query at which something has been issued."""
    at = moment_of(name, text)
    if at is not None and at > now:
        raise wrong(f"query.{name}", "future", bilingual("must not be later than now"))
    return at


def place_in(cursor: PageCursor | None, *asked: Struct) -> Place | None:
    """Where a page begins; the cursor of a list that was asked for otherwise is refused."""
    if cursor is None:
        return None
    if cursor.of != digest_of(*asked):
        told = bilingual("this cursor is of another list: give the filter and the order with which it came")
        raise wrong("query.cursor", "cursor", told)
    return cursor.place


def sort_of(text: str | None) -> str:
    """By what rows are sorted; `-` before it turns the order around."""
    if text is None:
        return "happened"
    if text not in SORTS:
        raise wrong("query.sort", "choice", bilingual("must be one of {known}", known=listed(SORTS)))
    return text


def cursor_of(text: str | None) -> PageCursor | None:
    """A cursor of a page before."""
    try:
        return read_cursor(text)
    except ValueError:
        raise wrong("query.cursor", "cursor", bilingual("must be the `cursor` of a page")) from None
