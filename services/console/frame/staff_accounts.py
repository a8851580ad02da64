"""Which of the people of an office have an account, as access has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.asking.access_answers import EnrolledPage, EnrolledStaff
from services.console.frame.page import PageRequest

PAGE: Final = 500


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


async def accounts_of(page: PageRequest, scope: str) -> Mapping[str, EnrolledStaff]:
    """The same of a scope, by the id of the person."""
    return {one.staff: one for one in await enrolled_staff(page, scope)}
