"""What is stored of schedules: up to which period each was made out, and the alerts, in one transaction with that.

Synchronous, to be called in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from services.notifier.model.alert import State
from services.notifier.model.scope_zone import ScopeZone
from services.notifier.reports.figures import ReportTotals
from services.notifier.schedule.reporting import ReportTerms
from shared.contract import format_instant
from shared.ids import OfficeId, ScopeId, StaffId
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of

_REPORTS = UUID("b1f7f2d6-7a3e-5f2c-9a63-2d0b9c5e7f41")


@dataclass(frozen=True)
class ReportKey:
    """A report of one office, on its schedule."""

    scope: ScopeId
    office: OfficeId
    terms: ReportTerms

    @property
    def given(self) -> dict[str, object]:
        """What its row is found by."""
        return {
            "scope": self.scope,
            "office": self.office,
            "report": self.terms.report,
            "every": self.terms.every,
        }


class ReaderOf(Struct, frozen=True):
    """A row of `report_readers`."""

    staff: StaffId
    role: str
    office: OfficeId | None


class MadeOut(Struct, frozen=True):
    """To whom an alert is made out; where nothing is to be sent, why, and whether nobody may have it sent either."""

    staff: StaffId | None
    reason: str | None = None
    void: bool = False


class _Schedule(Struct, frozen=True):
    last: date


class _Office(Struct, frozen=True):
    office: OfficeId


def report_alert_id(key: ReportKey, last: date, staff: StaffId | None) -> UUID:
    """The key of an alert: the same report, period and reader give the same id."""
    terms = key.terms
    return uuid5(_REPORTS, f"{key.scope}/{key.office}/{terms.report}/{terms.every}/{last}/{staff or ''}")


class ReportStore:
    """The schedules of a deployment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("services.notifier")

    def scopes(self) -> list[ScopeZone]:
        """Every scope that was heard of."""
        with self._database.connection() as connection:
            return rows_of(connection.execute(self._sql["report_scopes"]), ScopeZone)

    def offices(self, scope: ScopeId) -> list[OfficeId]:
        """Where somebody of the scope is enrolled."""
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(self._sql["report_offices"], {"scope": scope}), _Office)
        return [row.office for row in rows]

    def last(self, key: ReportKey, begun: date) -> date:
        """The last period that was made out; of a schedule that is new, `begun`, which is kept."""
        with self._database.connection() as connection:
            connection.execute(self._sql["begin_report_schedule"], {**key.given, "last": begun})
            kept = row_of(connection.execute(self._sql["report_schedule"], key.given), _Schedule)
        return begun if kept is None else kept.last

    def readers(self, key: ReportKey) -> list[ReaderOf]:
        """Whom the terms may mean."""
        given = {"scope": key.scope, "roles": list(key.terms.roles), "staff": list(key.terms.staff)}
        with self._database.connection() as connection:
            return rows_of(connection.execute(self._sql["report_readers"], given), ReaderOf)

    def pass_over(self, key: ReportKey, before: date, last: date) -> bool:
        """No report is wanted of this period."""
        with self._database.connection() as connection:
            moved = connection.execute(
                self._sql["move_report_schedule"], {**key.given, "before": before, "last": last}
            )
            return moved.rowcount == 1

    def put(
        self,
        key: ReportKey,
        period: tuple[date, date, date],
        due_at: datetime,
        readers: Sequence[MadeOut],
        made: ReportTotals | None,
        business_now: datetime,
    ) -> bool:
        """Make the report out to its readers; `period`: the last one before, the first and the last day of this.

        False where another notifier has done so.
        """
        before, first, last = period
        when = {"business_now": business_now.isoformat()}
        with self._database.connection() as connection:
            connection.execute(self._sql["set_business_now"], when)
            given = {**key.given, "before": before, "last": last}
            if connection.execute(self._sql["move_report_schedule"], given).rowcount != 1:
                return False
            rows: dict[str, object] = {
                "scope": key.scope,
                "due": due_at,
                "business_now": business_now,
                "detail": Jsonb(_detail(key, first, last, due_at, made)),
                "ids": [report_alert_id(key, last, one.staff) for one in readers],
                "staff": [one.staff for one in readers],
                "states": [(State.DUE if one.reason is None else State.DEAD).value for one in readers],
                "reasons": [one.reason for one in readers],
                "voids": [one.void for one in readers],
            }
            connection.execute(self._sql["put_reports"], rows)
        return True


def _detail(
    key: ReportKey, first: date, last: date, known_at: datetime, made: ReportTotals | None
) -> dict[str, object]:
    """What there is to say, as it is kept with the alert."""
    return {
        "report": key.terms.report,
        "office": key.office,
        "every": key.terms.every.value,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "known_at": format_instant(known_at),
        "attach": key.terms.attach,
        "made": None if made is None else msgspec.to_builtins(made),
    }
