"""R4, what each consultant did and sold (项目置业顾问销售业绩动态表): by consultant, and by week or month of each."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from services.registers.model.periods import month_of, week_of
from services.registers.model.records import PostedRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.due import due_contacts
from services.registers.reports.report import OfficeReport, ReportColumn
from services.registers.reports.sales import count_sales, sales_columns
from services.registers.reports.tally import LineKey, Tally
from services.registers.reports.traffic import count_visit, visit_columns
from shared.contract import CallRegistered, FollowUpRecorded, VisitRegistered
from shared.i18n import Text, translated
from shared.ids import StaffId

ConsultantGrain: TypeAlias = Literal["consultant", "week", "month"]
CONSULTANT_GRAINS: Final[tuple[ConsultantGrain, ...]] = get_args(ConsultantGrain)


def consultants(basis: ReportBasis, grain: ConsultantGrain = "consultant") -> OfficeReport:
    """The work and the sales of each consultant in the period."""
    tally = Tally()
    _count_work(tally, basis, grain)
    count_sales(tally, basis, lambda deal, staff, at: _key(basis, grain, staff, at))
    for one in due_contacts(basis, basis.until):
        if one.overdue(basis.day):
            tally.add(_key(basis, grain, one.owner, basis.until), "overdue", one.customer)
    for key in tally.so_far():
        name = basis.known.staff_name(StaffId(key[0]) if key[0] else None)
        tally.words(key, consultant=name, **({grain: key[1]} if len(key) > 1 else {}))
    table = tally.table("consultants", translated("Consultants"), _columns(grain), lambda key: key)
    return OfficeReport("consultants", translated("Consultants"), basis.head(), (table,), _remarks(basis))


def _key(basis: ReportBasis, grain: ConsultantGrain, staff: str, at: datetime) -> LineKey:
    day = basis.time.day(at)
    if grain == "week":
        return staff, week_of(day, basis.scheme.week_ends_on).first.isoformat()
    return (staff, f"{month_of(day).first:%Y-%m}") if grain == "month" else (staff,)


def _count_work(tally: Tally, basis: ReportBasis, grain: ConsultantGrain) -> None:
    for call in basis.entries(CallRegistered):
        tally.add(_key(basis, grain, call.data.answered_by, call.occurred_at), "calls", call.id)
    for visit in basis.entries(VisitRegistered):
        count_visit(tally, basis, _key(basis, grain, visit.data.received_by, visit.occurred_at), visit)
    for follow_up in basis.entries(FollowUpRecorded):
        for column in _follow_up_columns(basis, follow_up):
            key = _key(basis, grain, who(follow_up.data) or "", follow_up.occurred_at)
            tally.add(key, column, follow_up.id)


def _follow_up_columns(basis: ReportBasis, follow_up: PostedRecord[FollowUpRecorded]) -> tuple[str, ...]:
    """A follow-up that was entered late stands among those alone (不得后补记录)."""
    if follow_up.late:
        return ("backfilled",)
    return ("follow_ups", "counting") if not follow_up.flags else ("follow_ups",)


def _columns(grain: ConsultantGrain) -> tuple[ReportColumn, ...]:
    by = {
        "consultant": (),
        "week": (columns.words("week", translated("week from"), translated("the first day of the week")),),
        "month": (columns.words("month", translated("month"), translated("the calendar month")),),
    }[grain]
    return (
        columns.consultant(),
        *by,
        columns.calls(),
        *visit_columns(),
        *_work_columns(),
        *sales_columns(),
        _rate(),
    )


def _work_columns() -> tuple[ReportColumn, ...]:
    return (
        ReportColumn(
            "follow_ups",
            translated("follow-ups"),
            translated("follow-ups of the period that were entered in time"),
        ),
        ReportColumn(
            "counting",
            translated("counting follow-ups"),
            translated("of these, those that keep a claim alive"),
        ),
        ReportColumn(
            "backfilled",
            translated("follow-ups entered late"),
            translated("follow-ups that were entered after their day"),
        ),
        ReportColumn(
            "overdue",
            translated("not contacted in time"),
            translated("customers overdue at the last day of the period"),
        ),
    )


def _rate() -> ReportColumn:
    return columns.rate(
        "conversion",
        translated("units per first visit"),
        translated("units subscribed / first visits"),
        "subscribed",
        "new",
    )


def _remarks(basis: ReportBasis) -> tuple[Text, ...]:
    if basis.scheme.appraisal_use:
        return ()
    return (translated("A working tool only, and no basis for appraising anybody."),)
