"""What a person asks of the alerts: a page of them, one with its attempts, one more try, figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from msgspec import Meta, Struct
from msgspec.structs import asdict

from services.notifier.history.reach import EVERYTHING, AlertReach
from services.notifier.model.alert import AttemptOutcome, State
from services.notifier.model.scope_zone import ScopeZone
from services.notifier.schedule.ladder import SHANGHAI
from services.notifier.schedule.plan import Plans
from shared.contract.case_numbers import case_number
from shared.ids import CustomerId, ScopeId, StaffId
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of, the_row
from shared.platform.postgres.scoped import asked_of
from shared.sealing.opener import Opener

# As a state that is asked for: dead, and nobody could be told.
UNREACHABLE: Final = "unreachable"
_DAY: Final = timedelta(days=1)
# A time as it is told: with its offset, which is that of UTC.
Moment = Annotated[datetime, Meta(tz=True)]
_Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Attempt:
    """One call: when, where to, with which words, and what was answered."""

    number: int
    channel: str
    destination: str
    recipient: str | None
    digest: UUID | None
    message: str
    started_at: Moment
    business_at: Moment
    known_at: Moment | None
    behind: bool
    answered_at: Moment | None
    outcome: AttemptOutcome | None
    answer: str | None


@dataclass(frozen=True)
class ShownAlert:
    """What people are shown of an alert, in a list and in the log alike."""

    id: UUID
    case: str
    scope: ScopeId
    customer: CustomerId
    claim_seq: int
    step: str
    audience: str
    staff: StaffId | None
    owner: StaffId | None
    due_at: Moment
    deadline: Moment
    state: State
    reason: str | None


class ShownRow(Struct, frozen=True):
    """The columns of `alerts` that are shown of each."""

    id: UUID
    scope: ScopeId
    customer: CustomerId
    claim_seq: int
    step: str
    audience: str
    staff: StaffId | None
    owner: StaffId | None
    due_at: datetime
    deadline: datetime
    state: State
    reason: str | None


class ListedRow(ShownRow, frozen=True):
    """A row of `page` and `one`."""

    rounds: int
    superseded_at: datetime | None
    done_at: datetime | None

    def listed(self, attempts: tuple[Attempt, ...]) -> ListedAlert:
        case = case_number(self.customer) if self.customer else ""
        return ListedAlert(case=case, attempts=attempts, **asdict(self))


class AttemptRow(Struct, frozen=True):
    """A row of `attempts_of`; the destination as it is kept."""

    alert: UUID
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
    outcome: AttemptOutcome | None
    answer: str | None

    def shown(self, destination: str) -> Attempt:
        shown = asdict(self) | {"destination": destination}
        del shown["alert"]
        return Attempt(**shown)


class AlertId(Struct, frozen=True):
    id: UUID


class _WaitingCount(Struct, frozen=True):
    waits_for: str
    alerts: int


@dataclass(frozen=True)
class ListedAlert(ShownAlert):
    """An alert as it stands, with its attempts so far."""

    rounds: int
    superseded_at: Moment | None
    done_at: Moment | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Filter:
    """Which alerts; what is left out does not matter. `unreachable` as a state: dead, since nobody could be told."""

    state: str | None = None
    scope: ScopeId | None = None
    customer: CustomerId | None = None
    # To or about whom: the person whom an alert is for, or who was told in their place.
    staff: StaffId | None = None
    # A day of the office: what falls due on it.
    day: date | None = None
    channel: str | None = None
    # What a case number is found by (`shared.contract.case_numbers.case_digest`).
    case: bytes | None = None
    # In which the day is meant where the office's rulebook has told no zone.
    zone: ZoneInfo = SHANGHAI

    @property
    def seen_in(self) -> str | None:
        """The scope that the database is told; not for a case number, whose index is on what a function makes of a
        column, and unused under row-level security."""
        return None if self.case is not None else self.scope


# Where a page ended: the due time and the id of its last alert.
Cursor = tuple[datetime, UUID]


@dataclass(frozen=True)
class AlertBacklog:
    """How much waits, in counts of alerts."""

    due: int
    late: int
    retrying: int
    under_way: int
    dead: int


@dataclass(frozen=True)
class PartitionStatus:
    """Where a partition stands."""

    topic: str
    partition: int
    next: int
    watermark: datetime | None


class UnknownAlertError(LookupError):
    """There is no such alert."""


class NotRetriableError(Exception):
    """The alert cannot be tried again; the message says why."""


class Listing:
    """Reads for people, and the one thing that they may change."""

    def __init__(self, database: Database, opener: Opener | None = None) -> None:
        self._database = database
        self._opener = opener or Opener()
        self._sql = queries("services.notifier")

    def page(
        self, wanted: Filter, after: Cursor | None, limit: int, reach: AlertReach = EVERYTHING
    ) -> list[ListedAlert]:
        """Up to `limit` alerts within reach, the latest due first, from behind `after`."""
        unreachable = wanted.state == UNREACHABLE
        given: dict[str, object] = {
            "state": State.DEAD.value if unreachable else wanted.state,
            "unreachable": unreachable,
            "scope": wanted.scope,
            "customer": wanted.customer,
            "staff": wanted.staff,
            "channel": wanted.channel,
            "case": wanted.case,
            "due": None if after is None else after[0],
            "id": None if after is None else after[1],
            "limit": limit,
            **reach.given,
        }
        with asked_of(self._database, wanted.seen_in) as connection:
            given |= self._days(connection, wanted)
            rows = rows_of(connection.execute(self._sql["page"], given), ListedRow)
            attempts = self._attempts(connection, [row.id for row in rows])
        return [row.listed(attempts.get(row.id, ())) for row in rows]

    def zones(self, scopes: Iterable[str]) -> dict[str, ZoneInfo]:
        """The zones of the scopes' rulebooks, of those of which one was told and is known here."""
        given = {"scopes": sorted(set(scopes))}
        with self._database.connection() as connection:
            return _known(rows_of(connection.execute(self._sql["zones"], given), ScopeZone))

    def one(self, alert: UUID, reach: AlertReach = EVERYTHING) -> ListedAlert:
        """Raises `UnknownAlertError`, also for one that is out of reach."""
        with self._database.connection() as connection:
            row = row_of(connection.execute(self._sql["one"], {"id": alert, **reach.given}), ListedRow)
            if row is None:
                raise UnknownAlertError(f"there is no alert {alert}")
            return row.listed(self._attempts(connection, [alert]).get(alert, ()))

    def retry(self, alert: UUID, machine_now: datetime, reach: AlertReach = EVERYTHING) -> ListedAlert:
        """Have an alert that was given up tried again, from the first round."""
        self.one(alert, reach)
        with self._database.connection() as connection:
            given = {"id": alert, "machine_now": machine_now}
            done = connection.execute(self._sql["retry"], given).rowcount == 1
        found = self.one(alert)
        if not done:
            raise NotRetriableError(_why_not(found))
        return found

    def dead(self, scope: ScopeId | None) -> list[UUID]:
        """All that were given up and still hold."""
        with asked_of(self._database, scope) as connection:
            return [
                row.id for row in rows_of(connection.execute(self._sql["dead"], {"scope": scope}), AlertId)
            ]

    def backlog(self, business_now: datetime, late_after: timedelta) -> AlertBacklog:
        given = {"business_now": business_now, "late": late_after}
        with self._database.connection() as connection:
            return the_row(connection.execute(self._sql["backlog"], given), AlertBacklog)

    def waiting(self) -> dict[str, int]:
        """How many wait for what, in one word; see docs/alerts.md."""
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(self._sql["waiting"]), _WaitingCount)
        return {row.waits_for: row.alerts for row in rows}

    def standings(self) -> list[PartitionStatus]:
        with self._database.connection() as connection:
            return rows_of(connection.execute(self._sql["watermarks"]), PartitionStatus)

    def _days(self, connection: _Connection, wanted: Filter) -> dict[str, object]:
        """When the day that is asked for begins and ends: in each scope, elsewhere, and anywhere at all."""
        if wanted.day is None:
            return dict.fromkeys(("first", "last", "scopes", "begins", "ends", "begin", "end"))
        zones = _known(rows_of(connection.execute(self._sql["all_zones"]), ScopeZone))
        days = {scope: day_in(zone, wanted.day) for scope, zone in zones.items()}
        begin, end = day_in(wanted.zone, wanted.day)
        begins, ends = [one for one, _ in days.values()], [one for _, one in days.values()]
        return {
            "first": min([begin, *begins]), "last": max([end, *ends]), "scopes": list(days),
            "begins": begins, "ends": ends, "begin": begin, "end": end,
        }  # fmt: skip

    def _attempts(self, connection: _Connection, ids: Iterable[UUID]) -> dict[UUID, tuple[Attempt, ...]]:
        found: dict[UUID, tuple[Attempt, ...]] = {}
        rows = rows_of(connection.execute(self._sql["attempts_of"], {"ids": list(ids)}), AttemptRow)
        destinations = self._opener.texts([row.destination for row in rows])
        for row, destination in zip(rows, destinations, strict=True):
            found[row.alert] = (*found.get(row.alert, ()), row.shown(destination))
        return found


def _known(rows: Iterable[ScopeZone]) -> dict[str, ZoneInfo]:
    """The zones by scope; a name that this machine does not know is passed over, as where alerts are planned."""
    plans = Plans()
    for row in rows:
        plans.learn(row.scope, row.timezone)
    return plans.zones


def day_in(zone: ZoneInfo, day: date) -> tuple[datetime, datetime]:
    """When a day begins and ends somewhere; behind the last day that there is in a calendar is nothing."""
    begin = datetime.combine(day, time(), zone)
    end = datetime.combine(min(day, date.max - _DAY) + _DAY, time(), zone)
    return begin, end


def _why_not(alert: ListedAlert) -> str:
    if alert.superseded_at is not None or alert.state == "superseded":
        return "the claim has changed since: the alert no longer holds"
    if alert.state == "sent":
        return "the alert was sent"
    return "the alert is being sent, or will be when it is due"
