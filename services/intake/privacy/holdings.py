"""What attribution knows of a customer, whole: who it is, every record, every decision, its deals and disputes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET, Struct

from services.intake.privacy.services import NotAnsweredError, Services
from shared.contract.answers import (
    CustomerAnswer,
    CustomersPage,
    DealAnswer,
    DisputeResult,
    DisputesPage,
    HistoryAnswer,
    HistoryDecision,
    HistoryEvent,
    ListedCustomer,
    LookupAnswer,
    ScopeAnswer,
    SetAsideRecord,
    StaffMember,
    StaffPage,
)
from shared.contract.case_numbers import case_digest
from shared.i18n import bilingual

PAGE: Final = 500
_DEAL_EVENTS: Final = frozenset({"deal.subscribed", "deal.signed", "deal.cancelled"})


class Holdings(Struct, frozen=True):
    """A customer with all that was recorded and decided, as it was typed."""

    customer: CustomerAnswer
    events: list[HistoryEvent]
    decisions: list[HistoryDecision]
    set_aside: list[SetAsideRecord]
    deals: list[DealAnswer]
    disputes: list[DisputeResult]

    @property
    def records(self) -> list[str]:
        """The ids of all events, also of those that were set aside."""
        return [*(event.id for event in self.events), *(aside.event for aside in self.set_aside)]


class HoldingsReader:
    """Reads one scope from attribution, as of `seq` or later."""

    def __init__(self, services: Services, scope: str, seq: int) -> None:
        self._services = services
        self._scope = scope
        self._path = f"/v1/scopes/{scope}"
        self._seq = seq

    def office(self) -> str:
        """An office of the scope. Raises `NotAnsweredError` while a fact waits in quarantine: it may be of anybody."""
        head = self._services.get("attribution", self._path, ScopeAnswer, min_seq=self._seq)
        if head is None:
            raise NotAnsweredError(bilingual("nothing is known of the scope {scope}", scope=self._scope))
        if head.behind_since is not UNSET:
            raise NotAnsweredError(
                bilingual(
                    "facts of the scope {scope} wait in quarantine since {since}, and may be of this person: settle "
                    "them first (panke quarantine list)",
                    scope=self._scope, since=head.behind_since,
                )
            )  # fmt: skip
        return head.offices[0]

    def customer_of(self, contact: str) -> str | None:
        """The customer of a contact as people write it."""
        asked = {"contact": contact.removeprefix("wechat:")}
        found = self._services.post("attribution", f"{self._path}/lookup", LookupAnswer, asked)
        return None if found is None else found.customer

    def customer_named(self, name: str) -> str | None:
        """The customer of an id or of a case number."""
        kind = "cases" if case_digest(name) is not None else "customers"
        path = f"{self._path}/{kind}/{name}"
        found = self._services.get("attribution", path, CustomerAnswer, min_seq=self._seq)
        return None if found is None else found.customer

    def holdings(self, customer: str) -> Holdings:
        """All of a customer."""
        path = f"{self._path}/customers/{customer}"
        answer = self._services.get("attribution", path, CustomerAnswer, min_seq=self._seq)
        if answer is None:
            raise NotAnsweredError(bilingual("there is no customer {customer}", customer=customer))
        pages = list(self._history(f"{path}/history"))
        events = [event for page in pages for event in page.events]
        return Holdings(
            answer,
            events,
            [decision for page in pages for decision in page.decisions],
            [aside for page in pages if page.set_aside is not UNSET for aside in page.set_aside],
            list(self._deals(answer.customer, events)),
            self._disputes_of(answer, events),
        )

    def customers(self) -> Iterator[list[ListedCustomer]]:
        """Every customer, a page at a time."""
        cursor = None
        while True:
            path = f"{self._path}/customers"
            page = self._services.get("attribution", path, CustomersPage, limit=PAGE, cursor=cursor)
            if page is None:
                return
            yield page.customers
            if page.cursor is None:
                return
            cursor = page.cursor

    def staff(self) -> dict[str, StaffMember]:
        """Everybody who was ever enrolled."""
        found: dict[str, StaffMember] = {}
        cursor = None
        while True:
            page = self._services.get(
                "attribution", f"{self._path}/staff", StaffPage, limit=PAGE, cursor=cursor
            )
            found |= {member.staff: member for member in page.staff} if page else {}
            if page is None or page.cursor is None:
                return found
            cursor = page.cursor

    def _history(self, path: str) -> Iterator[HistoryAnswer]:
        cursor = None
        while True:
            page = self._services.get("attribution", path, HistoryAnswer, cursor=cursor, limit=PAGE)
            if page is None:
                return
            yield page
            if page.cursor is UNSET:
                return
            cursor = page.cursor

    def _deals(self, customer: str, events: list[HistoryEvent]) -> Iterator[DealAnswer]:
        names = {event.data["deal"] for event in events if event.type in _DEAL_EVENTS}
        for name in sorted(names):
            deal = self._services.get("attribution", f"{self._path}/deals/{name}", DealAnswer)
            if deal is not None and deal.customer == customer:
                yield deal

    def _disputes_of(self, customer: CustomerAnswer, events: list[HistoryEvent]) -> list[DisputeResult]:
        """Asked for where there can be one: the list is that of all customers."""
        if customer.status != "disputed" and not any(event.type.startswith("dispute.") for event in events):
            return []
        return [one for one in self._disputes() if one.customer == customer.customer]

    def _disputes(self) -> Iterator[DisputeResult]:
        cursor = None
        while True:
            path = f"{self._path}/disputes"
            page = self._services.get("attribution", path, DisputesPage, limit=PAGE, cursor=cursor)
            yield from page.disputes if page else ()
            if page is None or page.cursor is None:
                return
            cursor = page.cursor
