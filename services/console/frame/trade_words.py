"""What the values of closed lists are called on a page: flags, statuses, roles, capacities, reasons (glossary)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.access.table import permission_table
from shared.contract.event_words import KINDS
from shared.i18n import Text, translated

FLAGS: Final[Mapping[str, Text]] = {
    "late_entry": translated("Entered after its day; counts from when it was entered"),
    "backfilled": translated("Follow-up entered after its day; does not count"),
    "incomplete": translated("Incomplete registration"),
    "unknown_customer": translated("Names no customer"),
    "ambiguous_customer": translated("Contacts of several customers"),
    "unknown_visit": translated("Names a visit that is not there"),
    "unknown_deal": translated("Names a deal that is not there"),
    "unknown_dispute": translated("Names a dispute that is not there"),
    "unknown_record": translated("Names a record that is not there, or that cannot be corrected"),
    "duplicate_visit": translated("A second visit with one id"),
    "duplicate_deal": translated("A second deal with one id"),
    "duplicate_dispute": translated("A second dispute with one id"),
    "duplicate_entry": translated("A second entry with one id"),
    "not_owner": translated("Not by the owner, or not against the owner"),
    "method_not_counted": translated("This way of following up does not count"),
    "not_reached": translated("The customer was not reached"),
    "after_lapse": translated("After the claim had lapsed"),
    "unsupported": translated("Without right or evidence"),
    "too_late": translated("Out of time"),
    "unapproved": translated("Lacks approvals or rank"),
    "no_authority": translated("This role may not rule, or a higher ruling stands"),
    "out_of_turn": translated("Received out of turn"),
    "barred": translated("Gives the customer to somebody who is barred"),
}
STATUSES: Final[Mapping[str, Text]] = {
    "owned": translated("Owned"),
    "lapsed": translated("Lapsed, open to all"),
    "disputed": translated("In dispute"),
    "closed": translated("Sold"),
    "unowned": translated("Nobody's"),
}
DEALS: Final[Mapping[str, Text]] = {
    "final": translated("Final"),
    "pending_ruling": translated("Pending a ruling"),
    "cancelled": translated("Cancelled"),
}
AWAITED: Final[Mapping[str, Text]] = {
    "reviewed": translated("Waits for review"),
    "approved": translated("Waits for approval"),
    "filed": translated("Waits for filing"),
}
BREACHES: Final[Mapping[str, Text]] = {
    "complaint": translated("Complaint upheld"),
    "concealment": translated("Concealment"),
    "out_of_turn": translated("Received out of turn"),
    "tampering": translated("Changed without approval"),
}
REGISTERS: Final[Mapping[str, Text]] = {
    "visits": KINDS["visit.registered"],
    "calls": KINDS["call.registered"],
    "plans": KINDS["plan.made"],
    "requests": KINDS["request.submitted"],
    "data-changes": translated("Change of data"),
}
"""What the rows of registers are called that wait for somebody."""


def role_word(role: str) -> Text | str:
    """What a role is called."""
    table = permission_table()
    found = table.staff_roles.get(role) or table.granted_roles.get(role)
    return found.text if found is not None else role


def word(words: Mapping[str, Text], key: str | None) -> Text | str:
    """A word of a list; what the list does not have stands as it is."""
    return words.get(key, key) if key is not None else ""


def kind_word(kind: str) -> Text | str:
    """What a record of this type is called."""
    return KINDS.get(kind, kind)
