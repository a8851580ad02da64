"""Who is next, who is there and who is away, as attribution has it at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct

from services.console.asking.services import ServicesAsPerson
from services.console.frame.navigation import OfficePlace
from services.console.frame.place_facts import RECEIVERS
from shared.contract import parse_instant
from shared.contract.answers.desk import BoardsAnswer
from shared.contract.answers.lists import StaffMember, StaffPage
from shared.contract.answers.result import BoardResult

PAGE: Final = 500

Opened: TypeAlias = Literal["today", "before", "never", "untold"]


class TurnLine(Struct, frozen=True):
    """One place of a board."""

    number: int
    staff: str
    name: str
    is_next: bool
    away: str | None


class AwayLine(Struct, frozen=True):
    """Somebody who is away: why, and since when."""

    staff: str
    name: str
    reason: str
    since: str | None


class OfficeFloor(Struct, frozen=True):
    """The boards of an office and its people; `people` are all of the scope, by id."""

    office: str
    boards: BoardsAnswer
    people: Mapping[str, StaffMember]
    opened: Opened

    @property
    def visit(self) -> list[TurnLine]:
        return list(self._lines(self.boards.visit))

    @property
    def call(self) -> list[TurnLine]:
        return list(self._lines(self.boards.call))

    @property
    def next_visit(self) -> str:
        return self.boards.visit.next or ""

    @property
    def next_call(self) -> str:
        return self.boards.call.next or ""

    @property
    def away(self) -> list[AwayLine]:
        """Who of this office is away, also where they keep no place meanwhile."""
        return [
            AwayLine(one.staff, one.name, one.away, one.away_since)
            for one in self.here()
            if one.away is not None
        ]

    def name(self, staff: str | None) -> str:
        """The name of somebody of staff; the id where the journal has none."""
        if not staff:
            return ""
        found = self.people.get(staff)
        return found.name if found is not None else staff

    def here(self) -> list[StaffMember]:
        """Who may be on the floor of this office: by rank, then by name."""
        return sorted(
            (
                one
                for one in self.people.values()
                if one.office == self.office and one.departed_at is None and one.role in RECEIVERS
            ),
            key=lambda one: (RECEIVERS.index(one.role), one.name),
        )

    def is_here(self, staff: str | None) -> bool:
        """Whether somebody works at this office and is not away."""
        return any(one.staff == staff and one.away is None for one in self.here())

    def in_turn(self, queue: Sequence[str]) -> list[StaffMember]:
        """Who may be on the floor: those on a board in its order, then the others."""
        places = {staff: number for number, staff in enumerate(queue)}
        return sorted(self.here(), key=lambda one: places.get(one.staff, len(places)))

    def _lines(self, board: BoardResult) -> Iterator[TurnLine]:
        for number, staff in enumerate(board.queue, 1):
            found = self.people.get(staff)
            away = found.away if found is not None else None
            yield TurnLine(number, staff, self.name(staff), staff == board.next, away)


async def floor_of(
    services: ServicesAsPerson, place: OfficePlace, now: datetime, zone: ZoneInfo, min_seq: int | None = None
) -> OfficeFloor:
    """The floor as it is now. Raises `ServiceRefusedError`."""
    boards, people = await asyncio.gather(
        services.get("attribution", f"/v1/offices/{place.office}/boards", BoardsAnswer, min_seq=min_seq),
        _people(services, place.scope, min_seq),
    )
    return OfficeFloor(place.office, boards, people, opened_when(boards, now, zone))


def opened_when(boards: BoardsAnswer, now: datetime, zone: ZoneInfo) -> Opened:
    """Whether a shift was opened on this day of the office."""
    if boards.shift_opened_at is UNSET:
        return "untold"
    if boards.shift_opened_at is None:
        return "never"
    opened = parse_instant(boards.shift_opened_at).astimezone(zone).date()
    return "today" if opened == now.astimezone(zone).date() else "before"


async def _people(services: ServicesAsPerson, scope: str, min_seq: int | None) -> Mapping[str, StaffMember]:
    """Everybody of the scope: asked anew each time, since who is away must not be some seconds old."""
    people: dict[str, StaffMember] = {}
    cursor: str | None = None
    while True:
        page = await services.get(
            "attribution", f"/v1/scopes/{scope}/staff", StaffPage, limit=PAGE, cursor=cursor, min_seq=min_seq
        )
        people.update((one.staff, one) for one in page.staff)
        if page.cursor is None:
            return people
        cursor = page.cursor
