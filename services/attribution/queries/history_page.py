"""The history of one customer: every event that concerned it and every decision, each with both its times.

A page holds the next events by their seq and the next decisions by their time; mostly the first one is all.
"""

from __future__ import annotations

from typing import Any

import msgspec

from services.attribution.queries.decisions_page import decisions_page, from_micros, micros
from services.attribution.queries.explained import explained
from services.attribution.queries.queries import Cursor, Snapshot
from services.attribution.queries.remarks import remarks_on, with_remarks
from services.attribution.queries.set_asides import set_asides_on
from shared.rules.judge.result import Json


def history_of(snapshot: Snapshot, name: str, at: Cursor, limit: int) -> Json:
    """Events in the order of the journal, decisions by their time; clauses with their text.

    `cursor` is there while more of either follow. The first page has what was set aside.
    """
    customer = snapshot.find(name)
    scope, seen = snapshot.head.scope, int(at.after or 0)
    page = decisions_page(snapshot.ask, scope, customer.id, from_micros(at.born), limit)
    wanted = _wanted(snapshot, customer.id, customer.records)
    asked = {"scope": scope, "ids": wanted, "after": seen, "limit": limit + 1}
    events = [(seq, body) for seq, body in snapshot.ask("facts_after", asked)]
    shown = events[:limit]
    answer = {
        "scope": scope,
        "customer": customer.id,
        "events": with_remarks(snapshot, [_event(seq, body) for seq, body in shown]),
        "decisions": _decisions(snapshot, page, set(wanted)),
    }
    if at == Cursor():
        answer["set_aside"] = set_asides_on(snapshot, customer)
    if page.following is None and len(events) <= limit:
        return answer
    last = page.following or (snapshot.last_decided(customer.id) or from_micros(at.born))
    return answer | {"cursor": str(Cursor(micros(last), str(shown[-1][0] if shown else seen)))}


def _wanted(snapshot: Snapshot, customer: str, records: tuple[str, ...]) -> list[str]:
    """The records that concerned the customer, what corrected or approved them, and what else a decision rests on."""
    rested = snapshot.ask("rested_on", {"scope": snapshot.head.scope, "customer": customer})
    remarks = remarks_on(snapshot, records)
    return list(dict.fromkeys((*records, *remarks, *(event for (event,) in rested))))


def _decisions(snapshot: Snapshot, page: Any, wanted: set[str]) -> list[Json]:
    worded = explained(snapshot, page.decisions)
    seqs = [made.seq for made in page.made]
    rows = snapshot.ask("recorded_by_seq", {"scope": snapshot.head.scope, "seqs": seqs})
    recorded = {seq: _event(seq, body)["recorded_at"] for seq, name, body in rows if name in wanted}
    return [
        decision | {"seq": made.seq, "recorded_at": recorded.get(made.seq)}
        for decision, made in zip(worded, page.made, strict=True)
    ]


def _event(seq: int, body: bytes) -> Json:
    event: dict[str, Any] = msgspec.json.decode(body)
    return {"seq": seq} | event
