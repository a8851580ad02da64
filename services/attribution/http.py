"""Attribution over HTTP (contract.md#calls-of-attribution): handlers translate, ask once, and answer.

Every answer says `as_of_seq`; a scope that waits in quarantine says since when it is behind. Whoever has just
written gives the `seq` of the answer as `min_seq` and reads the own write (ADR 0029).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
import psycopg
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attribution.quarantine.marks import NotFailingError, NotParkedError, SetAsideMarks
from services.attribution.queries.decisions_page import DECISIONS, from_micros, micros, page_of_explained
from services.attribution.queries.desk import look_up
from services.attribution.queries.history_page import history_of
from services.attribution.queries.lanes import Lane, Lanes
from services.attribution.queries.preview import REPEATED, Previewer, RepeatedError, WouldParkError
from services.attribution.queries.queries import Cursor, FoldedHead, ScopeReader, Snapshot, UnknownNameError
from services.attribution.replays.historic import (
    HistoricJudge,
    HistoricQuery,
    RefoldUnavailableError,
    ScopeFacts,
)
from services.attribution.store.texts import StoredTexts
from shared.contract import BadEvent, contact_of, format_instant, parse_query_instant
from shared.contract.answers import (
    BoardsAnswer,
    CustomerAnswer,
    CustomersPage,
    DisputesPage,
    HistoryAnswer,
    JudgementResult,
    LookupAnswer,
    PreviewAnswer,
    QuarantineAnswer,
    RulebooksAnswer,
    SharedContactsPage,
)
from shared.contract.case_numbers import case_digest
from shared.contract.schema import INSTANT
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock
from shared.platform.http.disconnects import LeavingRoute
from shared.platform.http.openapi import ANY_EVENT, JSON, answer, body, named
from shared.platform.http.problem import ProblemError
from shared.rules.judge.result import Json
from shared.rules.rulebooks.folder import MAX_VERSION
from shared.rules.rulebooks.registry import NoSuchTextError, UnknownBookError

T = TypeVar("T")

WAIT = 2.0
STEP = 0.02

Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z._:-]+$")]
Version = Annotated[int, Path(ge=1, le=MAX_VERSION)]
Digests = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=4000,
        pattern=r'^"[0-9a-f]{64}"( *, *"[0-9a-f]{64}")*$',
        description="digests, quoted: keep the text only if it has one of them; the first is named in a refusal",
    ),
]
MinSeq = Annotated[int | None, Query(ge=1, le=10**15, description="answer only when this seq is folded")]
Moment = Annotated[
    str | None, Query(max_length=40, description="RFC 3339 with offset", json_schema_extra=INSTANT)
]
Limit = Annotated[int, Query(ge=1, le=500)]
Decisions = Annotated[int, Query(ge=1, le=500, description="decisions, and in a history events, of a page")]
Where = Annotated[str | None, Query(max_length=200, pattern=r"^[0-9]{1,18}([.][0-9]{1,9})?~[^\x00-\x1f]*$")]
Text = Annotated[str | None, Query(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
Case = Annotated[str, Path(max_length=16, description="as alerts show it, such as K7QF-2M9D")]
Status = Literal["owned", "lapsed", "disputed", "closed", "unowned"]


class Marking(BaseModel):
    """Which event is being set aside, and by whom."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1, max_length=64, description="the event on which the scope fails")
    by: str = Field(min_length=1, max_length=64, description="who answers for it")


class Lookup(BaseModel):
    """The question at the door."""

    model_config = ConfigDict(extra="forbid")
    contact: str = Field(
        min_length=1, max_length=128, description="a phone or a WeChat id, as the desk types it"
    )


_SCHEMAS, CALL_SCHEMAS = named(
    JudgementResult,
    CustomersPage,
    CustomerAnswer,
    HistoryAnswer,
    RulebooksAnswer,
    BoardsAnswer,
    SharedContactsPage,
    DisputesPage,
    QuarantineAnswer,
    LookupAnswer,
    PreviewAnswer,
)
(
    _RESULT,
    _CUSTOMERS,
    _CUSTOMER,
    _HISTORY,
    _RULEBOOKS,
    _BOARDS,
    _SHARED,
    _DISPUTES,
    _QUARANTINE,
    _LOOKUP,
    _PREVIEW,
) = _SCHEMAS
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "Nothing of that name is known"},
    422: {"description": "Bad input"},
    503: {"description": "Not folded that far yet, or not answered in time; come again after Retry-After"},
}
_PREVIEWED: Final = body(ANY_EVENT, "One event of the contract as intake takes it, without `recorded_at`")


class Api:
    """The handlers, over what they ask."""

    def __init__(
        self,
        questions: ScopeReader,
        refolder: HistoricJudge,
        previewer: Previewer,
        clock: BusinessClock,
        lanes: Lanes,
        most_people: int,
        texts: StoredTexts,
        marks: SetAsideMarks,
    ) -> None:
        self._texts = texts
        self._set_aside_marks = marks
        self._questions = questions
        self._lanes = lanes
        self._most_people = most_people
        self._previewer = previewer
        self._refolder = refolder
        self._clock = clock
        self.router = APIRouter(prefix="/v1", route_class=LeavingRoute)
        self.add_routes()

    def add_routes(self) -> None:
        add = self._add
        add("/scopes/{scope}/judgement", self.judgement, "All of a scope, also as of a time", _RESULT)
        add("/scopes/{scope}/customers", self.customers, "A page of customers", _CUSTOMERS)
        add(
            "/scopes/{scope}/customers/{customer}",
            self.customer,
            "One customer, also as of a time",
            _CUSTOMER,
        )
        add("/scopes/{scope}/cases/{case}", self.case, "The customer of a case number", _CUSTOMER)
        add(
            "/scopes/{scope}/customers/{customer}/history", self.history, "Every event and decision", _HISTORY
        )
        add("/rulebooks", self.rulebooks, "The rulebooks that may be adopted", _RULEBOOKS)
        add("/offices/{office}/boards", self.boards, "The boards of an office and who is next", _BOARDS)
        shared = "A page of customers who are more people than an office can mean by one contact"
        add("/scopes/{scope}/shared-contacts", self.shared_contacts, shared, _SHARED)
        add("/scopes/{scope}/disputes", self.disputes, "A page of disputes", _DISPUTES)
        self.router.add_api_route(
            "/rulebooks/{rulebook}/{version}",
            self.keep_text,
            methods=["PUT"],
            summary="Keep the text of a rulebook for all, before it is adopted",
            status_code=204,
            response_class=Response,
            responses={
                204: {"description": "Kept; every process judges by it from now on"},
                409: {
                    "description": "Another text is kept under that name and version, or wanted by If-Match"
                },
                **_REFUSALS,
            },
        )
        add("/scopes/{scope}/quarantine", self.quarantine, "The event on which a scope fails", _QUARANTINE)
        self.router.add_api_route(
            "/scopes/{scope}/quarantine/mark",
            self.mark,
            methods=["PUT"],
            summary="Mark the event on which a scope fails as one that is being set aside",
            status_code=204,
            response_class=Response,
            responses={
                204: {"description": "Marked; no retry folds it from now on"},
                409: {"description": "The scope does not fail on this event"},
                **_REFUSALS,
            },
        )
        post = self.router.add_api_route
        post(
            "/scopes/{scope}/lookup",
            self.lookup,
            methods=["POST"],
            summary="The question at the door",
            responses={200: answer("What is known, and what to do", _LOOKUP), **_REFUSALS},
        )
        post(
            "/scopes/{scope}/preview",
            self.preview,
            methods=["POST"],
            summary="What an event would decide now; nothing is kept",
            responses={
                200: answer("What it would decide", _PREVIEW),
                409: {"description": "The id is taken, or the fold fails on this event"},
                422: _REFUSALS[422],
                503: _REFUSALS[503],
            },
            openapi_extra=_PREVIEWED,
        )

    def _add(self, path: str, handler: Callable[..., Any], told: str, schema: dict[str, Any]) -> None:
        responses = {200: answer(told, schema), **_REFUSALS}
        self.router.add_api_route(path, handler, methods=["GET"], summary=told, responses=responses)

    async def lookup(self, scope: Slug, question: Lookup, min_seq: MinSeq = None) -> Response:
        contact = _contact(question.contact)
        now = self._clock.now()
        return await self._answer("desk", scope, min_seq, lambda snapshot: look_up(snapshot, contact, now))

    async def preview(self, request: Request, scope: Slug, min_seq: MinSeq = None) -> Response:
        raw = await request.body()
        now = self._clock.now()
        await self._wait(scope, min_seq)
        try:
            head, found = await self._ask("desk", lambda: self._previewer.preview(scope, raw, now), "")
        except RepeatedError:
            raise _refused(409, "id", "repeated", REPEATED) from None
        except WouldParkError as error:
            raise ProblemError(409, bilingual("the fold fails on this event: {error}", error=error)) from None
        return _json(found | head.answer_head(), head)

    async def customer(
        self,
        scope: Slug,
        customer: Name,
        as_of: Moment = None,
        known_at: Moment = None,
        cursor: Where = None,
        limit: Decisions = DECISIONS,
        min_seq: MinSeq = None,
    ) -> Response:
        at = _place(cursor)
        if as_of is None and known_at is None:
            return await self._answer(
                "desk", scope, min_seq, lambda snapshot: snapshot.faces().customer(customer, at, limit)
            )
        head, judged = await self._refold(scope, as_of, known_at, min_seq, customer)
        if judged is None:
            raise ProblemError(404, f"no customer {customer} was known then")
        told = msgspec.json.decode(judged)
        page, following = page_of_explained(told["decisions"], from_micros(at.born), limit)
        more = {} if following is None else {"cursor": str(Cursor(micros(following)))}
        return _json(told | {"decisions": page} | more | head.answer_head(), head)

    async def case(self, scope: Slug, case: Case, min_seq: MinSeq = None) -> Response:
        """The customer whom alerts call by that number; one that was joined is found as what it went into."""
        digest = case_digest(case)
        if digest is None:
            raise _wrong("case", "case", bilingual("a case number looks like K7QF-2M9D"))
        return await self._answer("desk", scope, min_seq, lambda snapshot: snapshot.faces().of_case(digest))

    async def history(
        self,
        scope: Slug,
        customer: Name,
        cursor: Where = None,
        limit: Decisions = DECISIONS,
        min_seq: MinSeq = None,
    ) -> Response:
        at = _place(cursor)
        return await self._answer(
            "lists", scope, min_seq, lambda snapshot: history_of(snapshot, customer, at, limit)
        )

    async def customers(
        self,
        scope: Slug,
        owner: Text = None,
        status: Status | None = None,
        expires_before: Moment = None,
        cursor: Where = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        before = _moment("expires_before", expires_before)
        return await self._page(
            scope,
            min_seq,
            cursor,
            "customers",
            lambda snapshot, at: snapshot.faces().page_of_customers(
                at, limit, owner=owner, status=status, before=before
            ),
        )

    async def rulebooks(self) -> Response:
        """Each with its version and the digest of its text."""
        known = [
            {"rulebook": name, "version": version, "sha256": book.sha256}
            for (name, version), book in sorted(self._questions.books.items())
        ]
        return Response(msgspec.json.encode({"rulebooks": known}), media_type=JSON)

    async def keep_text(self, rulebook: Slug, version: Version, digests: Digests = None) -> Response:
        """Asked before an adoption is taken: from then on every process judges by this text of the rulebook."""
        none = bilingual("there is no rulebook {rulebook}@{version} here", rulebook=rulebook, version=version)
        wanted = re.findall("[0-9a-f]{64}", digests or "")
        await self._ask("desk", lambda: self._keep(rulebook, version, wanted), none)
        return Response(status_code=204)

    def _keep(self, rulebook: str, version: int, wanted: list[str]) -> None:
        try:
            self._texts.keep((rulebook, version), wanted)
        except UnknownBookError:
            raise UnknownNameError(rulebook) from None
        except NoSuchTextError as error:
            raise ProblemError(409, str(error)) from None

    async def quarantine(self, scope: Slug) -> Response:
        """`event` is null where no fact is to blame but a lapse that is due; 404 while the scope waits for nothing."""
        none = bilingual("the scope {scope} does not wait in quarantine", scope=scope)
        since, event = await self._ask("desk", lambda: self._questions.failing(scope), none)
        return Response(
            msgspec.json.encode({"scope": scope, "since": format_instant(since), "event": event}),
            media_type=JSON,
        )

    async def mark(self, scope: Slug, marking: Marking) -> Response:
        """Asked by intake, before it records that the journal leaves the event out."""
        none = bilingual("the scope {scope} does not wait in quarantine", scope=scope)
        await self._ask("desk", lambda: self._mark(scope, marking), none)
        return Response(status_code=204)

    def _mark(self, scope: str, marking: Marking) -> None:
        try:
            self._set_aside_marks.put(scope, marking.by, marking.id.lower())
        except (NotParkedError, NotFailingError):
            raise ProblemError(409, bilingual("the scope does not fail on this event")) from None

    async def boards(self, office: Slug, min_seq: MinSeq = None) -> Response:
        scope = await self._ask(
            "desk", lambda: self._questions.scope_of(office), f"no office {office} is known"
        )
        return await self._answer(
            "desk",
            scope,
            min_seq,
            lambda snapshot: {"office": office, "scope": scope} | snapshot.boards(office),
        )

    async def shared_contacts(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """For the office to judge: which contact was typed for many, and which records are to be corrected."""
        most = self._most_people
        return await self._page(
            scope,
            min_seq,
            cursor,
            "customers",
            lambda snapshot, at: snapshot.faces().page_of_shared(at, limit, most),
        )

    async def disputes(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        return await self._page(
            scope, min_seq, cursor, "disputes", lambda snapshot, at: snapshot.page_of_disputes(at, limit)
        )

    async def judgement(
        self, scope: Slug, as_of: Moment = None, known_at: Moment = None, min_seq: MinSeq = None
    ) -> Response:
        head, judged = await self._refold(scope, as_of, known_at, min_seq)
        return Response(judged, media_type="application/json", headers=_headers(head))

    async def _refold(
        self,
        scope: str,
        as_of: str | None,
        known_at: str | None,
        min_seq: int | None,
        customer: str | None = None,
    ) -> tuple[FoldedHead, bytes | None]:
        """Fold the stored facts again; the bytes are those of `panke judge` over the exported journal."""
        until, known = _moment("as_of", as_of), _moment("known_at", known_at)
        await self._wait(scope, min_seq)

        def read() -> tuple[FoldedHead, ScopeFacts, datetime | None]:
            with self._questions.of(scope) as snapshot:
                return snapshot.head, snapshot.journal(), snapshot.watermark()

        try:
            async with self._refolder.place() as place:
                head, journal, watermark = await self._ask("historic", read, f"no scope {scope} is known")
                asked = HistoricQuery(head.book, until, known, watermark, customer)
                return head, await place.judge(journal, asked)
        except RefoldUnavailableError as error:
            raise ProblemError(503, str(error), headers={"Retry-After": "5"}) from None

    async def _answer(
        self, lane: Lane, scope: str, min_seq: int | None, ask: Callable[[Snapshot], Json]
    ) -> Response:
        await self._wait(scope, min_seq)

        def read() -> Response:
            with self._questions.of(scope) as snapshot:
                head = snapshot.head
                return _json(
                    ask(snapshot) | head.answer_head(), head
                )  # here, since a long list takes long to write too

        return await self._ask(lane, read, f"nothing of that name is known in {scope}")

    async def _page(
        self,
        scope: str,
        min_seq: int | None,
        cursor: str | None,
        name: str,
        ask: Callable[[Snapshot, Cursor], tuple[list[Json], Cursor | None]],
    ) -> Response:
        at = cursor_of(cursor)

        def page(snapshot: Snapshot) -> Json:
            items, following = ask(snapshot, at)
            return {name: items, "cursor": None if following is None else str(following)}

        return await self._answer("lists", scope, min_seq, page)

    async def _ask(self, lane: Lane, question: Callable[[], T], missing: str) -> T:
        try:
            return await self._lanes.run(lane, question)
        except UnknownNameError:
            raise ProblemError(404, missing) from None
        except NoSuchTextError as error:
            raise ProblemError(503, str(error), headers={"Retry-After": "30"}) from None
        except psycopg.OperationalError:
            raise _away() from None

    async def _wait(self, scope: str, min_seq: int | None) -> None:
        """Up to two seconds for the reader's own write."""
        if min_seq is None:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT
        while (folded := await self._folded(scope)) < min_seq:
            if loop.time() >= deadline:
                raise ProblemError(
                    503, f"seq {min_seq} is not folded yet, {folded} is", headers={"Retry-After": "1"}
                )
            await asyncio.sleep(STEP)

    async def _folded(self, scope: str) -> int:
        try:
            return await self._lanes.once(scope, lambda: self._questions.folded(scope))
        except psycopg.OperationalError:
            raise _away() from None


def _away() -> ProblemError:
    told = bilingual("the database does not answer")
    return ProblemError(503, told, headers={"Retry-After": "2"})


def encoded(told: Json) -> Response:
    """An answer that is of no one scope."""
    return Response(msgspec.json.encode(told), media_type=JSON)


def _json(told: Json, head: FoldedHead) -> Response:
    return Response(msgspec.json.encode(told), media_type="application/json", headers=_headers(head))


def _headers(head: FoldedHead) -> dict[str, str]:
    headers = {"Panke-As-Of-Seq": str(head.seq)}
    told = head.answer_head()
    return headers | ({"Panke-Behind-Since": told["behind_since"]} if "behind_since" in told else {})


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_query_instant(text, name)
    except BadEvent as refusal:
        raise _wrong(name, refusal.rule, refusal.message) from None


def _contact(text: str) -> str:
    try:
        return contact_of(text)
    except BadEvent as refusal:
        raise _wrong("contact", refusal.rule, refusal.message) from None


def cursor_of(text: str | None) -> Cursor:
    try:
        return Cursor.parse(text)
    except ValueError as error:
        raise _wrong("cursor", "cursor", str(error)) from None


def _place(text: str | None) -> Cursor:
    """A cursor of a customer's own history: an instant, and the seq of an event."""
    cursor = cursor_of(text)
    try:
        from_micros(cursor.born)
        if (
            not (cursor.after or "0").isascii()
            or not (cursor.after or "0").isdigit()
            or len(cursor.after) > 18
        ):
            raise ValueError("not a cursor of a page")
    except ValueError as error:
        raise _wrong("cursor", "cursor", str(error)) from None
    return cursor


def _wrong(path: str, rule: str, message: str) -> ProblemError:
    return _refused(422, path, rule, message)


def _refused(status: int, path: str, rule: str, message: str) -> ProblemError:
    return ProblemError(
        status, f"{path}: {message}", errors=[{"path": path, "rule": rule, "message": message}]
    )
