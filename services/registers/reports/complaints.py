"""R16, complaints, suggestions and praise (投诉记录表), and how they were answered."""

from __future__ import annotations

from datetime import timedelta

from services.registers.model.records import PostedRecord
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn
from services.registers.reports.tally import Tally
from shared.contract import ComplaintUpheld, FeedbackAnswered, FeedbackReceived
from shared.i18n import Text, translated


def complaints(basis: ReportBasis) -> OfficeReport:
    """What was received in the period."""
    tally = Tally()
    for feedback in basis.entries(FeedbackReceived):
        _line(tally, basis, feedback)
    table = tally.table("complaints", translated("Complaints"), _columns())
    return OfficeReport("complaints", translated("Complaints"), basis.head(), (table,))


def answer_of(basis: ReportBasis, name: str) -> PostedRecord[FeedbackAnswered] | None:
    """The last answer to a complaint."""
    found = [one for one in basis.known.of(FeedbackAnswered) if one.data.feedback == name]
    return found[-1] if found else None


def _line(tally: Tally, basis: ReportBasis, feedback: PostedRecord[FeedbackReceived]) -> None:
    data, key = feedback.data, (feedback.id,)
    answer = answer_of(basis, data.feedback)
    limit = basis.time.day(feedback.occurred_at) + timedelta(days=basis.scheme.answer_within)
    upheld = any(one.data.feedback == data.feedback for one in basis.known.of(ComplaintUpheld))
    tally.words(
        key,
        kind=_kind(data.kind),
        customer=basis.known.name_of(feedback.customer, feedback.name),
        day=basis.time.day(feedback.occurred_at).isoformat(),
        content=data.content,
        against=basis.staff_words(data.against or ""),
        answered=basis.time.day(answer.occurred_at).isoformat() if answer is not None else numbers.NONE,
        action=answer.data.action if answer is not None else "",
        outcome=_outcome(answer.data.outcome) if answer is not None else "",
    )
    figures = {
        "received": True,
        "open": answer is None,
        "in_time": answer is not None and basis.time.day(answer.occurred_at) <= limit,
        "answered_count": answer is not None,
        "satisfied": answer is not None and answer.data.satisfied is True,
        "upheld": upheld,
    }
    for figure, counts in figures.items():
        if counts:
            tally.add(key, figure, feedback.id)


def _kind(kind: str) -> Text:
    return {
        "complaint": translated("complaint"),
        "suggestion": translated("suggestion"),
        "praise": translated("praise"),
    }[kind]


def _outcome(outcome: str) -> Text:
    return {
        "resolved": translated("resolved"),
        "explained": translated("explained"),
        "rejected": translated("rejected"),
        "forwarded": translated("forwarded"),
    }[outcome]


def _columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("kind", translated("kind"), translated("complaint, suggestion or praise")),
        columns.customer(),
        columns.words("day", translated("day received"), translated("when it happened")),
        columns.words("content", translated("content"), translated("in the customer's words")),
        columns.words("against", translated("against"), translated("whom it is about")),
        columns.words("answered", translated("day of the answer"), translated("of the last answer")),
        columns.words("action", translated("action"), translated("what was done")),
        columns.words("outcome", translated("outcome"), translated("of the last answer")),
        ReportColumn("received", translated("received"), translated("what was received in the period")),
        ReportColumn("open", translated("not answered"), translated("without an answer")),
        ReportColumn("answered_count", translated("answered"), translated("with an answer")),
        ReportColumn(
            "in_time", translated("answered in time"), translated("within the days that the scheme names")
        ),
        columns.rate(
            "in_time_rate",
            translated("share in time"),
            translated("answered in time / received"),
            "in_time",
            "received",
        ),
        ReportColumn("satisfied", translated("satisfied"), translated("whose customer said so")),
        ReportColumn("upheld", translated("upheld"), translated("complaints that were upheld")),
    )
