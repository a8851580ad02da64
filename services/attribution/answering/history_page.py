"""The history of one customer: every event that concerned it and every decision, each with both its times."""

from __future__ import annotations

from typing import Any

import msgspec

from services.attribution.answering.queries import Snapshot
from services.attribution.answering.telling import told
from services.attribution.domain.state import Customer
from services.attribution.judging.result import Json


def history_of(snapshot: Snapshot, name: str) -> Json:
    """Events in the order of the journal, decisions by their time; clauses with their text."""
    customer = snapshot.find(name)
    decisions = snapshot.decisions([customer.id])[customer.id]
    recorded = _recorded(snapshot, customer, decisions)
    by_seq = {event["seq"]: event for event in recorded}
    worded = told(snapshot, [decision for decision, _ in decisions])
    return {
        "scope": snapshot.head.scope,
        "customer": customer.id,
        "events": recorded,
        "decisions": [
            decision | {"seq": seq, "recorded_at": by_seq.get(seq, {}).get("recorded_at")}
            for decision, (_, seq) in zip(worded, decisions, strict=True)
        ],
    }


def _recorded(snapshot: Snapshot, customer: Customer, decisions: list[tuple[Json, int]]) -> list[Json]:
    """The records that concerned the customer, and whatever else a decision rests on."""
    wanted = dict.fromkeys(customer.records)
    for decision, _ in decisions:
        wanted |= dict.fromkeys(decision["because"])
    listed: list[Json] = []
    for seq, body in snapshot.facts(wanted):
        event: dict[str, Any] = msgspec.json.decode(body)
        listed.append({"seq": seq} | event)
    return listed
