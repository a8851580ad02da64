"""The forms of work: plans, logs, surveys, complaints, requests, checks, targets, papers (F, I, K, O, S, T)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from services.registers.reports.kept import is_carried_out
from services.registers.reports.satisfaction import points
from services.registers.sheets.contact_forms import field, happened, name, number, phones, stage, who
from services.registers.sheets.form import FormColumn, FormReader, FormRow, RegisterForm, Said, on, records
from services.registers.sheets.form_words import in_words, word_of
from shared.contract import (
    CheckRecorded,
    DocumentAttached,
    FeedbackReceived,
    PlanMade,
    RequestSubmitted,
    SurveyRecorded,
    TargetSet,
    WorklogSubmitted,
)
from shared.i18n import translated

PLAN, LOG, SURVEY, FED = "plan.made", "worklog.submitted", "survey.recorded", "feedback.received"
ASKED, CHECK, TARGET, PAPER = "request.submitted", "check.recorded", "target.set", "document.attached"


def _answer(*names: str) -> Callable[[FormRow], Said]:
    def said(row: FormRow) -> Said:
        answers = row.data.answers
        return min(getattr(answers, one) for one in names) if answers is not None else None

    return said


def _points(row: FormRow) -> Said:
    return points(row.data.answers, row.data.score) if row.data.answers is not None else None


def _nature(row: FormRow) -> Said:
    assert row.record is not None
    at = row.record.occurred_at
    won = row.customer is not None and row.basis.known.standing_deals(row.customer, at)
    return translated("with a deal") if won else translated("visitor")


def _representative(row: FormRow) -> Said:
    known = row.basis.known.staff.get(row.data.consultant)
    called = row.staff(row.data.consultant)
    return f"{known.number}, {called}" if known is not None and known.number else called


def _project(row: FormRow) -> Said:
    """The project of the customer's last record that names one."""
    known = row.basis.known.by_customer.get(row.customer, ()) if row.customer is not None else ()
    return next((one for record in reversed(known) if (one := getattr(record.data, "project", None))), None)


def _answered(names: str) -> Callable[[FormRow], Said]:
    """What the last answer to a complaint says."""

    def said(row: FormRow) -> Said:
        given = row.reader.answers.get(row.data.feedback)
        value = getattr(given, names, None) or getattr(given.data, names, None) if given is not None else None
        return word_of("outcome", value) if names == "outcome" else value

    return said


def _remark(row: FormRow) -> Said:
    assert row.record is not None
    stages = row.basis.known.stages.get(row.record.id, ())
    return next((one.remark for one in reversed(stages) if one.remark), None)


def _count(key: str) -> Callable[[FormRow], Said]:
    return lambda row: getattr(row.data.counts, key, None) if row.data.counts is not None else None


def _items(reader: FormReader) -> Iterable[FormRow]:
    for one in reader.basis.entries(CheckRecorded, carried=True):
        for item in one.data.items:
            yield FormRow(reader, None, one, part=item)


def _done(row: FormRow) -> Said:
    assert row.record is not None
    return is_carried_out(row.basis, row.record)


def _checked(row: FormRow) -> Said:
    party = row.part.customer
    return row.words(party.name) if party is not None else None


def _whose(row: FormRow) -> Said:
    return row.staff(row.data.staff) or translated("the office")


PLANS: Final = RegisterForm(
    translated("Plan of visits to be paid"), "I S T C",
    (
        field(translated("serial number"), PLAN, "plan"), field(translated("day"), PLAN, "on"),
        FormColumn(translated("kind"), f"{PLAN}: kind", in_words("kind")),
        name(translated("name of the customer"), PLAN), phones(translated("phone number"), PLAN),
        field(translated("time of the visit"), PLAN, "on"),
        FormColumn(translated("way of the visit"), f"{PLAN}: method", in_words("method")),
        field(translated("purpose expected"), PLAN, "purpose"), field(translated("place"), PLAN, "place"),
        field(translated("what is needed"), PLAN, "needs"), who(translated("visited by"), PLAN, "by"),
        FormColumn(translated("carried out"), "R8 done", _done),
        stage(),
    ),
    records(PlanMade),
)  # fmt: skip

LOGS: Final = RegisterForm(
    translated("Work log"), "D L S T",
    (
        who(translated("salesperson"), LOG, "by"),
        FormColumn(translated("kind"), f"{LOG}: kind", in_words("kind")),
        field(translated("from the day"), LOG, "from_"), field(translated("to the day"), LOG, "to"),
        field(translated("done"), LOG, "done"), field(translated("problems"), LOG, "problems"),
        field(translated("plan"), LOG, "planned"),
        FormColumn(translated("visits"), f"{LOG}: counts", _count("visits"), "count"),
        FormColumn(translated("calls"), f"{LOG}: counts", _count("calls"), "count"),
        FormColumn(translated("follow-ups"), f"{LOG}: counts", _count("followups"), "count"),
        FormColumn(translated("superior's remark"), "R6 remark", _remark), stage(),
    ),
    records(WorklogSubmitted),
)  # fmt: skip

SURVEYS: Final = RegisterForm(
    translated("Satisfaction of visitors, called back"), "F C",
    (
        FormColumn(translated("name of the project"), "visit.registered: project", _project),
        name(translated("name of the customer"), SURVEY),
        FormColumn(translated("kind of customer"), "R15 nature", _nature),
        phones(translated("phone of the customer"), SURVEY),
        FormColumn(translated("sales representative"), "R15 consultant", _representative),
        FormColumn(translated("sum of points"), "R15 total", _points, "count"),
        FormColumn(translated("received actively"), "R15 received", _answer("greeted", "introduced"), "count"),
        FormColumn(translated("answered patiently"), "R15 patient", _answer("patient"), "count"),
        FormColumn(translated("explained clearly"), "R15 clear", _answer("clear"), "count"),
        FormColumn(translated("would look again or recommend"), "R15 would", _answer("would_recommend"), "count"),
        FormColumn(translated("score"), f"{SURVEY}: score", on("score"), "count"),
        field(translated("suggestion"), SURVEY, "suggestion"), happened(translated("day"), SURVEY),
    ),
    records(SurveyRecorded),
)  # fmt: skip

COMPLAINTS: Final = RegisterForm(
    translated("Complaints and suggestions"), "C O S",
    (
        number(), name(translated("name of the client"), FED),
        FormColumn(translated("kind"), f"{FED}: kind", in_words("kind")),
        happened(translated("time of the complaint"), FED), field(translated("content"), FED, "content"),
        who(translated("against"), FED, "against"), field(translated("department"), FED, "department"),
        FormColumn(translated("time of the answer"), "R16 answered", _answered("occurred_at")),
        FormColumn(translated("course of the handling"), "R16 action", _answered("action")),
        FormColumn(translated("result"), "R16 outcome", _answered("outcome")),
        FormColumn(translated("satisfied"), "R16 satisfied", _answered("satisfied")),
    ),
    records(FeedbackReceived),
)  # fmt: skip


def _requests(change: bool) -> Callable[[FormReader], Iterable[FormRow]]:
    return records(RequestSubmitted, only=lambda data: (data.kind == "data_change") == change)


_REQUEST: Final = (
    field(translated("serial number"), ASKED, "request"), happened(translated("day of the request"), ASKED),
    FormColumn(translated("kind"), f"{ASKED}: kind", in_words("kind")),
    name(translated("name of the client"), ASKED), who(translated("applicant"), ASKED, "by"),
    field(translated("reason"), ASKED, "reason"),
    field(translated("change that is asked for"), ASKED, "proposed"),
    field(translated("record"), ASKED, "record"), field(translated("deal number"), ASKED, "deal"), stage(),
)  # fmt: skip
REQUEST_FORM: Final = RegisterForm(translated("Requests"), "D T", _REQUEST, _requests(False))
DATA_CHANGES: Final = RegisterForm(
    translated("Request for a change of customer data"), "K", _REQUEST, _requests(True)
)

CHECK_FORM: Final = RegisterForm(
    translated("Checks of customer data"), "I K D",
    (
        field(translated("serial number"), CHECK, "check"), happened(translated("day of the check"), CHECK),
        FormColumn(translated("kind"), f"{CHECK}: kind", in_words("kind")),
        who(translated("checked by"), CHECK, "by"),
        FormColumn(translated("customer"), f"{CHECK}: items", _checked),
        FormColumn(translated("what was checked"), f"{CHECK}: items", lambda row: row.part.field or row.part.record),
        FormColumn(translated("found"), f"{CHECK}: items", lambda row: word_of("verdict", row.part.verdict)),
        FormColumn(translated("annotation"), f"{CHECK}: items", lambda row: row.words(row.part.note)),
    ),
    _items,
)  # fmt: skip

TARGET_FORM: Final = RegisterForm(
    translated("Targets that were set"), "D R T",
    (
        FormColumn(translated("metric"), f"{TARGET}: metric", lambda row: word_of("metric", row.data.metric)),
        FormColumn(translated("whose"), f"{TARGET}: staff", _whose),
        field(translated("from the day"), TARGET, "from_"), field(translated("to the day"), TARGET, "to"),
        FormColumn(translated("target"), f"{TARGET}: value", lambda row: Decimal(row.data.value), "shared"),
    ),
    records(TargetSet),
)  # fmt: skip


DOCUMENTS: Final = RegisterForm(
    translated("Documents and attachments"), "O S",
    (
        number(), name(translated("name of the client"), PAPER), happened(translated("day"), PAPER),
        field(translated("kind"), PAPER, "kind"), field(translated("title of the paper"), PAPER, "title"),
        field(translated("deal number"), PAPER, "deal"), field(translated("record"), PAPER, "record"),
        FormColumn(translated("size in bytes"), f"{PAPER}: bytes", on("bytes"), "count"),
        field(translated("digest"), PAPER, "sha256"),
    ),
    records(DocumentAttached),
)  # fmt: skip
