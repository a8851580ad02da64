"""The history of one customer: every event that concerned it and every decision, each with both its times.

A page holds the next events by their seq and the next decisions by their time; mostly the first one is all.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from services.attribution.queries.cursor import Cursor
from services.attribution.queries.customers import customers_of
from services.attribution.queries.decisions_page import DecisionsPage, decisions_page, from_micros, micros
from services.attribution.queries.explained import explained
from services.attribution.queries.recorded import recorded
from services.attribution.queries.remarks import remarks_on, with_remarks
from services.attribution.queries.set_asides import set_asides_on
from services.attribution.queries.snapshot import Snapshot
from shared.contract.answers import HistoryAnswer, HistoryDecision, HistoryEvent
from shared.contract.answers.values import extended
from shared.contract.masking import known_ids, masked_data, wechat_ids


def history_of(snapshot: Snapshot, name: str, at: Cursor, limit: int) -> HistoryAnswer:
    """Events in the order of the journal, decisions by their time; clauses with their text.

    `cursor` is there while more of either follow. The first page has what was set aside.
    """
    customer = snapshot.readable(name)
    masked = bool(snapshot.reach.masked([customer.id]))
    scope, seen = snapshot.head.scope, int(at.after or 0)
    page = decisions_page(snapshot.ask, scope, customer.id, from_micros(at.born), limit)
    wanted = _wanted(snapshot, customer.id, customer.records)
    asked = {"scope": scope, "ids": wanted, "after": seen, "limit": limit + 1}
    facts = snapshot.opened((seq, body) for seq, body in snapshot.ask("facts_after", asked))
    events = [(seq, recorded(body)) for seq, body in facts]
    shown = events[:limit]
    cursor = None
    if page.following is not None or len(events) > limit:
        last = page.following or snapshot.last_decided(customer.id) or from_micros(at.born)
        cursor = Cursor(micros(last), str(shown[-1][0] if shown else seen))
    told = with_remarks(snapshot, shown)
    return HistoryAnswer(
        scope=scope,
        customer=customer.id,
        events=masked_events(snapshot, customer.id, told) if masked else told,
        decisions=_decisions(snapshot, page, set(wanted)),
        set_aside=set_asides_on(snapshot, customer) if at == Cursor() else UNSET,
        cursor=UNSET if cursor is None else str(cursor),
        **snapshot.head.answer_head(),
    )


def masked_events(snapshot: Snapshot, customer: str, events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
    """Records without the contacts that they name, nor the customer's own WeChat ids where words hold them."""
    (shown,) = customers_of(snapshot, [customer], set())
    ids = {
        *known_ids(shown.contacts),
        *(one for event in events for one in wechat_ids(event.type, event.data)),
    }
    return [replace(event, data=masked_data(event.type, event.data, ids)) for event in events]


def _wanted(snapshot: Snapshot, customer: str, records: tuple[str, ...]) -> list[str]:
    """The records that concerned the customer, what corrected or approved them, and what else a decision rests on."""
    rested = snapshot.ask("rested_on", {"scope": snapshot.head.scope, "customer": customer})
    remarks = remarks_on(snapshot, records)
    return list(dict.fromkeys((*records, *remarks, *(event for (event,) in rested))))


def _decisions(snapshot: Snapshot, page: DecisionsPage, wanted: set[str]) -> list[HistoryDecision]:
    seqs = [made.seq for made in page.made]
    rows = snapshot.ask("recorded_by_seq", {"scope": snapshot.head.scope, "seqs": seqs})
    times = {seq: recorded(body).recorded_at for seq, name, body in rows if name in wanted}
    return [
        extended(HistoryDecision, made.decision, **words, seq=made.seq, recorded_at=times.get(made.seq))
        for made, words in zip(page.made, explained(snapshot, page.decisions), strict=True)
    ]
