"""What a report looks at: the records of its days and those of their customers, however many there are besides."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

import pytest

from services.registers.model.entry_tables import DealTable, EntryTable
from services.registers.model.versions import VersionedTable
from tests.support.journal import WrittenJournal, local, phones, report_of


def office(earlier: int) -> WrittenJournal:
    """Visits of January, each of somebody else, and a day in March on which two of three come for the first time."""
    journal = WrittenJournal()
    for number in range(earlier):
        journal.visit(f"01-{number % 28 + 1:02d} 10:{number % 60:02d}", f"old{number}")
    journal.visit("02-10 10:00", "a")
    journal.visit("03-10 10:00", "a")
    journal.visit("03-10 11:00", "b")
    journal.call("03-10 12:00", "c")
    journal.visit("03-10 13:00", "c")
    return journal


def lookups(monkeypatch: pytest.MonkeyPatch) -> list[Hashable]:
    """The records and deals that are looked at from now on."""
    looked_at: list[Hashable] = []
    for table in (EntryTable, DealTable):

        def counted(self: VersionedTable[Hashable, object], key: Hashable, at: datetime) -> object:
            looked_at.append(key)
            return VersionedTable.as_known(self, key, at)

        monkeypatch.setattr(table, "as_known", counted)
    return looked_at


@pytest.mark.parametrize("name", ["daily", "traffic", "period"])
def test_a_report_of_a_day_costs_the_same_however_old_the_office_is(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many records are looked at with two hundred visits of last year as with twenty."""
    looked_at = lookups(monkeypatch)
    costs = []
    for earlier in (20, 200):
        registers = office(earlier).posted()
        looked_at.clear()
        report_of(registers, name, "03-10", "03-10", local("03-10 23:00"))
        costs.append(len(looked_at))
    assert costs[0] == costs[1] > 0


def among(others: int) -> WrittenJournal:
    """The same office, and others beside it that have as much on the same days."""
    journal = office(5)
    journal.deal("03-10 15:00", "a", "d", "1000000")
    for number in range(others):
        journal.office = f"north-{number}"
        for one in "xyz":
            journal.visit("03-10 11:30", f"{one}{number}")
            journal.call("03-10 12:30", f"{one}{number}")
        journal.deal("03-10 16:00", f"x{number}", f"d{number}", "1000000")
    return journal


@pytest.mark.parametrize("name", ["daily", "traffic", "work", "conversion", "timeliness"])
def test_a_report_of_an_office_costs_the_same_whatever_other_offices_its_scope_has(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many records and deals are looked at beside twenty other offices as beside one; the report is the same."""
    looked_at, costs, reports = lookups(monkeypatch), [], []
    for others in (1, 20):
        registers = among(others).posted()
        looked_at.clear()
        report = report_of(registers, name, "03-10", "03-10", local("03-10 23:00"))
        costs.append(len(looked_at))
        reports.append(report.tables)
    assert costs[0] == costs[1] > 0
    assert reports[0] == reports[1]


def test_rows_found_by_customer_and_day_are_those_of_a_walk_through_all() -> None:
    """Joined, corrected or late, what is looked up is what is found by going through every record."""
    journal = office(5)
    journal.follow("03-11 10:00", {"name": "ab", "phones": phones("a", "b")})
    journal.visit("03-09 10:00", "c", recorded="03-12 10:00")
    for number, at in enumerate(("03-01 10:00", "03-09 10:00", "03-10 10:00", "03-10 11:00")):
        journal.deal(at, "abca"[number], f"d{number}", "1000000")
    journal.add("deal.signed", "03-10 12:00", deal="d0")
    journal.add("deal.cancelled", "03-11 12:00", deal="d1", reason="r")
    registers = journal.posted()
    for moment in ("03-10 11:30", "03-11 12:00", "03-13 10:00"):
        known = registers.known(local(moment))
        walked = list(known.entries.values())
        assert walked == sorted(walked, key=lambda one: one.place)
        for type_ in {type(one.data) for one in walked}:
            assert known.of(type_) == [one for one in walked if isinstance(one.data, type_)]
            first, last = local("03-09 00:00"), local("03-10 23:59")
            days = [one for one in walked if isinstance(one.data, type_) and first <= one.occurred_at <= last]
            assert known.between(type_, first, last) == days
        moves = [(one.subscribed_at, one.signed_at, one.cancelled_at) for one in known.deals]
        moved = [
            one
            for one, times in zip(known.deals, moves, strict=True)
            if any(t and first <= t <= last for t in times)
        ]
        assert known.deals_moved(first, last) == moved
        for customer in known.customers:
            assert known.by_customer.get(customer, []) == [one for one in walked if one.customer == customer]
