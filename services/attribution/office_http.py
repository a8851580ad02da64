"""The lists of an office over HTTP (contract.md#calls-of-attribution): scopes, offices, staff, deals, flags, penalties.

They are asked like every other list: a page at a time, with `min_seq` for whoever has just written.
"""

from __future__ import annotations

from starlette.responses import Response

from services.attribution.http import (
    Api,
    Limit,
    MinSeq,
    Name,
    Slug,
    Where,
    cursor_of,
    encoded,
)
from services.attribution.queries import office_lists as lists
from shared.contract.answers import (
    DealAnswer,
    DealsPage,
    FlagsPage,
    OfficesPage,
    PenaltiesPage,
    ScopeAnswer,
    ScopesPage,
    StaffPage,
    WarningsPage,
)
from shared.platform.http.openapi import named
from shared.rules.judge.result import Json

_SCHEMAS, LIST_SCHEMAS = named(
    ScopesPage,
    ScopeAnswer,
    OfficesPage,
    StaffPage,
    DealsPage,
    DealAnswer,
    FlagsPage,
    PenaltiesPage,
    WarningsPage,
)
_SCOPES, _SCOPE, _OFFICES, _STAFF, _DEALS, _DEAL, _FLAGS, _PENALTIES, _WARNINGS = _SCHEMAS


class OfficeApi(Api):
    """The handlers of these lists, beside all others."""

    def add_routes(self) -> None:
        super().add_routes()
        add = self._add
        add("/scopes", self.scopes, "A page of scopes", _SCOPES)
        add("/scopes/{scope}", self.scope, "One scope", _SCOPE)
        add("/scopes/{scope}/offices", self.offices, "A page of offices", _OFFICES)
        add("/scopes/{scope}/staff", self.staff, "A page of staff", _STAFF)
        add("/scopes/{scope}/deals", self.deals, "A page of deals", _DEALS)
        add("/scopes/{scope}/deals/{deal}", self.deal, "One deal", _DEAL)
        add("/scopes/{scope}/flags", self.flags, "A page of flags", _FLAGS)
        add("/scopes/{scope}/penalties", self.penalties, "A page of penalties", _PENALTIES)
        warned = "A page of who and what nobody enrolled"
        add("/scopes/{scope}/warnings", self.warnings, warned, _WARNINGS)

    async def scopes(self, cursor: Where = None, limit: Limit = 100) -> Response:
        """Each with how far it is folded; wait for an own write at `GET /v1/scopes/{scope}`."""
        at, now = cursor_of(cursor), self._clock.now()

        def read() -> Json:
            found, following = lists.scopes_page(self._questions.ask, at, limit, now)
            return {"scopes": found, "cursor": None if following is None else str(following)}

        return encoded(await self._ask("lists", read, ""))

    async def scope(self, scope: Slug, min_seq: MinSeq = None) -> Response:
        now = self._clock.now()
        return await self._answer("desk", scope, min_seq, lambda snapshot: lists.scope_of(snapshot, now))

    async def offices(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """`first` is the record by which the office came to be known."""
        return await self._page(
            scope, min_seq, cursor, "offices", lambda snapshot, at: lists.offices_page(snapshot, at, limit)
        )

    async def staff(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """Who was ever enrolled; `office` is where that was last, `away` the reason while somebody is away."""
        return await self._page(
            scope, min_seq, cursor, "staff", lambda snapshot, at: lists.staff_page(snapshot, at, limit)
        )

    async def deals(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """The dates are those that the records state (`occurred_at`)."""
        return await self._page(
            scope, min_seq, cursor, "deals", lambda snapshot, at: lists.deals_page(snapshot, at, limit)
        )

    async def deal(self, scope: Slug, deal: Name, min_seq: MinSeq = None) -> Response:
        return await self._answer("desk", scope, min_seq, lambda snapshot: lists.deal_of(snapshot, deal))

    async def flags(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """`actor` entered the record; `consultant` is whom it is about."""
        return await self._marks("flags", scope, cursor, limit, min_seq)

    async def penalties(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """`staff` is who is fined; `consultant` is whom the record is about."""
        return await self._marks("penalties", scope, cursor, limit, min_seq)

    async def warnings(
        self, scope: Slug, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """Each once, with the first and the last record that names it; `settled` once somebody was enrolled."""
        return await self._page(
            scope, min_seq, cursor, "warnings", lambda snapshot, at: lists.warnings_page(snapshot, at, limit)
        )

    async def _marks(
        self, table: str, scope: str, cursor: str | None, limit: int, min_seq: int | None
    ) -> Response:
        return await self._page(
            scope, min_seq, cursor, table, lambda snapshot, at: lists.marks_page(snapshot, table, at, limit)
        )
