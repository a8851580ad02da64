"""R11, subscriptions that are not signed in time (项目大定逾期情况汇总)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from services.registers.model.deals import DealRow
from services.registers.model.periods import month_of
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import LineKey, Tally
from shared.i18n import translated


def overdue(basis: ReportBasis) -> OfficeReport:
    """What is overdue at the last day of the period, of the month's deals and of all."""
    title = translated("Subscriptions overdue for signing")
    return OfficeReport("overdue", title, basis.head(), (summary_table(basis), _list(basis)))


def is_overdue(basis: ReportBasis, deal: DealRow) -> bool:
    """Whether a deal stands unsigned after the day by which it was to be signed."""
    due = deal.due_on("signed", basis.until)
    waits = deal.stands(basis.until) and not deal.signed(basis.until)
    return waits and due is not None and due < basis.day


def was_overdue(basis: ReportBasis, deal: DealRow) -> bool:
    """Whether the day was put off, or the deal signed, after the day that had been set."""
    set_days = deal.due_dates("signed", basis.until)
    put_off = any(
        basis.time.day(later.set_at) > earlier.on
        for earlier, later in pairwise(set_days)
        if later.on > earlier.on
    )
    signed = deal.signed_at if deal.signed(basis.until) else None
    return put_off or bool(signed is not None and set_days and basis.time.day(signed) > set_days[-1].on)


def summary_table(basis: ReportBasis) -> ReportTable:
    """How much of the month's deals is overdue at the day, and of all."""
    month, tally = month_of(basis.day), Tally([()])
    key: LineKey = ()
    for deal in basis.deals():
        if not deal.stands(basis.until):
            continue
        if basis.time.day(deal.subscribed_at) in month:
            tally.add(key, "subscribed", deal.event)
            if is_overdue(basis, deal):
                tally.add(key, "overdue", deal.event)
        if is_overdue(basis, deal):
            tally.add(key, "all_overdue", deal.event)
        elif was_overdue(basis, deal):
            tally.add(key, "once_overdue", deal.event)
        if not deal.signed(basis.until) and deal.due_on("signed", basis.until) is None:
            tally.add(key, "undated", deal.event)
    return tally.table("summary", translated("Overdue for signing"), _summary_columns(), total=False)


def _summary_columns() -> tuple[ReportColumn, ...]:
    return (
        ReportColumn(
            "subscribed",
            translated("sold this month"),
            translated("subscribed in the month of the day and standing"),
        ),
        ReportColumn(
            "overdue",
            translated("of these overdue"),
            translated("standing, unsigned, to be signed before the day"),
        ),
        ReportColumn(
            "rate",
            translated("share overdue"),
            translated("of these overdue / sold this month"),
            "percent",
            ("overdue", "subscribed"),
        ),
        ReportColumn("all_overdue", translated("all overdue"), translated("of every month")),
        ReportColumn(
            "all_rate",
            translated("all overdue per deal"),
            translated("all overdue / sold this month"),
            "percent",
            ("all_overdue", "subscribed"),
        ),
        ReportColumn(
            "once_overdue",
            translated("once overdue"),
            translated("standing, put off or signed after the day that had been set"),
        ),
        ReportColumn(
            "undated", translated("no day agreed"), translated("standing, unsigned, without a day of signing")
        ),
    )


def _list(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    days: dict[LineKey, tuple[date, int]] = {}
    for deal in basis.deals():
        due = deal.due_on("signed", basis.until)
        if due is None or not is_overdue(basis, deal):
            continue
        key = (deal.deal,)
        days[key] = due, deal.seq
        reasons = [
            step.reason for step in deal.steps if not step.done and step.reason and step.at <= basis.until
        ]
        tally.words(
            key,
            customer=basis.known.name_of(deal.customer, deal.name),
            unit=deal.unit,
            subscribed=basis.time.day(deal.subscribed_at).isoformat(),
            due=due.isoformat(),
            days=str((basis.day - due).days),
            reason=reasons[-1] if reasons else numbers.NONE,
            consultants="、".join(basis.known.staff_name(staff or None) for staff in basis.sets(deal)),
        )
        tally.add(key, "deals", deal.event)
    return tally.table("overdue", translated("The overdue"), _list_columns(), lambda key: days[key])


def _list_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.customer(),
        columns.unit(),
        columns.words("subscribed", translated("day of subscription"), translated("when it happened")),
        columns.words("due", translated("to be signed by"), translated("as last agreed")),
        columns.days_overdue(),
        columns.words("reason", translated("held up by"), translated("of the last step that was held up")),
        columns.consultants(),
        columns.each(),
    )
