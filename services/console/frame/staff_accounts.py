"""Which of the people of an office have an account, as access has it, and how they are called."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from services.console.asking.access_answers import EnrolledPage, EnrolledStaff
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.page import PageRequest
from shared.contract.answers.lists import StaffMember

PAGE: Final = 500


class StaffNames(Struct, frozen=True):
    """The staff of scopes by id."""

    people: Mapping[str, Mapping[str, StaffMember]]

    def of(self, scope: str, staff: str) -> str:
        """The name; the id where there is none."""
        found = self.people.get(scope, {}).get(staff)
        return found.name if found is not None else staff


async def enrolled_staff(page: PageRequest, scope: str | None = None) -> list[EnrolledStaff]:
    """Who is enrolled, as far as the roles of whoever looks reach. Raises `ServiceRefusedError`."""
    found: list[EnrolledStaff] = []
    after: str | None = None
    while True:
        told = await page.services.get(
            "access", "/v1/access/staff", EnrolledPage, scope=scope, after=after, limit=PAGE
        )
        found += told.staff
        if told.next is None:
            return found
        after = told.next


async def staff_names(page: PageRequest, scopes: Iterable[str]) -> StaffNames:
    """How the staff of these scopes are called: access keeps no names, so attribution is asked.

    While it does not answer they are called by their ids: accounts are kept all the same.
    """
    wanted = list(dict.fromkeys(scopes))
    told = await asyncio.gather(*(_people(page, scope) for scope in wanted))
    return StaffNames(dict(zip(wanted, told, strict=True)))


async def _people(page: PageRequest, scope: str) -> Mapping[str, StaffMember]:
    try:
        return await page.parts.known.people(scope, page.services)
    except ServiceRefusedError:
        return {}


async def accounts_of(page: PageRequest, scope: str) -> Mapping[str, EnrolledStaff]:
    """The same of a scope, by the id of the person."""
    return {one.staff: one for one in await enrolled_staff(page, scope)}
