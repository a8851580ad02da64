"""R14, whether records were entered in time and in full, and what of them waits for whom (审核、审批、归档)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from services.registers.model.registers import AnyRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import Tally
from shared.contract import CallRegistered, ProfileRecorded, RecordApproved, VisitRegistered
from shared.i18n import Text, translated
from shared.ids import EventId, StaffId

ABOVE: Final = frozenset({"supervisor", "manager", "director", "admin_manager", "general_manager"})
ORDER: Final = ("reviewed", "approved", "filed")


def timeliness(basis: ReportBasis) -> OfficeReport:
    """The visits and calls of the period: in time, complete, with a card; and how far each has come."""
    tables = (_in_time(basis), _stages(basis), _findings(basis))
    return OfficeReport("timeliness", translated("Timeliness and approvals"), basis.head(), tables)


def registrations(basis: ReportBasis) -> list[AnyRecord]:
    """The visits and calls of the period; carried ones are in no figure of timeliness."""
    found: list[AnyRecord] = [*basis.entries(VisitRegistered), *basis.entries(CallRegistered)]
    return sorted(found, key=lambda one: one.place)


def entered_in_time(basis: ReportBasis, record: AnyRecord) -> bool:
    """Whether a record was entered within the limit, from when it ended, or else when it happened."""
    scheme, ended = basis.scheme, record.data.ended_at or record.occurred_at
    if scheme.entered_within is not None:
        return record.recorded_at <= ended + timedelta(minutes=scheme.entered_within)
    if scheme.entered_by is not None:
        day = basis.time.day(ended)
        limit = datetime.combine(day, time.fromisoformat(scheme.entered_by), basis.time.info)
        return record.recorded_at <= max(limit, ended)
    return basis.time.day(record.recorded_at) <= basis.time.day(ended)


def complete_in_time(basis: ReportBasis, record: AnyRecord) -> bool:
    """Whether it had a name, a contact, notes and a level within the hours that the scheme gives."""
    until = record.recorded_at + timedelta(hours=basis.scheme.complete_within)
    versions = basis.known.registers.entries.history(record.id, min(until, basis.known.known_at))
    if not versions:
        return False
    then = versions[-1].row
    return bool(then.name and then.contacts and then.data.notes and then.data.level)


def card_in_time(basis: ReportBasis, record: AnyRecord) -> bool | None:
    """Whether the customer had a card within the days of the scheme; None where the level asks for none."""
    terms = basis.scheme.level(record.data.level)
    within = basis.scheme.cards_within
    if record.customer is None or terms is None or not terms.card or within is None:
        return None
    limit = basis.time.day(record.occurred_at) + timedelta(days=within)
    cards = (one for one in basis.known.by_customer[record.customer] if isinstance(one.data, ProfileRecorded))
    return any(basis.time.day(one.recorded_at) <= limit for one in cards)


def _in_time(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for record in registrations(basis):
        staff = who(record.data) or ""
        card = card_in_time(basis, record)
        figures = {
            "records": True,
            "in_time": entered_in_time(basis, record),
            "complete": complete_in_time(basis, record),
            "cards_due": card is not None,
            "cards": bool(card),
        }
        for figure, counts in figures.items():
            if counts:
                tally.add((staff,), figure, record.id)
        tally.words((staff,), consultant=basis.staff_words(staff))
    return tally.table("in_time", translated("Entered in time"), _columns(), lambda key: key)


def _columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        ReportColumn("records", translated("records counted"), translated("visits and calls of the period")),
        ReportColumn(
            "in_time",
            translated("in time"),
            translated("entered within the limit of the scheme, else on their day"),
        ),
        columns.rate(
            "in_time_rate", translated("share in time"), translated("in time / records"), "in_time", "records"
        ),
        ReportColumn(
            "complete",
            translated("complete"),
            translated("with name, contact, notes and level within the hours allowed"),
        ),
        columns.rate(
            "complete_rate",
            translated("share complete"),
            translated("complete / records"),
            "complete",
            "records",
        ),
        ReportColumn(
            "cards_due", translated("cards due"), translated("records of a level that asks for a card")
        ),
        ReportColumn(
            "cards", translated("cards in time"), translated("of these, with a card within the days allowed")
        ),
        columns.rate(
            "cards_rate",
            translated("share of cards"),
            translated("cards in time / cards due"),
            "cards",
            "cards_due",
        ),
    )


def _stages(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for record in registrations(basis):
        staff = who(record.data) or ""
        tally.words((staff,), consultant=basis.staff_words(staff))
        tally.add((staff,), f"stage_{basis.known.stage_of(record.id) or 'none'}", record.id)
    heads = tuple(
        ReportColumn(
            f"stage_{stage or 'none'}",
            columns.stage_words(stage),
            translated("by the last stage that was set"),
        )
        for stage in (None, "reviewed", "approved", "returned", "filed")
    )
    return tally.table("stages", translated("Approvals"), (columns.consultant(), *heads), lambda key: key)


def _findings(basis: ReportBasis) -> ReportTable:
    """Stages that were set out of order, or by somebody whose they are not."""
    tally = Tally()
    of_period = {one.id: one for one in registrations(basis)}
    before: dict[EventId, str | None] = {}
    for approval in basis.known.of(RecordApproved):
        data, record = approval.data, of_period.get(approval.data.record)
        if record is None:
            continue
        wrong = _wrong(basis, record, data.stage, data.by, before.get(record.id))
        before[record.id] = data.stage
        if wrong is not None:
            tally.words(
                (approval.id,),
                record=record.id,
                stage=data.stage,
                by=basis.staff_words(data.by),
                finding=wrong,
            )
            tally.add((approval.id,), "findings", approval.id)
    return tally.table("findings", translated("Findings"), _finding_columns())


def _wrong(basis: ReportBasis, record: AnyRecord, stage: str, by: StaffId, before: str | None) -> Text | None:
    member = basis.known.staff.get(by)
    role = member.role if member is not None else ""
    if stage in ORDER and ORDER.index(stage) != (ORDER.index(before) + 1 if before in ORDER else 0):
        return translated("out of order")
    allowed = {
        "reviewed": by == who(record.data) or role in ABOVE,
        "approved": role in ABOVE,
        "filed": role == "back_office",
        "returned": role in ABOVE or role == "back_office",
    }
    return None if allowed[stage] else translated("not of this role")


def _finding_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("record", translated("record"), translated("the record that was approved")),
        columns.words("stage", translated("stage"), translated("the stage that was set")),
        columns.words("by", translated("by"), translated("who set it")),
        columns.words("finding", translated("finding"), translated("order or role")),
        columns.each("findings"),
    )
