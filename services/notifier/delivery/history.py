"""The dispatcher's side of what has been: calls whose answers were lost, reports of providers, leases that go on.

Synchronous, to be called in a thread; times are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.notifier.channels.delivery_status import DeliveryStatus
from services.notifier.delivery.work import EarlierAttempt
from services.notifier.model.alert import OLD_NEWS, AttemptOutcome, LeasedAlert, State
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import rows_of, the_row
from shared.sealing.opener import Opener

# Reports that are looked at in one transaction.
_MOST: Final = 200
# What providers know of a message, as the attempt keeps it.
_OUTCOMES: Final = {
    "delivered": AttemptOutcome.SENT,
    "taken": AttemptOutcome.SENT,
    "failed": AttemptOutcome.REFUSED,
}
_NOT_KNOWN: Final = "the provider knows of no such message (asked)"


class OpenReportRow(Struct, frozen=True):
    """A row of `claim_receipts`: a report that nobody has looked at."""

    id: int
    alert: UUID
    status: str
    answer: str
    channel: str

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    @property
    def reason(self) -> str:
        told = f": {self.answer}" if self.failed and self.answer else ""
        return f"reported {self.status} by {self.channel}{told}"


class _Any(Struct, frozen=True):
    any: bool


class AttemptHistory:
    """What the tables know of calls that were made."""

    def __init__(self, database: Database, opener: Opener | None = None) -> None:
        self._database = database
        self._opener = opener or Opener()
        self._sql = queries("services.notifier")

    def keep(self, alerts: Sequence[LeasedAlert], term: timedelta) -> None:
        """Have the leases of what is under way last so much longer from now, by the database's clock."""
        given = {
            "ids": [one.id for one in alerts],
            "leases": list({one.lease for one in alerts}),
            "term": term,
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["keep_leases"], given)

    def tried(self, alerts: Sequence[LeasedAlert]) -> list[EarlierAttempt]:
        """The calls for these alerts after which a doubt or a report of failure is left."""
        given = {"ids": [one.id for one in alerts]}
        with self._database.connection() as connection:
            tried = rows_of(connection.execute(self._sql["tried"], given), EarlierAttempt)
        destinations = self._opener.texts([one.destination for one in tried])
        return [replace(one, destination=clear) for one, clear in zip(tried, destinations, strict=True)]

    def resolve(
        self,
        alerts: Sequence[LeasedAlert],
        one: EarlierAttempt,
        status: DeliveryStatus | None,
        at: tuple[datetime, datetime],
    ) -> None:
        """Store what the provider knows of a call; None: it has never had the message."""
        business_now, machine_now = at
        given = {
            "ids": [alert.id for alert in alerts],
            "channel": one.channel,
            "started_at": one.started_at,
            "outcome": AttemptOutcome.TEMPORARY.value if status is None else _OUTCOMES[status.status].value,
            "answer": _NOT_KNOWN if status is None else f"{status.status} {status.answer} (asked)".strip(),
            "told_at": "" if status is None else status.at,
            "business_now": business_now,
            "machine_now": machine_now,
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["resolve_attempts"], given)
            if status is not None and status.status == "failed":
                connection.execute(self._sql["failed_by_answer"], given)

    def any_reports(self) -> bool:
        """Whether reports wait to be looked at."""
        with self._database.connection() as connection:
            return the_row(connection.execute(self._sql["open_receipts"]), _Any).any

    def look_at_reports(self, business_now: datetime, machine_now: datetime) -> list[tuple[UUID, State]]:
        """Act upon what was reported: who was not told after all is told by the next channel."""
        moved: list[tuple[UUID, State]] = []
        at = {"business_now": business_now, "machine_now": machine_now}
        with self._database.connection() as connection:
            connection.execute(self._sql["adopt_early_reports"])
            rows = rows_of(connection.execute(self._sql["claim_receipts"], {"limit": _MOST}), OpenReportRow)
            if not rows:
                return []
            said = {"business_now": business_now.isoformat()}
            connection.execute(self._sql["set_business_now"], said)
            for row in rows:
                given = {**at, "alert": row.alert, "reason": row.reason}
                query = "reported_failed" if row.failed else "reported_told"
                if connection.execute(self._sql[query], given).rowcount:
                    moved.append((row.alert, State.FAILED if row.failed else State.SENT))
            connection.execute(self._sql["close_receipts"], {"ids": [row.id for row in rows]})
        return moved

    def start_afresh(self, hold: Iterable[str], machine_now: datetime, business_now: datetime) -> None:
        """A process that starts may have other secrets, addresses, channels and plans: what waited for them is tried,
        and what could be told to nobody."""
        given = {"now": machine_now, "hold": list(hold)}
        anybody = {"staff": None, "scope": None, "business_now": business_now, "told_within": OLD_NEWS}
        with self._database.connection() as connection:
            said = {"business_now": business_now.isoformat()}
            connection.execute(self._sql["set_business_now"], said)
            connection.execute(self._sql["wake_given_up"], anybody)
            connection.execute(self._sql["forget_breakers"], given)
            connection.execute(self._sql["wake_all"], given)
