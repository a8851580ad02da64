"""The lists of an office: scopes, offices, staff, deals, disputes, flags, penalties, warnings.

They are asked like every other list: a page at a time, with `min_seq` for whoever has just written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias, TypeVar, cast

from fastapi import Request
from starlette.responses import Response

from services.attribution.calls.asking import Asking, PageOf, encoded
from services.attribution.calls.parameters import Limit, MinSeq, Name, Scope, Seen, Where, cursor_now
from services.attribution.calls.routes import Routes
from services.attribution.calls.then_office import EarlierLists
from services.attribution.calls.times import AsOf, KnownAt, times_of
from services.attribution.historic.lists import ListName
from services.attribution.queries import deals, marks
from services.attribution.queries import office_lists as lists
from services.attribution.queries.cursor import Cursor, written
from services.attribution.queries.snapshot import Snapshot
from shared.access.extent import scopes_of
from shared.access.guard import permits_of
from shared.contract.answers import (
    DealAnswer,
    DealsPage,
    DisputesPage,
    FlagsPage,
    OfficesPage,
    PenaltiesPage,
    ScopeAnswer,
    ScopesPage,
    StaffPage,
    WarningsPage,
)
from shared.contract.answers.values import extended
from shared.platform.clock import BusinessClock

T = TypeVar("T")
ReadPage: TypeAlias = Callable[[Snapshot, Cursor, int], tuple[list[T], Cursor | None]]
"""Reads up to so many items of a list from behind a cursor."""


class OfficeCalls:
    """The handlers of these lists."""

    def __init__(self, asking: Asking, earlier: EarlierLists, clock: BusinessClock) -> None:
        self._asking = asking
        self._earlier = earlier
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        routes.get("/scopes", self.scopes, "A page of scopes", ScopesPage)
        routes.get("/scopes/{scope}", self.scope, "One scope", ScopeAnswer)
        routes.get("/scopes/{scope}/deals/{deal}", self.deal, "One deal, also as of a time", DealAnswer)
        add, timed = partial(self._add_list, routes), partial(self._add_timed, routes)
        timed("disputes", DisputesPage, deals.disputes_page, "disputes")
        offices = "`first` is the record by which the office came to be known."
        add("offices", OfficesPage, lists.offices_page, "offices", offices)
        staff = "Who was ever enrolled; `office` is where that was last, `away` the reason while somebody is away."
        add("staff", StaffPage, lists.staff_page, "staff", staff)
        dates = "The dates are those that the records state (`occurred_at`)."
        timed("deals", DealsPage, deals.deals_page, "deals", dates)
        people = "`actor` entered the record; `consultant` is whom it is about."
        timed("flags", FlagsPage, marks.flags_page, "flags", people)
        fined = "`staff` is who is fined; `consultant` is whom the record is about."
        timed("penalties", PenaltiesPage, marks.penalties_page, "penalties", fined)
        once = "Each once, with the first and the last record that names it; `settled` once somebody was enrolled."
        add("warnings", WarningsPage, lists.warnings_page, "who and what nobody enrolled", once)

    def _add_list(
        self, routes: Routes, name: str, kind: PageOf[T], page: ReadPage[T], of: str, note: str | None = None
    ) -> None:
        async def answer(
            scope: Scope, sight: Seen, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
        ) -> Response:
            return await self._asking.page(
                scope, sight, min_seq, cursor, kind, lambda snapshot, at: page(snapshot, at, limit)
            )

        answer.__name__, answer.__doc__ = name, note
        routes.get(f"/scopes/{{scope}}/{name}", answer, f"A page of {of}", cast(type, kind))

    def _add_timed(
        self,
        routes: Routes,
        name: ListName,
        kind: PageOf[T],
        page: ReadPage[T],
        of: str,
        note: str | None = None,
    ) -> None:
        """A list that may be asked as of a time."""

        async def answer(
            scope: Scope,
            sight: Seen,
            as_of: AsOf = None,
            known_at: KnownAt = None,
            cursor: Where = None,
            limit: Limit = 100,
            min_seq: MinSeq = None,
        ) -> Response:
            asked = times_of(as_of, known_at, self._clock.now())
            if asked is not None:
                return await self._earlier.page(name, scope, sight, asked, cursor, limit, min_seq)
            return await self._asking.page(
                scope, sight, min_seq, cursor, kind, lambda snapshot, at: page(snapshot, at, limit)
            )

        answer.__name__, answer.__doc__ = name, note
        summary = f"A page of {of}, also as of a time"
        routes.get(f"/scopes/{{scope}}/{name}", answer, summary, cast(type, kind))

    async def scopes(self, request: Request, cursor: Where = None, limit: Limit = 100) -> Response:
        """Those that the caller knows, each with how far it is folded; wait for an own write at
        `GET /v1/scopes/{scope}`.
        """
        at, now, known = cursor_now(cursor), self._clock.now(), scopes_of(permits_of(request))

        def read() -> ScopesPage:
            found, following = lists.scopes_page(self._asking.reader.ask, at, limit, now, known)
            return ScopesPage(found, written(following))

        return encoded(await self._asking.ask("lists", read, ""))

    async def scope(self, scope: Scope, sight: Seen, min_seq: MinSeq = None) -> Response:
        now = self._clock.now()
        return await self._asking.answer(
            "desk", scope, sight, min_seq, lambda snapshot: lists.scope_of(snapshot, now)
        )

    async def deal(
        self,
        scope: Scope,
        deal: Name,
        sight: Seen,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        min_seq: MinSeq = None,
    ) -> Response:
        asked = times_of(as_of, known_at, self._clock.now())
        if asked is not None:
            return await self._earlier.deal(scope, deal, sight, asked, min_seq)

        def one(snapshot: Snapshot) -> DealAnswer:
            return extended(DealAnswer, deals.deal_of(snapshot, deal), **snapshot.head.answer_head())

        return await self._asking.answer("desk", scope, sight, min_seq, one)
