"""How every call asks: of one moment of the registers, after the reader's own write, within the caller's reach."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registers.answering.exchange import AnswerRefusedError, CallerSight, EncodedAnswer
from services.registers.http.parameters import moment_of, wrong
from services.registers.http.sight import OfficeCaller, ScopeCaller, no_office, no_scope
from services.registers.lists.cursor import PageCursor
from services.registers.reading.held import UnknownRulebookError
from services.registers.reading.known_scope import Answered, AskedMoment, KnownScope
from services.registers.reading.reader import (
    DatabaseAwayError,
    OfficeNotTakenError,
    ScopeBusyError,
    ScopeNotTakenError,
    SeqNotTakenError,
)
from services.registers.reports.asking import as_of_known
from shared.access.report import disclosed
from shared.contract import format_instant
from shared.i18n import bilingual
from shared.ids import OfficeId, ScopeId
from shared.platform.http.disconnects import LeavingRoute
from shared.platform.http.openapi import JSON, answer, named, schema_of
from shared.platform.http.problem import ProblemError, unavailable

P = ParamSpec("P")
T = TypeVar("T")
Responses = dict[int | str, dict[str, Any]]
REFUSALS: Final[Responses] = {
    404: {"description": "Nothing of that name is known"},
    422: {"description": "Bad input"},
    503: {"description": "Not there yet, or not answered in time; come again after Retry-After seconds"},
}


class AsksRegisters(Protocol):
    """Where questions to scopes are answered (`services.registers.reading`)."""

    async def scope_of(self, office: str) -> ScopeId:
        """The scope of an office."""

    async def ask(
        self,
        scope: ScopeId,
        asked: AskedMoment,
        work: Callable[Concatenate[KnownScope, P], T],
        *given: P.args,
        **named: P.kwargs,
    ) -> Answered[T]:
        """What `work` returns of the scope at the moment."""


class RegisterAsking:
    """Asks the registers, for the handlers; `now` is the business time."""

    def __init__(self, reader: AsksRegisters, now: Callable[[], datetime]) -> None:
        self._reader, self.now = reader, now

    async def caller(self, request: Request, office: OfficeId) -> OfficeCaller:
        """Who calls of which office."""
        with _problems(no_office(office)):
            scope = await self._reader.scope_of(office)
        return OfficeCaller.of(request, scope, office)

    def scope_caller(self, request: Request, scope: ScopeId) -> ScopeCaller:
        """Who calls of all of a scope."""
        return ScopeCaller.of_scope(request, scope)

    def moment(
        self,
        min_seq: int | None,
        known_at: str | None = None,
        as_of: str | None = None,
        cursor: PageCursor | None = None,
    ) -> AskedMoment:
        """The moment that is asked of; a cursor keeps to that of its list."""
        known, happened = moment_of("known_at", known_at), moment_of("as_of", as_of)
        if cursor is None:
            known = known or self.now()
            return AskedMoment(known, as_of_known(happened, known), min_seq)
        if known not in (None, cursor.known_at) or happened not in (None, cursor.as_of):
            told = bilingual("this cursor is of another time: give the times with which it came")
            raise wrong("query.cursor", "cursor", told)
        return AskedMoment(cursor.known_at, cursor.as_of, min_seq)

    async def ask(
        self,
        caller: ScopeCaller,
        moment: AskedMoment,
        work: Callable[Concatenate[KnownScope, P], T],
        *given: P.args,
        **named: P.kwargs,
    ) -> Answered[T]:
        """What `work` returns of the caller's scope; what is refused there is a problem here."""
        nothing = no_office(caller.office) if isinstance(caller, OfficeCaller) else no_scope(caller.scope)
        with _problems(nothing):
            return await self._reader.ask(caller.scope, moment, work, *given, **named)

    async def answer(
        self,
        caller: ScopeCaller,
        sight: CallerSight,
        moment: AskedMoment,
        work: Callable[..., EncodedAnswer],
        *given: Any,
    ) -> Response:
        """The bytes of an answer; what it shows goes on the record of access."""
        found = await self.ask(caller, moment, work, sight, *given)
        told = found.value
        disclosed(customer=told.customer, count=told.count, detail=told.detail)
        return Response(told.body, media_type=JSON, headers=headers_of(found))


def headers_of(found: Answered[Any]) -> dict[str, str]:
    """How far the scope of an answer is known."""
    headers = {"Panke-As-Of-Seq": str(found.as_of_seq)}
    if found.behind_since is not None:
        headers["Panke-Behind-Since"] = format_instant(found.behind_since)
    if found.whole_until is not None:
        headers["Panke-Whole-Until"] = format_instant(found.whole_until)
    return headers


@contextmanager
def _problems(not_there: ProblemError) -> Iterator[None]:
    """What keeps a question from being answered, as a problem of HTTP; of what was not taken, `not_there`."""
    try:
        yield
    except AnswerRefusedError as error:
        if error.field:
            raise wrong(error.field, error.rule, error.message, error.status) from None
        raise ProblemError(error.status, error.message) from None
    except (OfficeNotTakenError, ScopeNotTakenError):
        raise not_there from None
    except SeqNotTakenError as error:
        told = bilingual("seq {seq} is not here yet, {taken} is", seq=error.wanted, taken=error.taken)
        raise unavailable(told, 1) from None
    except ScopeBusyError as error:
        told = (
            bilingual("the registers are being read; come again")
            if error.reading
            else bilingual("too many questions are under way, or this one took too long")
        )
        raise unavailable(told, 5) from None
    except DatabaseAwayError:
        raise unavailable(bilingual("the database does not answer"), 2) from None
    except UnknownRulebookError as error:
        told = bilingual("the rulebook that the scope began under is not known here: {name}", name=str(error))
        raise unavailable(told, 30) from None


class Calls:
    """The router of the service, and the types that its calls answer with."""

    def __init__(self, prefix: str = "/v1/offices/{office}") -> None:
        self.router = APIRouter(prefix=prefix, route_class=LeavingRoute, tags=["registers"])
        self._kinds: list[type] = []

    @property
    def schemas(self) -> dict[str, Any]:
        """The schemas of all answers by name."""
        return named(*self._kinds)[1]

    def include(self, other: Calls) -> None:
        """Have the calls of another prefix besides."""
        self.router.routes.extend(other.router.routes)
        self._kinds += other._kinds

    def add(
        self,
        method: str,
        path: str,
        handler: Callable[..., Coroutine[Any, Any, Response]],
        summary: str,
        kind: type,
        refusals: Responses | None = None,
        status: int = 200,
    ) -> None:
        """A call that answers with a type."""
        self._kinds.append(kind)
        told: Responses = {status: answer(summary, schema_of(kind)), **REFUSALS, **(refusals or {})}
        self.router.add_api_route(
            f"/{path}", handler, methods=[method], summary=summary, responses=told, status_code=status
        )

    def add_file(
        self, path: str, handler: Callable[..., Coroutine[Any, Any, Response]], summary: str, media_type: str
    ) -> None:
        """A call that answers with a file."""
        media = {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}
        told: Responses = {200: {"description": summary, "content": {media_type: media}}, **REFUSALS}
        self.router.add_api_route(
            f"/{path}", handler, methods=["GET"], summary=summary, responses=told, response_class=Response
        )


def encoded(value: msgspec.Struct, status: int = 200) -> Response:
    """The bytes of an answer that is not of the registers themselves."""
    return Response(msgspec.json.encode(value), status, media_type=JSON)
