"""What may be asked of the services for a floor; a question that cannot be answered now hides no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from services.console.asking.customer_answers import WorkListAnswered
from services.console.asking.floor_answers import FloorRows, LossesAnswered, WaitingPage
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.refused import in_one_line
from shared.contract import format_instant
from shared.contract.answers.desk import BoardsAnswer
from shared.contract.answers.lists import ListedPenalty, ListedWarning, PenaltiesPage, WarningsPage
from shared.contract.answers.scopes import ClaimsPage, CustomersPage, ListedClaim, ListedCustomer
from shared.contract.case_numbers import case_number
from shared.i18n import Text

T = TypeVar("T")
ListPage = TypeVar("ListPage", ClaimsPage, PenaltiesPage)
SHOWN: Final = 10
"""How many rows of a part stand on the page."""
AHEAD: Final = timedelta(days=3)
BEHIND: Final = 3
"""Days that are looked back for claims that lapsed, and for what was done out of turn."""
PAGES: Final = 10


class FloorPart(Struct, Generic[T], frozen=True):
    """A part of the floor, or why it cannot be told now."""

    told: T | None
    refused: Text | str = ""


class LapsedClaim(Struct, frozen=True):
    """A claim that ran out: of whom, and when."""

    customer: str
    case: str
    name: str
    at: str


class LapsedClaims(Struct, frozen=True):
    """How many claims ran out, and the last of them."""

    count: int
    last: list[LapsedClaim]


class NamedClaim(Struct, frozen=True):
    """A claim, and how its customer is called."""

    claim: ListedClaim
    case: str
    name: str


class EndingClaims(Struct, frozen=True):
    """How many claims run out soon, and the first of them."""

    count: int
    first: list[NamedClaim]


async def part_of(asked: Awaitable[T]) -> FloorPart[T]:
    """What is told, or why it is not."""
    try:
        return FloorPart(await asked)
    except ServiceRefusedError as error:
        return FloorPart(None, in_one_line(error))


class FloorQuestions:
    """The questions of the floor of one office."""

    def __init__(self, page: PageRequest, place: OfficePlace, zone: tzinfo) -> None:
        self._get = page.services.get
        self._names = page.names_of
        self._now = page.now
        self._place = place
        self._zone = zone
        self.today = page.now.astimezone(zone).date()
        self._office = f"/v1/offices/{place.office}"
        self._scope = f"/v1/scopes/{place.scope}"

    async def _pages(self, name: str, kind: type[ListPage], **query: str) -> AsyncIterator[ListPage]:
        """A list of attribution, page by page, up to so many."""
        cursor: str | None = None
        for _ in range(PAGES):
            told = await self._get(
                "attribution", f"{self._scope}/{name}", kind, limit=500, cursor=cursor, **query
            )
            yield told
            cursor = told.cursor
            if cursor is None:
                return

    async def boards(self) -> BoardsAnswer:
        return await self._get("attribution", f"{self._office}/boards", BoardsAnswer)

    async def register(
        self, name: str, since: date, limit: int = SHOWN, flag: str | None = None
    ) -> FloorRows:
        """The rows since a day, the latest first."""
        query: dict[str, Any] = {"from": since.isoformat(), "to": self.today.isoformat()}
        return await self._get(
            "registers", f"{self._office}/registers/{name}", FloorRows, sort="-happened", limit=limit, flag=flag,
            **query,
        )  # fmt: skip

    async def marked(self, since: date) -> FloorRows:
        """Visits since a day on which something was remarked."""
        return await self.register("visits", since, 500, "any")

    async def ahead(self) -> EndingClaims:
        """Claims of the office's people that run out soon, the next first; of these alone it is asked who they are."""
        until = format_instant(self._now + AHEAD)
        asked = self._pages(
            "claims", ClaimsPage, status="owned", office=self._place.office, expires_before=until
        )
        found = [one async for told in asked for one in told.claims]
        first = sorted(found, key=lambda one: one.expires_at or "")[:SHOWN]
        names = await self._names(self._place.scope, [one.customer for one in first])
        return EndingClaims(
            len(found),
            [NamedClaim(one, case_number(one.customer), names.get(one.customer, "")) for one in first],
        )

    async def behind(self, since: date) -> LapsedClaims:
        """How many claims ran out in the last days, and the last of them."""
        query: dict[str, Any] = {"from": since.isoformat(), "to": self.today.isoformat()}
        told = await self._get("registers", f"{self._office}/reports/losses", LossesAnswered, **query)
        ended = [
            tuple(one.split(":", 1))
            for table in told.tables
            if table.table == "lapsed"
            for line in table.lines
            for one in line.figures["lapsed"].ids
        ]
        latest = sorted(((at, customer) for customer, at in ended), reverse=True)[:SHOWN]
        names = await self._names(self._place.scope, [customer for _, customer in latest])
        last = [LapsedClaim(one, case_number(one), names.get(one, ""), at) for at, one in latest]
        return LapsedClaims(len(ended), last)

    async def penalties(self, since: date) -> list[ListedPenalty]:
        """Those of records of the last days, the last first."""
        asked = self._pages("penalties", PenaltiesPage)
        found = [one async for told in asked for one in told.penalties if self._is_recent(one, since)]
        return found[::-1]

    def _is_recent(self, one: ListedPenalty, since: date) -> bool:
        if one.office != self._place.office or one.recorded_at is None:
            return False
        return datetime.fromisoformat(one.recorded_at).astimezone(self._zone).date() >= since

    async def warnings(self) -> list[ListedWarning]:
        """What records name though nobody enrolled it, as far as nobody has been since."""
        told = await self._get("attribution", f"{self._scope}/warnings", WarningsPage, limit=500)
        return [one for one in told.warnings if not one.settled]

    async def work(self) -> WorkListAnswered:
        return await self._get("registers", f"{self._office}/work-list", WorkListAnswered, limit=SHOWN)

    async def disputes(self) -> list[ListedCustomer]:
        told = await self._get(
            "attribution", f"{self._scope}/customers", CustomersPage, status="disputed", limit=SHOWN
        )
        return told.customers

    async def waiting(self) -> WaitingPage:
        return await self._get("registers", f"{self._office}/approvals", WaitingPage, mine=True, limit=SHOWN)
