"""How every call asks: in the threads of its lane, in one snapshot, and after the reader's own write (ADR 0029).

Every answer says `as_of_seq`; a scope that waits in quarantine says since when it is behind. Whoever has just
written gives the `seq` of the answer as `min_seq` and reads the own write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec
import psycopg
from starlette.responses import Response

from services.attribution.calls.parameters import cursor_now
from services.attribution.queries.cursor import Cursor, written
from services.attribution.queries.lanes import Lane, Lanes
from services.attribution.queries.reader import ScopeReader
from services.attribution.queries.snapshot import FoldedHead, Snapshot, UnknownNameError
from shared.access.extent import Sight
from shared.access.report import disclosed
from shared.contract import format_instant
from shared.contract.answers.values import Page
from shared.i18n import bilingual
from shared.ids import ScopeId
from shared.platform.http.openapi import JSON
from shared.platform.http.problem import ProblemError, unavailable
from shared.rules.rulebooks.registry import NoSuchTextError

T = TypeVar("T")

WAIT = 2.0
STEP = 0.02


class PageOf(Protocol[T]):
    """A page of these items."""

    def __call__(
        self, items: list[T], /, *, cursor: str | None, as_of_seq: int, behind_since: str | msgspec.UnsetType
    ) -> Page: ...


class Asking:
    """Asks the stored state, for the handlers."""

    def __init__(self, reader: ScopeReader, lanes: Lanes) -> None:
        self.reader = reader
        self._lanes = lanes

    async def answer(
        self,
        lane: Lane,
        scope: ScopeId,
        sight: Sight,
        min_seq: int | None,
        ask: Callable[[Snapshot], msgspec.Struct],
    ) -> Response:
        """What is asked of one snapshot of a scope, as far as the caller reaches in it."""
        await self.wait(scope, min_seq)

        def read() -> Response:
            with self.reader.of(scope, sight=sight) as snapshot:  # encoded here too: a long list takes long
                return encoded(ask(snapshot), snapshot.head)

        missing = bilingual("nothing of that name is known in {scope}", scope=scope)
        return await self.ask(lane, read, missing)

    async def page(
        self,
        scope: ScopeId,
        sight: Sight,
        min_seq: int | None,
        cursor: str | None,
        kind: PageOf[T],
        ask: Callable[[Snapshot, Cursor], tuple[list[T], Cursor | None]],
    ) -> Response:
        """A page of a list, from behind the cursor."""
        at = cursor_now(cursor)

        def page(snapshot: Snapshot) -> Page:
            items, following = ask(snapshot, at)
            disclosed(count=len(items))
            return kind(items, cursor=written(following), **snapshot.head.answer_head())

        return await self.answer("lists", scope, sight, min_seq, page)

    async def ask(self, lane: Lane, question: Callable[[], T], missing: str) -> T:
        """What a question returns; refused with 404 and these words where it names what is not known."""
        try:
            return await self._lanes.run(lane, question)
        except UnknownNameError:
            raise ProblemError(404, missing) from None
        except NoSuchTextError as error:
            raise unavailable(str(error), 30) from None
        except psycopg.OperationalError:
            raise _away() from None

    async def wait(self, scope: ScopeId, min_seq: int | None) -> None:
        """Up to two seconds for the reader's own write."""
        if min_seq is None:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT
        while (folded := await self._folded(scope)) < min_seq:
            if loop.time() >= deadline:
                late = bilingual("seq {seq} is not folded yet, {folded} is", seq=min_seq, folded=folded)
                raise unavailable(late, 1)
            await asyncio.sleep(STEP)

    async def _folded(self, scope: ScopeId) -> int:
        try:
            return await self._lanes.once(scope, lambda: self.reader.folded(scope))
        except psycopg.OperationalError:
            raise _away() from None


def _away() -> ProblemError:
    return unavailable(bilingual("the database does not answer"), 2)


def encoded(answer: msgspec.Struct, head: FoldedHead | None = None) -> Response:
    """The bytes of an answer, which says in headers too how far its scope is folded."""
    headers = None if head is None else headers_of(head)
    return Response(msgspec.json.encode(answer), media_type=JSON, headers=headers)


def headers_of(head: FoldedHead) -> dict[str, str]:
    headers = {"Panke-As-Of-Seq": str(head.seq)}
    if head.behind_since is not None:
        headers["Panke-Behind-Since"] = format_instant(head.behind_since)
    return headers
