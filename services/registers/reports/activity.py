"""R6, the daily record of sales work (销售活动日报表, 业务工作日志): what each did, the customers held, the plans."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.registers.model.periods import month_of
from services.registers.model.registers import AnyRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.levels import on_board
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import Tally
from shared.contract import (
    CallRegistered,
    FollowUpRecorded,
    PlanMade,
    VisitRegistered,
    WorklogSubmitted,
)
from shared.contract.value_words import WORKLOG_KINDS
from shared.i18n import translated
from shared.ids import StaffId


def activity(basis: ReportBasis) -> OfficeReport:
    """The activity of the period by staff and day, the customers held at its end, the plans of the day after."""
    tables = (_contacts(basis), _held(basis), _plans(basis), _logs(basis))
    return OfficeReport("activity", translated("Sales activity"), basis.head(), tables)


def conversations(basis: ReportBasis) -> list[AnyRecord]:
    """The visits, calls and follow-ups of the period in the order of happening; none that was entered late."""
    kinds: tuple[Any, ...] = (VisitRegistered, CallRegistered, FollowUpRecorded)
    found: list[AnyRecord] = [one for kind in kinds for one in basis.entries(kind)]
    kept = [one for one in found if not (one.late and isinstance(one.data, FollowUpRecorded))]
    return sorted(kept, key=lambda one: one.place)


def figure_of(record: AnyRecord) -> str:
    """The figure that a record counts into."""
    if isinstance(record.data, VisitRegistered):
        return "visits"
    return "calls" if isinstance(record.data, CallRegistered) else "follow_ups"


def _contacts(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for record in conversations(basis):
        data, staff = record.data, who(record.data) or ""
        local = record.occurred_at.astimezone(basis.time.info)
        key = (staff, local.isoformat(), record.id)
        tally.words(
            key,
            consultant=basis.staff_words(staff),
            time=f"{local:%Y-%m-%d %H:%M}",
            customer=basis.known.name_of(record.customer, record.name),
            purpose=getattr(data, "purpose", None) or getattr(data, "subject", None) or "",
            before=_level_before(basis, record),
            after=data.level or "",
            notes=getattr(data, "notes", None) or getattr(data, "content", None) or "",
        )
        tally.add(key, figure_of(record), record.id)
    for deal in basis.sold():
        for staff in basis.sets(deal):
            local = deal.subscribed_at.astimezone(basis.time.info)
            key = (staff, local.isoformat(), deal.event)
            tally.words(
                key,
                consultant=basis.staff_words(staff),
                time=f"{local:%Y-%m-%d %H:%M}",
                customer=basis.known.name_of(deal.customer, deal.name),
                purpose=translated("subscribed"),
                notes=deal.unit,
            )
            tally.add(key, "deals", deal.event, basis.sets(deal)[staff])
    return tally.table("contacts", translated("Contacts"), _contact_columns(), lambda key: key)


def _level_before(basis: ReportBasis, record: AnyRecord) -> str:
    if record.customer is None:
        return ""
    codes = [
        code
        for code, said in basis.levels_of(record.customer, record.occurred_at)
        if said.place < record.place
    ]
    return codes[-1] if codes else ""


def _contact_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        columns.words("time", translated("time"), translated("when it happened, local")),
        columns.customer(),
        columns.words(
            "purpose", translated("purpose"), translated("of the visit, or subject of the follow-up")
        ),
        columns.words("before", translated("level before"), translated("the last before this record")),
        columns.words("after", translated("level now"), translated("as this record says")),
        columns.words("notes", translated("course"), translated("what was noted")),
        ReportColumn("visits", translated("visits"), translated("visits received")),
        columns.calls(),
        ReportColumn(
            "follow_ups", translated("follow-ups"), translated("follow-ups that were entered in time")
        ),
        ReportColumn("deals", translated("sold"), translated("deals sold, by shares")),
    )


def _held(basis: ReportBasis) -> ReportTable:
    """Customers held: by level now, with a standing deal, and how the board came from the month's start."""
    tally, until = Tally(), basis.until
    month = month_of(basis.day)
    then = on_board(basis, basis.time.end_of(month.first - timedelta(days=1)))
    now = on_board(basis, until)
    for customer in basis.customers(until):
        owner = basis.known.owner_at(customer, until) or StaffId("")
        deals = basis.known.standing_deals(customer, until)
        figures = {
            "prospects": customer in now,
            "kept": bool(deals),
            "left_over": customer in then,
            "new": customer in now and customer not in then,
        }
        for figure, counts in figures.items():
            if counts:
                tally.add((owner,), figure, customer)
    for key in tally.so_far():
        tally.words(key, consultant=basis.staff_words(key[0]))
    return tally.table("held", translated("Customers held"), _held_columns(), lambda key: key)


def _held_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        ReportColumn("prospects", translated("prospects today"), translated("customers on the level board")),
        ReportColumn("kept", translated("customers kept"), translated("customers with a standing deal")),
        ReportColumn(
            "left_over", translated("from last month"), translated("on the board when the month began")
        ),
        ReportColumn(
            "new", translated("new this month"), translated("on the board now, and not when the month began")
        ),
    )


def _plans(basis: ReportBasis) -> ReportTable:
    """What was planned for the day after, by plan or as the next day of a customer."""
    tally, day = Tally(), basis.day + timedelta(days=1)
    for plan in basis.known.of(PlanMade, basis.office):
        if plan.data.on == day:
            _plan_line(tally, basis, plan, plan.data.purpose, plan.data.place or "")
    for record in basis.known.entries_of(basis.office):
        if getattr(record.data, "next_on", None) == day:
            _plan_line(tally, basis, record, getattr(record.data, "next_step", None) or "", "")
    return tally.table("plans", translated("Plans of the day after"), _plan_columns(), lambda key: key)


def _plan_line(tally: Tally, basis: ReportBasis, record: AnyRecord, purpose: str, place: str) -> None:
    staff = who(record.data) or ""
    tally.words(
        (staff, record.id),
        consultant=basis.staff_words(staff),
        customer=basis.known.name_of(record.customer, record.name),
        purpose=purpose,
        place=place,
    )
    tally.add((staff, record.id), "plans", record.id)


def _plan_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        columns.customer(),
        columns.words("purpose", translated("purpose"), translated("as planned")),
        columns.words("place", translated("place"), translated("as planned")),
        columns.each("plans"),
    )


def _logs(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for log in basis.known.of(WorklogSubmitted, basis.office):
        if log.data.to in basis.period:
            remarks = [one.remark for one in basis.known.stages.get(log.id, ())]
            key = (log.data.by, log.data.to.isoformat(), log.id)
            tally.words(
                key,
                consultant=basis.staff_words(log.data.by),
                kind=WORKLOG_KINDS[log.data.kind],
                day=log.data.to.isoformat(),
                done=log.data.done,
                problems=log.data.problems or "",
                planned=log.data.planned or "",
                remark=next((one for one in reversed(remarks) if one), ""),
            )
            tally.add(key, "logs", log.id)
    return tally.table("logs", translated("Work logs"), _log_columns(), lambda key: key)


def _log_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        columns.words("kind", translated("kind"), translated("daily, weekly, monthly, or of a meeting")),
        columns.words("day", translated("last day"), translated("up to which it goes")),
        columns.words("done", translated("done"), translated("in their own words")),
        columns.words("problems", translated("problems"), translated("in their own words")),
        columns.words("planned", translated("planned"), translated("in their own words")),
        columns.words("remark", translated("superior's remark"), translated("of the last approval with one")),
        columns.each("logs"),
    )
