"""The registers of one office-year: taken, posted, and asked for reports, against SQL on the very rows.

Posting and reports are told by processor time too, since they do nothing but reckon; ratios are of one run.

Facts come from memory, so that the rows alone are measured; posting reads them back from the table, as the process that
holds a scope does. A report of today is asked of a moment that nobody asked for before, as each new one is.
"""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from bench.folding import records
from bench.generator import take
from bench.measure import Result, at_least, at_most, in_turns, median_ratio, rounded, seconds, summary
from bench.parts import database, postgres
from services.registers.model.periods import DaySpan, LocalTime, month_of
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.reading.held import HeldScope, HeldScopes, TakenHead
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import make_report
from services.registers.sheets.form import FormReader
from services.registers.sheets.forms import FORMS
from services.registers.sheets.register_book import write_register
from services.registers.store.facts import FactRows
from services.registers.store.taking import FactTaker
from shared.contract import VisitRegistered
from shared.ids import OfficeId, ScopeId
from shared.platform.kafka.record_processor import LogBounds, SourcePartition
from shared.platform.postgres.database import Database, connection_info, migrate
from shared.platform.runtime import spare_collector
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import load_scheme

YEAR = 60_000
QUARTER = YEAR // 4
ROUNDS = 5
BATCH = 2_000
PIECE = 500
ROWS = 10_000
SCOPE, OFFICE = ScopeId("scope-0000"), OfficeId("office-0000")
_PARTITION = SourcePartition("bench/intake@1:0", 0)
_ROWS = "SELECT body FROM facts WHERE scope = %s ORDER BY seq"
_SPAN = "SELECT body FROM facts WHERE scope = %s AND recorded_at >= %s AND recorded_at < %s"
_VISITS = "SELECT body FROM facts WHERE scope = %s AND seq = ANY(%s) ORDER BY seq"
_TABLE = "CREATE TABLE rows_of_the_bench (LIKE facts INCLUDING ALL)"
_COPIED = "INSERT INTO rows_of_the_bench SELECT * FROM facts WHERE scope = %s"


@dataclass
class Held:
    """A scope as a worker holds it, and what reports of it are made by."""

    scope: HeldScope
    facts: int

    @property
    def registers(self) -> Registers:
        return self.scope.posting.registers

    def report(self, name: str, period: DaySpan, back: timedelta = timedelta(0)) -> float:
        """Seconds of a report as known so long before the end of the journal, at a moment that is new."""
        assert self.registers.latest is not None
        self.scope.moments.clear()
        at = self.registers.latest - back
        known = self.scope.known(at, at)
        basis = ReportBasis(known, values_of(load_scheme("habc")), OFFICE, period, "base 1")
        return processor(lambda: make_report(name, basis, None))

    def visits(self, rows: int) -> tuple[ReportBasis, list[int]]:
        """What the register of the first so many visits is made by, to the end of a day, and the seqs of its facts."""
        assert self.registers.latest is not None
        known, days = (
            self.scope.known(self.registers.latest, self.registers.latest),
            LocalTime(self.registers.zone),
        )
        some = known.of(VisitRegistered)[:rows]
        period = DaySpan(days.day(some[0].occurred_at), days.day(some[-1].occurred_at))
        found = known.between(VisitRegistered, days.begin_of(period.first), days.end_of(period.last))
        basis = ReportBasis(known, values_of(load_scheme("habc")), OFFICE, period, "base 1")
        return basis, [one.seq for one in found]

    def today(self) -> DaySpan:
        assert self.registers.latest is not None
        day = LocalTime(self.registers.zone).day(self.registers.latest)
        return DaySpan(day, day)


def run(facts: int = YEAR, rounds: int = ROUNDS) -> Result:
    """One scope; the quarter of it shows whether a report of today costs more as years go by."""
    with postgres() as server, database(server) as dsn:
        migrate(dsn, "services.registers", "registers")
        own = connection_info(dsn, schema="registers", name="bench")
        taking = _take(dsn, facts)
        with psycopg.connect(own, autocommit=True) as connection:
            raw = [seconds(lambda: connection.execute(_ROWS, [SCOPE]).fetchall()) for _ in range(rounds)]
            copied = _copied(connection)
            spare_collector()
            (wall, posting), year = _post(own, facts)
            _, quarter = _post(own, facts // 4)
            asked = _ask(connection, year, quarter, rounds)
            book = _workbook(connection, year, rounds)
    figures = {
        "facts": facts,
        "facts_per_second": {"taken": rounded(facts / taking), "posted": rounded(facts / posting)},
        "seconds_of_the_rows_by_sql": {"read": summary(raw), "written": rounded(copied)},
        "milliseconds": {name: summary([one * 1000 for one in each]) for name, each in asked.items()},
        "to_its_rows_by_sql": {
            "taken": rounded(taking / copied),
            "posted": rounded(wall / median(raw)),
            "daily": rounded(median_ratio(asked["daily"], asked["day_by_sql"])),
            "month_at_another_day": rounded(
                median_ratio(asked["month_at_another_day"], asked["month_by_sql"])
            ),
            "traffic_of_the_month": rounded(
                median_ratio(asked["traffic_of_the_month"], asked["month_by_sql"])
            ),
            "due": rounded(median_ratio(asked["due"], [median(raw)] * rounds)),
            "workbook": rounded(median_ratio(book["written"], book["by_sql"])),
        },
        "workbook": {"rows": ROWS, "seconds": {name: summary(each) for name, each in book.items()}},
    }
    flat = median_ratio(asked["daily"], asked["daily_quarter"])
    to_sql = median_ratio(asked["daily"], asked["day_by_sql"])
    goals = (
        at_most("posting to reading the same rows by SQL, by the clock", wall / median(raw), 100),
        at_least("thousands of facts posted in a second of a processor", facts / posting / 1000, 5),
        at_most("today's report of a year to that of a quarter", flat, 1.5),
        at_most("today's report to reading its day by SQL", to_sql, 20),
        at_most("milliseconds of today's report", median(asked["daily"]) * 1000, 100),
        at_most("seconds of a month as known at another day", median(asked["month_at_another_day"]), 1),
        at_most(f"seconds of a workbook of {ROWS:,} visits", median(book["written"]), 2),
    )
    return Result("registers", goals, figures)


def _take(dsn: str, facts: int) -> float:
    """Seconds in which the facts of a partition are taken, batch by batch."""
    made = records(take(facts, 1))
    with Database(dsn, schema="registers", name="bench", max_size=1) as opened:
        taker = FactTaker(opened, "bench")
        taker.positions.open(_PARTITION, LogBounds(0, facts))
        batches: Sequence[Sequence[Any]] = [made[at : at + BATCH] for at in range(0, facts, BATCH)]
        return seconds(lambda: [taker.take(_PARTITION, batch[0].offset, batch) for batch in batches])


def _copied(connection: psycopg.Connection[Any]) -> float:
    """Seconds in which the very rows are written once more, by one statement."""
    connection.execute(_TABLE)
    return seconds(lambda: connection.execute(_COPIED, [SCOPE]))


def _workbook(connection: psycopg.Connection[Any], year: Held, rounds: int) -> dict[str, list[float]]:
    """Seconds of the register of visits as a workbook, and of reading the facts of its rows by SQL, in turns."""
    basis, seqs = year.visits(ROWS)

    def written() -> float:
        return seconds(lambda: write_register(FORMS["visits"], FormReader(basis), io.BytesIO()))

    def by_sql() -> float:
        return seconds(lambda: connection.execute(_VISITS, [SCOPE, seqs]).fetchall())

    return in_turns(rounds, written=written, by_sql=by_sql)


def processor(work: Callable[[], object]) -> float:
    """Seconds of a processor."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _post(dsn: str, facts: int) -> tuple[tuple[float, float], Held]:
    """Seconds in which a scope that nobody holds is read and posted, by the clock and of a processor, and the scope."""
    source = FactRows(dsn)
    scopes = HeldScopes(source, Registry().books, "base", facts)
    head = TakenHead(SCOPE, facts)
    begun, worked = time.perf_counter(), time.process_time()
    while not scopes.advance(head, PIECE):
        gc.freeze()
    took = time.perf_counter() - begun, time.process_time() - worked
    source.close()
    found = scopes.find(SCOPE)
    assert found is not None
    return took, Held(found, facts)


def _ask(
    connection: psycopg.Connection[Any], year: Held, quarter: Held, rounds: int
) -> dict[str, list[float]]:
    """Seconds of each, in turns."""
    today, zone = year.today(), LocalTime(year.registers.zone)
    first, last = zone.begin_of(today.first), zone.end_of(today.last)
    back = timedelta(days=year.facts // 120)
    assert year.registers.latest is not None
    month = month_of(zone.day(year.registers.latest - back))
    begun, ended = zone.begin_of(month.first), min(zone.end_of(month.last), year.registers.latest - back)
    measures: dict[str, Callable[[], float]] = {
        "daily": lambda: year.report("daily", today),
        "daily_quarter": lambda: quarter.report("daily", quarter.today()),
        "month_at_another_day": lambda: year.report("period", month, back),
        "traffic_of_the_month": lambda: year.report("traffic", month, back),
        "due": lambda: year.report("due", today),
        "day_by_sql": lambda: seconds(lambda: connection.execute(_SPAN, [SCOPE, first, last]).fetchall()),
        "month_by_sql": lambda: seconds(lambda: connection.execute(_SPAN, [SCOPE, begun, ended]).fetchall()),
    }
    return in_turns(rounds, **measures)
