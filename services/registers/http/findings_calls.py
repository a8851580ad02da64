"""Findings of machines as a list that somebody owns and closes; nothing of it reaches a decision."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Final

import msgspec
from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.registers.answering.finding_answers import FindingAnswer, FindingPage
from services.registers.answering.findings import (
    UNSETTLED,
    FindingsAsked,
    body_of,
    findings_page,
    one_finding,
)
from services.registers.answering.staff import is_enrolled
from services.registers.findings.finding import FindingAct, FindingState, FindingStep, by_finding
from services.registers.findings.signs import kinds
from services.registers.findings.store import FindingSteps, StepTakenError
from services.registers.http.asking import Calls, RegisterAsking, Responses
from services.registers.http.parameters import (
    Cursor,
    Day,
    Limit,
    MinSeq,
    Office,
    Words,
    cursor_of,
    place_in,
    wrong,
)
from services.registers.http.sight import OfficeCaller
from services.registers.reading.known_scope import AskedMoment
from shared.access.report import disclosed
from shared.contract.masking import mask_words
from shared.i18n import bilingual, listed
from shared.ids import StaffId

READ: Final = "finding.read"
SETTLE: Final = "finding.settle"
FindingId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]
State = Annotated[FindingState | None, Query(description="open and owned unless said")]
Kind = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z0-9_]+$")]
OfDay = Annotated[Day | None, Query(description="of the relations; the last whole day unless said")]
_Note = Field(min_length=1, max_length=2000, description="phones in it are masked")


class OwnFinding(BaseModel):
    """Who is to see to a finding."""

    model_config = ConfigDict(extra="forbid")
    owner: str = Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z._:@-]+$")
    note: str | None = Field(default=None, max_length=2000, description="phones in it are masked")


class CloseFinding(BaseModel):
    """What was found out, by which a finding is closed."""

    model_config = ConfigDict(extra="forbid")
    note: str = _Note


class FindingCalls:
    """The handlers of these calls."""

    def __init__(self, asking: RegisterAsking, kept: FindingSteps) -> None:
        self._asking, self._kept = asking, kept

    def add_to(self, calls: Calls) -> None:
        calls.add("GET", "findings", self.page, "What machines found in the registers", FindingPage)
        calls.add("GET", "findings/{finding}", self.one, "One finding", FindingAnswer)
        taken: Responses = {409: {"description": "Somebody else did something about it meanwhile"}}
        own = "Give a finding to somebody"
        calls.add("POST", "findings/{finding}/owner", self.own, own, FindingAnswer, taken)
        calls.add("POST", "findings/{finding}/closing", self.close, "Close a finding", FindingAnswer, taken)

    async def page(
        self,
        request: Request,
        office: Office,
        state: State = None,
        kind: Kind = None,
        staff: Words = None,
        day: OfDay = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        """Relations of the forms that fail (R18), data that lacks (R19), signs of 截客 and 飞单. `staff` is who owns a
        finding, or whom it names."""
        if kind is not None and kind not in kinds():
            raise wrong("query.kind", "choice", bilingual("must be one of {known}", known=listed(kinds())))
        at = cursor_of(cursor)
        caller = await self._asking.caller(request, office)
        sight, moment = caller.whole(READ), self._asking.moment(min_seq, None, None, at)
        states = UNSETTLED if state is None else (state,)
        asked = FindingsAsked(day, states, kind, staff, limit=limit)
        asked = msgspec.structs.replace(asked, after=place_in(at, asked))
        steps = await self._steps(caller)
        return await self._asking.answer(caller, sight, moment, findings_page, asked, steps)

    async def one(
        self, request: Request, office: Office, finding: FindingId, day: OfDay = None, min_seq: MinSeq = None
    ) -> Response:
        """Also one that does not stand any more, if somebody had it in hand."""
        caller = await self._asking.caller(request, office)
        sight, moment = caller.whole(READ), self._asking.moment(min_seq)
        steps = await self._steps(caller)
        return await self._asking.answer(caller, sight, moment, one_finding, finding, day, steps)

    async def own(
        self, request: Request, office: Office, finding: FindingId, asked: OwnFinding, day: OfDay = None
    ) -> Response:
        """Whoever owns a finding is named with it until another is."""
        caller = await self._asking.caller(request, office)
        return await self._step(caller, finding, day, "owned", asked.owner, asked.note)

    async def close(
        self, request: Request, office: Office, finding: FindingId, asked: CloseFinding, day: OfDay = None
    ) -> Response:
        """It is open again when something new is recorded of it and it still stands."""
        caller = await self._asking.caller(request, office)
        return await self._step(caller, finding, day, "closed", None, asked.note)

    async def _step(
        self,
        caller: OfficeCaller,
        finding: str,
        day: date | None,
        act: FindingAct,
        owner: str | None,
        note: str | None,
    ) -> Response:
        sight, moment = caller.whole(SETTLE), self._asking.moment(None)
        steps = await self._steps(caller)
        found = await self._asking.ask(caller, moment, one_finding, sight, finding, day, steps)
        known = msgspec.json.decode(found.value.body, type=FindingAnswer)
        if owner is not None:
            await self._demand_enrolled(caller, moment, StaffId(owner))
        made = FindingStep(
            finding=finding, number=len(by_finding(steps).get(finding, ())) + 1, step=act, owner=owner,
            note=mask_words(note) if note else None, by=caller.staff(), at=self._asking.now(),
            as_of_seq=found.as_of_seq, body=body_of(known),
        )  # fmt: skip
        try:
            await asyncio.to_thread(self._kept.add, caller.scope, caller.office, made)
        except StepTakenError:
            told = bilingual("somebody else did something about this finding meanwhile")
            raise wrong("finding", "taken", told, 409) from None
        disclosed(detail=f"finding {finding} {act}")
        return await self._asking.answer(
            caller, sight, moment, one_finding, finding, day, await self._steps(caller)
        )

    async def _demand_enrolled(self, caller: OfficeCaller, moment: AskedMoment, owner: StaffId) -> None:
        if not (await self._asking.ask(caller, moment, is_enrolled, owner)).value:
            raise wrong("owner", "unknown_staff", bilingual("nobody is enrolled as {staff}", staff=owner))

    async def _steps(self, caller: OfficeCaller) -> list[FindingStep]:
        return await asyncio.to_thread(self._kept.of, caller.scope, caller.office)
