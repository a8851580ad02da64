"""Looking for a customer or a record: by case number, name, contact, customer id or the id of a record.

What is searched is sent in the body of a form, so that no phone stands in an address.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from services.console.asking.audit_answers import ShownEvent
from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.registers_answers import ShownRegister
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.trade_words import STATUSES, kind_word, word
from shared.contract.answers.scopes import CustomerAnswer
from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated

MOST: Final = 30
_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_STANDINGS: Final = {
    **STATUSES,
    "tracked": translated("followed up"),
    "won": translated("won"),
    "lost": translated("lost"),
}
"""Of a claim, and as the register of customers says it."""
_NOTHING: Final = frozenset({403, 404, 422})
"""Refusals that mean that nothing of the kind is found within reach."""


class SearchedCustomer(Struct, frozen=True):
    """A customer who was found, and where the history is."""

    name: str
    case: str
    owner: str
    status: Text | str
    address: str


class SearchedRecord(Struct, frozen=True):
    """A record that was found by its id; `contacts` are those that it names, by which its customer is found."""

    kind: Text | str
    office: str
    actor: str
    occurred_at: str
    recorded_at: str
    contacts: list[str]


class SearchResult(Struct, frozen=True):
    """What was found; a page says so where that is nothing."""

    customers: list[SearchedCustomer]
    record: SearchedRecord | None = None


class AuditSearch:
    """A search within a scope, that leads to histories as of a time and as known at one."""

    def __init__(self, page: PageRequest, facts: SeenScope, as_of: str | None, known_at: str | None) -> None:
        self._page, self._facts = page, facts
        clocks = {"as_of": as_of, "known_at": known_at}
        self._query = urlencode({name: at for name, at in clocks.items() if at is not None})

    async def find(self, words: str) -> SearchResult:
        """Whatever the words may mean. Raises `ServiceRefusedError` where a service does not answer."""
        if not _ID.fullmatch(words):
            return SearchResult(await self._by_words(words))
        customer = await self._customer(words)
        if customer is not None:
            return SearchResult([customer])
        record = await self._record(words)
        if record is None:
            return SearchResult([])
        found = [await self._by_words(contact) for contact in record.contacts]
        once = {one.address: one for customers in found for one in customers}
        return SearchResult(list(once.values()), record)

    async def _by_words(self, words: str) -> list[SearchedCustomer]:
        """By name, contact, case number or running number, in each office of the scope."""
        found: dict[str, SearchedCustomer] = {}
        for office in self._facts.scope.offices:
            path = f"/v1/offices/{office}/registers/customers"
            try:
                page = await self._page.services.get(
                    "registers", path, ShownRegister, search=words, limit=MOST
                )
            except ServiceRefusedError as error:
                if error.status not in _NOTHING:
                    raise
                continue
            for row in page.rows:
                if row.customer is not None:
                    one = row.customer
                    values = (row.values.get("owner"), row.values.get("status"))
                    found[one.customer] = self._found(one.customer, one.name or "", one.case, *values)
        return list(found.values())[:MOST]

    async def _customer(self, customer: str) -> SearchedCustomer | None:
        path = f"/v1/scopes/{self._facts.scope.scope}/customers/{customer}"
        try:
            one = await self._page.services.get("attribution", path, CustomerAnswer, limit=1)
        except ServiceRefusedError as error:
            if error.status not in _NOTHING:
                raise
            return None
        name = one.names[0] if one.names else ""
        return self._found(one.customer, name, case_number(one.customer), one.owner, one.status)

    async def _record(self, event: str) -> SearchedRecord | None:
        try:
            one = await self._page.services.get("intake", f"/v1/events/{event}", ShownEvent)
        except ServiceRefusedError as error:
            if error.status not in _NOTHING:
                raise
            return None
        return SearchedRecord(
            kind_word(one.type), one.office, self._facts.name(one.actor), one.occurred_at, one.recorded_at,
            contacts_of(one.data),
        )  # fmt: skip

    def _found(self, customer: str, name: str, case: str, owner: Any, status: Any) -> SearchedCustomer:
        address = f"/in/{self._facts.scope.scope}/customers/{customer}"
        return SearchedCustomer(
            name, case, self._facts.name(owner), word(_STANDINGS, status),
            f"{address}?{self._query}" if self._query else address,
        )  # fmt: skip


def contacts_of(data: dict[str, Any]) -> list[str]:
    """The phones and WeChat ids that a record names of its customer, as they were typed and unmasked."""
    party = data.get("customer")
    if not isinstance(party, dict):
        return []
    named = [*(party.get("phones") or ()), party.get("wechat")]
    return [str(one) for one in named if one and "*" not in str(one)]
