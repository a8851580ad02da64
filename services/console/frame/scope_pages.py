"""Pages of a scope: at which office whoever looks stands, and everything that is told of a customer."""

from __future__ import annotations

from typing import Any, Final

from services.console.frame.navigation import OfficePlace, may_open, own_places
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from shared.contract import format_instant
from shared.contract.answers.history import HistoryAnswer, HistoryDecision, HistoryEvent
from shared.contract.answers.lists import DealAnswer
from shared.contract.answers.result import CustomerResult
from shared.contract.phones import is_masked
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError

PAGE: Final = 500
WECHAT: Final = "wechat:"


async def place_in(page: PageRequest, scope: str, action: str) -> tuple[OfficePlace, SeenScope]:
    """Where somebody stands in a scope: at their own office, else at the first that their role reaches.

    Raises `ProblemError` (404) where it reaches none.
    """
    if not page.caller.knows(scope):
        raise ProblemError(404, bilingual("there is no such scope"))
    facts = await page.scope(scope)
    own = [one for one in own_places(page.caller) if one.scope == scope]
    every = [*own, *(OfficePlace(scope, office) for office in facts.scope.offices)]
    found = next((one for one in every if may_open(page.caller, action, one)), None)
    if found is None:
        raise ProblemError(404, bilingual("there is no such scope"))
    return found, facts


async def whole_history(
    page: PageRequest, scope: str, customer: str, min_seq: int | None = None
) -> tuple[list[HistoryEvent], list[HistoryDecision]]:
    """Every record and decision of a customer, with what each record brought when it was folded."""
    events: dict[str, HistoryEvent] = {}
    decisions: list[HistoryDecision] = []
    cursor: str | None = None
    while True:
        told = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/customers/{customer}/history", HistoryAnswer,
            known_at=format_instant(page.now), limit=PAGE, cursor=cursor, min_seq=min_seq,
        )  # fmt: skip
        events.update((one.id, one) for one in told.events)
        decisions.extend(told.decisions)
        if not isinstance(told.cursor, str):
            return sorted(events.values(), key=lambda one: one.seq), decisions
        cursor = told.cursor


async def deals_of(page: PageRequest, scope: str, events: list[HistoryEvent]) -> list[DealAnswer]:
    """The deals of a customer, by the records that subscribed them."""
    named = [one.data["deal"] for one in events if one.type == "deal.subscribed"]
    return [
        await page.services.get("attribution", f"/v1/scopes/{scope}/deals/{deal}", DealAnswer)
        for deal in dict.fromkeys(named)
    ]


def named_party(customer: CustomerResult | None) -> dict[str, Any] | None:
    """A customer as a record names them; None where whoever looks sees no contact in clear."""
    if customer is None:
        return None
    clear = [one for one in customer.contacts if not is_masked(one)]
    phones = [one for one in clear if not one.startswith(WECHAT)]
    wechat = [one.removeprefix(WECHAT) for one in clear if one.startswith(WECHAT)]
    if not clear:
        return None
    party: dict[str, Any] = {"phones": phones} if phones else {"wechat": wechat[0]}
    if customer.names and "*" not in customer.names[0]:
        party["name"] = customer.names[0]
    return party


def party_by(contact: str) -> dict[str, Any] | None:
    """A customer by a contact as it was typed: a number of any country has digits, a WeChat id a letter."""
    if not contact or is_masked(contact):
        return None
    letters = any(one.isascii() and one.isalpha() for one in contact)
    return {"wechat": contact} if letters else {"phones": [contact]}
