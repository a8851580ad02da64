"""A report that is issued, one that was issued, and what of the registers waits for whom."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from services.registers.answering.exchange import CallerSight, EncodedAnswer
from services.registers.answering.issued_answers import WaitingRecord, WaitingRecords
from services.registers.answering.question import ScopeQuestion, encoded
from services.registers.answering.reports import (
    ReportAsked,
    document_of,
    plain_report,
    report_sight,
    report_with_words,
)
from services.registers.lists.cursor import written_cursor
from services.registers.lists.reach import RowReach
from services.registers.lists.rows import ListRow
from services.registers.lists.selecting import Place
from services.registers.lists.waiting import AwaitedStage, awaited
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import find_report
from services.registers.reports.decoding import report_in
from services.registers.reports.encoding import in_json
from services.registers.reports.explaining import explain
from services.registers.sheets.report_book import ReportEdition, ReportIssue, ReportStage, write_report
from shared.contract import RequestSubmitted
from shared.ids import CustomerId, StaffId
from shared.platform.place_names import PlaceNames

LOOKED_BACK: Final = 31
"""Days whose records are looked at for what waits, where no others are asked for."""


class MadeReport(Struct, frozen=True):
    """A report as it is kept: its bytes as the registers have them, under seal, and by what it was made."""

    document: bytes
    scheme: str
    rulebook: str
    first: date
    last: date


def issue_report(scope: KnownScope, sight: CallerSight, asked: ReportAsked) -> MadeReport:
    """The report of the whole office, to be kept."""
    question = ScopeQuestion(scope, sight)
    made = plain_report(question, asked)
    head = made.head
    return MadeReport(in_json(made).encode(), head.scheme, head.rulebook, head.period.first, head.period.last)


class IssuedEdition(Struct, frozen=True):
    """What a workbook says of how a report was issued, staff by their ids; and what offices are called."""

    issued_by: str
    issued_at: datetime
    stages: tuple[ReportStage, ...] = ()
    digest: str = ""
    english: bool = False
    names: PlaceNames = PlaceNames()


def issued_workbook(
    scope: KnownScope, sight: CallerSight, asked: ReportAsked, document: bytes, how: IssuedEdition
) -> EncodedAnswer:
    """An issued report as a workbook, with its figures as they were kept, and who issued, reviewed and approved it."""
    question = ScopeQuestion(scope, sight)
    if _is_made_again(question, asked, document):
        made = report_sight(question, asked).report(report_with_words(question, asked))
    else:
        made = report_in(report_sight(question, asked).document(msgspec.json.decode(document)))
    named = scope.known.staff_name
    edition = ReportEdition(
        code=find_report(asked.report)[1].code,
        issued=ReportIssue(named(StaffId(how.issued_by)), how.issued_at),
        english=how.english,
        stages=tuple(replace(one, by=named(StaffId(one.by))) for one in how.stages),
        digest=how.digest,
        names=how.names,
    )
    file = io.BytesIO()
    write_report(made, file, edition)
    return EncodedAnswer(file.getvalue(), detail=f"export of issued report {asked.report}")


def _is_made_again(question: ScopeQuestion, asked: ReportAsked, document: bytes) -> bool:
    """Whether the report comes out as it was kept; not where another version made it, or another text of a rulebook."""
    return in_json(plain_report(question, asked)).encode() == document


def kept_report(scope: KnownScope, sight: CallerSight, asked: ReportAsked, document: bytes) -> EncodedAnswer:
    """The bytes of an issued report with its names; and its words, where the report can be made again as it was."""
    question = ScopeQuestion(scope, sight)
    if _is_made_again(question, asked, document):
        body = document_of(question, asked, report_with_words(question, asked))
    else:
        shown = report_sight(question, asked).document(msgspec.json.decode(document))
        body = msgspec.json.encode(shown)
    return EncodedAnswer(body, detail=f"issued report {asked.report}")


def later_differences(scope: KnownScope, sight: CallerSight, asked: ReportAsked) -> EncodedAnswer:
    """How the report as known now differs from the run that was issued, line by line."""
    question = ScopeQuestion(scope, sight)
    assert asked.issued is not None, "an issued report says when it was known"
    now = report_with_words(question, asked)
    then = scope.known_by(asked.issued, asked.as_of or asked.issued)
    before = plain_report(question, asked, then)
    differences = explain(scope.registers, before, now)
    return EncodedAnswer(document_of(question, asked, now, differences), detail=f"report {asked.report}")


class WaitingAsked(Struct, frozen=True):
    """Whose records of which days are looked at, and from where; `roles` and `staff` are the caller's here."""

    roles: tuple[str, ...]
    staff: tuple[str, ...]
    first: date | None = None
    last: date | None = None
    stage: AwaitedStage | None = None
    mine: bool = False
    registrations: bool = True
    after: Place | None = None
    limit: int = 100


def waiting_records(scope: KnownScope, sight: CallerSight, asked: WaitingAsked) -> EncodedAnswer:
    """Records that wait for review, approval or filing, the oldest first."""
    question = ScopeQuestion(scope, sight)
    today = question.period(None, None).last
    first = asked.first or (asked.last or today) - timedelta(days=LOOKED_BACK - 1)
    basis = question.basis(question.period(first, asked.last or today))
    reach = question.reach(basis)
    all_ = [one for one in awaited(basis, registrations=asked.registrations) if reach.entry(one.record)]
    found = [
        one
        for one in all_
        if asked.stage in (None, one.stage) and (not asked.mine or one.may(asked.roles, asked.staff))
    ]
    places = [(one, (f"{one.record.occurred_at.timestamp():020.6f}", one.record.id)) for one in found]
    behind = [one for one in places if asked.after is None or one[1] > asked.after]
    page = behind[: asked.limit]
    rows, opened = question.opened_rows(basis, (one.record.id for one, _ in page))
    told = [rows.record(opened.known.entries[one.record.id], None) for one, _ in page]
    about = [_about(opened, reach, row) for row in told]
    shown = question.presenting(opened, [*told, *about])
    waiting = [
        WaitingRecord(
            one.stage, list(one.roles), shown.staff(one.by), one.may(asked.roles, asked.staff), shown.row(row),
            shown.customer(customer) or UNSET,
        )
        for (one, _), row, customer in zip(page, told, about, strict=True)
    ]  # fmt: skip
    following = page[-1][1] if len(behind) > asked.limit else None
    body = WaitingRecords(
        records=waiting, counts=_counts(one.stage for one in all_), total=len(found),
        first=basis.period.first.isoformat(), last=basis.period.last.isoformat(),
        cursor=written_cursor(following, scope.known.known_at, scope.known.as_of, asked), **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(page), detail="approvals")


def _about(basis: ReportBasis, reach: RowReach, row: ListRow) -> CustomerId | None:
    """The customer of the record that a request names, where the caller reaches them."""
    request = row.entry.data if row.entry is not None else None
    named = request.record if isinstance(request, RequestSubmitted) else None
    record = basis.known.entry(named) if named is not None else None
    customer = record.customer if record is not None else None
    return customer if customer is not None and reach.customer(customer) else None


def _counts(stages: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {"reviewed": 0, "approved": 0, "filed": 0}
    for stage in stages:
        counts[stage] += 1
    return counts
