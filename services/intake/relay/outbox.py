"""The relay's side of the journal: what Kafka has not acknowledged, leadership, and the watermark's promise.

Leadership is a session lock on the very connection that reads and deletes: who loses the connection has lost
the lead and finds out at the next statement (hazards.md#the-lead-of-a-lost-connection).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.intake.journal.comparison import Findings, begin, hold, settle
from services.intake.journal.damage_watch import DamageWatch
from services.intake.journal.journal import RELAY_LOCK, SQL, WATERMARK_LOCK, Clock
from services.intake.journal.numbering import INSTANT
from services.intake.journal.topic_tail import Piece
from services.intake.relay.resend import send_all_again
from shared.platform.kafka.kept_topic import Kept, Refill, kept_row, refill_reason
from shared.platform.kafka.topic_state import Extent, TopicState
from shared.platform.postgres.leader_lock import SessionLead


class NotComparedError(Exception):
    """The journal that is there is not the one that was compared with its topic."""


class OutboxFact(Struct, frozen=True, gc=False):
    """A fact on its way: what its Kafka record is made of.

    `row` is the row of the outbox that may go once this fact is acknowledged: the last fact of its range has it.
    """

    row: int | None
    scope: str
    seq: int
    body: bytes
    contacts: bytes | None
    traceparent: str | None
    default_rulebook: str | None


class FactOutbox(SessionLead):
    """Used by one thread at a time; every call but `try_lead` demands the lead."""

    def __init__(self, dsn: str, *, clock: Clock, watch: DamageWatch) -> None:
        super().__init__(dsn, RELAY_LOCK, "panke-intake-relay")
        self._watch = watch
        self._clock = clock

    def demand_compared(self, topic: str) -> None:
        """Raise `NotComparedError` where the rows were not held against the topic: others were restored."""
        row = self.leading().execute(SQL["standing"], {"topic": topic}).fetchone()
        if row is None or row[1] is None:
            raise NotComparedError

    def read(self, limit: int) -> list[OutboxFact]:
        """The first facts that are not acknowledged, in order within each scope; fewer than `limit` are all."""
        rows = self.leading().execute(SQL["unsent"], {"limit": limit}, binary=True)
        return [OutboxFact(*row) for row in rows]

    def delete(self, rows: Sequence[int], place: tuple[str, str], acknowledged: Mapping[int, int]) -> None:
        """Forget what was acknowledged, and keep how far: the next offset of each partition, in this log and topic."""
        self.leading().execute(SQL["delete_sent"], {"positions": list(rows), **_offsets(place, acknowledged)})

    # The comparison with the topic

    def epoch(self) -> str:
        """Under which the journal numbers now."""
        row = self.leading().execute(SQL["epoch"]).fetchone()
        if row is None:
            raise LookupError("the journal has no epoch")
        return str(row[0])

    def begin(self, place: tuple[str, str]) -> tuple[Findings, dict[int, int]]:
        """What is to be found, and the next offset of each partition, as far as the journal knows this topic."""
        connection = self.leading()
        return begin(connection, place, self._watch.examine(connection))

    def hold(self, piece: Piece, findings: Findings) -> None:
        hold(self.leading(), piece, findings)

    def settle(self, place: tuple[str, str], findings: Findings, ends: Mapping[int, int]) -> None:
        """Let facts be taken, or say why not; what was compared once need not be compared again."""
        connection = self.leading()
        with connection.transaction():
            settle(connection, place[1], findings)
            if not findings.lacks:
                connection.execute(SQL["put_acknowledged"], _offsets(place, ends))
                connection.execute(SQL["put_sent"])

    def keep_topic(self, state: TopicState, reached: Extent) -> Refill | None:
        """Note the topic as it is now; where it is not the one that was kept, queue the whole journal again."""
        connection = self.leading()
        with connection.transaction():
            row = connection.execute(SQL["kept_topic"], {"topic": state.topic}).fetchone()
            reason = refill_reason(Kept.of(row), state, reached)
            facts = 0 if reason is None else send_all_again(connection)
            connection.execute(SQL["keep_topic"], kept_row(state, reached))
        return Refill(reason, facts) if reason is not None and facts else None

    def promise(self) -> datetime:
        """A time at or before which no later fact will be recorded, and every earlier one is committed.

        It lies just before the clock, so that a fact recorded at this very instant is still to come: on a
        clock that stands, recorded times are then those of the clock.
        """
        connection = self.leading()
        with connection.transaction():
            connection.execute(SQL["exclude_groups"], {"key": WATERMARK_LOCK})
            row = connection.execute(SQL["promised_watermark"]).fetchone()
            if row is None:
                raise LookupError("the watermark row is missing")
            watermark: datetime = max(self._clock.now() - INSTANT, row[0])
            if watermark > row[0]:
                connection.execute(SQL["promise_watermark"], {"watermark": watermark})
        return watermark


def _offsets(place: tuple[str, str], following: Mapping[int, int]) -> dict[str, Any]:
    log, topic = place
    return {
        "log": log,
        "topic": topic,
        "partitions": list(following),
        "next": list(following.values()),
    }
