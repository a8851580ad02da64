"""The list of one's own customers, with the work of the day and the dates of the month beside it."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.customer_answers import DueOnList, WorkListAnswered
from services.console.frame.books_in_force import book_in_force, clause_words
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import actor_at
from services.console.frame.whose import sees_others
from services.console.pages.mine import calendar, own_list
from shared.contract import format_instant
from shared.contract.answers.scopes import CustomersPage, ListedCustomer

MOST: Final = 500
"""Customers that are asked for; who has more looks for the rest among all customers."""
EVERYBODY: Final = "all"
COMING: Final = 7

Month = Annotated[str, Query(pattern=r"^(\d{4}-\d{2})?$")]
StaffName = Annotated[str, Query(max_length=64)]
FormName = Annotated[str, Query(max_length=100)]
Seen = Annotated[int | None, Query(ge=1)]


class OwnAnswers(Struct, frozen=True):
    """What the services told; `cut` where there are more customers than were asked for."""

    customers: list[ListedCustomer]
    work: WorkListAnswered | None
    cut: bool


async def mine(
    page: Page,
    scope: str,
    office: str,
    staff: StaffName = "",
    month: Month = "",
    seq: Seen = None,
    done: FormName = "",
) -> Response:
    """Customers by the time left, the work list, and the month; `done` is the form that led here."""
    place = page.at(scope, office, "page.mine")
    facts = await page.scope(scope)
    chooses = sees_others(page.caller, "customer.list", place)
    owner = chosen(page, place, staff, chooses=chooses)
    today = page.now.astimezone(facts.zone).date()
    first = calendar.first_of(month, today)
    told = await asked(page, place, owner, calendar.days_ahead(first, today), seq)
    return page.render(
        "mine/list.html",
        place=place, room="mine", facts=facts, owner=owner, chooses=chooses, staff=staff or EVERYBODY,
        consultants=consultants(facts, office), own=actor_at(page.caller, place), cut=told.cut, work=told.work,
        done=done, coming=coming(told.work, today),
        groups=own_list.groups(told.customers, told.work, page.now, facts.zone),
        clause_words=partial(clause_words, book_in_force(facts.scope)),
        month=calendar.month(first, today, told.customers, told.work, facts.zone),
        weekdays=calendar.WEEKDAYS, marks=calendar.LEGEND, today=today,
    )  # fmt: skip


def chosen(page: PageRequest, place: OfficePlace, staff: str, *, chooses: bool) -> str | None:
    """Whose customers: one's own, whoever was chosen, or everybody's (None) where the role reaches that far."""
    if not chooses:
        return actor_at(page.caller, place)
    if staff in ("", EVERYBODY):
        return None
    return staff


def consultants(facts: SeenScope, office: str) -> list[tuple[str, str]]:
    """Who may own customers at an office, by name."""
    owning = ("consultant", "supervisor", "manager", "director")
    return [(one.staff, one.name) for one in facts.at_work(office) if one.role in owning]


def coming(work: WorkListAnswered | None, today: date) -> list[DueOnList]:
    """Who is due in the next days; the month has the rest."""
    until = (today + timedelta(days=COMING)).isoformat()
    return [one for one in work.coming if (one.due_on or "") <= until] if work is not None else []


async def asked(
    page: PageRequest, place: OfficePlace, owner: str | None, ahead: int, seq: int | None
) -> OwnAnswers:
    """The customers whose claim stands or is disputed, and the work list. Raises `ServiceRefusedError`."""
    owned, disputed, work = await asyncio.gather(
        _customers(page, place, "owned", owner, seq),
        _customers(page, place, "disputed", owner, seq),
        _work(page, place, owner, ahead, seq),
    )
    cut = owned.cursor is not None or disputed.cursor is not None
    return OwnAnswers([*owned.customers, *disputed.customers], work, cut)


async def _customers(
    page: PageRequest, place: OfficePlace, status: str, owner: str | None, seq: int | None
) -> CustomersPage:
    # Everybody's customers are many: of them those are told whose time runs out.
    before = None
    if owner is None and status == "owned":
        zone = (await page.scope(place.scope)).zone
        before = page.now.astimezone(zone).replace(hour=0, minute=1) + timedelta(days=own_list.SOON + 1)
    return await page.services.get(
        "attribution", f"/v1/scopes/{place.scope}/customers", CustomersPage,
        status=status, owner=owner, office=place.office if owner is None else None, limit=MOST, min_seq=seq,
        expires_before=format_instant(before) if before is not None else None,
    )  # fmt: skip


async def _work(
    page: PageRequest, place: OfficePlace, owner: str | None, ahead: int, seq: int | None
) -> WorkListAnswered | None:
    if not page.may("register.work", place):
        return None
    return await page.services.get(
        "registers", f"/v1/offices/{place.office}/work-list", WorkListAnswered,
        staff=owner, ahead=ahead, min_seq=seq,
    )  # fmt: skip
