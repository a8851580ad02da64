"""Replays over HTTP (contract.md#replays-over-http): asked for, looked at, read, cancelled."""

from __future__ import annotations

import gzip
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Path, Query, Request
from msgspec import Raw, Struct
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attribution.calls.asking import Asking, encoded
from services.attribution.calls.parameters import bad_input, moment_of, refused
from services.attribution.calls.routes import REFUSALS, Responses, Routes
from services.attribution.queries.snapshot import UnknownNameError
from services.attribution.replays.checking import ReplayWish, checked
from services.attribution.replays.jobs import ReplayJobs, ReplayOpenError, TooManyReplaysError
from services.attribution.replays.runner import ReplayRunner
from services.attribution.replays.sheet import SheetError, workbook_of
from shared.access.caller import Caller
from shared.access.extent import SEES_CONTACTS, ScopeExtent, Sight
from shared.access.guard import caller_of, permits_of
from shared.access.limits import CallerLimit
from shared.access.report import disclosed
from shared.access.table import permission_table
from shared.contract import BadEvent
from shared.contract.answers.replays import ReplayJob, ReplayResult, ReplaysPage
from shared.contract.schema import INSTANT
from shared.i18n import bilingual
from shared.ids import ScopeId
from shared.platform.http.openapi import JSON
from shared.platform.http.problem import ProblemError, unavailable
from shared.rules.rulebooks.registry import Registry

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST: Final = 1_000
"""Facts that may be left out, or put in, and customers that may be named."""
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_PLACE: Final = r"^[a-z0-9-]{1,64}$"
ReplayId = Annotated[str, Path(pattern=_UUID)]
Asker = Annotated[Caller, Depends(caller_of)]
Within = Annotated[ScopeId, Query(pattern=_PLACE, description="the scope whose replays are listed")]
_Time = Annotated[
    str, Field(max_length=40, description="RFC 3339 with offset", json_schema_extra=dict(INSTANT))
]
_NO_SUCH: Final = bilingual("there is no such replay")
_LIMITED: Final[Responses] = {
    429: {
        "description": "As many are open as may be, or too many were asked for; come again after Retry-After"
    }
}
_NOT_DONE: Final[Responses] = {**REFUSALS, 409: {"description": "The replay is not done"}}


class ReplayRequest(BaseModel):
    """What is to be otherwise. Without `rulebook` and `draft` adoptions count as they stand."""

    model_config = ConfigDict(extra="forbid")
    scope: str = Field(pattern=_PLACE)
    rulebook: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9_-]{1,64}(@[0-9a-f]{1,64})?$",
        description="a rulebook that is known, by name, `name@version` or `name@digest`",
    )
    draft: str | None = Field(default=None, max_length=262_144, description="the text of a rulebook file")
    values: dict[str, Any] | None = Field(
        default=None, max_length=100, description="values of the rulebook by path, such as `follow_up.every`"
    )
    drop: list[Annotated[str, Field(pattern=r"^[0-9A-Fa-f-]{36}$")]] | None = Field(
        default=None, max_length=MOST, description="facts to leave out, by id"
    )
    add: list[dict[str, Any]] | None = Field(
        default=None, max_length=MOST, description="events with `recorded_at` to put in"
    )
    customers: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST,
        description="the customers to tell of; all where left out",
    )
    as_of: _Time | None = None
    known_at: _Time | None = None


class ReplayCalls:
    """The handlers of these calls. A replay is for whoever may ask for one in its scope."""

    def __init__(
        self, asking: Asking, jobs: ReplayJobs, runner: ReplayRunner, registry: Registry, limit: CallerLimit
    ) -> None:
        self._asking = asking
        self._jobs = jobs
        self._runner = runner
        self._registry = registry
        self._limit = limit

    def add_to(self, routes: Routes) -> None:
        asked = "Have facts judged otherwise: another rulebook, facts left out or put in, other days"
        routes.post("/replays", self.ask, asked, ReplayJob, "Asked for", {**REFUSALS, **_LIMITED}, status=202)
        routes.get("/replays", self.listed, "The replays of a scope", ReplaysPage)
        routes.get("/replays/{replay}", self.one, "How far a replay is", ReplayJob)
        result = "The difference to what was decided"
        routes.get("/replays/{replay}/result", self.result, result, ReplayResult, _NOT_DONE)
        workbook = "The difference to what was decided, as a workbook"
        routes.get_file("/replays/{replay}/workbook", self.workbook, workbook, XLSX, _NOT_DONE)
        cancel = "Cancel a replay that is open, delete one that has ended"
        routes.delete("/replays/{replay}", self.remove, cancel, "Cancelled, or deleted")

    async def ask(self, request: Request, asked: ReplayRequest, caller: Asker) -> Response:
        """Nothing that was decided is touched. The answer says the `id` to look at."""
        scope, sight = ScopeId(asked.scope), self._sight(request, asked.scope)
        wish = _wish(asked)
        self._limit.check(caller)

        def put() -> ReplayJob:
            with self._asking.reader.of(scope, sight=sight) as snapshot:
                new = checked(wish, snapshot, self._registry, caller.subject, caller.login)
            return self._jobs.put(new)

        try:
            job = await self._asking.ask("lists", put, bilingual("there is no such scope"))
        except BadEvent as error:
            raise bad_input(error.path, error.rule, error.message) from None
        except TooManyReplaysError as error:
            raise ProblemError(429, str(error), headers={"Retry-After": "60"}) from None
        self._runner.wake()
        answer = encoded(job)
        answer.status_code = 202
        answer.headers["Location"] = f"/v1/replays/{job.id}"
        return answer

    async def listed(self, request: Request, scope: Within) -> Response:
        """The last 200, newest first."""
        self._sight(request, scope)
        page = await self._asking.ask("lists", lambda: ReplaysPage(self._jobs.of_scope(scope)), "")
        return encoded(page)

    async def one(self, request: Request, replay: ReplayId) -> Response:
        return encoded(await self._of(request, replay))

    async def result(self, request: Request, replay: ReplayId) -> Response:
        """Contacts are masked for whoever does not see those of the whole scope; 409 while it is not done."""
        return Response(await self._opened(request, await self._of(request, replay)), media_type=JSON)

    async def workbook(self, request: Request, replay: ReplayId) -> Response:
        """A sheet each for the summary, consultants, movements, customers, deals and decisions."""
        job = await self._of(request, replay)
        opened, sight = await self._opened(request, job), self._sight(request, job.scope)

        def names() -> dict[str, str]:
            with self._asking.reader.of(job.scope, sight=sight) as snapshot:
                return dict(snapshot.ask("every_staff_name", [job.scope]))

        known = await self._asking.ask("desk", names, _NO_SUCH)
        try:
            made = await self._asking.ask("historic", partial(workbook_of, opened, known), _NO_SUCH)
        except SheetError as error:
            raise unavailable(str(error), 30) from None
        named = {"Content-Disposition": f'attachment; filename="replay-{replay}.xlsx"'}
        return Response(made, media_type=XLSX, headers=named)

    async def remove(self, request: Request, replay: ReplayId) -> Response:
        await self._of(request, replay)
        await self._asking.ask("desk", partial(self._jobs.remove, replay), _NO_SUCH)
        return Response(status_code=204)

    async def _of(self, request: Request, replay: str) -> ReplayJob:
        """The job, if its scope is within reach: what is not is answered as what does not exist."""
        permits = permits_of(request)

        def find() -> ReplayJob:
            job = self._jobs.find(replay)
            if job is None or not ScopeExtent.of(permits, job.scope).whole:
                raise UnknownNameError(replay)
            return job

        return await self._asking.ask("desk", find, _NO_SUCH)

    async def _opened(self, request: Request, job: ReplayJob) -> bytes:
        clear = permission_table().permits(caller_of(request), SEES_CONTACTS, job.scope)
        masked = not ScopeExtent.of(clear, job.scope).whole

        def read() -> bytes:
            result = gzip.decompress(self._jobs.result(job.id))
            return self._asking.reader.opener.result(result, masked=masked)

        try:
            opened = await self._asking.ask("historic", read, _NO_SUCH)
        except ReplayOpenError:
            told = bilingual("the replay is not done: its state is {state}", state=job.state)
            raise refused(409, "state", "done", told) from None
        disclosed(scope=job.scope, count=len(msgspec.json.decode(opened, type=_ReplayedItems).customers))
        return opened

    def _sight(self, request: Request, scope: str) -> Sight:
        """That of who calls, in the scope that is named: all of it, or it does not exist for them."""
        extent = ScopeExtent.of(permits_of(request), scope)
        if not extent.whole:
            raise ProblemError(404, bilingual("there is no such scope"))
        return Sight(extent, extent, extent)


class _ReplayedItems(Struct):
    customers: list[Raw]


def _wish(asked: ReplayRequest) -> ReplayWish:
    return ReplayWish(
        ScopeId(asked.scope),
        asked.rulebook,
        asked.draft,
        asked.values or {},
        asked.drop or (),
        asked.add or (),
        asked.customers,
        moment_of("as_of", asked.as_of),
        moment_of("known_at", asked.known_at),
    )
