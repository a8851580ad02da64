"""How far somebody's role goes among customers, and by which contact a customer is named in a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.console.frame.navigation import OfficePlace, may_open, own_places
from services.console.frame.page import PageRequest
from shared.access.caller import Caller
from shared.access.table import permission_table
from shared.contract.phones import is_masked
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError

_WECHAT: Final = "wechat:"


async def place_in(page: PageRequest, scope: str, action: str) -> OfficePlace:
    """The office that a page of a whole scope belongs to: one's own there, else the first one.

    Raises `ProblemError` (404) where the caller's role does not reach.
    """
    own = [one for one in own_places(page.caller) if one.scope == scope]
    if not own:
        if not permission_table().permits(page.caller, action, scope):
            raise ProblemError(404, bilingual("there is no such office"))
        facts = await page.scope(scope)
        own = [OfficePlace(scope, one) for one in facts.scope.offices]
    found = next((one for one in own if may_open(page.caller, action, one)), None)
    if found is None:
        raise ProblemError(404, bilingual("there is no such office"))
    return found


def sees_others(caller: Caller, action: str, place: OfficePlace) -> bool:
    """Whether a role of theirs reaches more than what is their own."""
    permits = permission_table().permits(caller, action, place.scope)
    return any(one.reach != "own" and one.office in (None, place.office) for one in permits)


def contact_in_clear(contacts: Sequence[str]) -> str | None:
    """A contact by which the customer can be named; None where all of them are masked, or there is none."""
    return next((one for one in contacts if not is_masked(one)), None)


def party_of(contact: str) -> dict[str, Any]:
    """A party that names the customer by a contact, as a record has it."""
    if contact.startswith(_WECHAT):
        return {"wechat": contact.removeprefix(_WECHAT)}
    return {"phones": [contact]}


def dialled(contact: str) -> str | None:
    """The address that dials a contact; None of what cannot be dialled."""
    number, _, extension = contact.partition(";ext=")
    if not number.startswith("+") or not number[1:].isdigit():
        return None
    return f"tel:{number}" + (f";ext={extension}" if extension.isdigit() else "")
