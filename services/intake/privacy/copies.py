"""A copy of all that is held on somebody, with where each thing came from (privacy.md#copy).

Records are opened with that person's own keys alone: what is of others in them stays closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from services.intake.privacy.entries import items_of
from services.intake.privacy.holdings import Holdings
from services.intake.privacy.people import KeptFact
from services.intake.privacy.services import Services
from shared.contract import format_instant
from shared.contract.case_numbers import case_number
from shared.contract.event_words import KINDS
from shared.i18n import bilingual
from shared.sealing.opening import open_event
from shared.sealing.person import PersonKey

Json = dict[str, Any]

OTHERS: Final = bilingual("of another person, or erased")
"""Stands for what is of others in a record."""
_LOG: Final = "/v1/alerts/log"
_ALERT: Final = ("scope", "claim_seq", "step", "audience", "staff", "owner", "due_at", "deadline", "state")
_ENTRY: Final = ("at", "business_at", "what", "channel", "recipient", "words")
"""What is told of an alert: not where its reader is reached, which is of that member of staff."""
_STANDING: Final = ("status", "owner", "basis", "since", "expires_at", "clause")


def copy_of_customer(
    holdings: Holdings,
    facts: Iterable[KeptFact],
    entries: Iterable[KeptFact],
    own: Collection[str],
    mentions: Iterable[KeptFact],
    keys: Mapping[str, PersonKey],
    alerts: list[Json],
    now: datetime,
) -> Json:
    """All of a customer; `entries` go with its records without naming it (checks by what is its `own`), `mentions` are
    records of others in which the customer stands."""
    customer, asides = holdings.customer, {one.event: one for one in holdings.set_aside}
    records = [_record(fact, keys) for fact in facts]
    for record in records:
        aside = asides.get(record["id"])
        if aside is not None:
            record["set_aside"] = {"by": aside.by, "at": aside.at}
    return {
        **_head(customer.scope, now),
        "customer": customer.customer,
        "case": case_number(customer.customer),
        "contacts": list(customer.contacts),
        "names": list(customer.names),
        "standing": {name: getattr(customer, name) for name in _STANDING},
        "records": records,
        "entries": [_entry(fact, keys, own) for fact in entries],
        "mentions": [_record(fact, keys) for fact in mentions],
        "decisions": msgspec.to_builtins(holdings.decisions),
        "deals": msgspec.to_builtins(holdings.deals),
        "disputes": msgspec.to_builtins(holdings.disputes),
        "alerts": alerts,
    }


def copy_of_contact(
    scope: str, contact: str, mentions: Iterable[KeptFact], keys: Mapping[str, PersonKey], now: datetime
) -> Json:
    """All that stands under a contact that is no customer's."""
    return {
        **_head(scope, now),
        "customer": None,
        "contacts": [contact] if keys else [],
        "names": [],
        "mentions": [_record(fact, keys) for fact in mentions],
    }


def alerts_on(services: Services, scope: str, customer: str) -> list[Json]:
    """What was told to whom about a customer, in order."""
    found: list[Json] = []
    cursor = None
    while True:
        page = services.get("notifier", _LOG, Json, customer=customer, scope=scope, cursor=cursor)
        assert page is not None, "the log of nobody is empty"
        found += [_alert(one) for one in page["alerts"]]
        cursor = page["next"]
        if cursor is None:
            return found


def _head(scope: str, now: datetime) -> Json:
    return {"made_at": format_instant(now), "scope": scope}


def _record(fact: KeptFact, keys: Mapping[str, PersonKey]) -> Json:
    """An event with its seq and what it is called; its texts as this person's keys read them."""
    event: Json = msgspec.json.decode(open_event(fact.body, keys, erased=OTHERS))
    kind = KINDS[event["type"]]
    return {"seq": fact.seq, "kind": {"zh": kind.zh, "en": kind.en}} | event


def _entry(fact: KeptFact, keys: Mapping[str, PersonKey], own: Collection[str]) -> Json:
    """The same of an entry; of a check, with the items that name this person by what is `own`."""
    told, places = _record(fact, keys), items_of(fact, own)
    if places is None:
        return told
    return told | {"data": told["data"] | {"items": [told["data"]["items"][place] for place in places]}}


def _alert(alert: Json) -> Json:
    history = [{name: entry.get(name) for name in _ENTRY} for entry in alert["history"]]
    return {name: alert.get(name) for name in _ALERT} | {"history": history}
