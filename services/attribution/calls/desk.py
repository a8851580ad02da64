"""What the desk asks: the question at the door, what an event would decide, and whose turn it is."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attribution.calls.asking import Asking, encoded
from services.attribution.calls.parameters import MinSeq, Office, Scope, refused, stored_contact
from services.attribution.calls.routes import REFUSALS, Routes
from services.attribution.queries.desk import look_up
from services.attribution.queries.preview import REPEATED, Previewer, RepeatedError, WouldParkError
from services.attribution.queries.snapshot import Snapshot
from shared.contract.answers import BoardsAnswer, LookupAnswer, PreviewAnswer
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock
from shared.platform.http.openapi import ANY_EVENT, body
from shared.platform.http.problem import ProblemError

_PREVIEWED: Final = body(ANY_EVENT, "One event of the contract as intake takes it, without `recorded_at`")


class Lookup(BaseModel):
    """The question at the door."""

    model_config = ConfigDict(extra="forbid")
    contact: str = Field(
        min_length=1, max_length=128, description="a phone or a WeChat id, as the desk types it"
    )


class DeskCalls:
    """The handlers of these calls."""

    def __init__(self, asking: Asking, previewer: Previewer, clock: BusinessClock) -> None:
        self._asking = asking
        self._previewer = previewer
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        boards = "The boards of an office and who is next"
        routes.get("/offices/{office}/boards", self.boards, boards, BoardsAnswer)
        routes.post(
            "/scopes/{scope}/lookup",
            self.lookup,
            "The question at the door",
            LookupAnswer,
            "What is known, and what to do",
        )
        routes.post(
            "/scopes/{scope}/preview",
            self.preview,
            "What an event would decide now; nothing is kept",
            PreviewAnswer,
            "What it would decide",
            {
                409: {"description": "The id is taken, or the fold fails on this event"},
                422: REFUSALS[422],
                503: REFUSALS[503],
            },
            _PREVIEWED,
        )

    async def lookup(self, scope: Scope, question: Lookup, min_seq: MinSeq = None) -> Response:
        contact, now = stored_contact(question.contact), self._clock.now()
        return await self._asking.answer(
            "desk", scope, min_seq, lambda snapshot: look_up(snapshot, contact, now)
        )

    async def preview(self, request: Request, scope: Scope, min_seq: MinSeq = None) -> Response:
        raw = await request.body()
        now = self._clock.now()
        await self._asking.wait(scope, min_seq)
        try:
            head, found = await self._asking.ask("desk", lambda: self._previewer.preview(scope, raw, now), "")
        except RepeatedError:
            raise refused(409, "id", "repeated", REPEATED) from None
        except WouldParkError as error:
            raise ProblemError(409, bilingual("the fold fails on this event: {error}", error=error)) from None
        return encoded(found, head)

    async def boards(self, office: Office, min_seq: MinSeq = None) -> Response:
        scope = await self._asking.ask(
            "desk", lambda: self._asking.reader.scope_of(office), f"no office {office} is known"
        )

        def both(snapshot: Snapshot) -> BoardsAnswer:
            boards = snapshot.boards(office)
            return BoardsAnswer(office, scope, boards.visit, boards.call, **snapshot.head.answer_head())

        return await self._asking.answer("desk", scope, min_seq, both)
