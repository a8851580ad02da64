"""Issuing a report, taking it from stage to stage, reading it as it was, and what waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from fastapi import Query, Request
from msgspec import UNSET
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.registers.answering.exchange import EncodedAnswer
from services.registers.answering.issued_answers import (
    IssuedPage,
    IssuedReportAnswer,
    IssuedStepAnswer,
    WaitingApprovals,
    WaitingRecords,
    WaitingReport,
)
from services.registers.answering.issuing import (
    IssuedEdition,
    WaitingAsked,
    issue_report,
    issued_workbook,
    kept_report,
    later_differences,
    waiting_records,
)
from services.registers.answering.report_answers import ReportAnswer
from services.registers.answering.reports import ReportAsked
from services.registers.http.asking import Calls, RegisterAsking, Responses, encoded, headers_of
from services.registers.http.parameters import (
    Cursor,
    Day,
    From,
    Limit,
    MinSeq,
    Moment,
    Office,
    To,
    cursor_of,
    place_in,
    wrong,
)
from services.registers.http.reports_calls import known_report
from services.registers.http.sight import OfficeCaller
from services.registers.http.workbook_calls import XLSX, English, workbook_file
from services.registers.issued.stages import ACTIONS, IssuedStage, NextStage, awaits, following
from services.registers.issued.store import (
    IssuedReport,
    IssuedReports,
    IssuedStep,
    StageTakenError,
    digest_of,
)
from services.registers.lists.waiting import AwaitedStage
from services.registers.reports.catalogue import REPORTS
from services.registers.sheets.report_book import ReportStage
from shared.access.readers import report_action
from shared.access.report import disclosed
from shared.access.table import permission_table
from shared.contract import BadEvent, format_instant, parse_instant
from shared.contract.masking import mask_words
from shared.contract.schema import INSTANT
from shared.i18n import bilingual, listed, translated
from shared.platform.http.openapi import JSON
from shared.platform.http.problem import ProblemError
from shared.platform.place_names import PlaceNames

T = TypeVar("T")
ISSUE: Final = "report.issue"
READ_ISSUED: Final = "report.read_issued"
READ_APPROVALS: Final = "register.approvals"
OPEN: Final[tuple[IssuedStage, ...]] = ("issued", "reviewed", "approved")
ALL: Final[tuple[IssuedStage, ...]] = (*OPEN, "filed", "returned")
Stage = Annotated[IssuedStage | None, Query(description="only those at this stage")]
Awaited = Annotated[AwaitedStage | None, Query(description="only what waits for this stage")]
Mine = Annotated[bool, Query(description="only what the caller may do")]
Registrations = Annotated[bool, Query(description="visits and calls among them")]
OnlyReport = Annotated[str | None, Query(max_length=40, pattern=r"^[a-zA-Z0-9-]+$")]
Place = Annotated[
    int | None, Query(alias="cursor", ge=1, le=2**62, description="`cursor` of the page before")
]
_Remark = Annotated[str | None, Field(default=None, max_length=2000, description="phones in it are masked")]


class IssueReport(BaseModel):
    """Which report is issued; as known now unless said."""

    model_config = ConfigDict(extra="forbid")
    report: str = Field(min_length=1, max_length=40)
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    by: str | None = Field(default=None, max_length=40)
    known_at: Annotated[str, Field(max_length=40, json_schema_extra=dict(INSTANT))] | None = Field(
        default=None, description="RFC 3339 with offset"
    )
    remark: _Remark


class SetStage(BaseModel):
    """The stage that an issued report is taken to."""

    model_config = ConfigDict(extra="forbid")
    stage: NextStage
    remark: _Remark


class IssuedCalls:
    """The handlers of these calls."""

    def __init__(self, asking: RegisterAsking, kept: IssuedReports, names: PlaceNames) -> None:
        self._asking, self._kept, self._names = asking, kept, names

    def add_to(self, calls: Calls) -> None:
        one = "issued-reports/{issued}"
        again: Responses = {409: {"description": "It was returned, and is issued again as known later"}}
        calls.add("POST", "issued-reports", self.issue, "Issue a report", IssuedReportAnswer, again, 201)
        calls.add("GET", "issued-reports", self.page, "A page of issued reports", IssuedPage)
        calls.add("GET", one, self.one, "An issued report and its stages", IssuedReportAnswer)
        calls.add("GET", f"{one}/document", self.document, "An issued report as it was", ReportAnswer)
        calls.add_file(f"{one}/workbook", self.workbook, "An issued report as a workbook", XLSX)
        told = "How the report of now differs from the one that was issued"
        calls.add("GET", f"{one}/differences", self.differences, told, ReportAnswer)
        order: Responses = {409: {"description": "The stage does not follow, or somebody else has set one"}}
        calls.add(
            "POST", f"{one}/steps", self.step, "Take a report to its next stage", IssuedReportAnswer, order
        )
        calls.add("GET", "approvals", self.approvals, "What waits for whom", WaitingApprovals)

    async def issue(self, request: Request, office: Office, asked: IssueReport) -> Response:
        """The bytes are kept with their digest. The same report as known at the same time is issued once: the answer
        to a repetition is the first one."""
        name = known_report(asked.report)
        caller = await self._asking.caller(request, office)
        sight = caller.whole(ISSUE)
        caller.whole(report_action(name))
        moment = self._asking.moment(None, _time(asked.known_at))
        question = ReportAsked(name, asked.first, asked.last, asked.by)
        found = await self._asking.ask(caller, moment, issue_report, sight, question)
        made, known_at = found.value, moment.known_at
        assert known_at is not None, "the moment was meant"
        place = (
            f"{caller.scope}/{office}/{name}/{made.first}/{made.last}/{asked.by}/{format_instant(known_at)}"
        )
        at = self._asking.now()
        report = IssuedReport(
            id=uuid5(NAMESPACE_URL, place), scope=caller.scope, office=office, report=name, first=made.first,
            last=made.last, grain=asked.by, known_at=known_at, as_of=known_at, as_of_seq=found.as_of_seq,
            scheme=made.scheme, rulebook=made.rulebook, issued_by=caller.staff(), issued_at=at,
            digest=digest_of(made.document), stage="issued", stage_at=at,
        )  # fmt: skip
        await _aside(lambda: self._kept.put(report, made.document, _masked(asked.remark)))
        disclosed(detail=f"report {name} issued")
        kept = await self._found(caller, report.id)
        if kept.stage == "returned":
            told = bilingual("this report was returned: mend the records, and issue it as known later")
            raise wrong("known_at", "returned", told, 409)
        return encoded(await self._answer(kept), 201)

    async def page(
        self,
        request: Request,
        office: Office,
        stage: Stage = None,
        report: OnlyReport = None,
        cursor: Place = None,
        limit: Limit = 100,
    ) -> Response:
        """The latest first."""
        caller = await self._asking.caller(request, office)
        caller.whole(READ_ISSUED)
        stages = ALL if stage is None else (stage,)
        name = known_report(report) if report is not None else None
        found = await _aside(
            lambda: self._kept.page(caller.scope, office, stages, name, cursor or 0, limit + 1)
        )
        page = found[:limit]
        disclosed(count=len(page))
        following = str(page[-1][0]) if len(found) > limit else None
        return encoded(IssuedPage([_answer(one) for _, one in page], following))

    async def one(self, request: Request, office: Office, issued: UUID) -> Response:
        """Who set which stage when."""
        caller = await self._asking.caller(request, office)
        caller.whole(READ_ISSUED)
        return encoded(await self._answer(await self._found(caller, issued)))

    async def document(self, request: Request, office: Office, issued: UUID) -> Response:
        """The figures as they were issued, whatever was recorded since; names of whom was erased are gone."""
        caller = await self._asking.caller(request, office)
        kept = await self._readable(caller, issued)
        document = await _aside(lambda: self._kept.document(issued))
        sight = caller.whole(READ_ISSUED)
        moment = self._asking.moment(None, format_instant(kept.known_at), format_instant(kept.as_of))
        question = ReportAsked(kept.report, kept.first, kept.last, kept.grain)
        return await self._asking.answer(caller, sight, moment, kept_report, question, document)

    async def workbook(
        self, request: Request, office: Office, issued: UUID, english: English = False
    ) -> Response:
        """The figures as they were issued, with who issued, reviewed and approved them, when, and the digest."""
        caller = await self._asking.caller(request, office)
        kept = await self._readable(caller, issued)
        document = await _aside(lambda: self._kept.document(issued))
        _, *steps = await _aside(lambda: self._kept.steps(issued))
        stages = tuple(ReportStage(one.stage, one.by, one.at, one.remark) for one in steps)
        how = IssuedEdition(kept.issued_by, kept.issued_at, stages, kept.digest, english, self._names)
        moment = self._asking.moment(None, format_instant(kept.known_at), format_instant(kept.as_of))
        question = ReportAsked(kept.report, kept.first, kept.last, kept.grain)
        made = await self._asking.answer(
            caller, caller.whole(READ_ISSUED), moment, issued_workbook, question, document, how
        )
        title = f"{REPORTS[kept.report].code} {translated('issued report').zh}"
        return workbook_file(made, title, kept.report, office, kept.first, kept.last)

    async def differences(
        self, request: Request, office: Office, issued: UUID, known_at: Moment = None, min_seq: MinSeq = None
    ) -> Response:
        """The report as known now, and line by line what explains the difference: 补录, 更正, 合并, 退定."""
        caller = await self._asking.caller(request, office)
        kept = await self._readable(caller, issued)
        question = ReportAsked(kept.report, kept.first, kept.last, kept.grain, kept.known_at)
        moment = self._asking.moment(min_seq, known_at)
        return await self._asking.answer(
            caller, caller.whole(READ_ISSUED), moment, later_differences, question
        )

    async def step(self, request: Request, office: Office, issued: UUID, asked: SetStage) -> Response:
        """Reviewed, then approved, by another than who issued it, then filed; or returned, which ends it."""
        caller = await self._asking.caller(request, office)
        caller.whole("report.step")
        kept = await self._found(caller, issued)
        caller.whole(ACTIONS[asked.stage])
        if asked.stage not in following(kept.stage):
            known = listed(following(kept.stage)) or "—"
            told = bilingual("the report is {stage}; what follows is: {known}", stage=kept.stage, known=known)
            raise wrong("stage", "order", told, 409)
        if asked.stage == "approved" and _is_issuer(caller, kept):
            raise wrong("stage", "own_report", bilingual("whoever issued a report does not approve it"), 403)
        steps = await _aside(lambda: self._kept.steps(issued))
        step = IssuedStep(asked.stage, caller.staff(), self._asking.now(), _masked(asked.remark))
        try:
            await _aside(lambda: self._kept.add(issued, step, len(steps) + 1))
        except StageTakenError:
            raise wrong("stage", "order", bilingual("somebody else has set a stage meanwhile"), 409) from None
        disclosed(detail=f"report {kept.report} {asked.stage}")
        return encoded(await self._answer(await self._found(caller, issued)))

    async def approvals(
        self,
        request: Request,
        office: Office,
        first: From = None,
        last: To = None,
        stage: Awaited = None,
        mine: Mine = False,
        registrations: Registrations = True,
        cursor: Cursor = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        """Visits and calls of the last 31 days unless said, on their way from review to filing (without
        `registrations` none of them), outings and requests that nobody decided; and issued reports, on the first
        page."""
        at = cursor_of(cursor)
        caller = await self._asking.caller(request, office)
        sight, moment = caller.sight(READ_APPROVALS), self._asking.moment(min_seq, None, None, at)
        permits = permission_table().permits(caller.caller, READ_APPROVALS, caller.scope)
        roles = tuple(one.role for one in permits if one.covers(caller.scope, office))
        staff = tuple(sorted(caller.caller.staff_ids(caller.scope)))
        asked = WaitingAsked(roles, staff, first, last, stage, mine, registrations, limit=limit)
        asked = msgspec.structs.replace(asked, after=place_in(at, asked))
        found = await self._asking.ask(caller, moment, waiting_records, sight, asked)
        disclosed(count=found.value.count, detail=found.value.detail)
        reports = [] if at is not None or not sight.whole else await self._waiting(caller, stage, mine)
        body = _approvals(found.value, reports)
        return Response(msgspec.json.encode(body), media_type=JSON, headers=headers_of(found))

    async def _waiting(
        self, caller: OfficeCaller, stage: AwaitedStage | None, mine: bool
    ) -> list[WaitingReport]:
        found = await _aside(lambda: self._kept.page(caller.scope, caller.office, OPEN, None, 0, 500))
        waiting = [
            WaitingReport(next_, _may(caller, next_, one), _answer(one))
            for _, one in found
            if (next_ := awaits(one.stage)) is not None and stage in (None, next_)
        ]
        return [one for one in waiting if one.mine or not mine]

    async def _found(self, caller: OfficeCaller, issued: UUID) -> IssuedReport:
        found = await _aside(lambda: self._kept.find(caller.scope, caller.office, issued))
        if found is None:
            raise ProblemError(404, bilingual("no such report was issued in this office"))
        return found

    async def _readable(self, caller: OfficeCaller, issued: UUID) -> IssuedReport:
        """One whose document the caller may read: all of the office's rows stand in it."""
        caller.whole(READ_ISSUED)
        kept = await self._found(caller, issued)
        caller.whole(report_action(kept.report))
        return kept

    async def _answer(self, kept: IssuedReport) -> IssuedReportAnswer:
        steps = await _aside(lambda: self._kept.steps(kept.id))
        told = [IssuedStepAnswer(one.stage, one.by, format_instant(one.at), one.remark) for one in steps]
        return msgspec.structs.replace(_answer(kept), steps=told)


async def _aside(work: Callable[[], T]) -> T:
    """In a thread, as the driver of the database is synchronous."""
    return await asyncio.to_thread(work)


def _is_issuer(caller: OfficeCaller, report: IssuedReport) -> bool:
    return report.issued_by in caller.caller.names(caller.scope)


def _may(caller: OfficeCaller, stage: NextStage, report: IssuedReport) -> bool:
    if stage == "approved" and _is_issuer(caller, report):
        return False
    return bool(permission_table().permits(caller.caller, ACTIONS[stage], caller.scope))


def _masked(remark: str | None) -> str | None:
    return mask_words(remark) if remark else None


def _time(text: str | None) -> str | None:
    """A time of a body, refused by its own field."""
    if text is not None:
        try:
            parse_instant(text)
        except BadEvent as refusal:
            raise wrong("known_at", refusal.rule, refusal.message) from None
    return text


def _answer(one: IssuedReport) -> IssuedReportAnswer:
    return IssuedReportAnswer(
        id=str(one.id), office=one.office, report=one.report, first=one.first.isoformat(),
        last=one.last.isoformat(), by=one.grain, known_at=format_instant(one.known_at),
        as_of=format_instant(one.as_of), as_of_seq=one.as_of_seq, scheme=one.scheme, rulebook=one.rulebook,
        issued_by=one.issued_by, issued_at=format_instant(one.issued_at), digest=one.digest, stage=one.stage,
        stage_at=format_instant(one.stage_at), awaits=awaits(one.stage), steps=UNSET,
    )  # fmt: skip


def _approvals(answer: EncodedAnswer, reports: list[WaitingReport]) -> WaitingApprovals:
    found = msgspec.json.decode(answer.body, type=WaitingRecords)
    said: dict[str, Any] = {name: getattr(found, name) for name in found.__struct_fields__}
    return WaitingApprovals(reports=reports, **said)
