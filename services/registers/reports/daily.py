"""R2, the daily report (项目销售日报表): the day by consultant, its deals, and the month so far against its targets."""

from __future__ import annotations

from decimal import Decimal

from services.registers.model.deals import DealRow
from services.registers.model.periods import DaySpan, month_of
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.sales import count_sales, sales_columns
from services.registers.reports.tally import Tally
from services.registers.reports.targets import target_of
from services.registers.reports.traffic import count_visit, visit_columns
from shared.contract import CallRegistered, ShiftOpened, VisitRegistered
from shared.i18n import Text, translated
from shared.ids import StaffId


def daily(basis: ReportBasis) -> OfficeReport:
    """The report of the last day of the period; the month is counted up to it."""
    day = basis.over(DaySpan(basis.period.last, basis.period.last))
    month = basis.over(DaySpan(month_of(basis.period.last).first, basis.period.last))
    tables = (_by_consultant(day), _month(month), _deals(day))
    return OfficeReport("daily", translated("Daily report"), day.head(), tables, _remarks(day))


def _columns() -> tuple[ReportColumn, ...]:
    return (columns.calls(), *visit_columns(), *sales_columns())


def counted(basis: ReportBasis) -> Tally:
    """Calls, visits and sales of a period by consultant."""
    tally = Tally()
    for call in basis.entries(CallRegistered):
        tally.add((who(call.data) or "",), "calls", call.id)
    for visit in basis.entries(VisitRegistered):
        count_visit(tally, basis, (who(visit.data) or "",), visit)
    count_sales(tally, basis, lambda deal, staff, at: (staff,))
    for key in tally.so_far():
        tally.words(key, consultant=basis.known.staff_name(StaffId(key[0]) if key[0] else None))
    return tally


def _by_consultant(basis: ReportBasis) -> ReportTable:
    heads = (columns.consultant(), *_columns())
    return counted(basis).table("consultants", translated("The day by consultant"), heads, lambda key: key)


def _month(basis: ReportBasis) -> ReportTable:
    """Each figure of the month so far, with its target where one is set."""
    total, tally = counted(basis).total(), Tally()
    for column in _columns():
        if column.kind in ("count", "money"):
            key = (column.key,)
            for row, amount in total.figures.get(column.key, {}).items():
                tally.add(key, "so_far", row, amount)
            target = target_of(basis, column.key, month_of(basis.period.last))
            shown = numbers.money if column.kind == "money" else numbers.count
            reached = total.amount(column.key)
            tally.words(
                key,
                figure=column.heading,
                so_far=shown(reached),
                target=shown(target) if target is not None else numbers.NONE,
                completion=numbers.percent(reached, target or Decimal(0)),
            )
    return tally.table("month", translated("The month so far"), _month_columns(), total=False)


def _month_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("figure", translated("figure"), translated("which figure of the day is counted")),
        ReportColumn(
            "so_far",
            translated("month to date"),
            translated("from the first of the month to the day"),
            "text",
        ),
        columns.words("target", translated("target"), translated("what was set for the month")),
        columns.words("completion", translated("completion"), translated("month to date / target")),
    )


def _deals(basis: ReportBasis) -> ReportTable:
    """The deals that were subscribed, signed or cancelled on the day."""
    tally = Tally()
    for deal in basis.deals_moved():
        events = (
            (translated("subscribed"), deal.subscribed_at, deal.event),
            (translated("signed"), deal.signed_at, deal.signed_by),
            (translated("cancelled"), deal.cancelled_at, deal.cancelled_by),
        )
        for what, at, row in events:
            if basis.within(at) and row is not None and at is not None and at <= basis.known.as_of:
                _deal_line(tally, basis, deal, what, row)
    return tally.table("deals", translated("The deals of the day"), _deal_columns())


def _deal_line(tally: Tally, basis: ReportBasis, deal: DealRow, what: Text, row: str) -> None:
    key = (deal.deal, what.en)
    names = [basis.known.staff_name(staff or None) for staff in basis.sets(deal)]
    tally.words(
        key,
        what=what,
        project=deal.project,
        unit=deal.unit,
        customer=basis.known.name_of(deal.customer, deal.name),
        consultants="、".join(names),
    )
    tally.add(key, "deals", row)
    if deal.amount is not None:
        tally.add(key, "amount", row, deal.amount)


def _deal_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("what", translated("event"), translated("what became of the deal on the day")),
        columns.project(),
        columns.unit(),
        columns.customer(),
        ReportColumn(
            "consultants",
            translated("consultants"),
            translated("everyone who has a share in the deal"),
            "text",
        ),
        columns.each(),
        ReportColumn(
            "amount", translated("amount"), translated("as last agreed, else as subscribed"), "money"
        ),
    )


def _remarks(basis: ReportBasis) -> tuple[Text, ...]:
    day = basis.period.last
    told = [translated("{day}, {weekday}", day=day.isoformat(), weekday=_weekday(day.isoweekday()))]
    managers = [getattr(one.data, "duty_manager", None) for one in basis.entries(ShiftOpened)]
    named = [staff for staff in managers if staff]
    if named:
        told.append(translated("manager on duty: {name}", name=basis.known.staff_name(named[-1])))
    return tuple(told)


def _weekday(number: int) -> Text:
    return (
        translated("Monday"),
        translated("Tuesday"),
        translated("Wednesday"),
        translated("Thursday"),
        translated("Friday"),
        translated("Saturday"),
        translated("Sunday"),
    )[number - 1]
