"""How far somebody's role goes among customers, and by which contact a customer is named in a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from services.console.frame.navigation import OfficePlace
from shared.access.caller import Caller
from shared.access.table import permission_table
from shared.contract.phones import is_masked

_WECHAT: Final = "wechat:"


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
