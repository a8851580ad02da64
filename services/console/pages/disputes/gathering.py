"""What the pages of disputes ask of the services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from msgspec import Struct

from services.console.asking.customer_answers import NamedCustomer
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.books_in_force import book_in_force, clause_words
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.scope_pages import PAGE, deals_of, whole_history
from services.console.pages.disputes.case import SYSTEM, DisputeCase, case_of
from shared.contract.answers.lists import DisputesPage
from shared.contract.answers.result import DisputeResult, OwnershipDecision
from shared.contract.answers.scopes import CustomerAnswer, CustomersPage, ListedCustomer
from shared.contract.case_numbers import case_number
from shared.i18n import Text, bilingual
from shared.platform.http.problem import ProblemError
from shared.rules.domain.rulebook import Rulebook

RULED: Final = 30
"""How many that are settled stand on the page of a scope, the latest first."""


class DisputeLine(Struct, frozen=True):
    """A dispute in the list: whose customer it is about, since when, and who is to do what, or what was ruled."""

    told: DisputeResult
    case: str
    name: str
    owner: str | None
    opened_at: str | None
    words: Text | None
    waits_for: list[str]
    ruling: OwnershipDecision | None = None

    @property
    def by_rule(self) -> bool:
        """Whether the rules opened it themselves."""
        return self.told.opened_by == SYSTEM


class BeyondReachError(Exception):
    """A dispute about a customer whom the caller does not read: that it is there is theirs to know, and what became of
    it."""

    def __init__(self, told: DisputeResult, words: Text | None) -> None:
        super().__init__(told.dispute)
        self.told = told
        self.words = words


async def all_disputes(page: PageRequest, scope: str, min_seq: int | None) -> AsyncIterator[DisputeResult]:
    """Every dispute within reach, in the order in which they were opened."""
    cursor: str | None = None
    while True:
        told = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/disputes", DisputesPage, limit=PAGE, cursor=cursor,
            min_seq=min_seq,
        )  # fmt: skip
        for one in told.disputes:
            yield one
        if told.cursor is None:
            return
        cursor = told.cursor


async def dispute_about(page: PageRequest, scope: str, customer: str) -> str | None:
    """The dispute about a customer: the one that is open, else the last; None where there is none within reach."""
    found = [one async for one in all_disputes(page, scope, None) if one.customer == customer]
    last = max(reversed(found), key=lambda one: one.status == "open", default=None)
    return last.dispute if last is not None else None


async def dispute_lines(
    page: PageRequest, scope: str, facts: SeenScope, min_seq: int | None
) -> tuple[list[DisputeLine], list[DisputeLine]]:
    """Those that are open, the longest first, and the last that were ruled on."""
    book = book_in_force(facts.scope)
    found = [one async for one in all_disputes(page, scope, min_seq)]
    open_ = [one for one in found if one.status == "open"]
    ruled = [one for one in reversed(found) if one.status == "ruled"][:RULED]
    customers = {one.customer: one async for one in _disputed(page, scope)} if open_ else {}
    seen = await page.customers_of(scope, [one.customer for one in ruled], f"{len(ruled)} ruled on")
    return (
        [_line(one, customers.get(one.customer), book) for one in open_],
        [_ruled_line(one, seen[one.customer], found, book) for one in ruled],
    )


def ruling_of_dispute(
    told: DisputeResult, decisions: Sequence[OwnershipDecision], disputes: Iterable[DisputeResult]
) -> OwnershipDecision | None:
    """The last ruling on a dispute: of those on its customer the last before another dispute about them began.

    None where the disputes in `disputes` are not all that were ever about the customer.
    """
    begun = [at for at, one in enumerate(decisions) if one.decision == "disputed"]
    about = [one.dispute for one in disputes if one.customer == told.customer]
    if len(begun) != len(about):
        return None
    number = about.index(told.dispute)
    until = begun[number + 1] if number + 1 < len(begun) else len(decisions)
    rulings = [one for one in decisions[begun[number] : until] if one.decision == "ruled"]
    return rulings[-1] if rulings else None


async def dispute_case(
    page: PageRequest, scope: str, dispute: str, facts: SeenScope, min_seq: int | None
) -> DisputeCase:
    """One dispute with all that counts for it. Raises `ProblemError` (404) for one that is not to be seen, and
    `BeyondReachError` where the customer is not."""
    async for told in all_disputes(page, scope, min_seq):
        if told.dispute == dispute:
            break
    else:
        raise ProblemError(404, bilingual("there is no such dispute"))
    customer = await customer_of(page, scope, told.customer)
    if customer is None:
        raise BeyondReachError(told, clause_words(book_in_force(facts.scope), told.clause))
    history = await whole_history(page, scope, told.customer)
    deals = await deals_of(page, scope, history[0])
    return case_of(told, customer, history, deals, facts, book_in_force(facts.scope))


async def customer_of(page: PageRequest, scope: str, customer: str) -> CustomerAnswer | None:
    """The customer about whom a dispute is to be opened; None for one who is out of reach."""
    if not customer:
        return None
    path = f"/v1/scopes/{scope}/customers/{customer}"
    try:
        return await page.services.get("attribution", path, CustomerAnswer, limit=1)
    except ServiceRefusedError as error:
        if error.status in (404, 422):
            return None
        raise


async def _disputed(page: PageRequest, scope: str) -> AsyncIterator[ListedCustomer]:
    cursor: str | None = None
    while True:
        told = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/customers", CustomersPage, status="disputed", limit=PAGE,
            cursor=cursor,
        )  # fmt: skip
        for one in told.customers:
            yield one
        if told.cursor is None:
            return
        cursor = told.cursor


def _ruled_line(
    told: DisputeResult, customer: NamedCustomer, disputes: Iterable[DisputeResult], book: Rulebook | None
) -> DisputeLine:
    ruling = ruling_of_dispute(told, customer.decisions, disputes)
    name, words = next(iter(customer.names), ""), clause_words(book, told.clause)
    return DisputeLine(told, case_number(told.customer), name, None, None, words, [], ruling)


def _line(told: DisputeResult, customer: ListedCustomer | None, book: Rulebook | None) -> DisputeLine:
    opened = [one for one in customer.decisions if one.decision == "disputed"] if customer is not None else []
    return DisputeLine(
        told,
        case_number(told.customer),
        customer.names[0] if customer is not None and customer.names else "",
        customer.owner if customer is not None else None,
        opened[-1].at if opened else None,
        clause_words(book, told.clause),
        list(book.disputes.authority) if book is not None else [],
    )
