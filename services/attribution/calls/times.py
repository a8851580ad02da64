"""`as_of` and `known_at` of every call that takes them: what they mean, what is wrong with them, and cursors of theirs
(contract.md#times)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final

from fastapi import Query

from services.attribution.calls.parameters import bad_input, cursor_of, moment_of
from services.attribution.historic.facts import ScopeMoment
from services.attribution.queries.cursor import THEN, Cursor
from services.attribution.queries.snapshot import FoldedHead
from shared.contract import format_instant
from shared.contract.schema import INSTANT
from shared.i18n import bilingual

AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        json_schema_extra=INSTANT,
        description="as it stood then, lapses up to it included; what counts from later on is left out",
    ),
]
KnownAt = Annotated[
    str | None,
    Query(
        max_length=40,
        json_schema_extra=INSTANT,
        description="by what had been recorded by then; without `as_of`, as it stood then",
    ),
]
AHEAD: Final = timedelta(minutes=5)
"""How far clocks may be apart, as in the contract of events."""
_PLACE: Final = re.compile(r"@([0-9]{1,18})\.([0-9a-f]{16})(?:\.([0-9]{1,18}))?")


@dataclass(frozen=True, slots=True)
class AskedTimes:
    """How it stood at `as_of`, by what had been recorded by `known_at`; None: by all that is recorded."""

    as_of: datetime
    known_at: datetime | None

    def moment(self, head: FoldedHead, seq: int | None = None) -> ScopeMoment:
        """The moment of a scope; up to `seq` where a page before was read up to there."""
        return ScopeMoment(head.scope, head.book, head.seq if seq is None else seq, self.as_of, self.known_at)


def times_of(as_of: str | None, known_at: str | None, now: datetime) -> AskedTimes | None:
    """The times that were asked for, if any; what was known then is told as it stood then, unless `as_of` is given.

    Nothing can be known at a time to come. `as_of` may lie ahead: so it will stand if nothing is recorded any more.
    """
    at, known = moment_of("as_of", as_of), moment_of("known_at", known_at)
    if known is not None and known > now + AHEAD:
        told = bilingual("nothing can be known yet of a time to come; it is {now}", now=format_instant(now))
        raise bad_input("known_at", "future", told)
    when = at if at is not None else known
    return None if when is None else AskedTimes(when, known)


@dataclass(frozen=True, slots=True)
class PlaceThen:
    """Where a page of an earlier time begins: behind `born`, and in a history behind the fact `after`, by the facts up
    to `seq` (None: the first page)."""

    born: int = 0
    seq: int | None = None
    after: int = 0


def place_then(cursor: str | None, asked: AskedTimes, *of: object) -> PlaceThen:
    """Of a cursor that came with the same question; `of` is what else was asked."""
    if cursor is None:
        return PlaceThen()
    found = cursor_of(cursor)
    match = _PLACE.fullmatch(found.after)
    if match is None or match[2] != _digest(asked, of):
        told = bilingual("this cursor is of another question: give the times and filters with which it came")
        raise bad_input("cursor", "cursor", told)
    return PlaceThen(found.born, int(match[1]), int(match[3] or 0))


def cursor_then(place: PlaceThen, asked: AskedTimes, *of: object) -> str:
    """Where the next page begins, as an answer has it."""
    after = f".{place.after}" if place.after else ""
    return str(Cursor(place.born, f"{THEN}{place.seq}.{_digest(asked, of)}{after}"))


def _digest(asked: AskedTimes, of: tuple[object, ...]) -> str:
    return sha256(repr((asked.as_of, asked.known_at, of)).encode()).hexdigest()[:16]
