"""What was decided of a scope, fact by fact, as the event store has it.

The events of a fact are followed by the lapses that were decided before the next one, by a watermark. Where those lie
is not for the facts to say: folding anew lets claims lapse where the store says that they did (contract.md#g3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from services.attribution.drift.shadow import Connection
from services.attribution.store.batch import SQL
from services.attribution.store.mapper import EventRow, Recorded, recorded, stream_id
from shared.ids import CustomerId
from shared.rules.domain.events import CustomersJoined, Decided, DomainEvent

AT_ONCE: Final = 2000
LAPSED: Final = "lapsed"
HEAD: Final = b',"event":'


class StoredRow(Struct, frozen=True, gc=False):
    """An event as it is stored; `seq` is that of the fact that it stands behind."""

    version: int
    topic: str
    state: bytes
    read: Recorded

    @property
    def seq(self) -> int:
        return self.read.seq

    @property
    def event(self) -> DomainEvent:
        return self.read.event


class Stream:
    """The events of a scope by the fact that they stand behind, read in the order of their versions."""

    def __init__(self, rows: Iterator[StoredRow]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, seq: int) -> list[StoredRow]:
        """Those of a fact; those of facts before it that nobody asked for come first."""
        found = []
        while self._next is not None and self._next.seq <= seq:
            found.append(self._next)
            self._next = next(self._rows, None)
        return found

    def rest(self) -> list[StoredRow]:
        """What stands behind no fact that there is."""
        return self.of(2**63 - 1)


def stored_events(connection: Connection, scope: str, after: int) -> Iterator[StoredRow]:
    """The live events of a scope behind a version."""
    stream = stream_id(scope)
    while True:
        given = {"stream": stream, "after": after, "limit": AT_ONCE}
        rows: Sequence[Any] = connection.execute(SQL["some_events"], given, binary=True).fetchall()
        for version, topic, state in rows:
            yield StoredRow(version, topic, bytes(state), recorded(stream, version, topic, bytes(state)))
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][0]


class Lapses(Struct, frozen=True):
    """Claims that lapsed between two facts, in the order in which that was decided."""

    customers: list[CustomerId]
    until: datetime


def lapses(events: Iterable[DomainEvent]) -> Lapses | None:
    """The lapses among these."""
    found = [event for event in events if isinstance(event, Decided) and event.decision == LAPSED]
    if not found:
        return None
    customers = list(dict.fromkeys(event.customer for event in found))
    return Lapses(customers, max(event.at for event in found))


def is_lapse(event: DomainEvent) -> Any:
    return isinstance(event, Decided) and event.decision == LAPSED


def own_events(events: Sequence[DomainEvent], until: datetime) -> int:
    """How many of the events behind a fact are its own: up to the lapses of claims that it had not touched, or that
    ended after it.
    """
    count = len(events)
    while count and is_lapse(last := events[count - 1]):
        assert isinstance(last, Decided)
        if last.at <= until and any(last.customer in _touched(event) for event in events[: count - 1]):
            break
        count -= 1
    return count


def _touched(event: DomainEvent) -> tuple[str, ...]:
    gone = event.gone if isinstance(event, CustomersJoined) else ()
    return (getattr(event, "customer", ""), *gone)


Told = Callable[[StoredRow | None, EventRow | None, DomainEvent | None], None]
"""Is told of an event that is stored and not given, or given and not stored, or is another one."""


def hold_against(stored: Sequence[StoredRow], made: Sequence[EventRow], tell: Told) -> None:
    """Tell where the events behind a fact are not those that folding it anew gives."""
    by_version = {row.version: row for row in stored}
    for one in made:
        row = by_version.pop(one.originator_version, None)
        if row is None:
            tell(None, one, _read(one))
        elif (row.topic, row.state.partition(HEAD)[2]) != (one.topic, one.state.partition(HEAD)[2]):
            event = _read(one)
            if event != row.event:
                tell(row, one, event)
    for row in by_version.values():
        tell(row, None, None)


def _read(row: EventRow) -> DomainEvent:
    return recorded(*row).event
