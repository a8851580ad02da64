"""The consumer's side of the timers: a batch of a partition becomes claims, staff and alerts in one
transaction.

ADR 0004: position, claims and timers commit together, with
compare-and-set on the position, so that a consumer which lost its partition writes nothing. A `seq` of a
scope that was seen is dropped. Synchronous, to be called in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.types.json import Jsonb

from services.notifier.inbox import heard
from services.notifier.inbox.decoding import (
    DecidedWatermark,
    OwnershipRecord,
    ScopeMessage,
    StaffChange,
    UnreadableMessageError,
    read,
)
from services.notifier.inbox.derive import (
    Again,
    ClaimChange,
    ClaimMessageState,
    CustomerKey,
    Derivation,
    NewAlert,
    spared,
)
from services.notifier.inbox.events import NewEvent, event_alerts
from services.notifier.inbox.heard import Heard, MessageFork
from services.notifier.inbox.positions import HeardUpTo, PartitionLog
from services.notifier.model.alert import OLD_NEWS
from services.notifier.schedule.plan import Plans
from services.notifier.schedule.spread import spread_key, spread_out
from shared.ids import ScopeId, StaffId
from shared.platform.clock import BusinessClock
from shared.platform.kafka.record_processor import CUT, NEW, OTHER_TOPIC, SourcePartition, StartOffset
from shared.platform.kafka.watermarks import Mark
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of

_Connection = psycopg.Connection[tuple[object, ...]]


class StaleError(Exception):
    """The partition's position is not where this consumer believes it to be: another one has it, or had
    it."""

    def __init__(self, partition: int, expected: int, stored: int | None) -> None:
        self.partition, self.expected, self.stored = partition, expected, stored
        super().__init__(f"partition {partition}: expected position {expected}, stored is {stored}")


class PositionRow(Struct, frozen=True):
    """A row of `positions`: the next offset of a partition of a log."""

    partition: int
    next: int
    source: str


class LockedPositionRow(Struct, frozen=True):
    """A row of `lock_position`."""

    next: int
    watermark: datetime | None
    source: str
    again_until: int | None
    begun_at: datetime | None


class ScopeRow(Struct, frozen=True):
    """A row of `scope_seqs`: how far a scope was heard."""

    scope: ScopeId
    seq: int
    edition: int
    base: int
    edition_began: datetime | None
    timezone: str | None


class _PositionOf(Struct, frozen=True):
    next: int
    source: str


@dataclass
class BatchResult:
    """What a batch came to, for metrics and the log."""

    applied: int = 0
    repeated: int = 0
    watermark: datetime | None = None
    irregular: list[tuple[int, str, bytes | None]] = field(default_factory=list)
    fork: MessageFork | None = None


class Inbox:
    """Takes batches in for one topic."""

    def __init__(self, database: Database, topic: str, plans: Plans, clock: BusinessClock) -> None:
        self._database = database
        self._topic = topic
        self._plans = plans
        self._clock = clock
        self._sql = queries("services.notifier")

    def positions(self, partitions: Iterable[SourcePartition]) -> dict[int, int]:
        """The next offset of each partition in the topic as it is now; 0 for one that has none in it."""
        sources = {one.partition: one.name for one in partitions}
        given = {"topic": self._topic, "partitions": list(sources)}
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(self._sql["positions"], given), PositionRow)
        stored = {row.partition: row.next for row in rows if row.source in (sources[row.partition], "")}
        return dict.fromkeys(sources, 0) | stored

    def open(self, partition: int, source: str, first: int, end: int) -> StartOffset:
        """Where a partition is read on from: from its position if that is of this log and within it, else from its
        first record."""
        given: dict[str, object] = {
            "topic": self._topic,
            "partition": partition,
            "source": source,
            "first": first,
            "until": end if end > first else None,
            "business_now": self._clock.now(),
        }
        with self._database.connection() as connection:
            kept = row_of(connection.execute(self._sql["position_of"], given), _PositionOf)
            if kept is None:
                connection.execute(self._sql["first_position"], given)
                return StartOffset(first, NEW if end > first else None)
            if kept.source in (source, "") and first <= kept.next <= end:
                connection.execute(self._sql["name_position"], given | {"end": end})
                return StartOffset(kept.next)
            connection.execute(self._sql["rewind_position"], given)
        return StartOffset(first, (CUT if kept.source == source else OTHER_TOPIC) if end > first else None)

    def take(
        self, partition: int, expected: int, records: Sequence[OwnershipRecord], source: str = ""
    ) -> BatchResult:
        """Take a batch of a source in, or raise StaleError and change nothing."""
        messages = [(record, _read(record)) for record in records]
        now = self._clock.now()
        with self._database.connection() as connection:
            when = {"business_now": now.isoformat()}
            connection.execute(self._sql["set_business_now"], when)
            log = self._lock(connection, partition, expected, source)
            standings = self._standings(connection, messages)
            again = heard.load(connection, self._sql, _repeated(messages, standings))
            batch = _Batch(partition, now, self._plans, again, standings=standings)
            derivation = Derivation(
                self._plans.hours_of, self._claims(connection, messages), moment=self._moment
            )
            batch.fold(messages, derivation, log)
            self._write(connection, batch, derivation, log)
            fork = batch.taken.fork
            following = records[-1].offset + 1 if fork is None else fork.offset
            self._advance(connection, batch, expected, following, source)
        return batch.taken

    def learn(self, reached: Mapping[int, tuple[str, Mark]]) -> None:
        """Note how far each partition of a source is whole, where all that lies below the mark was taken in."""
        given = {
            "topic": self._topic,
            "partitions": list(reached),
            "sources": [source for source, _ in reached.values()],
            "offsets": [mark.offset for _, mark in reached.values()],
            "watermarks": [mark.until for _, mark in reached.values()],
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["learn"], given)

    def _lock(self, connection: _Connection, partition: int, expected: int, source: str) -> PartitionLog:
        given = {"topic": self._topic, "partition": partition}
        kept = row_of(connection.execute(self._sql["lock_position"], given), LockedPositionRow)
        if kept is None or (kept.next, kept.source) != (expected, source):
            raise StaleError(partition, expected, None if kept is None else kept.next)
        return PartitionLog(kept.watermark, kept.again_until, kept.begun_at)

    def _standings(self, connection: _Connection, messages: Sequence[_Read]) -> dict[str, HeardUpTo]:
        scopes = sorted({read.scope for _, read in messages if isinstance(read, ScopeMessage)})
        rows = rows_of(connection.execute(self._sql["scope_seqs"], {"scopes": scopes}), ScopeRow)
        for row in rows:
            self._plans.learn(row.scope, row.timezone)
        return {row.scope: HeardUpTo(row.seq, row.edition, row.base, row.edition_began) for row in rows}

    def _moment(self, scope: ScopeId, due_at: datetime, alert: UUID, staff: StaffId | None) -> datetime:
        key = spread_key(self._plans, scope, alert, staff)
        return spread_out(self._plans, scope, due_at, key)

    def _claims(
        self, connection: _Connection, messages: Sequence[_Read]
    ) -> Mapping[CustomerKey, ClaimMessageState]:
        keys: set[CustomerKey] = set()
        for _, message in messages:
            if isinstance(message, ScopeMessage) and isinstance(message.body, ClaimChange):
                keys.update(
                    (message.scope, one) for one in (message.body.claim.customer, *message.body.replaces)
                )
        given = {"scopes": [scope for scope, _ in keys], "customers": [customer for _, customer in keys]}
        claims = rows_of(connection.execute(self._sql["claims"], given), ClaimMessageState)
        return {(one.scope, one.customer): one for one in claims}

    def _write(
        self, connection: _Connection, batch: _Batch, derivation: Derivation, log: PartitionLog
    ) -> None:
        self._put_claims(connection, list(derivation.claims.values()))
        self._supersede(connection, derivation, batch.business_now)
        alerts = spared(derivation.alerts.values(), log.begun_at)
        self._put_alerts(connection, alerts, batch.business_now)
        self._revive(connection, derivation)
        for event in batch.events:
            connection.execute(self._sql["put_event"], _event_row(event, batch.business_now))
        for change in batch.staff.values():
            given = {
                "scope": change.scope,
                "staff": change.staff,
                "name": change.name,
                "role": change.role,
                "contacts": Jsonb(change.contacts),
                "departed": change.departed,
                "office": change.office,
                "away": change.away,
            }
            if connection.execute(self._sql["put_staff"], given).rowcount:
                self._wake(connection, change, batch.business_now)
        for offset, reason, value in batch.taken.irregular:
            given = {"topic": self._topic, "partition": batch.partition}
            given |= {"position": offset, "reason": reason, "value": value}
            connection.execute(self._sql["put_irregular"], given)

    def _wake(self, connection: _Connection, change: StaffChange, business_now: datetime) -> None:
        """Another contact, role or absence: whoever could not be told may be told now."""
        given: dict[str, object] = {"staff": change.staff, "scope": change.scope}
        given |= {"business_now": business_now, "told_within": OLD_NEWS}
        connection.execute(self._sql["wake_given_up"], given)

    def _put_claims(self, connection: _Connection, claims: Sequence[ClaimMessageState]) -> None:
        if not claims:
            return
        given = {
            "scopes": [claim.scope for claim in claims],
            "customers": [claim.customer for claim in claims],
            "claim_seqs": [claim.claim_seq for claim in claims],
            "owners": [claim.owner for claim in claims],
            "statuses": [claim.status for claim in claims],
            "ends": [claim.expires_at for claim in claims],
            "replaced": [claim.replaced_by for claim in claims],
        }
        connection.execute(self._sql["put_claims"], given)

    def _supersede(self, connection: _Connection, derivation: Derivation, business_now: datetime) -> None:
        voided = [(key, below, owner) for key, rows in derivation.owners.items() for below, owner in rows]
        if not voided:
            return
        given = {
            "scopes": [scope for (scope, _), _, _ in voided],
            "customers": [customer for (_, customer), _, _ in voided],
            "below": [below for _, below, _ in voided],
            "owners": [owner for _, _, owner in voided],
            "business_now": business_now,
        }
        connection.execute(self._sql["supersede"], given)

    def _revive(self, connection: _Connection, derivation: Derivation) -> None:
        if not derivation.restated:
            return
        claims = [derivation.claims[key] for key in derivation.restated]
        given = {
            "scopes": [claim.scope for claim in claims],
            "customers": [claim.customer for claim in claims],
            "claim_seqs": [claim.claim_seq for claim in claims],
            "owners": [claim.owner for claim in claims],
            "ends": [claim.expires_at for claim in claims],
            "began": list(derivation.restated.values()),
        }
        connection.execute(self._sql["revive"], given)

    def _put_alerts(
        self, connection: _Connection, alerts: Sequence[NewAlert], business_now: datetime
    ) -> None:
        if not alerts:
            return
        given = {
            "ids": [alert.id for alert in alerts],
            "scopes": [alert.scope for alert in alerts],
            "customers": [alert.customer for alert in alerts],
            "claim_seqs": [alert.claim_seq for alert in alerts],
            "rungs": [alert.step.rung.value for alert in alerts],
            "audiences": [alert.step.audience.value for alert in alerts],
            "staff": [alert.staff for alert in alerts],
            "owners": [alert.owner for alert in alerts],
            "due": [alert.step.due_at for alert in alerts],
            "deadlines": [alert.deadline for alert in alerts],
            "states": ["superseded" if alert.superseded else alert.state for alert in alerts],
            "reasons": [alert.reason or ("claim changed" if alert.superseded else None) for alert in alerts],
            "superseded": [business_now if alert.superseded else None for alert in alerts],
            "traces": [alert.traceparent for alert in alerts],
            "again": [alert.again for alert in alerts],
            "business_now": business_now,
        }
        connection.execute(self._sql["put_alerts"], given)

    def _advance(
        self, connection: _Connection, batch: _Batch, expected: int, following: int, source: str
    ) -> None:
        given = {"topic": self._topic, "partition": batch.partition, "source": source}
        if batch.moved:
            standings = [batch.standings[scope] for scope in batch.moved]
            scopes = {
                "scopes": list(batch.moved),
                "seqs": [one.seq for one in standings],
                "editions": [one.edition for one in standings],
                "bases": [one.base for one in standings],
                "began": [one.began for one in standings],
                "zones": [batch.zones.get(scope) for scope in batch.moved],
            }
            connection.execute(self._sql["put_scopes"], given | scopes)
            heads = {scope: batch.standings[scope].last for scope in batch.moved}
            heard.store(connection, self._sql, batch.heard, heads)
        moved = {"next": following, "expected": expected, "watermark": batch.taken.watermark}
        if connection.execute(self._sql["advance"], given | moved).rowcount != 1:
            raise StaleError(batch.partition, expected, None)


_Read = tuple[OwnershipRecord, ScopeMessage | DecidedWatermark | UnreadableMessageError]


def _repeated(messages: Sequence[_Read], standings: Mapping[str, HeardUpTo]) -> list[tuple[str, int]]:
    """The places of messages that were taken in before."""
    numbered = (message for _, message in messages if isinstance(message, ScopeMessage))
    known = ((message, standings[message.scope]) for message in numbered if message.scope in standings)
    return [(one.scope, last.numbered(one).seq) for one, last in known if last.holds(one)]


def _read(record: OwnershipRecord) -> ScopeMessage | DecidedWatermark | UnreadableMessageError:
    try:
        return read(record)
    except UnreadableMessageError as error:
        return error


@dataclass
class _Batch:
    """One batch while it is folded."""

    partition: int
    business_now: datetime
    plans: Plans
    heard: Heard
    taken: BatchResult = field(default_factory=BatchResult)
    standings: dict[str, HeardUpTo] = field(default_factory=dict)
    moved: dict[str, None] = field(default_factory=dict)
    staff: dict[tuple[ScopeId, StaffId], StaffChange] = field(default_factory=dict)
    events: list[NewEvent] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)

    def fold(self, messages: Sequence[_Read], derivation: Derivation, log: PartitionLog) -> None:
        """Take the messages in by order, each as of when it was decided.

        That date comes with the message (before messages had it: with the watermark in front of it), not by the clock
        at which it is read here: a notifier that was down for an hour derives the same alerts as one that was not.
        Where none came there is only the clock.
        """
        known_at = log.watermark
        for record, message in messages:
            if isinstance(message, DecidedWatermark):
                known_at = message.at if known_at is None else max(known_at, message.at)
                self.taken.watermark = known_at
            elif isinstance(message, UnreadableMessageError):
                self.taken.irregular.append((record.offset, str(message), record.value))
            elif self._is_next(record, message):
                standing = self.standings[message.scope]
                again = log.again(record.offset, standing, restated=message.restated)
                numbered = standing.numbered(message)
                self._apply(numbered, derivation, message.known_at or known_at or self.business_now, again)
            if self.taken.fork is not None:
                return

    def _is_next(self, record: OwnershipRecord, message: ScopeMessage) -> bool:
        last = self.standings.get(message.scope)
        if last is not None and not last.takes(message):
            if last.holds(message):
                self.taken.fork = self.heard.fork(record, last.numbered(message))
            self.taken.repeated += self.taken.fork is None
            return False
        if last is not None and not last.begins(message) and message.seq > last.seq + 1:
            # The contract says that nothing is lost, so this is a defect elsewhere. Each claim message is the
            # whole state of one customer: going on serves everyone whose message was not lost, stopping
            # serves nobody.
            reason = f"scope {message.scope}: messages {last.seq + 1} to {message.seq - 1} never came"
            self.taken.irregular.append((record.offset, reason, None))
        standing = (last or HeardUpTo(0)).after(message, self.business_now)
        self.standings[message.scope] = standing
        self.heard.note(record, standing.numbered(message))
        self.moved[message.scope] = None
        self.taken.applied += 1
        return True

    def _apply(
        self, message: ScopeMessage, derivation: Derivation, known_at: datetime, again: Again | None
    ) -> None:
        if message.timezone is not None:
            self.plans.learn(message.scope, message.timezone)
            self.zones[message.scope] = message.timezone
        if isinstance(message.body, ClaimChange):
            derivation.apply(message.body, known_at, again)
        elif isinstance(message.body, StaffChange):
            key = (message.body.scope, message.body.staff)
            self.staff[key] = _after(self.staff.get(key), message.body)
        else:
            self.events += event_alerts(message.body, self.plans, known_at, self.business_now, again)


def _after(before: StaffChange | None, change: StaffChange) -> StaffChange:
    """Two changes of one person as one: what the later one does not tell stays as the earlier one told it."""
    if before is None:
        return change
    away = before.away if change.away is None and not change.departed else change.away
    return replace(change, office=change.office or before.office, away=away)


def _event_row(event: NewEvent, business_now: datetime) -> dict[str, object]:
    change = event.change
    return {
        "id": event.id,
        "scope": change.scope,
        "customer": change.customer,
        "seq": change.seq,
        "staff": event.staff,
        "owner": change.owner,
        "due": event.due_at,
        "at": change.at,
        "trace": change.traceparent,
        "detail": Jsonb(event.detail),
        "event": event.detail["event"],
        "again": event.again,
        "business_now": business_now,
    }
