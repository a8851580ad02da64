"""What nearly every page of a scope shows: its offices and zone, and who is who; asked again every few seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.asking.services import ServicesAsPerson
from shared.contract.answers.lists import StaffMember, StaffPage
from shared.contract.answers.scopes import ScopeAnswer

KEPT: Final = 5.0
PAGE: Final = 500
CHINA: Final = ZoneInfo("Asia/Shanghai")
"""Of a scope in which nothing is folded yet."""
RECEIVERS: Final = ("consultant", "supervisor", "manager")
"""Roles of those who may be on the floor, in the order in which they are offered."""


class SeenScope(Struct, frozen=True):
    """A scope as pages show it; `people` are all who were ever enrolled, by id."""

    scope: ScopeAnswer
    zone: ZoneInfo
    people: Mapping[str, StaffMember]

    def name(self, staff: str | None) -> str:
        """The name of somebody of staff; the id where the journal has none."""
        if staff is None:
            return ""
        found = self.people.get(staff)
        return found.name if found is not None else staff

    def names(self, staff: Iterable[str]) -> list[str]:
        """The names of several."""
        return [self.name(one) for one in staff]

    def at_work(self, office: str) -> list[StaffMember]:
        """Who works at an office now, by name."""
        here = [one for one in self.people.values() if one.office == office and one.departed_at is None]
        return sorted(here, key=lambda one: (one.role != "consultant", one.name))


class SeenScopes:
    """Facts of scopes by name. The door lets in nobody who may not know of the scope; the facts are the same for all
    who do (docs/permissions.md, `scope.list`, `staff.list`)."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, SeenScope]] = {}
        self._people: dict[str, tuple[float, Mapping[str, StaffMember]]] = {}

    async def of(self, scope: str, services: ServicesAsPerson) -> SeenScope:
        """The facts, some seconds old at most. Raises `ServiceRefusedError`."""
        found = self._known.get(scope)
        if found is not None and self._monotonic() - found[0] < KEPT:
            return found[1]
        told = await services.get("attribution", f"/v1/scopes/{scope}", ScopeAnswer)
        zone = ZoneInfo(told.timezone) if told.timezone else CHINA
        facts = SeenScope(told, zone, await self.people(scope, services))
        self._known[scope] = (self._monotonic(), facts)
        return facts

    async def people(self, scope: str, services: ServicesAsPerson) -> Mapping[str, StaffMember]:
        """All who were ever enrolled, by id, some seconds old at most; also for whoever reads nothing else of a scope.

        Raises `ServiceRefusedError`.
        """
        found = self._people.get(scope)
        if found is None or self._monotonic() - found[0] >= KEPT:
            found = self._people[scope] = (self._monotonic(), await _people(scope, services))
        return found[1]

    def forget(self, scope: str) -> None:
        """Ask anew: somebody was enrolled, or left, from this console."""
        self._known.pop(scope, None)
        self._people.pop(scope, None)


async def _people(scope: str, services: ServicesAsPerson) -> Mapping[str, StaffMember]:
    people: dict[str, StaffMember] = {}
    cursor: str | None = None
    while True:
        page = await services.get(
            "attribution", f"/v1/scopes/{scope}/staff", StaffPage, limit=PAGE, cursor=cursor
        )
        people.update((one.staff, one) for one in page.staff)
        if page.cursor is None:
            return people
        cursor = page.cursor
