"""What a person asks of the alerts: a page of them, one with its attempts, one more try, figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifier.alert import State
from shared.cases import case_number
from shared.database import Database, queries

# As a state that is asked for: dead, and nobody could be told.
UNREACHABLE: Final = "unreachable"


@dataclass(frozen=True)
class Attempt:
    """One call: when, where to, with which words, and what was answered."""

    number: int
    channel: str
    destination: str
    recipient: str | None
    digest: UUID | None
    message: str
    started_at: datetime
    business_at: datetime
    known_at: datetime | None
    behind: bool
    answered_at: datetime | None
    outcome: str | None
    answer: str | None


@dataclass(frozen=True)
class ShownAlert:
    """What people are shown of an alert, in a list and in the log alike."""

    id: UUID
    case: str
    scope: str
    customer: str
    claim_seq: int
    step: str
    audience: str
    staff: str | None
    owner: str | None
    due_at: datetime
    deadline: datetime
    state: str
    reason: str | None


@dataclass(frozen=True)
class ListedAlert(ShownAlert):
    """An alert as it stands, with its attempts so far."""

    rounds: int
    superseded_at: datetime | None
    done_at: datetime | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Filter:
    """Which alerts; what is left out does not matter. `unreachable` as a state: dead, since nobody could be told."""

    state: str | None = None
    scope: str | None = None
    customer: str | None = None
    # To or about whom: the person whom an alert is for, or who was told in their place.
    staff: str | None = None
    # A day of the office: what falls due on it.
    day: date | None = None
    channel: str | None = None
    # What a case number is found by (`shared.cases.case_digest`).
    case: bytes | None = None


# Where a page ended: the due time and the id of its last alert.
Cursor = tuple[datetime, UUID]


@dataclass(frozen=True)
class Backlog:
    """How much waits, in counts of alerts."""

    due: int
    late: int
    retrying: int
    under_way: int
    dead: int


@dataclass(frozen=True)
class Standing:
    """Where a partition stands."""

    topic: str
    partition: int
    next: int
    watermark: datetime | None


class NotFoundError(LookupError):
    """There is no such alert."""


class NotRetriableError(Exception):
    """The alert cannot be tried again; the message says why."""


class Listing:
    """Reads for people, and the one thing that they may change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("services.notifier")

    def page(self, wanted: Filter, after: Cursor | None, limit: int) -> list[ListedAlert]:
        """Up to `limit` alerts, the latest due first, from behind `after`."""
        unreachable = wanted.state == UNREACHABLE
        given = {
            "state": State.DEAD.value if unreachable else wanted.state,
            "unreachable": unreachable,
            "scope": wanted.scope,
            "customer": wanted.customer,
            "staff": wanted.staff,
            "day": wanted.day,
            "channel": wanted.channel,
            "case": wanted.case,
            "due": None if after is None else after[0],
            "id": None if after is None else after[1],
            "limit": limit,
        }
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["page"].encode(), given).fetchall()
            attempts = self._attempts(connection, [row[0] for row in rows])
        return [_listed(row, attempts) for row in rows]

    def zones(self, scopes: Iterable[str]) -> dict[str, ZoneInfo]:
        """The zones of the scopes' rulebooks, of those of which one was told."""
        given = {"scopes": sorted(set(scopes))}
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["zones"].encode(), given).fetchall()
        return {scope: ZoneInfo(timezone) for scope, timezone in rows}

    def one(self, alert: UUID) -> ListedAlert:
        with self._database.connection() as connection:
            row: Any = connection.execute(self._sql["one"].encode(), {"id": alert}).fetchone()
            if row is None:
                raise NotFoundError(f"there is no alert {alert}")
            return _listed(row, self._attempts(connection, [alert]))

    def retry(self, alert: UUID, machine_now: datetime) -> ListedAlert:
        """Have an alert that was given up tried again, from the first round."""
        with self._database.connection() as connection:
            given = {"id": alert, "machine_now": machine_now}
            done = connection.execute(self._sql["retry"].encode(), given).rowcount == 1
        found = self.one(alert)
        if not done:
            raise NotRetriableError(_why_not(found))
        return found

    def dead(self, scope: str | None) -> list[UUID]:
        """All that were given up and still hold."""
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["dead"].encode(), {"scope": scope}).fetchall()
        return [row[0] for row in rows]

    def backlog(self, business_now: datetime, late_after: timedelta) -> Backlog:
        given = {"business_now": business_now, "late": late_after}
        with self._database.connection() as connection:
            row: Any = connection.execute(self._sql["backlog"].encode(), given).fetchone()
        return Backlog(*row)

    def waiting(self) -> dict[str, int]:
        """How many wait for what, in one word; see docs/alerts.md."""
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["waiting"].encode()).fetchall()
        return {row[0]: row[1] for row in rows}

    def standings(self) -> list[Standing]:
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["watermarks"].encode()).fetchall()
        return [Standing(*row) for row in rows]

    def _attempts(self, connection: Any, ids: Iterable[UUID]) -> dict[UUID, tuple[Attempt, ...]]:
        found: dict[UUID, tuple[Attempt, ...]] = {}
        for alert, *rest in connection.execute(self._sql["attempts_of"].encode(), {"ids": list(ids)}):
            found[alert] = (*found.get(alert, ()), Attempt(*rest))
        return found


def _listed(row: Any, attempts: dict[UUID, tuple[Attempt, ...]]) -> ListedAlert:
    identity, scope, customer, *rest = row
    told: tuple[Any, ...] = (
        identity,
        case_number(customer),
        scope,
        customer,
        *rest,
        attempts.get(identity, ()),
    )
    return ListedAlert(*told)


def _why_not(alert: ListedAlert) -> str:
    if alert.superseded_at is not None or alert.state == "superseded":
        return "the claim has changed since: the alert no longer holds"
    if alert.state == "sent":
        return "the alert was sent"
    return "the alert is being sent, or will be when it is due"
