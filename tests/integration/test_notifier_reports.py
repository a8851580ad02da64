"""Reports on a schedule, in a real database: made once for each reader, late after a stop, never lost in silence."""

from __future__ import annotations

import asyncio
import io
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from services.notifier.channels.robot import text_of
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.model.alert import RenderedMessage
from services.notifier.model.metrics import Metrics
from services.notifier.reports.asking import (
    AskedRegisters,
    AskedReport,
    RegistersAwayError,
    ReportRefusedError,
)
from services.notifier.reports.attaching import Workbooks
from services.notifier.reports.figures import ReportTotals, SentFigure
from services.notifier.reports.readers import MAY_NOT, NOBODY
from services.notifier.reports.store import ReportStore
from services.notifier.reports.timers import TOO_LATE, ReportTimers
from services.notifier.schedule.plan import Plans
from shared.access.machine import AsMachine
from shared.ids import OfficeId
from shared.platform.http.connections import Limits
from tests.support.journal import WrittenJournal
from tests.support.journal import local as in_office
from tests.support.notifier import Keeping, Office, StandingClock, local
from tests.support.patience import PATIENCE
from tests.support.registers import JournalReader, registers_app
from tests.support.report_maker import CLOSING, POLICY, reporting_plans
from tests.support.serving import running
from tests.support.tokens import admission, guarded

ROOT = Path(__file__).resolve().parents[2]
QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
AMOUNT = "1,000,000,000.05"
VISITS = ReportTotals("日报", "Daily report", (SentFigure("来访", "visits", "12"),), whole=True)


@dataclass
class SaidReports:
    """Registers that answer what the test says, and keep what they were asked."""

    says: ReportTotals | Exception = VISITS
    asked: list[AskedReport] = field(default_factory=list)

    async def report(self, asked: AskedReport) -> ReportTotals:
        self.asked.append(asked)
        await asyncio.sleep(0)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def workbook(self, asked: AskedReport) -> bytes:
        raise RegistersAwayError("no workbook is asked for")


def opened(database: str, plans: Plans) -> Office:
    """An office with a manager, and a general manager who sits elsewhere, on the noon of 5 March."""
    office = Office(database, local(5, 12), plans)
    office.hear(
        office.stream.watermark(local(5, 12)),
        office.stream.staff("gao", "manager", office="east"),
        office.stream.staff("zong", "general_manager", office="head"),
        office.stream.staff("li", "consultant", office="east"),
    )
    return office


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = opened(database, reporting_plans(POLICY.replace("every: day", "every: day, offices: [east]")))
    yield office
    office.close()


def timers(office: Office, registers: SaidReports, machine: StandingClock | None = None) -> ReportTimers:
    clocks = (office.clock, machine or office.machine)
    return ReportTimers(ReportStore(office.database), registers, clocks, office.plans, Metrics())


async def told(office: Office, kept: Keeping) -> list[ListedAlert]:
    """What the dispatcher makes of what is due, the first due first."""
    sender = Dispatcher(office.queue, [kept], (office.clock, office.machine), office.plans, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    return sorted(
        Listing(office.database).page(Filter(), None, 100), key=lambda one: (one.due_at, one.staff or "")
    )


async def test_a_report_goes_out_at_closing_to_who_reads_it(office: Office) -> None:
    """Not before 18:00; then each reader has one message with the figures as they were known at that moment."""
    registers, kept = SaidReports(), Keeping()
    one = timers(office, registers)
    await one.look()
    office.at(local(5, 17, 59))
    await one.look()
    assert registers.asked == []
    office.at(CLOSING)
    await one.look()
    alerts = await told(office, kept)
    day = CLOSING.date()
    assert registers.asked == [AskedReport(OfficeId("east"), "daily", day, day, CLOSING)]
    assert [(one.staff, one.step, one.state, one.case) for one in alerts] == [
        ("gao", "report", "sent", ""), ("zong", "report", "sent", ""),
    ]  # fmt: skip
    words = kept.sent[0].words
    assert words.subject_zh == "【判客】east日报 2026-03-05"
    assert "来访：12" in words.body_zh
    assert "visits: 12" in words.body_en
    assert "18:00" in words.body_zh
    assert "延误" not in words.body_zh


async def test_a_report_leads_to_its_page_in_the_console(database: str) -> None:
    """With the address of the console, over the days of the report; the address stands whole in a chat message."""
    plans = replace(reporting_plans(), console="https://panke.example.com")
    office = opened(database, plans)
    registers = SaidReports(
        ReportTotals("日报", "Daily report", (SentFigure("金额", "amount", AMOUNT),), whole=True)
    )
    one, kept = timers(office, registers), Keeping()
    await one.look()
    office.at(CLOSING)
    await one.look()
    await told(office, kept)
    notice = next(sent for sent in kept.sent if (sent.detail or {})["office"] == "east")
    link = "https://panke.example.com/at/demo/east/reports/daily?from=2026-03-05&to=2026-03-05"
    assert notice.link == link
    assert notice.words.body_zh.endswith(link)
    assert link in text_of(notice)
    assert f"金额：{AMOUNT}" in text_of(notice)
    office.close()


async def test_it_is_made_out_once_however_many_notifiers_there_are(office: Office) -> None:
    """Two that look at the same moment, and one of them again: one alert for each reader."""
    registers = SaidReports()
    one, other = timers(office, registers), timers(office, registers)
    await one.look()
    office.at(CLOSING)
    await asyncio.gather(one.look(), other.look())
    await one.look()
    kept = Keeping()
    assert len(await told(office, kept)) == 2
    assert len(kept.sent) == 2


async def test_after_a_stop_each_missed_day_has_its_own_report(office: Office) -> None:
    """Down from the 5th to the noon of the 8th: those of the 5th, 6th and 7th, each as known at its own closing, say
    that they are late."""
    registers, kept = SaidReports(), Keeping()
    await timers(office, registers).look()
    office.at(local(8, 12))
    await timers(office, registers).look()
    await told(office, kept)
    assert [one.known_at for one in registers.asked] == [local(day, 18) for day in (5, 6, 7)]
    own = [one.words for one in kept.sent if one.to.staff == "gao"]
    assert [words.subject_zh[-10:] for words in own] == ["2026-03-05", "2026-03-06", "2026-03-07"]
    assert all("已延误" in words.body_zh for words in own)


async def test_what_is_older_than_a_week_is_told_as_not_sent(office: Office) -> None:
    """Down for nine days: the first two are in the list of what was given up, and may be had by hand."""
    registers, kept = SaidReports(), Keeping()
    await timers(office, registers).look()
    office.at(local(14, 12))
    await timers(office, registers).look()
    alerts = await told(office, kept)
    dead = [(one.due_at, one.reason) for one in alerts if one.staff == "gao" and one.state == "dead"]
    assert dead == [(local(5, 18), TOO_LATE), (local(6, 18), TOO_LATE)]
    assert len([one for one in alerts if one.state == "sent"]) == 2 * 7
    listing = Listing(office.database)
    first = next(one for one in alerts if one.state == "dead")
    listing.retry(first.id, office.machine.now())
    await told(office, kept)
    assert listing.one(first.id).state == "sent"


async def test_a_schedule_begins_with_the_next_hour(office: Office) -> None:
    """A policy that is new at noon tells nothing of yesterday."""
    office.at(local(6, 12))
    registers = SaidReports()
    await timers(office, registers).look()
    assert registers.asked == []
    assert office.states() == []


async def test_registers_that_are_away_are_waited_for_and_then_done_without(office: Office) -> None:
    """Until an hour behind the hour nothing is made out; then the message says that it has no figures."""
    registers, kept = SaidReports(RegistersAwayError("down")), Keeping()
    one = timers(office, registers)
    await one.look()
    office.at(CLOSING + timedelta(minutes=59))
    await one.look()
    assert office.states() == []
    office.at(CLOSING + timedelta(minutes=60))
    await one.look()
    await told(office, kept)
    assert "未能取到数字" in kept.sent[0].words.body_zh
    assert "2026-03-05" in kept.sent[0].words.body_zh


async def test_how_far_reports_are_behind_is_told(office: Office) -> None:
    """Nothing where every schedule was looked at and nothing is due; it grows while the registers are waited for, and
    is nothing again when the report is made out."""
    registers = SaidReports()
    one = timers(office, registers)
    await one.look()
    assert one.behind == timedelta(0)
    registers.says = RegistersAwayError("down")
    office.at(CLOSING + timedelta(minutes=10))
    await one.look()
    assert one.behind == office.clock.now() - local(5, 12)
    registers.says = VISITS
    await one.look()
    assert one.behind == timedelta(0)


async def test_registers_that_come_back_in_time_have_the_report_of_its_hour(office: Office) -> None:
    """Back after half an hour, they are asked for what was known at closing."""
    registers = SaidReports(RegistersAwayError("down"))
    one = timers(office, registers)
    await one.look()
    office.at(CLOSING + timedelta(minutes=30))
    await one.look()
    registers.says = VISITS
    await one.look()
    assert {asked.known_at for asked in registers.asked} == {CLOSING}
    assert len(office.states()) == 2


async def test_a_refusal_is_not_waited_for(office: Office) -> None:
    """Where the registers will never answer, the message goes out without figures at once."""
    one = timers(office, SaidReports(ReportRefusedError("404")))
    await one.look()
    office.at(CLOSING)
    await one.look()
    assert len(office.states()) == 2


async def test_registers_that_lack_records_of_before_the_hour_are_waited_for(office: Office) -> None:
    """For a minute of the machine's; then the message says that what came lately may not be counted."""
    machine, kept = StandingClock(), Keeping()
    registers = SaidReports(ReportTotals("日报", "Daily report", (), whole=False))
    one = timers(office, registers, machine)
    await one.look()
    office.at(CLOSING)
    await one.look()
    machine.ahead = timedelta(seconds=59)
    await one.look()
    assert office.states() == []
    machine.ahead = timedelta(seconds=60)
    await one.look()
    await told(office, kept)
    assert "可能尚未计入" in kept.sent[0].words.body_zh


async def test_who_may_not_read_a_report_is_not_sent_it(database: str) -> None:
    """A consultant whom the policy names, and a role that nobody has: told as given up, and not to be tried again."""
    text = POLICY.replace("roles: [manager, general_manager]", "roles: [director], staff: [li]")
    office = opened(
        database, reporting_plans(text.replace("every: day", "every: day, offices: [east, west]"))
    )
    one = timers(office, SaidReports())
    await one.look()
    office.at(CLOSING)
    await one.look()
    with office.database.connection() as connection:
        connection.execute("UPDATE staff SET departed = true WHERE staff = 'li'")
    office.at(local(6, 18))
    await one.look()
    found = Listing(office.database).page(Filter(), None, 10)
    assert {(one.staff, one.state, one.reason) for one in found} == {
        ("li", "dead", MAY_NOT), (None, "dead", NOBODY),
    }  # fmt: skip
    assert all(one.superseded_at is not None for one in found)
    office.close()


async def test_a_report_stands_alone_and_goes_to_no_stand_in(database: str) -> None:
    """Of two that fall together each is a message, also where alerts are gathered; and who is away has them all the
    same."""
    text = POLICY.replace(
        "    reports:", "    digest: {threshold: 2}\n    stand_in: {away: [consultant]}\n    reports:"
    )
    text = text.replace("every: day", "every: day, offices: [east]") + (
        "      - {report: traffic, every: day, offices: [east], to: {roles: [manager]}}\n"
    )
    office = opened(database, reporting_plans(text))
    office.hear(office.stream.staff("gao", "manager", office="east", away=True))
    one = timers(office, SaidReports())
    await one.look()
    office.at(CLOSING)
    await one.look()
    kept = Keeping()
    await told(office, kept)
    assert sorted((sent.to.staff, sent.kind) for sent in kept.sent) == [
        ("gao", "report"), ("gao", "report"), ("zong", "report"),
    ]  # fmt: skip
    office.close()


# Killed in between.


@contextmanager
def holding() -> Iterator[tuple[str, threading.Event]]:
    """Registers that take a question and never answer: the address, and whether one came."""
    came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            connection, _ = listener.accept()
            connection.recv(1)
            came.set()
            connection.recv(1 << 20)

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", came


@contextmanager
def maker(dsn: str, address: str, minutes: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.support.report_maker", dsn, address, str(minutes)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


WAITS = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'report-maker' AND wait_event_type = 'Lock'
"""


async def test_killed_while_it_asks_it_has_made_nothing_out(database: str) -> None:
    """Killed with -9 before the registers answered: whoever looks next makes the report out, once."""
    office = opened(database, reporting_plans())
    await timers(office, SaidReports()).look()
    with holding() as (address, came), maker(database, address):
        assert came.wait(90)
    office.at(CLOSING)
    assert office.states() == []
    await timers(office, SaidReports()).look()
    assert len(office.states()) == 4  # of east and of head, for two readers each
    office.close()


async def test_killed_while_it_stores_it_has_stored_nothing(database: str) -> None:
    """Killed with -9 after the schedule was moved on and before the alerts stood: both are as they were, and whoever
    looks next makes the report out, once."""
    office = opened(database, reporting_plans())
    await timers(office, SaidReports()).look()
    with psycopg.connect(database, options="-c search_path=notifier") as lock:
        lock.execute("LOCK TABLE alerts IN EXCLUSIVE MODE")
        with maker(database, "http://127.0.0.1:1", 61) as process, psycopg.connect(database) as watch:
            watch.autocommit = True
            until(lambda: watch.execute(WAITS).fetchone() == (1,) or process.poll() is not None)
            assert process.poll() is None, "it did not wait for the lock"
        lock.rollback()
    office.at(CLOSING)
    assert office.states() == []
    await timers(office, SaidReports()).look()
    assert len(office.states()) == 4
    office.close()


# What the registers really answer.


@pytest.fixture
def journal() -> WrittenJournal:
    journal = WrittenJournal()
    journal.visit("03-05 10:00", "a", notes="电话 13900001111 也可")
    journal.visit("03-05 11:00", "b")
    journal.call("03-05 12:00", "c")
    return journal


async def test_the_registers_answer_the_notifier_and_mask_contacts(journal: WrittenJournal) -> None:
    """Asked as a service of the deployment: the totals of the day, whether anything may be missing, a workbook in which
    no number stands; and somebody without a role is refused."""
    reader = JournalReader(journal.lines())
    app = guarded(registers_app(reader, "03-05 20:00"), "registers")
    async with running(app, Limits()) as ((host, port), _):
        mine = AskedRegisters(f"http://{host}:{port}", AsMachine(admission().tokens()))
        day, known = in_office("03-05 12:00").date(), in_office("03-05 18:00")
        asked = AskedReport(OfficeId("east"), "daily", day, day, known)
        made = await mine.report(asked)
        figures = {one.en: one.value for one in made.figures}
        assert (made.zh, figures["visits"], figures["calls"]) == ("销售日报表", "2", "1")
        assert not made.whole
        reader.whole_until = known
        assert (await mine.report(asked)).whole
        book = zipfile.ZipFile(io.BytesIO(await mine.workbook(asked._replace(report="activity"))))
        words = b"".join(book.read(name) for name in book.namelist() if name.endswith(".xml")).decode()
        assert "也可" in words
        assert "13900001111" not in words
        unknown = AskedReport(OfficeId("nowhere"), "daily", day, day, known)
        with pytest.raises(ReportRefusedError, match="404"):
            await mine.report(unknown)
    with pytest.raises(RegistersAwayError):
        await mine.report(asked)


async def test_a_mail_attaches_what_the_policy_wants_attached(journal: WrittenJournal) -> None:
    """The workbook of the report, had when it is sent; none without the policy's word, none where it cannot be had."""
    app = guarded(registers_app(JournalReader(journal.lines()), "03-05 20:00"), "registers")
    async with running(app, Limits()) as ((host, port), _):
        books = Workbooks(AskedRegisters(f"http://{host}:{port}", AsMachine(admission().tokens())))
        attached = await books.of(_notice(attach=True))
        assert attached is not None
        assert attached.name == "daily_east_2026-03-05_2026-03-05.xlsx"
        assert attached.content.startswith(b"PK")
        assert await books.of(_notice(attach=False)) is None
    assert await books.of(_notice(attach=True)) is None


def _notice(*, attach: bool) -> RenderedMessage:
    from services.notifier.model.kinds import Rung
    from tests.support.notices import notice

    known = in_office("03-05 18:00").isoformat()
    detail = {"office": "east", "report": "daily", "first": "2026-03-05", "last": "2026-03-05"}
    return notice(rung=Rung.REPORT, detail={**detail, "known_at": known, "attach": attach})
