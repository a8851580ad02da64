"""Customers and their histories, as they stand or stood at an earlier time."""

from __future__ import annotations

from starlette.responses import Response

from services.attribution.calls.asking import Asking
from services.attribution.calls.parameters import (
    AtOffice,
    Case,
    Decisions,
    Limit,
    MinSeq,
    Moment,
    Name,
    Scope,
    Seen,
    Status,
    Text,
    Where,
    bad_input,
    history_cursor,
    moment_of,
)
from services.attribution.calls.routes import Routes
from services.attribution.calls.then_customers import EarlierCustomers
from services.attribution.calls.times import AsOf, KnownAt, times_of
from services.attribution.historic.lists import CustomerFilter
from services.attribution.queries import customers
from services.attribution.queries.decisions_page import DECISIONS
from services.attribution.queries.history_page import history_of
from services.attribution.queries.snapshot import FoldedHead
from shared.access.report import disclosed
from shared.contract.answers import (
    ClaimsPage,
    CustomerAnswer,
    CustomersPage,
    HistoryAnswer,
    ListedCustomer,
    SharedContactsPage,
)
from shared.contract.answers.values import extended
from shared.contract.case_numbers import case_digest
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock


class CustomerCalls:
    """The handlers of these calls; a contact is shared that more than `most_people` people have."""

    def __init__(
        self, asking: Asking, earlier: EarlierCustomers, clock: BusinessClock, most_people: int
    ) -> None:
        self._asking = asking
        self._earlier = earlier
        self._clock = clock
        self._most_people = most_people

    def add_to(self, routes: Routes) -> None:
        add = routes.get
        many = "A page of customers, also as of a time"
        add("/scopes/{scope}/customers", self.customers, many, CustomersPage)
        claims = "A page of claims as they stand, without names and contacts"
        add("/scopes/{scope}/claims", self.claims, claims, ClaimsPage)
        one = "One customer, also as of a time"
        add("/scopes/{scope}/customers/{customer}", self.customer, one, CustomerAnswer)
        add("/scopes/{scope}/cases/{case}", self.case, "The customer of a case number", CustomerAnswer)
        history = "/scopes/{scope}/customers/{customer}/history"
        add(history, self.history, "Every event and decision, also as known at a time", HistoryAnswer)
        shared = "A page of customers who are more people than an office can mean by one contact"
        add("/scopes/{scope}/shared-contacts", self.shared_contacts, shared, SharedContactsPage)

    async def customers(
        self,
        scope: Scope,
        sight: Seen,
        owner: Text = None,
        office: AtOffice = None,
        status: Status | None = None,
        expires_before: Moment = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        cursor: Where = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        sought = CustomerFilter(owner, status, moment_of("expires_before", expires_before))
        sight = sight if office is None else sight.at(office)
        asked = times_of(as_of, known_at, self._clock.now())
        if asked is not None:
            return await self._earlier.page(scope, sight, asked, sought, cursor, limit, DECISIONS, min_seq)
        return await self._asking.page(
            scope,
            sight,
            min_seq,
            cursor,
            CustomersPage,
            lambda snapshot, at: customers.page_of_customers(snapshot.faces(), at, limit, sought),
        )

    async def claims(
        self,
        scope: Scope,
        sight: Seen,
        owner: Text = None,
        office: AtOffice = None,
        status: Status | None = None,
        expires_before: Moment = None,
        cursor: Where = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        """For whoever counts them, or looks for those that end first: it costs what a row of each costs."""
        sought = CustomerFilter(owner, status, moment_of("expires_before", expires_before))
        sight = sight if office is None else sight.at(office)
        return await self._asking.page(
            scope,
            sight,
            min_seq,
            cursor,
            ClaimsPage,
            lambda snapshot, at: customers.page_of_claims(snapshot, at, limit, sought),
        )

    async def customer(
        self,
        scope: Scope,
        customer: Name,
        sight: Seen,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        cursor: Where = None,
        limit: Decisions = DECISIONS,
        min_seq: MinSeq = None,
    ) -> Response:
        asked = times_of(as_of, known_at, self._clock.now())
        if asked is not None:
            return await self._earlier.customer(scope, customer, sight, asked, cursor, limit, min_seq)
        at = history_cursor(cursor)
        return await self._asking.answer(
            "desk",
            scope,
            sight,
            min_seq,
            lambda snapshot: _whole(
                customers.customer_of(snapshot.faces(), customer, at, limit), snapshot.head
            ),
        )

    async def case(self, scope: Scope, case: Case, sight: Seen, min_seq: MinSeq = None) -> Response:
        """The customer whom alerts call by that number; one that was joined is found as what it went into."""
        digest = case_digest(case)
        if digest is None:
            raise bad_input("case", "case", bilingual("a case number looks like K7QF-2M9D"))
        return await self._asking.answer(
            "desk",
            scope,
            sight,
            min_seq,
            lambda snapshot: _whole(customers.customer_of_case(snapshot.faces(), digest), snapshot.head),
        )

    async def history(
        self,
        scope: Scope,
        customer: Name,
        sight: Seen,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        cursor: Where = None,
        limit: Decisions = DECISIONS,
        min_seq: MinSeq = None,
    ) -> Response:
        """Of an earlier time fact by fact: what was decided when each was folded, and what later ones changed of it."""
        asked = times_of(as_of, known_at, self._clock.now())
        if asked is not None:
            return await self._earlier.history(scope, customer, sight, asked, cursor, limit, min_seq)
        at = history_cursor(cursor)
        return await self._asking.answer(
            "lists", scope, sight, min_seq, lambda snapshot: history_of(snapshot, customer, at, limit)
        )

    async def shared_contacts(
        self, scope: Scope, sight: Seen, cursor: Where = None, limit: Limit = 100, min_seq: MinSeq = None
    ) -> Response:
        """For the office to judge: which contact was typed for many, and which records are to be corrected."""
        most = self._most_people
        return await self._asking.page(
            scope,
            sight,
            min_seq,
            cursor,
            SharedContactsPage,
            lambda snapshot, at: customers.page_of_shared(snapshot.faces(), at, limit, most),
        )


def _whole(customer: ListedCustomer, head: FoldedHead) -> CustomerAnswer:
    disclosed(customer=customer.customer)
    return extended(CustomerAnswer, customer, **head.answer_head())
