"""What every form about one customer begins with: who it is, by which contact a record names them, who enters it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from services.console.frame.customer_words import shown_name
from services.console.frame.forms import Form
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import actor_at
from services.console.frame.whose import contact_in_clear, dialled, party_of
from shared.access.table import permission_table
from shared.contract.answers.scopes import CustomerAnswer
from shared.contract.case_numbers import case_number
from shared.i18n import Text


class EntryCustomer(Struct, frozen=True, kw_only=True):
    """The customer of a form. `contact` is None where the caller may see none in clear."""

    answer: CustomerAnswer
    case: str
    name: Text | str
    contact: str | None
    dial: str | None

    @property
    def party(self) -> dict[str, Any]:
        """How the record names the customer."""
        return party_of(self.contact) if self.contact is not None else {}


async def customer_of(
    page: PageRequest, place: OfficePlace, customer: str, seq: int | None = None
) -> EntryCustomer:
    """The customer as it stands. Raises `ServiceRefusedError` of one that is out of reach."""
    told = await page.services.get(
        "attribution", f"/v1/scopes/{place.scope}/customers/{customer}", CustomerAnswer, limit=1, min_seq=seq
    )
    contact = contact_in_clear(told.contacts)
    return EntryCustomer(
        answer=told,
        case=case_number(told.customer),
        name=shown_name(told.names),
        contact=contact,
        dial=dialled(contact) if contact is not None else None,
    )


def names_others(page: PageRequest, place: OfficePlace) -> bool:
    """Whether the caller may enter what a colleague did."""
    return bool(permission_table().permits(page.caller, "event.name_worker", place.scope))


def doer_of(form: Form, page: PageRequest, place: OfficePlace, owner: str | None) -> str:
    """Who did it: whoever was chosen where one may choose, else whoever enters it."""
    own = actor_at(page.caller, place)
    if not names_others(page, place):
        return own
    return form["by"] or owner or own


def doers(page: PageRequest, place: OfficePlace, facts: SeenScope) -> list[tuple[str, str]]:
    """Whom one may choose as having done it; nobody else than oneself where the list is empty."""
    if not names_others(page, place):
        return []
    return [(one.staff, one.name) for one in facts.at_work(place.office)]
