"""What calls take in their paths and queries, and how what is wrong with it is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Depends, Header, Path, Query

from services.attribution.queries.cursor import THEN, Cursor
from services.attribution.queries.decisions_page import from_micros
from shared.access.extent import Sight, sight_of
from shared.contract import BadEvent, contact_of, parse_query_instant
from shared.contract.schema import INSTANT
from shared.i18n import bilingual
from shared.ids import Contact, OfficeId, ScopeId
from shared.platform.http.problem import FieldError, ProblemError
from shared.rules.rulebooks.folder import MAX_VERSION

_PLACE: Final = r"^[a-z0-9-]{1,64}$"
Scope = Annotated[ScopeId, Path(pattern=_PLACE)]
Office = Annotated[OfficeId, Path(pattern=_PLACE)]
AtOffice = Annotated[
    OfficeId | None,
    Query(pattern=_PLACE, description="of the people of this office, and of those whom nobody owned there"),
]
Slug = Annotated[str, Path(pattern=_PLACE)]
Seen = Annotated[Sight, Depends(sight_of)]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z._:-]+$")]
Version = Annotated[int, Path(ge=1, le=MAX_VERSION)]
Digests = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=4000,
        pattern=r'^"[0-9a-f]{64}"( *, *"[0-9a-f]{64}")*$',
        description="digests, quoted: keep the text only if it has one of them; the first is named in a refusal",
    ),
]
MinSeq = Annotated[int | None, Query(ge=1, le=10**15, description="answer only when this seq is folded")]
Moment = Annotated[
    str | None, Query(max_length=40, description="RFC 3339 with offset", json_schema_extra=INSTANT)
]
Limit = Annotated[int, Query(ge=1, le=500)]
Decisions = Annotated[int, Query(ge=1, le=500, description="decisions, and in a history events, of a page")]
Where = Annotated[str | None, Query(max_length=200, pattern=r"^[0-9]{1,18}([.][0-9]{1,9})?~[^\x00-\x1f]*$")]
Text = Annotated[str | None, Query(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Case = Annotated[str, Path(max_length=16, description="as alerts show it, such as K7QF-2M9D")]
Status = Literal["owned", "lapsed", "disputed", "closed", "unowned"]


def moment_of(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_query_instant(text, name)
    except BadEvent as refusal:
        raise bad_input(name, refusal.rule, refusal.message) from None


def stored_contact(text: str) -> Contact:
    try:
        return contact_of(text)
    except BadEvent as refusal:
        raise bad_input("contact", refusal.rule, refusal.message) from None


def cursor_now(text: str | None) -> Cursor:
    """A cursor of a page of today's state."""
    cursor = cursor_of(text)
    if cursor.after.startswith(THEN):
        told = bilingual("this cursor is of an earlier time: give the times with which it came")
        raise bad_input("cursor", "cursor", told)
    return cursor


def cursor_of(text: str | None) -> Cursor:
    try:
        return Cursor.parse(text)
    except ValueError as error:
        raise bad_input("cursor", "cursor", str(error)) from None


def history_cursor(text: str | None) -> Cursor:
    """A cursor of a customer's own history: an instant, and the seq of an event."""
    cursor = cursor_now(text)
    seq = cursor.after or "0"
    try:
        from_micros(cursor.born)
        if not seq.isascii() or not seq.isdigit() or len(seq) > 18:
            raise ValueError("not a cursor of a page")
    except ValueError as error:
        raise bad_input("cursor", "cursor", str(error)) from None
    return cursor


def bad_input(path: str, rule: str, message: str) -> ProblemError:
    return refused(422, path, rule, message)


def refused(status: int, path: str, rule: str, message: str) -> ProblemError:
    error: FieldError = {"path": path, "rule": rule, "message": message}
    return ProblemError(status, f"{path}: {message}", errors=[error])
