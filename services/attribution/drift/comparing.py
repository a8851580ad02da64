"""Holds a scope's live rows against those that were built beside them, table by table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg import sql

from services.attribution.drift.difference import Drift, drift_of
from services.attribution.drift.refold import AuditedHead, EventDifference, Refold
from services.attribution.drift.shadow import SHADOW, TWINS, Connection, asking_live
from services.attribution.store.batch import SQL
from services.attribution.store.codec import decode_record, encoder
from services.attribution.store.leaves import is_in_leaves
from services.attribution.store.recorder import SCHEMA
from services.attribution.store.store import Lent, ScopeState, Store
from shared.contract import format_instant
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.state import Key, Record

MOST: Final = 200
"""Rows of one table and scope that are told; of more it is told that there are."""
_BYTES: Final = frozenset({"body", "contacts", "state"})
_decode: Final = msgspec.json.decode
_LEAVES_AT_ONCE: Final = 50
GENERATION: Final = "generation"


def event_differences(scope: str, comparison: str, found: Iterable[EventDifference]) -> Iterator[Drift]:
    """What the event store has, and what is given in its place."""
    for one in found:
        row = "" if one.stored is None else f"version={one.stored.version} seq={one.stored.seq}"
        row = row or f"missing: {type(one.given).__name__}"
        stored = None if one.stored is None else _plain(one.stored.event)
        yield from drift_of(scope, comparison, "stored_events", row, stored, one.given and _plain(one.given))


def _plain(value: DomainEvent | Record) -> Any:
    return {"type": type(value).__name__, **_decode(encoder.encode(value))}


def row_differences(connection: Connection, head: AuditedHead, comparison: str) -> Iterator[Drift]:
    """Of every table the rows that differ. The shadow is to be on the search path."""
    for table in TWINS:
        yield from _of_table(connection, head, comparison, table)
    yield from _of_leaves(connection, head, comparison)


def _of_table(connection: Connection, head: AuditedHead, comparison: str, table: str) -> Iterator[Drift]:
    keys = TWINS[table].keys
    rows = connection.execute(_differing(table, head), {"scope": head.scope, "limit": MOST + 1}).fetchall()
    for stored, given in rows[:MOST]:
        there = stored or given
        row = " ".join(f"{key}={there[key]}" for key in keys)
        one, other = _values(table, stored), _values(table, given)
        if one != other:
            yield from drift_of(head.scope, comparison, table, row, one, other)
    if len(rows) > MOST:
        yield Drift(head.scope, comparison, table, f"> {MOST}", "", None, None)


def _differing(table: str, head: AuditedHead) -> sql.Composed:
    keys, values = TWINS[table]
    same: list[sql.Composable] = [
        sql.SQL("stored.{0} IS NOT DISTINCT FROM given.{0}").format(sql.Identifier(name))
        for name in values
        if name != GENERATION
    ]
    if GENERATION in values:  # one that was put right was told again, by a later one
        later = sql.SQL("stored.generation >= given.generation")
        same.append(later if head.rebuilt else sql.SQL("stored.generation = given.generation"))
    both = sql.SQL("stored.scope IS NOT NULL AND given.scope IS NOT NULL")
    order = sql.SQL(", ").join(map(sql.Identifier, keys))
    return sql.SQL("""
        SELECT to_jsonb(stored), to_jsonb(given)
        FROM (SELECT * FROM {live} WHERE scope = %(scope)s) AS stored
        FULL JOIN (SELECT * FROM {made} WHERE scope = %(scope)s) AS given USING ({keys})
        WHERE NOT ({same}) ORDER BY {keys} LIMIT %(limit)s
    """).format(
        live=sql.Identifier(SCHEMA, table), made=sql.Identifier(SHADOW, table), keys=order,
        same=sql.SQL(" AND ").join([both, *same]),
    )  # fmt: skip


def _values(table: str, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is compared of a row, with what its bytes say."""
    if row is None:
        return None
    return {name: _value(table, row, name) for name in TWINS[table].values}


def _value(table: str, row: Mapping[str, Any], name: str) -> Any:
    value = row[name]
    if value is None or name not in _BYTES:
        return value
    raw = bytes.fromhex(value.removeprefix("\\x"))
    try:
        if table != "records":
            return _decode(raw)
        # A customer with leaves is compared with its lists; two rows may number the same leaves otherwise.
        return None if is_in_leaves(raw) else _plain(decode_record(row["kind"], raw))
    except (msgspec.MsgspecError, ValueError, KeyError) as error:
        return f"unreadable: {type(error).__name__}"


def _of_leaves(connection: Connection, head: AuditedHead, comparison: str) -> Iterator[Drift]:
    """Customers whose long lists stand in leaves, on either side."""
    given = {"scope": head.scope}
    with asking_live(connection):
        names = {str(name) for (name,) in connection.execute(SQL["customers_in_leaves"], given)}
    names |= {str(name) for (name,) in connection.execute(SQL["customers_in_leaves"], given)}
    ordered = sorted(names)
    for first in range(0, len(ordered), _LEAVES_AT_ONCE):
        some = ordered[first : first + _LEAVES_AT_ONCE]
        with asking_live(connection):
            stored = _customers(connection, head, some)
        made = _customers(connection, head, some)
        for name in some:
            if stored.get(name) != made.get(name):
                row = f"kind=customer id={name}"
                yield from drift_of(head.scope, comparison, "leaves", row, stored.get(name), made.get(name))


def _customers(connection: Connection, head: AuditedHead, names: Iterable[str]) -> dict[str, Any]:
    work = ScopeState(head.scope, head.partition, head.book)
    keys = {Key("customer", name) for name in names}
    try:
        Store(Lent(connection)).load({head.scope: work}, {head.scope: keys})
    except (KeyError, msgspec.MsgspecError, ValueError) as error:
        return {key.id: {"unreadable": type(error).__name__} for key in keys}
    return {key.id: _plain(record) for key in keys if (record := work.slice.get(key)) is not None}


def left_lapses(
    connection: Connection, head: AuditedHead, made: Refold, watermark: datetime | None
) -> Iterator[Drift]:
    """Claims that should have lapsed by the watermark, and did not; those of facts behind it have time."""
    if watermark is None or head.parked:
        return
    given = {"scope": head.scope, "until": watermark}
    for customer, due_at in connection.execute(SQL["left_due"], given).fetchall():
        if customer not in made.late:
            lapse = f"lapsed {format_instant(due_at)}"
            yield Drift(head.scope, "facts", "claims", f"customer={customer}", "due_at", None, lapse)


def text_differences(connection: Connection, head: AuditedHead) -> Iterator[Drift]:
    """Texts of rulebooks that the scope is judged by, and that are not stored, or as others."""
    rows = connection.execute(
        sql.SQL("""
            SELECT given.sha256, given.name || '@' || given.version, stored.sha256 IS NULL
            FROM {made} AS given LEFT JOIN {live} AS stored USING (sha256)
            WHERE stored.text IS DISTINCT FROM given.text
        """).format(live=sql.Identifier(SCHEMA, "rulebooks"), made=sql.Identifier(SHADOW, "rulebooks"))
    )
    for sha256, name, lost in rows.fetchall():
        stored = None if lost else "another text"
        yield Drift(head.scope, "facts", "rulebooks", f"sha256={sha256}", "text", stored, str(name))
