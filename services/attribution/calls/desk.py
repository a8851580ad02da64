"""What the desk asks: the question at the door, what an event would decide, and whose turn it is."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attribution.calls.asking import Asking, encoded
from services.attribution.calls.parameters import MinSeq, Office, Scope, Seen, refused, stored_contact
from services.attribution.calls.routes import REFUSALS, Responses, Routes
from services.attribution.calls.then_office import EarlierLists
from services.attribution.calls.times import AsOf, KnownAt, times_of
from services.attribution.queries.desk import look_up
from services.attribution.queries.preview import (
    REPEATED,
    ForbiddenPreviewError,
    Previewer,
    RepeatedError,
    WouldParkError,
)
from services.attribution.queries.snapshot import Snapshot, UnknownNameError
from shared.access.caller import Caller
from shared.access.extent import ScopeExtent, Sight
from shared.access.guard import caller_of, permits_of
from shared.access.limits import CallerLimit
from shared.access.recording import RecordingRights
from shared.access.report import disclosed
from shared.access.table import permission_table
from shared.contract.answers import BoardsAnswer, LookupAnswer, PreviewAnswer
from shared.i18n import bilingual
from shared.ids import ScopeId
from shared.platform.clock import BusinessClock
from shared.platform.http.openapi import ANY_EVENT, body
from shared.platform.http.problem import ProblemError

Asker = Annotated[Caller, Depends(caller_of)]

_LIMITED: Final[Responses] = {
    429: {"description": "Too many from one caller; come again after Retry-After seconds"}
}
_PREVIEWED: Final = body(ANY_EVENT, "One event of the contract as intake takes it, without `recorded_at`")


class Lookup(BaseModel):
    """The question at the door."""

    model_config = ConfigDict(extra="forbid")
    contact: str = Field(
        min_length=1, max_length=128, description="a phone or a WeChat id, as the desk types it"
    )


class DeskCalls:
    """The handlers of these calls; look-ups and previews, which tell whose a contact is, are bounded per caller."""

    def __init__(
        self,
        asking: Asking,
        earlier: EarlierLists,
        previewer: Previewer,
        clock: BusinessClock,
        limit: CallerLimit,
    ) -> None:
        self._asking = asking
        self._earlier = earlier
        self._previewer = previewer
        self._clock = clock
        self._limit = limit

    def add_to(self, routes: Routes) -> None:
        boards = "The boards of an office and who is next, also as of a time"
        routes.get("/offices/{office}/boards", self.boards, boards, BoardsAnswer)
        routes.post(
            "/scopes/{scope}/lookup",
            self.lookup,
            "The question at the door",
            LookupAnswer,
            "What is known, and what to do",
            {**REFUSALS, **_LIMITED},
        )
        routes.post(
            "/scopes/{scope}/preview",
            self.preview,
            "What an event would decide now; nothing is kept",
            PreviewAnswer,
            "What it would decide",
            {
                403: {"description": "The caller may not record this event"},
                409: {"description": "The id is taken, or the fold fails on this event"},
                **_LIMITED,
                422: REFUSALS[422],
                503: REFUSALS[503],
            },
            _PREVIEWED,
        )

    async def lookup(
        self, scope: Scope, question: Lookup, sight: Seen, asker: Asker, min_seq: MinSeq = None
    ) -> Response:
        """Of a customer whom the caller may not read: a masked name, and no other contact than the one asked by."""
        self._limit.check(asker)
        contact, now = stored_contact(question.contact), self._clock.now()
        return await self._asking.answer(
            "desk", scope, sight, min_seq, lambda snapshot: _on_record(look_up(snapshot, contact, now))
        )

    async def preview(
        self, request: Request, scope: Scope, sight: Seen, asker: Asker, min_seq: MinSeq = None
    ) -> Response:
        self._limit.check(asker)
        raw, now = await request.body(), self._clock.now()
        rights = RecordingRights(permission_table(), asker)
        await self._asking.wait(scope, min_seq)
        try:
            head, found = await self._asking.ask(
                "desk", lambda: self._previewer.preview(scope, raw, now, sight, rights), ""
            )
        except ForbiddenPreviewError as error:
            no = error.forbidden
            raise refused(no.status, no.path, no.rule, no.message) from None
        except RepeatedError:
            raise refused(409, "id", "repeated", REPEATED) from None
        except WouldParkError as error:
            raise ProblemError(409, bilingual("the fold fails on this event: {error}", error=error)) from None
        disclosed(customer=None if found.customer is None else found.customer.customer)
        return encoded(found, head)

    async def boards(
        self,
        request: Request,
        office: Office,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        min_seq: MinSeq = None,
    ) -> Response:
        asked = times_of(as_of, known_at, self._clock.now())
        permits = permits_of(request)

        def known() -> ScopeId:
            """An office of a scope that the caller does not know is answered as one that does not exist."""
            scope = self._asking.reader.scope_of(office)
            if not any(permit.within(scope) for permit in permits):
                raise UnknownNameError(office)
            return scope

        scope = await self._asking.ask("desk", known, bilingual("no office {office} is known", office=office))
        sight = Sight(ScopeExtent.of(permits, scope), ScopeExtent(), ScopeExtent())
        if asked is not None:
            return await self._earlier.boards(scope, office, sight, asked, min_seq)

        def both(snapshot: Snapshot) -> BoardsAnswer:
            boards = snapshot.boards(office)
            return BoardsAnswer(
                office=office,
                scope=scope,
                visit=boards.visit,
                call=boards.call,
                shift_opened_at=snapshot.shift_opened(office),
                **snapshot.head.answer_head(),
            )

        return await self._asking.answer("desk", scope, sight, min_seq, both)


def _on_record(answer: LookupAnswer) -> LookupAnswer:
    """What the desk is told; who asks for a contact that nobody has is on record as well."""
    disclosed(customer=answer.customer, count=int(answer.known))
    return answer
