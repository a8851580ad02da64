"""Customers, their histories, and all of a scope as it stood at an earlier time."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import msgspec
from msgspec import Raw, Struct
from starlette.responses import Response

from services.attribution.calls.asking import Asking, encoded, headers_of
from services.attribution.calls.parameters import (
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
from services.attribution.historic.judge import (
    HistoricJudge,
    HistoricQuery,
    RefoldUnavailableError,
    ScopeFacts,
)
from services.attribution.queries import customers
from services.attribution.queries.decisions_page import DECISIONS, from_micros, page_of_explained
from services.attribution.queries.history_page import history_of
from services.attribution.queries.snapshot import FoldedHead
from shared.access.extent import Sight
from shared.access.report import disclosed
from shared.contract.answers import (
    CustomerAnswer,
    CustomerResult,
    CustomersPage,
    HistoryAnswer,
    JudgementResult,
    ListedCustomer,
    SharedContactsPage,
)
from shared.contract.answers.values import extended
from shared.contract.case_numbers import case_digest
from shared.i18n import bilingual
from shared.ids import ScopeId
from shared.platform.http.openapi import JSON
from shared.platform.http.problem import ProblemError, unavailable


class CustomerCalls:
    """The handlers of these calls; a contact is shared that more than `most_people` people have."""

    def __init__(self, asking: Asking, historic: HistoricJudge, most_people: int) -> None:
        self._asking = asking
        self._historic = historic
        self._most_people = most_people

    def add_to(self, routes: Routes) -> None:
        add = routes.get
        add("/scopes/{scope}/judgement", self.judgement, "All of a scope, also as of a time", JudgementResult)
        add("/scopes/{scope}/customers", self.customers, "A page of customers", CustomersPage)
        one = "One customer, also as of a time"
        add("/scopes/{scope}/customers/{customer}", self.customer, one, CustomerAnswer)
        add("/scopes/{scope}/cases/{case}", self.case, "The customer of a case number", CustomerAnswer)
        history = "/scopes/{scope}/customers/{customer}/history"
        add(history, self.history, "Every event and decision", HistoryAnswer)
        shared = "A page of customers who are more people than an office can mean by one contact"
        add("/scopes/{scope}/shared-contacts", self.shared_contacts, shared, SharedContactsPage)

    async def judgement(
        self,
        scope: Scope,
        sight: Seen,
        as_of: Moment = None,
        known_at: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        head, judged = await self._refold(scope, sight, as_of, known_at, min_seq)
        disclosed(count=await self._asking.ask("historic", partial(_customers_in, judged), ""))
        return Response(judged, media_type=JSON, headers=headers_of(head))

    async def customers(
        self,
        scope: Scope,
        sight: Seen,
        owner: Text = None,
        status: Status | None = None,
        expires_before: Moment = None,
        cursor: Where = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        before = moment_of("expires_before", expires_before)
        return await self._asking.page(
            scope,
            sight,
            min_seq,
            cursor,
            CustomersPage,
            lambda snapshot, at: customers.page_of_customers(
                snapshot.faces(), at, limit, owner=owner, status=status, before=before
            ),
        )

    async def customer(
        self,
        scope: Scope,
        customer: Name,
        sight: Seen,
        as_of: Moment = None,
        known_at: Moment = None,
        cursor: Where = None,
        limit: Decisions = DECISIONS,
        min_seq: MinSeq = None,
    ) -> Response:
        at = history_cursor(cursor)
        if as_of is None and known_at is None:
            return await self._asking.answer(
                "desk",
                scope,
                sight,
                min_seq,
                lambda snapshot: _whole(
                    customers.customer_of(snapshot.faces(), customer, at, limit), snapshot.head
                ),
            )
        head, judged = await self._refold(scope, sight, as_of, known_at, min_seq, customer)
        if judged is None:
            raise ProblemError(404, f"no customer {customer} was known then")
        then = msgspec.json.decode(judged, type=CustomerResult)
        page, following = page_of_explained(then.decisions, from_micros(at.born), limit)
        return encoded(_whole(customers.paged(then, page, following), head), head)

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
        cursor: Where = None,
        limit: Decisions = DECISIONS,
        min_seq: MinSeq = None,
    ) -> Response:
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

    async def _refold(
        self,
        scope: ScopeId,
        sight: Sight,
        as_of: str | None,
        known_at: str | None,
        min_seq: int | None,
        customer: str | None = None,
    ) -> tuple[FoldedHead, bytes | None]:
        """Fold the stored facts again; the bytes are those of `panke judge` over the exported journal."""
        until, known = moment_of("as_of", as_of), moment_of("known_at", known_at)
        await self._asking.wait(scope, min_seq)

        def read() -> tuple[FoldedHead, bool, ScopeFacts | None, datetime | None]:
            with self._asking.reader.of(scope, sight=sight) as snapshot:
                readable, masked = customers.seen_then(snapshot.faces(), customer)
                facts = snapshot.journal() if readable else None
                return snapshot.head, masked, facts, snapshot.watermark()

        missing = f"no scope {scope} is known"
        try:
            async with self._historic.place() as place:
                head, masked, journal, watermark = await self._asking.ask("historic", read, missing)
                asked = HistoricQuery(head.book, until, known, watermark, customer)
                judged = None if journal is None else await place.judge(journal, asked)
        except RefoldUnavailableError as error:
            raise unavailable(str(error), 5) from None
        if judged is None:
            return head, None
        opener = self._asking.reader.opener
        opened = partial(opener.result if customer is None else opener.one, judged, masked=masked)
        return head, await self._asking.ask("historic", opened, missing)


class _Customers(Struct):
    customers: list[Raw]


def _customers_in(judged: bytes | None) -> int:
    return 0 if judged is None else len(msgspec.json.decode(judged, type=_Customers).customers)


def _whole(customer: ListedCustomer, head: FoldedHead) -> CustomerAnswer:
    disclosed(customer=customer.customer)
    return extended(CustomerAnswer, customer, **head.answer_head())
