"""What stands on the floor: how it is now, and the days around it, which are told behind it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec import Struct

from services.console.asking.customer_answers import WorkListAnswered
from services.console.asking.floor_answers import (
    AwaitingRecord,
    FindingsOnFloor,
    FloorRow,
    FloorRows,
    WaitingPage,
)
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.pages.floor.questions import (
    BEHIND,
    SHOWN,
    EndingClaims,
    FloorPart,
    FloorQuestions,
    LapsedClaims,
    part_of,
)
from shared.contract.answers.desk import BoardsAnswer
from shared.contract.answers.lists import ListedPenalty, ListedWarning, StaffMember
from shared.contract.answers.scopes import ListedCustomer


class FloorToday(Struct, frozen=True, kw_only=True):
    """How the floor is now."""

    boards: FloorPart[BoardsAnswer]
    visits: FloorPart[FloorRows]
    calls: FloorPart[FloorRows]
    disputes: FloorPart[list[ListedCustomer]]
    waiting: FloorPart[WaitingPage]
    requests: FloorPart[list[AwaitingRecord]]
    away: list[StaffMember]


class FloorLately(Struct, frozen=True, kw_only=True):
    """What came of the last days, what they left to do, and what the next ones bring."""

    ahead: FloorPart[EndingClaims]
    behind: FloorPart[LapsedClaims]
    work: FloorPart[WorkListAnswered]
    marked: FloorPart[FloorRows]
    penalties: FloorPart[list[ListedPenalty]]
    warnings: FloorPart[list[ListedWarning]]

    @property
    def out_of_turn(self) -> list[FloorRow] | None:
        """Of the visits on which something was remarked; None where they cannot be told."""
        if self.marked.told is None:
            return None
        return [one for one in self.marked.told.rows if "out_of_turn" in one.flags]


def is_request(row: FloorRow) -> bool:
    """Whether a row asks for something that somebody decides."""
    return row.register in ("requests", "data-changes")


async def waiting_requests(
    page: PageRequest, place: OfficePlace, seq: int | None = None
) -> list[AwaitingRecord]:
    """Requests of the last weeks that nobody decided, whoever is to."""
    told = await page.services.get(
        "registers", f"/v1/offices/{place.office}/approvals", WaitingPage, limit=500, min_seq=seq,
        registrations=False,
    )  # fmt: skip
    return [one for one in told.records if is_request(one.row)]


async def floor_today(page: PageRequest, place: OfficePlace, facts: SeenScope) -> FloorToday:
    """The floor as it stands."""
    ask = FloorQuestions(page, place, facts.zone)
    async with asyncio.TaskGroup() as group:
        begin = group.create_task
        boards, disputes = begin(part_of(ask.boards())), begin(part_of(ask.disputes()))
        visits, calls = (
            begin(part_of(ask.register("visits", ask.today))),
            begin(part_of(ask.register("calls", ask.today))),
        )
        waiting, requests = begin(part_of(ask.waiting())), begin(part_of(waiting_requests(page, place)))
    return FloorToday(
        boards=boards.result(), visits=visits.result(), calls=calls.result(),
        disputes=disputes.result(), waiting=waiting.result(), requests=requests.result(),
        away=[one for one in facts.at_work(place.office) if one.away is not None],
    )  # fmt: skip


async def floor_lately(page: PageRequest, place: OfficePlace, facts: SeenScope) -> FloorLately:
    """The last days of the floor and the next ones."""
    ask = FloorQuestions(page, place, facts.zone)
    recent = ask.today - timedelta(days=BEHIND)
    async with asyncio.TaskGroup() as group:
        begin = group.create_task
        ahead, behind = begin(part_of(ask.ahead())), begin(part_of(ask.behind(recent)))
        penalties, warnings = begin(part_of(ask.penalties(recent))), begin(part_of(ask.warnings()))
        work, marked = begin(part_of(ask.work())), begin(part_of(ask.marked(recent)))
    return FloorLately(
        ahead=ahead.result(), behind=behind.result(), work=work.result(), marked=marked.result(),
        penalties=penalties.result(), warnings=warnings.result(),
    )  # fmt: skip


async def found_today(page: PageRequest, place: OfficePlace) -> FloorPart[FindingsOnFloor]:
    """The first findings, and how many there are; all records of the office are looked through for them."""
    path = f"/v1/offices/{place.office}/findings"
    return await part_of(page.services.get("registers", path, FindingsOnFloor, limit=SHOWN))
