"""The customers of a consultant by the time that is left to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.asking.customer_answers import DueOnList, WorkListAnswered
from services.console.frame.customer_words import DECISIONS, shown_name
from services.console.frame.whose import contact_in_clear, dialled
from services.console.frame.words import instant
from shared.contract.answers.scopes import ListedCustomer
from shared.contract.case_numbers import case_number
from shared.contract.value_words import BASES
from shared.i18n import Text, translated
from shared.i18n.times import deadline

SOON: Final = 3
"""Days after today within which a claim ends soon."""
SHOWN: Final = 60
"""Customers of one group that a page shows; the list of customers has all of them."""

GroupKey: TypeAlias = Literal["today", "soon", "later", "disputed", "standing"]
GROUPS: Final[Mapping[GroupKey, Text]] = {
    "today": translated("Runs out today"),
    "soon": translated("Within {days} days", days=SOON),
    "disputed": translated("In dispute"),
    "later": translated("Later"),
    "standing": translated("Does not run out"),
}


class OwnCustomer(Struct, frozen=True, kw_only=True):
    """A customer as a line of the list: until when, and on what that rests."""

    customer: str
    case: str
    name: Text | str
    owner: str | None
    contact: str | None
    dial: str | None
    expires_at: str | None
    until: Text | None
    basis: Text | str
    since: str | None
    decision: Text | str
    decided_at: str | None
    clause: str | None
    due: DueOnList | None


class CustomerGroup(Struct, frozen=True):
    """The customers of one stretch of time, who runs out first before all others."""

    key: GroupKey
    title: Text
    customers: list[OwnCustomer]
    more: int


def last_day(expires_at: str, zone: ZoneInfo) -> date:
    """The last local day on which a claim is valid."""
    return (instant(expires_at).astimezone(zone) - timedelta(microseconds=1)).date()


def groups(
    customers: Iterable[ListedCustomer], work: WorkListAnswered | None, now: datetime, zone: ZoneInfo
) -> list[CustomerGroup]:
    """The groups that have somebody in them, the most urgent first."""
    due = due_by_customer(work)
    found: dict[GroupKey, list[OwnCustomer]] = {key: [] for key in GROUPS}
    today = now.astimezone(zone).date()
    for one in customers:
        found[_group(one, today, zone)].append(_own(one, due.get(one.customer), zone))
    return [
        CustomerGroup(key, GROUPS[key], sorted(those, key=_by_time)[:SHOWN], max(0, len(those) - SHOWN))
        for key, those in found.items()
        if those
    ]


def due_by_customer(work: WorkListAnswered | None) -> dict[str, DueOnList]:
    """Who is on the work list, by customer."""
    if work is None:
        return {}
    return {one.customer.customer: one for one in (*work.overdue, *work.due, *work.coming)}


def _group(one: ListedCustomer, today: date, zone: ZoneInfo) -> GroupKey:
    if one.status == "disputed":
        return "disputed"
    if one.expires_at is None:
        return "standing"
    left = (last_day(one.expires_at, zone) - today).days
    if left <= 0:
        return "today"
    return "soon" if left <= SOON else "later"


def _own(one: ListedCustomer, due: DueOnList | None, zone: ZoneInfo) -> OwnCustomer:
    last = one.decisions[-1] if one.decisions else None
    contact = contact_in_clear(one.contacts)
    return OwnCustomer(
        customer=one.customer,
        case=case_number(one.customer),
        name=shown_name(one.names),
        owner=one.owner,
        contact=contact or next(iter(one.contacts), None),
        dial=dialled(contact) if contact is not None else None,
        expires_at=one.expires_at,
        until=deadline(instant(one.expires_at), zone) if one.expires_at is not None else None,
        basis=BASES.get(one.basis, one.basis) if one.basis is not None else "",
        since=one.since,
        decision=DECISIONS.get(last.decision, last.decision) if last is not None else "",
        decided_at=last.at if last is not None else None,
        clause=one.clause,
        due=due,
    )


def _by_time(one: OwnCustomer) -> tuple[str, str]:
    return one.expires_at or "9", one.case
