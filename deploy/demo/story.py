"""What the demonstration tells of decisions at the end: customers by status, and three decisions in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.scenario.office import ZONE

Json = Mapping[str, Any]

# What is worth telling first; of each kind that of the youngest customer.
TELLING = ("returned", "superseded", "ruled", "transferred", "kept", "lapsed", "renewed", "established")
HOW_MANY = 3

EVENTS = {
    "visit.registered": ("来访登记", "a visit"),
    "call.registered": ("来电登记", "a call"),
    "followup.recorded": ("跟进记录", "a follow-up"),
    "customer.recognised": ("认出客户", "a recognition"),
    "record.corrected": ("更正记录", "a correction"),
    "claim.transferred": ("移交", "a transfer"),
    "dispute.opened": ("提出争议", "a dispute"),
    "dispute.ruled": ("裁定", "a ruling"),
    "deal.subscribed": ("认购", "a subscription"),
    "deal.cancelled": ("退定", "a withdrawal"),
}
STATUSES = {
    "owned": ("有归属", "owned"),
    "lapsed": ("公海", "lapsed"),
    "disputed": ("有争议", "disputed"),
    "closed": ("已成交", "closed"),
    "unowned": ("无归属", "unowned"),
}


@dataclass(frozen=True)
class DecisionInWords:
    """One decision in words."""

    when: str
    who: str
    zh: str
    en: str
    clause: str
    events: tuple[tuple[str, str, str], ...]


def by_status(judgement: Json) -> list[tuple[str, str, int]]:
    """How many customers stand where, in the order of the contract."""
    counted = Counter(customer["status"] for customer in judgement["customers"])
    return [(*STATUSES[status], counted[status]) for status in STATUSES]


def worth_showing_decisions(judgement: Json) -> list[tuple[str, int]]:
    """Three decisions of different kinds and customers: each as its customer and its place among that one's."""
    made: dict[str, list[tuple[str, int]]] = {kind: [] for kind in TELLING}
    for customer in judgement["customers"]:
        for place, decision in enumerate(customer["decisions"]):
            made.get(decision["decision"], []).append((customer["customer"], place))
    chosen: dict[str, int] = {}
    for kind in TELLING:
        fresh = [(customer, place) for customer, place in made[kind] if customer not in chosen]
        if fresh and len(chosen) < HOW_MANY:
            customer, place = fresh[-1]
            chosen[customer] = place
    return list(chosen.items())


def worded(history: Json, place: int, names: Sequence[str]) -> DecisionInWords:
    """A decision of a customer's history in the words of the service, with its clause and its events."""
    decision = history["decisions"][place]
    events = {event["id"]: event for event in history["events"]}
    return DecisionInWords(
        local(decision["at"]),
        names[0] if names else "",
        decision["explanation"]["zh"],
        decision["explanation"]["en"],
        decision["clause"],
        tuple(_event(events, id_) for id_ in decision["because"]),
    )


def local(instant: str) -> str:
    """An instant of the contract as the office reads it."""
    at = datetime.fromisoformat(instant).astimezone(ZONE)
    return f"{at:%m-%d %H:%M}"


def _event(events: Mapping[str, Json], id_: str) -> tuple[str, str, str]:
    event = events.get(id_)
    if event is None:
        return id_, "", ""
    zh, en = EVENTS.get(event["type"], (event["type"], event["type"]))
    return id_, f"{local(event['occurred_at'])} {zh}", en
