"""Reports of weeks and months, in a real database: made out on the day with which their period ends, by the clock of
their office, and on no other day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from deploy.demo.alerting import CHANNELS, write_policy
from deploy.demo.scenario.office import GENERAL_MANAGER, MANAGER
from services.notifier.channels.robot import text_of
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.reports.asking import AskedReport, RegistersAwayError
from services.notifier.reports.figures import ReportTotals, SentFigure
from services.notifier.reports.store import ReportStore
from services.notifier.reports.timers import ReportTimers
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.ids import OfficeId
from shared.platform.officefile.document import parse
from tests.support.notifier import Keeping, Office, StandingClock, local
from tests.support.report_maker import reporting_plans

HOUR = timedelta(hours=1)
EAST = OfficeId("east")
MONTHLY = """
version: 1
defaults:
  reports: [{report: period, every: month, offices: [east], to: {roles: [manager]}}]
"""


@dataclass
class AskedPeriods:
    """Registers that know one figure, and keep what they were asked."""

    asked: list[AskedReport] = field(default_factory=list)

    async def report(self, asked: AskedReport) -> ReportTotals:
        self.asked.append(asked)
        await asyncio.sleep(0)
        return ReportTotals("周报", "Weekly report", (SentFigure("来访", "visits", "12"),), whole=True)

    async def workbook(self, asked: AskedReport) -> bytes:
        raise RegistersAwayError("no workbook is asked for")


@contextmanager
def opened(database: str, at: datetime, plans: Plans) -> Iterator[Office]:
    office = Office(database, at, plans)
    office.machine = StandingClock()
    office.hear(office.stream.watermark(at))
    try:
        yield office
    finally:
        office.close()


async def hour_by_hour(office: Office, until: datetime, registers: AskedPeriods, *channels: Keeping) -> None:
    """The timers look at every hour, and what is due is sent."""
    clocks = (office.clock, office.machine)
    timers = ReportTimers(ReportStore(office.database), registers, clocks, office.plans, Metrics())
    policy = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
    sender = Dispatcher(office.queue, list(channels), clocks, office.plans, policy, Metrics())
    await timers.look()
    while office.clock.now() < until:
        office.at(office.clock.now() + HOUR)
        await timers.look()
        await sender.tick()
        await sender.drain(90)


def demonstration(folder: Path) -> Plans:
    """The policy of the demonstration, in messages with links to a console."""
    policy = parse(write_policy(folder / "alerts.yaml").read_bytes(), "alerts.yaml")
    return replace(plans_of(policy, OfficeHours(), CHANNELS), console="https://panke.example.com")


async def test_the_weekly_report_of_the_demonstration_goes_out_on_fridays_by_mail_with_its_link(
    database: str, tmp_path: Path
) -> None:
    """From Monday 2 to Sunday 15 March: on both Fridays at closing, of Saturday to Friday, to the general manager, and
    on no other day; the daily one goes to the manager alone."""
    mails, chat, registers = Keeping("email"), Keeping("dingtalk"), AskedPeriods()
    with opened(database, local(2, 8), demonstration(tmp_path)) as office:
        office.hear(
            office.stream.staff(GENERAL_MANAGER.staff, "general_manager", office="demo-office"),
            office.stream.staff(MANAGER.staff, "manager", office="demo-office"),
        )
        await hour_by_hour(office, local(15, 23), registers, mails, chat)
    weekly = [(one.first, one.last, one.known_at) for one in registers.asked if one.report == "period"]
    assert weekly == [
        (date(2026, 2, 28), date(2026, 3, 6), local(6, 18)),
        (date(2026, 3, 7), date(2026, 3, 13), local(13, 18)),
    ]
    page = "https://panke.example.com/at/demo/demo-office/reports/period"
    assert [(one.to.staff, one.link) for one in mails.sent] == [
        (GENERAL_MANAGER.staff, f"{page}?from=2026-02-28&to=2026-03-06"),
        (GENERAL_MANAGER.staff, f"{page}?from=2026-03-07&to=2026-03-13"),
    ]
    assert all(one.link in text_of(one) for one in mails.sent if one.link)
    assert {one.to.staff for one in chat.sent} == {MANAGER.staff}


async def test_a_monthly_report_goes_out_at_the_end_of_february_by_the_clock_of_each_office(
    database: str,
) -> None:
    """On the 28th at 18:00 in Shanghai, seven hours later at 18:00 in Berlin, and at neither's end of any other day; in
    March Berlin's hour has moved with its clocks."""
    kept, registers = Keeping("email"), AskedPeriods()
    with opened(database, datetime(2026, 2, 27, tzinfo=UTC), reporting_plans(MONTHLY)) as office:
        for scope, zone in (("demo", "Asia/Shanghai"), ("berlin", "Europe/Berlin")):
            office.hear(
                office.stream.claim("c1", "li", None, scope=scope, timezone=zone),
                office.stream.staff(f"boss-{scope}", "manager", office=EAST, scope=scope),
            )
        await hour_by_hour(office, datetime(2026, 3, 2, tzinfo=UTC), registers, kept)
        office.at(datetime(2026, 3, 30, tzinfo=UTC))
        await hour_by_hour(office, datetime(2026, 4, 1, tzinfo=UTC), registers, kept)
    february, march = (date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 3, 1), date(2026, 3, 31))
    assert [((one.first, one.last), one.known_at.isoformat()) for one in registers.asked] == [
        (february, "2026-02-28T10:00:00+00:00"),
        (february, "2026-02-28T17:00:00+00:00"),
        (march, "2026-03-31T10:00:00+00:00"),
        (march, "2026-03-31T16:00:00+00:00"),
    ]
    assert [one.to.staff for one in kept.sent] == ["boss-demo", "boss-berlin"] * 2


async def test_a_leap_year_has_its_monthly_report_on_29_february(database: str) -> None:
    """And none on the 28th; the day is part of it."""
    kept, registers = Keeping("email"), AskedPeriods()
    with opened(database, datetime(2028, 2, 27, tzinfo=UTC), reporting_plans(MONTHLY)) as office:
        office.hear(office.stream.staff("gao", "manager", office=EAST))
        await hour_by_hour(office, datetime(2028, 3, 2, tzinfo=UTC), registers, kept)
    assert [(one.first, one.last, one.known_at) for one in registers.asked] == [
        (date(2028, 2, 1), date(2028, 2, 29), datetime(2028, 2, 29, 10, tzinfo=UTC))
    ]
