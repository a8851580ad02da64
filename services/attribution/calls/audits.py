"""Audits of what is stored: asked for, listed, and what they found marked as seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

import psycopg
from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attribution.calls.asking import Asking, encoded
from services.attribution.calls.parameters import Limit, bad_input
from services.attribution.calls.routes import Routes
from services.attribution.drift.record import AuditRecord, AuditRow, FindingRow
from shared.access.extent import scopes_of
from shared.access.guard import caller_of, permits_of
from shared.contract import format_instant, parse_instant
from shared.contract.answers import (
    AuditAnswer,
    AuditsPage,
    DifferenceAnswer,
    DifferencesPage,
)
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError, unavailable

T = TypeVar("T")
MOST_WAITING: Final = 20
ALL: Final = "all"
AuditId = Annotated[UUID, Path()]
Number = Annotated[int, Path(ge=1, le=10**15)]
Of = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$", description="only of this scope")]
State = Annotated[
    Literal["open", "seen", "gone", "all"], Query(description="open: still there, and not marked as seen")
]
After = Annotated[int, Query(ge=0, le=10**15, alias="cursor", description="behind which difference")]
Before = Annotated[str | None, Query(max_length=80, pattern=r"^[0-9TZ:.-]+~[0-9a-f-]{36}$")]


class AuditOrder(BaseModel):
    """Which scope is to be audited."""

    model_config = ConfigDict(extra="forbid")
    scope: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,64}$", description="all, unless given")


class SeenNote(BaseModel):
    """What came of looking at a difference."""

    model_config = ConfigDict(extra="forbid")
    note: str | None = Field(default=None, min_length=1, max_length=500)


class AuditCalls:
    """The handlers of these calls."""

    def __init__(self, asking: Asking, audits: AuditRecord) -> None:
        self._asking = asking
        self._audits = audits

    def add_to(self, routes: Routes) -> None:
        routes.post(
            "/audits",
            self.ask,
            "Have what is stored audited",
            AuditAnswer,
            "The audit, which waits for its turn",
        )
        routes.get("/audits", self.audits, "A page of audits, the last one first", AuditsPage)
        routes.get("/audits/{audit}", self.audit, "One audit", AuditAnswer)
        routes.get("/differences", self.differences, "A page of what audits found", DifferencesPage)
        routes.post(
            "/differences/{difference}/seen",
            self.see,
            "Mark a difference as seen",
            DifferenceAnswer,
            "The difference; readiness and the alarm leave it out from now on",
        )

    async def ask(self, request: Request, order: AuditOrder) -> Response:
        """A process apart makes it, one audit at a time; read its state from `GET /v1/audits/{audit}`."""
        known = scopes_of(permits_of(request))
        if known is not None and order.scope not in known:
            raise ProblemError(
                403, bilingual("you may audit these scopes alone: {known}", known=", ".join(known))
            )
        by = caller_of(request).login
        return encoded(await self._do(lambda: self._asked(order.scope, by)))

    def _asked(self, scope: str | None, by: str) -> AuditAnswer:
        if scope is not None and scope not in self._audits.scopes():
            raise bad_input("scope", "known", bilingual("attribution knows no such scope"))
        if self._audits.waiting() >= MOST_WAITING:
            raise unavailable(bilingual("{count} audits wait already", count=MOST_WAITING), 60)
        id_ = self._audits.ask(scope, by)
        return _answer(self._audits.audits(None, 1, id_=id_)[0])

    async def audits(self, request: Request, cursor: Before = None, limit: Limit = 100) -> Response:
        known, before = scopes_of(permits_of(request)), _place(cursor)

        def read() -> AuditsPage:
            rows = self._audits.audits(known, limit + 1, before=before)
            last = rows[limit - 1] if len(rows) > limit else None
            following = None if last is None else f"{format_instant(last.asked_at)}~{last.id}"
            return AuditsPage([_answer(row) for row in rows[:limit]], following)

        return encoded(await self._do(read))

    async def audit(self, request: Request, audit: AuditId) -> Response:
        known = scopes_of(permits_of(request))
        found = await self._do(lambda: self._audits.audits(known, 1, id_=audit))
        if not found:
            raise ProblemError(404, bilingual("there is no such audit"))
        return encoded(_answer(found[0]))

    async def differences(
        self, request: Request, scope: Of = None, state: State = "open", cursor: After = 0, limit: Limit = 100
    ) -> Response:
        """What is `stored`, and what the facts (`facts`), what was decided (`events`) or the topics (`messages`,
        `journal`) give."""
        known = scopes_of(permits_of(request))

        def read() -> DifferencesPage:
            rows = self._audits.findings(known, limit + 1, after=cursor, scope=scope, state=state)
            following = str(rows[limit - 1].id) if len(rows) > limit else None
            return DifferencesPage([_difference(row) for row in rows[:limit]], following)

        return encoded(await self._do(read))

    async def see(self, request: Request, difference: Number, note: SeenNote) -> Response:
        known, by = scopes_of(permits_of(request)), caller_of(request).login
        found = await self._do(lambda: self._audits.see(known, difference, by, note.note))
        if found is None:
            raise ProblemError(404, bilingual("there is no such difference"))
        return encoded(_difference(found))

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except psycopg.OperationalError:
            raise unavailable(bilingual("the database does not answer"), 2) from None


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    at, _, id_ = cursor.partition("~")
    try:
        return parse_instant(at), UUID(id_)
    except ValueError:
        raise bad_input("cursor", "cursor", bilingual("not a cursor of a page")) from None


def _answer(row: AuditRow) -> AuditAnswer:
    told = {name: getattr(row, name) for name in row.__struct_fields__ if name != "id"}
    ended = None if row.ended_at is None else format_instant(row.ended_at)
    return AuditAnswer(
        **told | {"audit": str(row.id), "asked_at": format_instant(row.asked_at), "ended_at": ended}
    )


def _difference(row: FindingRow) -> DifferenceAnswer:
    told = {name: getattr(row, name) for name in row.__struct_fields__ if name != "id"}
    times = {
        name: None if told[name] is None else format_instant(told[name])
        for name in ("found_at", "last_at", "gone_at", "seen_at")
    }
    state = "gone" if row.gone_at else "seen" if row.seen_at else "open"
    return DifferenceAnswer(
        **told | times | {"difference": row.id, "state": state, "found_by": str(row.found_by)}
    )
