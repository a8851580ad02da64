"""The form by which a dispute is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.console.asking.customer_answers import FoundCustomers
from services.console.frame.forms import Form, Wrong
from services.console.frame.looking_up import look_up
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import FormEntry
from services.console.frame.scope_pages import named_party, party_by
from shared.contract.answers.scopes import CustomerAnswer
from shared.i18n import Text, translated


def opening_of(
    form: Form, customer: CustomerAnswer | None, entry: FormEntry, actor: str
) -> tuple[dict[str, Any], Wrong]:
    """The data of `dispute.opened`. The id of the dispute follows from that of the event, so that both are sent twice
    alike."""
    wrong = Wrong()
    party = party_by(form["contact"]) if form["contact"] else named_party(customer)
    if party is None:
        wrong.fields["contact"] = translated(
            "a whole phone number or WeChat id of the customer is wanted; masked ones name nobody"
        )
    if not form["reason"]:
        wrong.fields["reason"] = translated("the reason is wanted: both sides will read it")
    data = {
        "dispute": f"q-{entry.event}",
        "customer": party,
        "opened_by": form["opened_by"] or actor,
        "reason": form["reason"],
        "deal": form.given("deal"),
    }
    return data, wrong


async def unknown(page: PageRequest, place: OfficePlace, facts: SeenScope, contact: str) -> Text | None:
    """Why no dispute is opened over a contact: nobody has registered it, or it cannot be told; None of a customer.

    Who has no look-up at the door reads the registers of customers instead.
    """
    told = await look_up(page, place, contact)
    if isinstance(told, Text):
        return told
    known = told.known if told is not None else await _in_a_register(page, facts, contact)
    if known:
        return None
    return translated(
        "Nobody has registered a customer with this number or id: there is nothing to contest. Register the visit or "
        "call first."
    )


async def _in_a_register(page: PageRequest, facts: SeenScope, contact: str) -> bool:
    for office in facts.scope.offices:
        path = f"/v1/offices/{office}/registers/customers"
        if (await page.services.get("registers", path, FoundCustomers, search=contact, limit=1)).total:
            return True
    return False


def opening_page(
    page: PageRequest,
    place: OfficePlace,
    facts: SeenScope,
    customer: CustomerAnswer | None,
    entry: FormEntry,
    typed: Mapping[str, str],
    wrong: Wrong | None = None,
) -> Response:
    """The form, with what was typed."""
    return page.render(
        "disputes/open.html", status=422 if wrong else 200, place=place, room="disputes", facts=facts,
        customer=customer, entry=entry, typed=typed, wrong=wrong, named=named_party(customer) is not None,
    )  # fmt: skip
