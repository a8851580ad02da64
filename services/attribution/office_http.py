"""The lists of an office over HTTP (contract.md#calls-of-attribution): scopes, offices, staff, deals, flags, penalties.

They are asked like every other list: a page at a time, with `min_seq` for whoever has just written.
"""

from __future__ import annotations

from typing import Any, Final

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
    page_schema,
)
from services.attribution.queries import office_lists as lists
from shared.contract.schema import INSTANT
from shared.contract.warnings import MESSAGES
from shared.platform.http.openapi import TEXT, object_of
from shared.rules.judge.result import Json

_INTEGER: Final = {"type": "integer", "minimum": 0}
_DATE: Final = {**INSTANT, "type": ["string", "null"]}
_NAMED: Final = {"type": ["string", "null"]}


def _list_of(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": object_of(*required, **properties)}


_SCOPE: Final[dict[str, dict[str, Any]]] = {
    "scope": TEXT,
    "offices": {"type": "array", "items": TEXT},
    "rulebook": object_of(name=TEXT, version=_INTEGER),
    "timezone": _NAMED,
    "as_of_seq": _INTEGER,
}
_OFFICE: Final = _list_of("first", scope=TEXT, office=TEXT)
_STAFF: Final = _list_of(
    scope=TEXT,
    staff=TEXT,
    name=TEXT,
    role=TEXT,
    office=_NAMED,
    status={"enum": ["enrolled", "departed"]},
    enrolled_at=_DATE,
    departed_at=_DATE,
    away=_NAMED,
    away_since=_DATE,
)
_SALE: Final[dict[str, dict[str, Any]]] = {
    "deal": TEXT,
    "customer": TEXT,
    "closed_by": TEXT,
    "status": TEXT,
    "project": _NAMED,
    "unit": _NAMED,
    "amount": _NAMED,
    "subscribed_at": _DATE,
    "signed_at": _DATE,
    "cancelled_at": _DATE,
}
_OF_EVENT: Final[dict[str, dict[str, Any]]] = {
    "event": TEXT,
    "type": _NAMED,
    "office": _NAMED,
    "occurred_at": _DATE,
    "recorded_at": _DATE,
    "actor": _NAMED,
    "actor_name": _NAMED,
    "consultant": _NAMED,
    "consultant_name": _NAMED,
}
_FLAG: Final = _list_of(flag=TEXT, **_OF_EVENT)
_PENALTY: Final = _list_of(staff=TEXT, clause=TEXT, on=TEXT, text=TEXT, **_OF_EVENT)

_WARNING: Final = _list_of(
    "first",
    "last",
    scope=TEXT,
    rule={"enum": list(MESSAGES)},
    value=TEXT,
    path=TEXT,
    message=TEXT,
    records=_INTEGER,
    settled={"type": "boolean"},
)


class OfficeApi(Api):
    """The handlers of these lists, beside all others."""

    def add_routes(self) -> None:
        super().add_routes()
        add = self._add
        add("/scopes", self.scopes, "A page of scopes", object_of("cursor", scopes=_list_of(**_SCOPE)))
        add("/scopes/{scope}", self.scope, "One scope", object_of(**_SCOPE))
        add("/scopes/{scope}/offices", self.offices, "A page of offices", page_schema("offices", _OFFICE))
        add("/scopes/{scope}/staff", self.staff, "A page of staff", page_schema("staff", _STAFF))
        add("/scopes/{scope}/deals", self.deals, "A page of deals", page_schema("deals", _list_of(**_SALE)))
        add("/scopes/{scope}/deals/{deal}", self.deal, "One deal", object_of(as_of_seq=_INTEGER, **_SALE))
        add("/scopes/{scope}/flags", self.flags, "A page of flags", page_schema("flags", _FLAG))
        penalties = page_schema("penalties", _PENALTY)
        add("/scopes/{scope}/penalties", self.penalties, "A page of penalties", penalties)
        warned = "A page of who and what nobody enrolled"
        add("/scopes/{scope}/warnings", self.warnings, warned, page_schema("warnings", _WARNING))

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
