"""All customers within reach: found by name, phone or case number, or listed by owner and status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.customer_answers import FoundCustomer, FoundCustomers
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.customer_words import STATUS_MARKS, shown_name
from services.console.frame.looking_up import is_whole, look_up
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.place_facts import SeenScope
from services.console.frame.scope_pages import place_in
from services.console.frame.trade_words import STATUSES, word
from services.console.frame.words import instant
from services.console.pages.customer.customer_page import ACTION
from shared.contract.answers.desk import LookupAnswer
from shared.contract.answers.scopes import CustomerAnswer, CustomersPage, ListedCustomer
from shared.contract.case_numbers import case_digest, case_number
from shared.i18n import Text, translated
from shared.i18n.times import deadline

PAGE: Final = 50
REGISTER_STATUSES: Final[Mapping[str, Text]] = {
    "tracked": translated("Followed up"),
    "unowned": STATUSES["unowned"],
    "won": STATUSES["closed"],
    "lost": translated("Lost"),
}

Words = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=2000)]


LONGEST: Final = 200


class CustomersWanted(Struct, frozen=True, kw_only=True):
    """What is looked for."""

    search: str = ""
    owner: str = ""
    status: str = ""
    office: str = ""

    def address(self, scope: str, cursor: str | None) -> str:
        """The page behind a cursor."""
        asked = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name)}
        if cursor is not None:
            asked["cursor"] = cursor
        return f"/in/{scope}/customers?{urlencode(asked)}"


class CustomerLine(Struct, frozen=True, kw_only=True):
    """A customer in the list."""

    customer: str
    case: str
    name: Text | str
    contact: str
    owner: str | None
    status: Text | str
    mark: str
    expires_at: str | None
    until: Text | None
    level: str | None


class CustomerLines(Struct, frozen=True):
    """A page of the list; `total` where it is known."""

    lines: list[CustomerLine]
    next: str | None
    total: int | None


async def customers_page(
    page: Page,
    scope: PlaceName,
    owner: Words = "",
    status: Words = "",
    office: Words = "",
    cursor: Cursor = None,
) -> Response:
    """The list, by owner and status."""
    return await _page(page, scope, CustomersWanted(owner=owner, status=status, office=office), cursor)


async def find_customers(page: Page, scope: PlaceName) -> Response:
    """Whom a name, a number or a case number means; a case number leads to its customer at once.

    What was typed stands in the body: an address is kept by browsers and proxies.
    """
    form = await page.form()
    asked = CustomersWanted(search=form["search"][:LONGEST], office=form["office"])
    if asked.search and case_digest(asked.search) is not None:
        found = await case_of(page, scope, asked.search)
        if found is not None:
            return page.see_other(f"/in/{scope}/customers/{found}")
    return await _page(page, scope, asked, form.given("cursor"))


async def _page(page: PageRequest, scope: str, asked: CustomersWanted, cursor: str | None) -> Response:
    place, facts = await place_in(page, scope, ACTION)
    searched = bool(asked.search or asked.office)
    told = await (_found(page, place, asked, cursor) if searched else _listed(page, facts, asked, cursor))
    of_others = None
    if not told.lines and is_whole(asked.search):
        of_others = await look_up(page, place, asked.search)
    return page.render(
        "customer/list.html",
        place=place, room="customers", facts=facts, asked=asked, told=told, searched=searched,
        of_others=of_others if isinstance(of_others, LookupAnswer) else None,
        unasked=of_others if isinstance(of_others, Text) else None,
        statuses=STATUSES, owners=_owners(facts), offices=facts.scope.offices,
        after=asked.address(scope, told.next) if told.next else None, first=cursor is None,
    )  # fmt: skip


async def case_of(page: PageRequest, scope: str, case: str) -> str | None:
    """The customer of a case number; None where there is none within reach."""
    try:
        found = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/cases/{quote(case, safe='')}", CustomerAnswer
        )
    except ServiceRefusedError as error:
        if error.status in (403, 404, 422):
            return None
        raise
    return str(found.customer)


async def _listed(
    page: PageRequest, facts: SeenScope, asked: CustomersWanted, cursor: str | None
) -> CustomerLines:
    told = await page.services.get(
        "attribution", f"/v1/scopes/{facts.scope.scope}/customers", CustomersPage,
        owner=asked.owner or None, status=asked.status or None, cursor=cursor, limit=PAGE,
    )  # fmt: skip
    return CustomerLines([_line(one, facts) for one in told.customers], told.cursor, None)


async def _found(
    page: PageRequest, place: OfficePlace, asked: CustomersWanted, cursor: str | None
) -> CustomerLines:
    """By the register of an office, which knows names and numbers."""
    office = quote(asked.office or place.office, safe="")
    told = await page.services.get(
        "registers", f"/v1/offices/{office}/registers/customers", FoundCustomers,
        search=asked.search or None, staff=asked.owner or None, cursor=cursor, limit=PAGE,
    )  # fmt: skip
    lines = [_found_line(one) for one in told.rows]
    return CustomerLines([one for one in lines if one is not None], told.cursor, told.total)


def _line(one: ListedCustomer, facts: SeenScope) -> CustomerLine:
    ends = one.expires_at
    return CustomerLine(
        customer=one.customer, case=case_number(one.customer), name=shown_name(one.names),
        contact=next(iter(one.contacts), ""), owner=one.owner, status=word(STATUSES, one.status),
        mark=STATUS_MARKS.get(one.status, ""), expires_at=ends,
        until=deadline(instant(ends), facts.zone) if ends is not None else None, level=None,
    )  # fmt: skip


def _found_line(one: FoundCustomer) -> CustomerLine | None:
    if one.customer is None:
        return None
    values: Mapping[str, Any] = one.values
    status = str(values.get("status") or "")
    return CustomerLine(
        customer=one.customer.customer, case=one.customer.case,
        name=shown_name([one.customer.name] if one.customer.name else []),
        contact=next(iter(one.customer.contacts), ""), owner=values.get("owner"),
        status=word(REGISTER_STATUSES, status), mark="mark" if status == "won" else "", expires_at=None,
        until=None, level=values.get("level"),
    )  # fmt: skip


def _owners(facts: SeenScope) -> list[tuple[str, str]]:
    """Who may own customers, those who have left at the end."""
    owning = ("consultant", "supervisor", "manager", "director")
    those = [one for one in facts.people.values() if one.role in owning]
    those.sort(key=lambda one: (one.departed_at is not None, one.name))
    return [(one.staff, one.name) for one in those]
