"""Flags and penalties, each with what its record says and whom it is about (contract.md#pages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from services.attribution.queries.cursor import Cursor, following
from services.attribution.queries.recorded import recorded, times_of
from services.attribution.queries.snapshot import Row, Snapshot
from services.attribution.store.whom import consultant_of
from shared.contract.answers import FlagResult, ListedFlag, ListedPenalty, PenaltyResult, RecordedEvent
from shared.contract.answers.values import extended

M = TypeVar("M", ListedFlag, ListedPenalty)


def flags_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> tuple[list[ListedFlag], Cursor | None]:
    """Flags in the order in which they were made."""
    rows, after = _page(snapshot, "flags", cursor, limit)
    flags = [msgspec.json.decode(body, type=FlagResult) for _, body in rows]
    return _listed(snapshot, ListedFlag, flags), after


def penalties_page(
    snapshot: Snapshot, cursor: Cursor, limit: int
) -> tuple[list[ListedPenalty], Cursor | None]:
    """Penalties in the order in which they were made."""
    rows, after = _page(snapshot, "penalties", cursor, limit)
    penalties = [msgspec.json.decode(body, type=PenaltyResult) for _, body in rows]
    return _listed(snapshot, ListedPenalty, penalties), after


def _page(snapshot: Snapshot, list_: str, cursor: Cursor, limit: int) -> tuple[list[Row], Cursor | None]:
    """The rows of a page as far as the caller reaches."""
    if snapshot.reach.whole:
        rows = snapshot.page(f"page_of_{list_}", cursor, limit)
        return rows[:limit], _next(rows, limit)
    rows = snapshot.reach.page(list_, cursor, limit)
    versions = [version for version, _ in rows[:limit]]
    return snapshot.ask(f"these_{list_}", [snapshot.head.scope, versions]), _next(rows, limit)


def _next(rows: Sequence[Sequence[Any]], limit: int) -> Cursor | None:
    return following([(version, "") for version, _ in rows], limit)


def _listed(snapshot: Snapshot, kind: type[M], marks: Sequence[FlagResult | PenaltyResult]) -> list[M]:
    events = [recorded(body) for _, body in snapshot.facts({mark.event for mark in marks})]
    return listed(snapshot, kind, marks, events)


def listed(
    snapshot: Snapshot,
    kind: type[M],
    marks: Sequence[FlagResult | PenaltyResult],
    events: Sequence[RecordedEvent],
) -> list[M]:
    """Flags or penalties with what the records say that they are about."""
    records = {event.id: event for event in events}
    people = {staff for event in events for staff in (event.actor, consultant_of(event)) if staff}
    names = snapshot.staff_names(people)
    return [extended(kind, mark, **_said(records.get(mark.event), names)) for mark in marks]


def _said(event: RecordedEvent | None, names: Mapping[str, str]) -> dict[str, str | None]:
    """What a record says, by the fields of `MarkedRecord`."""
    actor, consultant = (None, None) if event is None else (event.actor, consultant_of(event))
    occurred_at, recorded_at = (None, None) if event is None else times_of(event)
    return {
        "type": None if event is None else event.type,
        "office": None if event is None else event.office,
        "occurred_at": occurred_at,
        "recorded_at": recorded_at,
        "actor": actor,
        "actor_name": names.get(actor or ""),
        "consultant": consultant,
        "consultant_name": names.get(consultant or ""),
    }
