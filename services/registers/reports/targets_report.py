"""R20, targets and what was reached (月度目标, 三个月业绩, 业绩统计)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.registers.model.periods import DaySpan, month_of, months_before
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.contracts import receipts
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.sales import count_sales
from services.registers.reports.tally import Tally
from services.registers.reports.targets import METRICS, target_of
from services.registers.reports.work import once_a_customer
from shared.contract import FollowUpRecorded, VisitRegistered
from shared.i18n import Text, translated
from shared.ids import StaffId

MONEY: Final = frozenset({"signed_amount", "received"})
OFFICE: Final = ""
"""The line of the office among those of its staff."""


def targets(basis: ReportBasis) -> OfficeReport:
    """Targets of the period, and of the three months that end with it; and what each consultant reached."""
    month = month_of(basis.period.last)
    rolling = DaySpan(months_before(month.first, 2), month.last)
    tables = (
        _reached("period", translated("The period"), basis),
        _reached("rolling", translated("Three months"), basis.over(rolling)),
        _work(basis),
    )
    return OfficeReport("targets", translated("Targets"), basis.head(), tables)


def figures(basis: ReportBasis) -> Tally:
    """What was reached of every metric, by consultant."""
    tally = Tally()
    for visit in basis.entries(VisitRegistered):
        tally.add((visit.data.received_by,), "visits", visit.id)
    count_sales(tally, basis, lambda deal, staff, at: (staff,))
    for deal in basis.deals():
        came = receipts(basis, deal)
        for step in deal.steps:
            if step.id in came and basis.within(step.at):
                for staff, part in basis.sets(deal).items():
                    tally.add((staff,), "received", step.id, came[step.id] * part)
    return tally


def _reached(name: str, title: Text, basis: ReportBasis) -> ReportTable:
    """A line for each metric of the office, and for each target that a member of staff has."""
    made, tally = figures(basis), Tally()
    lines = {line.key[0]: line for line in made.lines()}
    headings = metric_titles()
    for figure in METRICS:
        for staff in (OFFICE, *sorted(lines)):
            line = made.total() if staff == OFFICE else lines[staff]
            target = target_of(basis, figure, basis.period, StaffId(staff) if staff else None)
            if staff != OFFICE and target is None:
                continue
            shown = numbers.money if figure in MONEY else numbers.count
            key = (figure, staff)
            for row, amount in line.figures.get(figure, {}).items():
                tally.add(key, "actual", row, amount)
            tally.words(
                key,
                metric=headings[figure],
                whose=basis.staff_words(staff) if staff else translated("the office"),
                actual=shown(line.amount(figure)),
                target=shown(target) if target is not None else numbers.NONE,
                rate=numbers.percent(line.amount(figure), target or Decimal(0)),
            )
    return tally.table(name, title, _columns(), total=False)


def metric_titles() -> dict[str, Text]:
    """The metrics in words."""
    return {
        "visits": translated("visits"),
        "subscribed": translated("units subscribed"),
        "signed": translated("units signed"),
        "signed_amount": translated("amount signed"),
        "received": translated("received"),
    }


def _columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("metric", translated("metric"), translated("what the target is of")),
        columns.words("whose", translated("whose"), translated("the office, or one of its staff")),
        columns.words("target", translated("target"), translated("what was set for exactly this period")),
        columns.words("actual", translated("reached"), translated("counted in the period, by shares")),
        columns.words("rate", translated("completion"), translated("reached / target")),
    )


def _work(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for staff, deal in once_a_customer(basis, basis.sold()):
        tally.add((staff,), "customers", deal.event)
    for deal in basis.sold():
        for staff, amount in basis.amounts(deal).items():
            tally.add((staff,), "amount", deal.event, amount)
    for customer in basis.customers(basis.until):
        owner = basis.known.owner_at(customer, basis.until)
        contacts = [one for one in basis.known.conversations(customer) if basis.within(one.occurred_at)]
        if owner is not None and any(who(one.data) == owner for one in contacts):
            tally.add((owner,), "active", customer)
    for follow_up in basis.entries(FollowUpRecorded):
        if follow_up.data.method == "door_visit" and follow_up.data.achieved and not follow_up.late:
            tally.add((follow_up.data.by,), "outings", follow_up.id)
    for key in tally.so_far():
        tally.words(key, consultant=basis.staff_words(key[0]))
    return tally.table("work", translated("Sales and work"), _work_columns(), lambda key: key)


def _work_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        ReportColumn(
            "customers", translated("customers won"), translated("customers with a deal sold in the period")
        ),
        columns.amount("amount", translated("amount"), translated("by shares to 0.01")),
        columns.average(
            "each",
            translated("amount for each customer"),
            translated("amount / customers won"),
            "amount",
            "customers",
        ),
        ReportColumn(
            "active", translated("active customers"), translated("owned, and contacted in the period")
        ),
        ReportColumn(
            "outings",
            translated("visits paid"),
            translated("follow-ups at the customer's that reached their aim"),
        ),
    )
