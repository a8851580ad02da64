"""What holds of every report, whatever was recorded in whatever order."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import REPORTS, make_report
from services.registers.reports.encoding import as_json
from services.registers.reports.explaining import TOTAL, explain
from services.registers.reports.report import OfficeReport
from shared.contract import parse_instant
from shared.ids import OfficeId
from shared.rules.schemes.loading import load_scheme
from tests.support.journal import posted
from tests.support.streams import Data, Move, lines, moves, stream

FEW = settings(max_examples=6, deadline=None)
LATER = timedelta(days=3)


def recorded(events: list[Data], number: int) -> datetime:
    """When one of the events was recorded."""
    return parse_instant(events[number % len(events)]["recorded_at"])


def asked(
    registers: Registers, name: str, at: datetime, period: DaySpan, grain: str | None = None
) -> OfficeReport:
    basis = ReportBasis(registers.known(at), values_of(load_scheme("habc")), None, period, "base 1")
    return make_report(name, basis, grain)


def whole(registers: Registers) -> tuple[datetime, DaySpan]:
    """The end of all, and every day up to it."""
    assert registers.latest is not None
    until = registers.latest + LATER
    last = LocalTime(registers.zone).day(until)
    return until, DaySpan(last - timedelta(days=60), last)


@FEW
@given(moves(), st.integers(0, 40))
def test_known_at_a_time_is_the_journal_cut_there(drawn: list[Move], number: int) -> None:
    """A report as known at a time is the one that is made of what had been recorded by then, to the last id."""
    events = stream(drawn)
    at = recorded(events, number)
    full, cut = (posted(lines(events), at + LATER, known=known) for known in (None, at))
    _, period = whole(full)
    for name in REPORTS:
        assert as_json(asked(full, name, at, period)) == as_json(asked(cut, name, at, period)), name


@FEW
@given(moves(), st.integers(0, 40))
def test_issued_and_explained_differences_sum_to_the_later_run(drawn: list[Move], number: int) -> None:
    """Each figure of a later run is the issued one and what its rows are said to add, and nothing goes unexplained."""
    events = stream(drawn)
    registers = posted(lines(events), parse_instant(events[-1]["recorded_at"]) + LATER)
    until, period = whole(registers)
    at = recorded(events, number)
    for name in REPORTS:
        issued, later = (asked(registers, name, known, period) for known in (at, until))
        explained = explain(registers, issued, later)
        sums = {(one.table, one.line, one.column): one for one in explained}
        for figure in explained:
            assert figure.issued + sum(row.amount for row in figure.rows) == figure.later
            assert all(row.reasons for row in figure.rows)
        for key, amount in _figures(later).items():
            before = _figures(issued).get(key, Decimal(0))
            changed = sums[key].rows if key in sums else ()
            assert before + sum((row.amount for row in changed), Decimal(0)) == amount, (name, key)


def _figures(report: OfficeReport) -> dict[tuple[str, tuple[str, ...], str], Decimal]:
    return {
        (table.name, key, column.key): line.amount(column.key)
        for table in report.tables
        for key, line in [
            *((one.key, one) for one in table.lines),
            *((TOTAL, one) for one in [table.total] if one),
        ]
        for column in table.columns
        if column.kind in ("count", "money")
    }


@FEW
@given(moves())
def test_the_grain_of_a_report_changes_no_sum(drawn: list[Move]) -> None:
    """Lines sum to the total, whatever they are counted by; and the days of a period sum to the period."""
    events = stream(drawn)
    registers = posted(lines(events), parse_instant(events[-1]["recorded_at"]) + LATER)
    until, period = whole(registers)
    for name, report in REPORTS.items():
        totals = set()
        for grain in report.grains or (None,):
            made = asked(registers, name, until, period, grain)
            for number, table in enumerate(made.tables):
                if table.total is None:
                    continue
                counted = [column.key for column in table.columns if column.kind in ("count", "money")]
                sums = {key: sum((line.amount(key) for line in table.lines), Decimal(0)) for key in counted}
                assert sums == {key: table.total.amount(key) for key in counted}, (name, grain, table.name)
                if number == 0:
                    totals.add(tuple(sorted(sums.items())))
        assert len(totals) <= 1, name


@FEW
@given(moves())
def test_the_days_of_a_period_sum_to_the_period(drawn: list[Move]) -> None:
    """Visits, calls and sales of a period are those of its days together."""
    events = stream(drawn)
    registers = posted(lines(events), parse_instant(events[-1]["recorded_at"]) + LATER)
    until, period = whole(registers)
    half = (
        DaySpan(period.first, period.first + timedelta(days=57)),
        DaySpan(period.first + timedelta(days=58), period.last),
    )
    for name in ("traffic", "consultants"):
        table, *parts = (asked(registers, name, until, one).tables[0] for one in (period, *half))
        for column in table.columns:
            if column.kind in ("count", "money") and column.key not in ("overdue", "cancelled_later"):
                sums = [part.total.amount(column.key) for part in parts if part.total is not None]
                assert table.total is not None
                assert sum(sums, Decimal(0)) == table.total.amount(column.key), (name, column.key)


OFFICES = ("east", "west", "north")


@FEW
@given(moves(), st.lists(st.sampled_from(OFFICES), min_size=1), st.integers(0, 40))
def test_what_is_found_by_office_is_what_a_walk_through_all_offices_finds(
    drawn: list[Move], drawn_offices: list[str], number: int
) -> None:
    """Records by type and by days, customers, and deals, also by when they moved, in the same order, at any moment."""
    events = stream(drawn)
    for place, event in enumerate(events):
        event["office"] = drawn_offices[place % len(drawn_offices)]
    at = recorded(events, number)
    registers = posted(lines(events), at + LATER)
    first, last = at - timedelta(days=1), at
    for known in (registers.known(at), registers.known(at + LATER)):
        for office in map(OfficeId, OFFICES):
            here = [one for one in known.entries.values() if one.office == office]
            assert list(known.entries_of(office)) == here
            customers = [one for one in known.customers if known.office_of(one, at) == office]
            assert known.customers_of(office, at) == customers
            assert known.deals_at(office) == [one for one in known.deals if one.office == office]
            moved = [one for one in known.deals_moved(first, last) if one.office == office]
            assert known.deals_moved(first, last, office) == moved
            for data in registers.entries.types():
                assert known.of(data, office) == [one for one in known.of(data) if one.office == office]
                between = [one for one in known.between(data, first, last) if one.office == office]
                assert known.between(data, first, last, office) == between


@settings(max_examples=20, deadline=None)
@given(moves(), st.integers(0, 40))
def test_a_customer_is_of_an_office_where_its_claim_or_first_record_says_so(
    drawn: list[Move], number: int
) -> None:
    """Also where it is told from the tables alone that they are not; as known at any time."""
    events = [one | {"office": f"office-{place % 3}"} for place, one in enumerate(stream(drawn))]
    registers = posted(lines(events), parse_instant(events[-1]["recorded_at"]) + LATER)
    offices = {OfficeId(one["office"]) for one in events}
    for at in (recorded(events, number), whole(registers)[0]):
        known = registers.known(at)
        for customer in known.customers:
            told = {one for one in offices if known.is_of(customer, one, at)}
            assert told == {known.office_of(customer, at)} - {None}
            assert known.is_of(customer, None, at)
