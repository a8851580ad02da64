"""What an office looks for in its lists: its people and offices, its deals with their dates, and who did what when.

What the judgement holds stays as contract.md#result has it, byte for byte; what stands here besides is
read from the recorded facts, a page at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.attribution.queries.queries import Cursor, FoldedHead, Snapshot, UnknownNameError
from services.attribution.store.codec import decode_record
from services.attribution.store.store import book_id
from shared.contract import format_instant, parse_instant
from shared.contract.warnings import DEPARTED_STAFF, MESSAGES, UNKNOWN_SCOPE, UNKNOWN_STAFF
from shared.rules.domain.case import book_at
from shared.rules.domain.state import RosterEntry, Scope
from shared.rules.judge.result import Json, instant

Page = tuple[list[Json], Cursor | None]

CONSULTANT = (
    "received_by", "answered_by", "by", "closed_by", "consultant", "against", "to", "opened_by", "ruled_by",
    "requested_by", "decided_by", "staff",
)  # fmt: skip
"""Where the data of an event names whom it is about, the first that it has."""


def scopes_page(ask: Callable[[str, Any], list[Any]], cursor: Cursor, limit: int, now: datetime) -> Page:
    """Every scope that has a fact, by name, each with how far it is folded."""
    rows = ask("page_of_scopes", {"after": cursor.after, "limit": limit + 1})
    told = [_scope(row, now) for row in rows[:limit]]
    return told, Cursor(0, told[-1]["scope"]) if len(rows) > limit else None


def _scope(row: Sequence[Any], now: datetime) -> Json:
    name, seq, book, since, state, offices = row
    known = decode_record("scope", state) if state is not None else None
    in_force = book_at(known, now) if isinstance(known, Scope) else book_id(book)
    told = scope_json(name, in_force, known.timezone if isinstance(known, Scope) else None, offices)
    return told | FoldedHead(name, seq, 0, book_id(book), since).answer_head()


def scope_json(name: str, book: tuple[str, int], timezone: str | None, offices: list[str]) -> Json:
    return {
        "scope": name,
        "offices": offices,
        "rulebook": {"name": book[0], "version": book[1]},
        "timezone": timezone,
    }


def scope_of(snapshot: Snapshot, now: datetime) -> Json:
    """One scope: its offices, the rulebook in force, its local time."""
    scope = snapshot.scope
    return scope_json(scope.name, book_at(scope, now), scope.timezone, sorted(scope.offices))


def offices_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> Page:
    """The offices of a scope by name, each with the record by which it came to be known."""
    rows = snapshot.ask("page_of_offices", _parameters(snapshot, cursor, limit))
    told: list[Json] = [
        {"scope": snapshot.head.scope, "office": office, "first": None if body is None else _record(body)}
        for office, body in rows[:limit]
    ]
    return told, Cursor(0, told[-1]["office"]) if len(rows) > limit else None


def staff_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> Page:
    """Who was ever enrolled in a scope, by id: role, office, whether they have left, and whether they are away."""
    rows = snapshot.ask("page_of_staff", _parameters(snapshot, cursor, limit))
    enrolled = _latest(entry for entry in snapshot.scope.roster if entry.role is not None)
    departed = _latest(entry for entry in snapshot.scope.roster if entry.role is None)
    left = {row[0]: departed.get(row[0]) for row in rows if snapshot.scope.departed(row[0])}
    told = [
        {"scope": snapshot.head.scope}
        | _member(*row)
        | _employed(row[0] in left, enrolled.get(row[0]), left.get(row[0]))
        for row in rows[:limit]
    ]
    return told, Cursor(0, told[-1]["staff"]) if len(rows) > limit else None


def _member(
    staff: str, name: str, role: str, office: str | None, away: str | None, since: datetime | None
) -> Json:
    return {
        "staff": staff,
        "name": name,
        "role": role,
        "office": office,
        "away": away,
        "away_since": instant(since),
    }


def _employed(left: bool, enrolled_at: datetime | None, departed_at: datetime | None) -> Json:
    return {
        "status": "departed" if left else "enrolled",
        "enrolled_at": instant(enrolled_at),
        "departed_at": instant(departed_at),
    }


def _latest(entries: Iterable[RosterEntry]) -> dict[str, datetime]:
    """When each was enrolled last, or left last."""
    found: dict[str, datetime] = {}
    for entry in entries:
        found[entry.staff] = max(entry.at, found.get(entry.staff, entry.at))
    return found


def deals_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> Page:
    """Deals in the shape of contract.md#deals-of-a-result, each with what was sold for how much, and when."""
    deals, following = snapshot.page_of_deals(cursor, limit)
    return dated(snapshot, deals), following


def deal_of(snapshot: Snapshot, name: str) -> Json:
    found = snapshot.ask("deal", [snapshot.head.scope, name])
    if not found:
        raise UnknownNameError(name)
    return dated(snapshot, snapshot.deals(found))[0]


def dated(snapshot: Snapshot, deals: Sequence[Json]) -> list[Json]:
    names = [deal["deal"] for deal in deals]
    rows = snapshot.ask("facts_of_deals", [snapshot.head.scope, names])
    sold = {deal: _sold(*bodies) for deal, *bodies in rows}
    return [deal | sold[deal["deal"]] for deal in deals]


def _sold(subscribed: bytes | None, signed: bytes | None, cancelled: bytes | None) -> Json:
    sale: Json = {} if subscribed is None else msgspec.json.decode(subscribed)["data"]
    return {
        "project": sale.get("project"),
        "unit": sale.get("unit"),
        "amount": sale.get("amount"),
        "subscribed_at": _occurred(subscribed),
        "signed_at": _occurred(signed),
        "cancelled_at": _occurred(cancelled),
    }


def _occurred(body: bytes | None) -> str | None:
    return None if body is None else _times(msgspec.json.decode(body))["occurred_at"]


def _times(event: Json) -> dict[str, str]:
    """Both times of a record as answers have them, in UTC: who stated one may have written it with another offset."""
    return {key: format_instant(parse_instant(event[key])) for key in ("occurred_at", "recorded_at")}


def marks_page(snapshot: Snapshot, table: str, cursor: Cursor, limit: int) -> Page:
    """Flags or penalties, each with its event's type, both its times and its people."""
    marks, following = snapshot.page_of(table, cursor, limit)
    bodies = snapshot.facts({mark["event"] for mark in marks})
    records = {event["id"]: event for _, body in bodies if (event := msgspec.json.decode(body))}
    people = [(mark, records.get(mark["event"])) for mark in marks]
    names = snapshot.staff_names({staff for _, event in people for staff in _people(event).values() if staff})
    return [mark | _of_event(event, names) for mark, event in people], following


def warnings_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> Page:
    """Whom and what records name though nobody enrolled it, each once, by the first record that does."""
    rows = snapshot.ask("page_of_warnings", _parameters(snapshot, cursor, limit) | {"born": cursor.born})
    told = [_warned(snapshot.scope, *row[:6]) for row in rows[:limit]]
    if len(rows) <= limit:
        return told, None
    rule, value, *_, seq = rows[limit - 1]
    return told, Cursor(seq, f"{rule}:{value}")


def _warned(
    scope: Scope, rule: str, value: str, path: str, records: int, first: bytes | None, last: bytes | None
) -> Json:
    return {
        "scope": scope.name,
        "rule": rule,
        "value": value,
        "path": path,
        "message": MESSAGES[rule],
        "records": records,
        "first": None if first is None else _record(first),
        "last": None if last is None else _record(last),
        "settled": _settled(scope, rule, value),
    }


def _settled(scope: Scope, rule: str, value: str) -> bool:
    """Whether somebody was enrolled since."""
    if rule == UNKNOWN_SCOPE:
        return bool(scope.staff)
    return rule in (UNKNOWN_STAFF, DEPARTED_STAFF) and value in scope.staff and not scope.departed(value)


def _of_event(event: Json | None, names: Mapping[str, str]) -> Json:
    told = {key: event[key] if event is not None else None for key in ("type", "office")}
    told |= {"occurred_at": None, "recorded_at": None} if event is None else _times(event)
    for role, staff in _people(event).items():
        told |= {role: staff, f"{role}_name": names.get(staff or "")}
    return told


def _people(event: Json | None) -> dict[str, str | None]:
    """Who entered the record, and whom it is about."""
    if event is None:
        return {"actor": None, "consultant": None}
    return {"actor": event["actor"], "consultant": _first(event["data"], CONSULTANT)}


def _first(data: Json, names: Iterable[str]) -> str | None:
    return next((data[name] for name in names if isinstance(data.get(name), str)), None)


def _record(body: bytes) -> Json:
    """What tells a record apart: its id, type, times and who entered it."""
    event: Json = msgspec.json.decode(body)
    return {"id": event["id"], "type": event["type"], **_times(event), "actor": event["actor"]}


def _parameters(snapshot: Snapshot, cursor: Cursor, limit: int) -> dict[str, Any]:
    return {"scope": snapshot.head.scope, "after": cursor.after, "limit": limit + 1}
