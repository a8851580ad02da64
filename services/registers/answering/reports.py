"""Reports as `panke report --json` prints them, within a caller's reach; and the rows behind each of their figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.registers.answering.exchange import CallerSight, EncodedAnswer, wrong_field
from services.registers.answering.presenting import both
from services.registers.answering.question import ScopeQuestion, encoded, not_there
from services.registers.answering.report_answers import FigureRow, ReportRows
from services.registers.answering.report_sight import ReportSight
from services.registers.lists.cursor import written_cursor
from services.registers.lists.reach import narrowed
from services.registers.lists.rows import ListRow, RegisterRows
from services.registers.lists.selecting import Place
from services.registers.model.registers import AnyRecord, KnownRegisters
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.asking import WrongQuestionError, as_of_known, no_grain
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import UnknownGrainError, make_report
from services.registers.reports.encoding import counted_rows, in_json
from services.registers.reports.explaining import ExplainedFigure, explain
from services.registers.reports.report import OfficeReport, ReportLine, ReportTable
from shared.contract import (
    CallRegistered,
    DealProgressed,
    DealTermsSet,
    FeedbackAnswered,
    FeedbackReceived,
    FollowUpRecorded,
    PlanMade,
    RecordApproved,
    ReservationMade,
    SurveyRecorded,
    VisitRegistered,
    WorklogSubmitted,
)
from shared.i18n import bilingual, listed
from shared.ids import CustomerId, EventId

OWN_TABLES: Final = {"satisfaction": ("means",)}
"""Of which reports whoever sees own rows alone sees these tables alone: what customers say of one is told as means."""
COUNTED_ALONE: Final = frozenset({"complaints"})
"""Of which reports they see the totals alone: what customers complain about is read by superiors."""


class ReportAsked(Struct, frozen=True):
    """Which report, over which days, counted by what; `issued` explains the difference to the run known then."""

    report: str
    first: date | None = None
    last: date | None = None
    by: str | None = None
    issued: datetime | None = None
    as_of: datetime | None = None
    """As it was asked for, which holds of the earlier run too."""


class FigureAsked(Struct, frozen=True):
    """Which figure of a report is opened, and from where."""

    column: str
    table: str | None = None
    line: str | None = None
    after: Place | None = None
    limit: int = 100


def report_document(
    scope: KnownScope, sight: CallerSight, asked: ReportAsked, ids: bool = True
) -> EncodedAnswer:
    """The document; without `ids`, figures say how many rows are behind them, in some hundredth of its bytes."""
    question = ScopeQuestion(scope, sight)
    made, differences = made_report(question, asked)
    body = document_of(question, asked, made, differences, ids=ids)
    return EncodedAnswer(body, detail=f"report {asked.report}")


def document_of(
    question: ScopeQuestion,
    asked: ReportAsked,
    made: OfficeReport,
    differences: tuple[ExplainedFigure, ...] | None = None,
    *,
    ids: bool = True,
) -> bytes:
    """A report as `panke report --json` prints it, with names as they were typed, contacts masked as for the caller."""
    shown = report_sight(question, asked).document
    return in_json(
        made, differences, shown if ids else lambda document: counted_rows(shown(document))
    ).encode()


def report_sight(question: ScopeQuestion, asked: ReportAsked) -> ReportSight:
    """How the report is shown to the caller."""
    return ReportSight(question, question.basis(question.period(asked.first, asked.last)))


def made_report(
    question: ScopeQuestion, asked: ReportAsked
) -> tuple[OfficeReport, tuple[ExplainedFigure, ...] | None]:
    """The report within reach, and what explains the difference to an earlier run."""
    scope = question.scope
    made = _within(question, asked, _made(question, asked, scope.known))
    if asked.issued is None:
        return made, None
    then = scope.known_by(asked.issued, as_of_known(asked.as_of, asked.issued))
    before = _within(question, asked, _made(question, asked, then))
    return made, explain(scope.registers, before, made)


def _made(question: ScopeQuestion, asked: ReportAsked, known: KnownRegisters) -> OfficeReport:
    if known is question.known:
        return report_with_words(question, asked)
    return plain_report(question, asked, known)


def report_with_words(question: ScopeQuestion, asked: ReportAsked) -> OfficeReport:
    """The report of the whole office as known at the moment, with the words that it shows."""
    words = _WORDS_OF.get(asked.report)
    if words is None:
        return plain_report(question, asked)
    basis = question.basis(question.period(asked.first, asked.last))
    return plain_report(question, asked, question.with_words_of(words(basis)))


def plain_report(
    question: ScopeQuestion, asked: ReportAsked, known: KnownRegisters | None = None
) -> OfficeReport:
    """The report of the whole office, of what was known, as it stands under seal."""
    period = question.period(asked.first, asked.last)
    try:
        return make_report(asked.report, question.basis(period, known), asked.by)
    except WrongQuestionError as error:
        raise wrong_field(error.field, error.rule, str(error)) from None
    except UnknownGrainError:
        raise wrong_field("by", "grain", no_grain(asked.report, asked.by)) from None


def _of_days(*types: type[Any]) -> Callable[[ReportBasis], Iterator[AnyRecord]]:
    """The records of these types that happened in the period."""
    return lambda basis: (one for type_ in types for one in _since(basis, type_, basis.until))


def _since(basis: ReportBasis, type_: type[Any], until: datetime) -> list[AnyRecord]:
    begins = basis.time.end_of(basis.period.first - timedelta(days=1))
    found: list[AnyRecord] = [*basis.known.between(type_, begins, until)]
    return found


def _later(*types: type[Any]) -> Callable[[ReportBasis], Iterator[AnyRecord]]:
    """The records of these types since the period began, which tell of those of the period."""
    return lambda basis: (one for type_ in types for one in _since(basis, type_, basis.known.as_of))


def _whole(*types: type[Any]) -> Callable[[ReportBasis], Iterator[AnyRecord]]:
    """All records of these types."""
    return lambda basis: (one for type_ in types for one in basis.known.of(type_))


def _all_of(
    *parts: Callable[[ReportBasis], Iterator[AnyRecord]],
) -> Callable[[ReportBasis], Iterator[AnyRecord]]:
    return lambda basis: (one for part in parts for one in part(basis))


def _plans(basis: ReportBasis) -> Iterator[AnyRecord]:
    """Plans for a day of the period, or the day after."""
    last = basis.period.last + timedelta(days=1)
    return (one for one in basis.known.of(PlanMade) if basis.period.first <= one.data.on <= last)


_PAPERS: Final = _whole(DealTermsSet, DealProgressed)
_WORDS_OF: Final[dict[str, Callable[[ReportBasis], Iterator[AnyRecord]]]] = {
    "activity": _all_of(
        _of_days(VisitRegistered, CallRegistered, FollowUpRecorded),
        _plans,
        _later(WorklogSubmitted, RecordApproved),
    ),
    "due": _plans,
    "overdue": _PAPERS,
    "period": _PAPERS,
    "contracts": _PAPERS,
    "satisfaction": _of_days(SurveyRecorded),
    "complaints": _all_of(_of_days(FeedbackReceived), _later(FeedbackAnswered)),
    "reservations": _all_of(_of_days(ReservationMade), _later(FollowUpRecorded)),
}
"""Of the reports that show words, the records whose words they show."""


def _within(question: ScopeQuestion, asked: ReportAsked, made: OfficeReport) -> OfficeReport:
    """The report with the figures of the rows that the caller reaches."""
    if question.sight.whole:
        return made
    basis = question.basis(question.period(asked.first, asked.last))
    found = narrowed(made, question.reach(basis))
    if asked.report in COUNTED_ALONE:
        return msgspec.structs.replace(found, tables=tuple(map(_counted_alone, found.tables)))
    tables = OWN_TABLES.get(asked.report)
    if tables is None:
        return found
    return msgspec.structs.replace(found, tables=tuple(one for one in found.tables if one.name in tables))


def _counted_alone(table: ReportTable) -> ReportTable:
    figures = tuple(one for one in table.columns if one.kind != "text")
    return msgspec.structs.replace(table, columns=figures, lines=())


def figure_rows(
    scope: KnownScope, sight: CallerSight, asked: ReportAsked, figure: FigureAsked
) -> EncodedAnswer:
    """What a figure counts, row by row in the order of the report."""
    question = ScopeQuestion(scope, sight)
    made, _ = made_report(question, asked)
    table = _table(report_sight(question, asked).report(made), figure.table)
    found = list(_parts(table, _line(table, figure.line), figure.column).items())
    begin = int(figure.after[0]) if figure.after is not None and figure.after[0].isdigit() else 0
    page = found[begin : begin + figure.limit]
    following = (str(begin + figure.limit), "") if begin + figure.limit < len(found) else None
    basis = question.basis(question.period(asked.first, asked.last))
    rows, opened = question.opened_rows(basis, (id_.partition("#")[0] for id_, _ in page))
    behind = ((id_, amount, row_behind(rows, opened, id_)) for id_, amount in page)
    told = [(id_, amount, row if question.shows(row) else None) for id_, amount, row in behind]
    shown = question.presenting(opened, (row for *_, row in told))
    column = table.column(figure.column)
    body = ReportRows(
        report=asked.report, table=table.name, column=column.key, heading=both(column.heading),
        definition=both(column.definition),
        rows=[FigureRow(id_, str(amount), shown.row(row) if row is not None else None) for id_, amount, row in told],
        total=len(found), cursor=written_cursor(following, scope.known.known_at, scope.known.as_of, asked, figure),
        **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(page), detail=f"report {asked.report}, rows")


def row_behind(rows: RegisterRows, basis: ReportBasis, id_: str) -> ListRow | None:
    """The row behind a figure: a record, part of one, a customer; None of what is no row of its own."""
    entry = basis.known.entries.get(EventId(id_.partition("#")[0]))
    if entry is not None:
        return rows.record(entry, None)
    customer = CustomerId(id_.partition(":")[0])
    return rows.customer(customer) if customer in basis.known.customers else None


def _table(made: OfficeReport, name: str | None) -> ReportTable:
    for one in made.tables:
        if name in (None, one.name):
            return one
    known = listed(one.name for one in made.tables)
    raise wrong_field("table", "choice", bilingual("must be one of {known}", known=known))


def _line(table: ReportTable, typed: str | None) -> ReportLine:
    if typed is None:
        if table.total is None:
            raise wrong_field("line", "required", bilingual("is required: this table has no total"))
        return table.total
    key = _key(typed)
    for one in table.lines:
        if one.key == key:
            return one
    raise not_there(bilingual("the report has no such line"))


def _key(typed: str) -> tuple[str, ...]:
    if not typed.startswith("["):
        return (typed,)
    try:
        return msgspec.json.decode(typed, type=tuple[str, ...])
    except (msgspec.MsgspecError, UnicodeError):
        told = bilingual("must be a list of texts, as the report has it")
        raise wrong_field("line", "json", told) from None


def _parts(table: ReportTable, line: ReportLine, column: str) -> dict[str, Any]:
    """What each row adds; of a ratio, the rows of both its parts, with what they add to the first."""
    found = next((one for one in table.columns if one.key == column), None)
    if found is None or found.kind == "text":
        known = listed(one.key for one in table.columns if one.kind != "text")
        raise wrong_field("column", "choice", bilingual("must be one of {known}", known=known))
    if found.of is None:
        return dict(line.figures.get(column, {}))
    part = line.figures.get(found.of[0], {})
    return {id_: part.get(id_, 0) for id_ in line.ids(found)}
