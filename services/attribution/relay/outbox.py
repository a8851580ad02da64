"""The relay's side of the outbox: what Kafka has not acknowledged, and who may send it.

Leadership is a session lock on the very connection that reads and deletes: who loses the connection has lost
the lead and finds out at the next statement (hazards.md#the-lead-of-a-lost-connection).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from services.attribution.relay.restatement import ASKED, restate
from services.attribution.store.batch import SQL
from shared.platform.kafka.kept_topic import Kept, Refill, kept_row, refill_reason
from shared.platform.kafka.topic_state import Extent, TopicState
from shared.platform.postgres.leader_lock import SessionLead

# Advisory locks are one space per database, which the services may share: intake has 01 and 02.
RELAY_LOCK: Final = 0x70616E6B65_11
"""The advisory lock of attribution's relay: one sends, in whichever process."""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A row of the outbox."""

    id: int
    partition: int
    scope: str
    seq: int
    body: bytes
    traceparent: str | None
    edition: int
    known_at: datetime | None
    restated: bool


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A record that is not of the journal, on its way to the dead topic."""

    id: int
    source: str
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str


class OwnershipOutbox(SessionLead):
    """Used by one thread at a time; every call but `try_lead` demands the lead."""

    def __init__(self, dsn: str, step: Callable[[], None] = lambda: None) -> None:
        """`step` is called as often as work moves on that takes long."""
        super().__init__(dsn, RELAY_LOCK, "panke-attribution-relay")
        self._step = step

    def keep_topic(self, state: TopicState, reached: Extent) -> Refill | None:
        """Note the topic as it is now; where it is not the one that was kept, tell it how everything stands.

        Scope by scope and in pieces; killed in between, it goes on where it was as long as the topic is the same.
        """
        connection = self.leading()
        row = connection.execute(SQL["kept_topic"], {"topic": state.topic}).fetchone()
        reason = refill_reason(Kept.of(row), state, reached)
        cause = f"{state.log} {reached.firsts}"
        told = 0 if reason is None else self._restate_all(connection, cause)
        with connection.transaction():
            connection.execute(SQL["keep_topic"], kept_row(state, reached))
            if reason is not None:
                connection.execute(SQL["forget_restatements"], {"asked": ASKED, "cause": ""})
        return Refill(reason, told) if reason is not None and told else None

    def _restate_all(self, connection: psycopg.Connection[tuple[Any, ...]], cause: str) -> int:
        """Everything for a topic that lacks it; answers how many messages."""
        given = {"asked": ASKED, "cause": cause}
        with connection.transaction():
            connection.execute(SQL["forget_restatements"], given)
            for scope in self._begun(connection):
                connection.execute(SQL["begin_restatement"], given | {"scope": scope})
        scopes = connection.execute(SQL["restated_for"], given).fetchall()
        return sum(restate(connection, scope, cause, self._step) for (scope,) in scopes)

    @staticmethod
    def _begun(connection: psycopg.Connection[tuple[Any, ...]]) -> list[str]:
        """The scopes of which something was sent once: of the others the outbox still has all from the first on."""
        return [scope for (scope,) in connection.execute(SQL["begun_scopes"])]

    def watermarks(self) -> list[tuple[int, datetime]]:
        """How far each partition is decided; read it before the messages, which then hold all that came before."""
        return [(partition, watermark) for partition, watermark in self._rows("watermarks", [])]

    def messages(self, limit: int) -> list[OutboxMessage]:
        """The first that are not acknowledged, in order within each scope."""
        return [OutboxMessage(*row) for row in self._rows("unsent_messages", [limit])]

    def delete(self, ids: Sequence[int]) -> None:
        self._execute("delete_sent", [list(ids)])

    def dead(self, limit: int) -> list[DeadRecord]:
        return [DeadRecord(*row) for row in self._rows("unsent_dead", [limit])]

    def dead_sent(self, ids: Sequence[int]) -> None:
        self._execute("dead_sent", [list(ids)])

    def backlog(self, limit: int) -> int:
        """How many messages wait, counted up to the limit."""
        return int(self._rows("backlog", [limit])[0][0])

    def _rows(self, name: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        return self._execute(name, parameters).fetchall()

    def _execute(self, name: str, parameters: list[Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        return self.leading().execute(SQL[name], parameters, binary=True)
