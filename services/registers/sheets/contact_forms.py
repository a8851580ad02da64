"""The forms of who came, who called and who was followed up: those of documents A to C, D, E, G to I, L, N and Q."""

from __future__ import annotations

from typing import Any, Final

from services.registers.reports import columns as reported
from services.registers.sheets.form import FormColumn, FormRow, RegisterForm, Said, by, on, profiled, records
from services.registers.sheets.form_words import in_words
from shared.contract import CallRegistered, FollowUpRecorded, OutreachRegistered, ShiftOpened, VisitRegistered
from shared.i18n import Text, translated

V, C, F = "visit.registered", "call.registered", "followup.recorded"


def number() -> FormColumn:
    return FormColumn(translated("customer number"), "R8 number", FormRow.number)


def identity() -> FormColumn:
    """The id of the record, by which an import of the sheet knows that it is there."""
    return FormColumn(translated("record number"), "id", lambda row: row.record.id if row.record else None)


def name(heading: Text, type_: str = V) -> FormColumn:
    return FormColumn(heading, f"{type_}: customer", FormRow.name)


def phones(heading: Text, type_: str = V) -> FormColumn:
    return FormColumn(heading, f"{type_}: customer", FormRow.phones)


def wechat(type_: str = V) -> FormColumn:
    return FormColumn(translated("WeChat id"), f"{type_}: customer", FormRow.wechat)


def happened(heading: Text, type_: str) -> FormColumn:
    """When it happened, to the minute, so that the sheet can be read in again without losing the order."""
    return FormColumn(
        heading, f"{type_}: occurred_at", lambda row: row.record.occurred_at if row.record else None
    )


def late() -> FormColumn:
    return FormColumn(
        translated("entered late"), "R1 late", lambda row: row.record.late if row.record else None
    )


def carried() -> FormColumn:
    said = translated("carried over")
    return FormColumn(said, "R1 visits", lambda row: row.record.carried if row.record else None)


def field(heading: Text, type_: str, *names: str) -> FormColumn:
    """What a field of the record says."""
    return FormColumn(heading, f"{type_}: {names[0]}", on(*names))


def who(heading: Text, type_: str, *names: str) -> FormColumn:
    """Whom a field of the record names."""
    return FormColumn(heading, f"{type_}: {names[0]}", by(*names))


def held(heading: Text, key: str) -> FormColumn:
    """What the profile says."""
    return FormColumn(heading, f"profile: {key}", profiled(key))


def stage() -> FormColumn:
    """How far the approval of the record has come."""
    return FormColumn(translated("approval"), "record.approved: stage", _stage)


def _stage(row: FormRow) -> Said:
    assert row.record is not None
    return reported.stage_words(row.basis.known.stage_of(row.record.id))


def _times(row: FormRow) -> Said:
    began, ended = row.data.started_at, row.data.ended_at
    info = row.basis.time.info
    shown = [f"{at.astimezone(info):%H:%M}" for at in (began, ended) if at is not None]
    return "-".join(shown) if len(shown) == 2 else (shown[0] if shown else None)


def _ordered(row: FormRow) -> Said:
    """Whether the customer subscribed on the day of the visit."""
    record = row.record
    if record is None or record.customer is None:
        return None
    day = row.basis.time.day(record.occurred_at)
    return any(
        row.basis.time.day(one.subscribed_at) == day for one in row.basis.known.deals_of[record.customer]
    )


_NOBODY: Final = translated("without contact")
_FIRST: Final = translated("first visits")
_AGAIN: Final = translated("return visits")


def _new(row: FormRow) -> Said:
    assert row.record is not None
    if row.customer is None:
        return _NOBODY
    first = row.basis.is_first_visit(row.record)
    return _FIRST if first else _AGAIN


def _referrers(row: FormRow) -> Said:
    named = [one.phone or row.staff(one.consultant) or "" for one in row.data.referred_by]
    return row.words("、".join(named)) or None


def _satisfied(row: FormRow) -> Said:
    survey = row.reader.surveyed.get(str(row.data.visit))
    return survey.data.score if survey is not None else None


def _obstacle(row: FormRow) -> Said:
    said = row.data.obstacle
    return row.words("：".join(one for one in (said.kind, said.text) if one)) if said is not None else None


def _desk_kind(row: FormRow) -> Said:
    return translated("visit to the office") if row.data.TYPE == V else translated("calls")


def _people(names: str) -> Any:
    return lambda row: "、".join(row.staff(one) or "" for one in getattr(row.data, names)) or None


VISITS: Final = RegisterForm(
    translated("Register of visitors"), "A E H B D",
    (
        number(), happened(translated("day of the visit"), V), name(translated("name of the customer")),
        phones(translated("contact details")), wechat(),
        FormColumn(translated("first or return visit"), "R1 new", _new),
        field(translated("channel of the visit"), V, "channel"),
        field(translated("level of interest"), V, "level"),
        FormColumn(translated("class of the customer"), f"{V}: category", in_words("category")),
        field(translated("purpose of the visit"), V, "purpose"),
        who(translated("received by"), V, "received_by"),
        FormColumn(translated("time of coming and leaving"), f"{V}: started_at", _times),
        field(translated("what was talked about"), V, "notes"),
        field(translated("next contact"), V, "next_on"),
        FormColumn(translated("ordered on the spot"), "R1 sold", _ordered),
        FormColumn(translated("referred by"), f"{V}: referred_by", _referrers),
        field(translated("name of the project"), V, "project"), late(), carried(), stage(), identity(),
    ),
    records(VisitRegistered),
)  # fmt: skip

VISIT_RECORDS: Final = RegisterForm(
    translated("Visit record"), "C",
    (
        happened(translated("time of the reception"), V), name(translated("name of the client")),
        held(translated("firm"), "company"), name(translated("contact person")),
        phones(translated("contact details")), held(translated("address of the firm"), "company_address"),
        field(translated("purpose of the visit"), V, "purpose"),
        who(translated("name of the receiver"), V, "received_by"),
        FormColumn(translated("position of staff"), "staff.enrolled: title", lambda row: row.job(row.data.received_by)),
        FormColumn(translated("time of coming and leaving"), f"{V}: started_at", _times),
        field(translated("place of the reception"), V, "place"),
        field(translated("course of the reception"), V, "notes"),
        field(translated("measures to follow"), V, "next_step"),
        FormColumn(translated("satisfaction of the customer"), "survey.recorded: score", _satisfied, "count"),
        stage(),
    ),
    records(VisitRegistered),
)  # fmt: skip

DESK: Final = RegisterForm(
    translated("Register of visitors and callers"), "L Q",
    (
        happened(translated("day"), V), FormColumn(translated("visit or call"), "R1 calls", _desk_kind),
        name(translated("name of the shopper")), phones(translated("phone")),
        held(translated("wanted model"), "wanted_unit"), field(translated("level of interest"), V, "level"),
        FormColumn(translated("time of coming and leaving"), f"{V}: started_at", _times),
        who(translated("sales adviser"), V, "received_by", "answered_by"),
        field(translated("annotation"), V, "notes"),
        FormColumn(translated("ordered on the spot"), "R1 sold", _ordered),
        field(translated("reason for leaving no contact"), V, "no_contact_reason"), late(),
    ),
    records(VisitRegistered, CallRegistered),
)  # fmt: skip

CALLS: Final = RegisterForm(
    translated("Register of callers"), "D B",
    (
        number(), happened(translated("time of the call"), C), name(translated("name of the customer"), C),
        phones(translated("contact details"), C), wechat(C),
        field(translated("channel of the visit"), C, "channel"),
        field(translated("level of interest"), C, "level"),
        FormColumn(translated("class of the customer"), f"{C}: category", in_words("category")),
        who(translated("consultant"), C, "answered_by"), field(translated("annotation"), C, "notes"),
        field(translated("next contact"), C, "next_on"),
        field(translated("name of the project"), C, "project"), late(), carried(), identity(),
    ),
    records(CallRegistered),
)  # fmt: skip

OUTREACH_FORM: Final = RegisterForm(
    translated("Register of outreach"), "B",
    (
        number(), happened(translated("day"), "outreach.registered"),
        name(translated("name of the customer"), "outreach.registered"),
        phones(translated("contact details"), "outreach.registered"),
        FormColumn(translated("way of outreach"), "outreach.registered: method", in_words("method")),
        who(translated("consultant"), "outreach.registered", "by"),
        field(translated("annotation"), "outreach.registered", "notes"), carried(), identity(),
    ),
    records(OutreachRegistered),
)  # fmt: skip

FOLLOW_UPS: Final = RegisterForm(
    translated("Register of follow-ups"), "D E G N R T",
    (
        number(), happened(translated("day"), F), name(translated("name of the customer"), F),
        phones(translated("contact details"), F),
        FormColumn(translated("way of the follow-up"), f"{F}: method", in_words("method")),
        FormColumn(translated("medium"), f"{F}: medium", in_words("medium")),
        field(translated("subject of the follow-up"), F, "subject"),
        field(translated("course of the follow-up"), F, "content"),
        FormColumn(translated("customer reached"), f"{F}: reached", on("reached")),
        FormColumn(translated("class of the customer"), f"{F}: category", in_words("category")),
        field(translated("level of interest"), F, "level"), who(translated("followed up by"), F, "by"),
        FormColumn(translated("planner"), f"{F}: with_", _people("with_")),
        field(translated("state of the follow-up"), F, "stage"),
        FormColumn(translated("obstacle to the deal"), f"{F}: obstacle", _obstacle),
        field(translated("next contact"), F, "next_on"),
        FormColumn(translated("important"), f"{F}: important", on("important")),
        field(translated("gift"), F, "gift"), late(),
    ),
    records(FollowUpRecorded),
)  # fmt: skip

VISIT_REPORTS: Final = RegisterForm(
    translated("Report on a visit paid"), "I O S",
    (
        happened(translated("day"), F), name(translated("name of the customer"), F),
        phones(translated("phone number"), F),
        FormColumn(translated("people met"), f"{F}: met", lambda row: row.words("、".join(row.data.met)) or None),
        field(translated("purpose"), F, "subject"), field(translated("result of the visit"), F, "content"),
        FormColumn(translated("effective"), f"{F}: achieved", on("achieved")),
        field(translated("plan"), F, "next_step"), who(translated("visited by"), F, "by"),
    ),
    records(FollowUpRecorded, only=lambda data: data.method == "door_visit"),
)  # fmt: skip


def _turns(reader: Any) -> Any:
    for one in reader.basis.entries(ShiftOpened):
        for place, staff in enumerate(one.data.order, 1):
            yield FormRow(reader, None, one, part=(place, staff))


TURNS: Final = RegisterForm(
    translated("Order of reception"), "A B",
    (
        happened(translated("day"), "shift.opened"),
        FormColumn(translated("turn"), "shift.opened: order", lambda row: row.part[0], "count"),
        FormColumn(translated("consultant"), "shift.opened: order", lambda row: row.staff(row.part[1])),
        who(translated("manager of the day"), "shift.opened", "duty_manager"),
    ),
    _turns,
)  # fmt: skip
