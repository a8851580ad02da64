"""The timers of reports: what is due is asked of the registers, as known at its hour, and becomes alerts (ADR 0064).

However late that is done, the report is the one of its hour. Several notifiers may ask; one makes it out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

import psycopg
import structlog

from services.notifier.model.metrics import Metrics
from services.notifier.reports.asking import (
    AskedReport,
    AsksReports,
    RegistersAwayError,
    ReportRefusedError,
)
from services.notifier.reports.figures import ReportTotals
from services.notifier.reports.readers import made_out_to
from services.notifier.reports.store import MadeOut, ReportKey, ReportStore
from services.notifier.schedule.plan import Plans
from services.notifier.schedule.reporting import LATEST, first_of, following, last_over, report_due
from shared.platform.clock import BusinessClock, MachineClock

log: Final = structlog.get_logger("notifier.reports")

EVERY: Final = 5.0
"""Seconds between two looks."""
EVERY_OF_A_DEMONSTRATION: Final = 0.25
"""Its clock leaps from hour to hour, and stands there until what is due has gone out."""
WHOLE_PATIENCE: Final = timedelta(seconds=60)
"""Machine time that registers are waited for which lack records from before the hour; then it is sent and says so."""
AWAY_PATIENCE: Final = timedelta(hours=1)
"""Business time for which they are waited for where they do not answer; then it is sent without figures."""
TOO_LATE: Final = "its hour was over for more than a week: it was not sent"


class NotYetError(Exception):
    """The registers are waited for."""


class ReportTimers:
    """The timers of one process."""

    def __init__(
        self,
        store: ReportStore,
        registers: AsksReports,
        clocks: tuple[BusinessClock, MachineClock],
        plans: Plans,
        metrics: Metrics,
    ) -> None:
        self._store, self._registers, self._plans, self._metrics = store, registers, plans, metrics
        self._business, self._machine = clocks
        self._waiting: dict[tuple[ReportKey, date], datetime] = {}
        self._done_until: datetime | None = None  # the clock is anchored after this is made

    async def run(self, every: float = EVERY) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            try:
                await self.look()
            except psycopg.Error as error:
                log.warning("the database does not answer", error=str(error))
            await asyncio.sleep(every)

    @property
    def behind(self) -> timedelta:
        """How long ago a look began that left nothing undone, in business time; from the first, where none has."""
        return self._business.now() - self._done_until if self._done_until is not None else timedelta(0)

    async def look(self) -> None:
        """Make out every report whose hour is over and that was not made out yet."""
        began, done = self._business.now(), True
        self._done_until = self._done_until or began
        for zone in await asyncio.to_thread(self._store.scopes):
            self._plans.learn(zone.scope, zone.timezone or None)
            for terms in self._plans.of(zone.scope).reports:
                known = [] if terms.offices else await asyncio.to_thread(self._store.offices, zone.scope)
                offices = terms.offices or tuple(known)
                for office in offices:
                    done = await self._schedule(ReportKey(zone.scope, office, terms)) and done
        if done:
            self._done_until = began

    async def _schedule(self, key: ReportKey) -> bool:
        """What is due of one schedule, one period after the other; whether nothing of it is left."""
        now, hours = self._business.now(), self._plans.hours_of(key.scope)
        before = await asyncio.to_thread(self._store.last, key, last_over(key.terms, now, hours))
        for last, due in self._ended(key, before, now):
            if due is None:
                done = await asyncio.to_thread(self._store.pass_over, key, before, last)
            else:
                done = await self._make(key, before, last, due)
            if not done:
                return False
            before = last
        return True

    def _ended(self, key: ReportKey, before: date, now: datetime) -> Iterator[tuple[date, datetime | None]]:
        """The periods behind `before` whose hour is over, and when that was."""
        hours, last = self._plans.hours_of(key.scope), before
        while True:
            last = following(key.terms, last)
            due = report_due(key.terms, last, hours)
            if hours.at(last, hours.opening) > now or (due is not None and due > now):
                return
            yield last, due

    async def _make(self, key: ReportKey, before: date, last: date, due: datetime) -> bool:
        """Whether the report of this period is made out; False: later, or by another notifier."""
        first, late = first_of(key.terms, last), self._business.now() - due
        made: ReportTotals | None = None
        readers = made_out_to(key, await asyncio.to_thread(self._store.readers, key))
        if late > LATEST:
            readers = [MadeOut(one.staff, one.reason or TOO_LATE, one.void) for one in readers]
        elif any(one.reason is None for one in readers):
            try:
                made = await self._asked(key, AskedReport(key.office, key.terms.report, first, last, due))
            except NotYetError:
                return False
        self._waiting.pop((key, last), None)
        period, now = (before, first, last), self._business.now()
        if not await asyncio.to_thread(self._store.put, key, period, due, readers, made, now):
            return False
        self._count(key, last, readers, made)
        return True

    async def _asked(self, key: ReportKey, asked: AskedReport) -> ReportTotals | None:
        """What the registers say; None where they are not waited for any longer. Raises `NotYetError`."""
        since = self._waiting.setdefault((key, asked.last), self._machine.now())
        try:
            made = await self._registers.report(asked)
        except RegistersAwayError as error:
            log.warning(
                "the registers do not answer", office=key.office, report=asked.report, error=str(error)
            )
            if self._business.now() - asked.known_at < AWAY_PATIENCE:
                raise NotYetError from None
            return None
        except ReportRefusedError as error:
            log.error(
                "the registers refuse a report", office=key.office, report=asked.report, error=str(error)
            )
            return None
        if not made.whole and self._machine.now() - since < WHOLE_PATIENCE:
            raise NotYetError
        return made

    def _count(self, key: ReportKey, last: date, readers: list[MadeOut], made: ReportTotals | None) -> None:
        sent = sum(one.reason is None for one in readers)
        outcome = "nobody" if not sent else "made" if made is not None else "without_figures"
        self._metrics.reports_made.labels(outcome).inc()
        told = {
            "scope": key.scope,
            "office": key.office,
            "report": key.terms.report,
            "last": last.isoformat(),
        }
        log.info("report_made_out", readers=sent, outcome=outcome, **told)
