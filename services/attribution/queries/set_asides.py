"""Facts that were set aside, in the history of whoever they were about: who took them out, when and why.

Nothing was decided by them, so no record of the rules knows them. Which record it was is told, not what it said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.attribution.explanations.record_words import KINDS, OTHER
from services.attribution.queries.explained import both
from services.attribution.queries.queries import Snapshot
from shared.contract import BadEvent, Event, contacts_of, decode_event, format_instant, mask, parties
from shared.contract.topics import decode_contacts
from shared.i18n import translated
from shared.i18n.times import dated
from shared.rules.domain.state import Customer
from shared.rules.judge.result import Json

_TOLD: Final = translated("{by} set this record ({kind}) aside on {at}. Reason: {reason}")


def set_asides_on(snapshot: Snapshot, customer: Customer) -> list[Json]:
    """What was set aside of the customer's records, in the order of the journal; a scope has few of them."""
    told = []
    for seq, body, stored, reason, by, at in snapshot.ask("set_aside_of", [snapshot.head.scope]):
        try:
            event = decode_event(body, recorded=True)
        except BadEvent:
            continue  # whom it was about cannot be read
        if any(snapshot.pointed(*named) == customer.home for named in _named(event, stored)) or (
            getattr(event.data, "record", None) in customer.records
        ):
            told.append(_worded(snapshot, event, seq, {"by": by, "at": at, "reason": mask(reason)}))
    return told


def _named(event: Event, stored: bytes | None) -> Iterator[tuple[str, str]]:
    """What the event names that leads to a customer."""
    for _, party in parties(event.data):
        for contact in contacts_of(party, decode_contacts(stored)):
            yield "contact", contact
    for kind in ("visit", "deal"):
        named = getattr(event.data, kind, None)
        if isinstance(named, str):
            yield kind, named


def _worded(snapshot: Snapshot, event: Event, seq: int, aside: dict[str, Any]) -> Json:
    zone, kind = ZoneInfo(snapshot.scope.timezone), KINDS.get(event.type, OTHER)
    name = snapshot.staff_names([aside["by"]]).get(aside["by"], aside["by"])
    words = _TOLD.format(by=name, at=dated(aside["at"], zone), kind=kind, reason=aside["reason"])
    assert event.recorded_at is not None, "it stood in the journal"
    return {
        "seq": seq,
        "event": event.id,
        "type": event.type,
        "office": event.office,
        "occurred_at": format_instant(event.occurred_at),
        "recorded_at": format_instant(event.recorded_at),
        **aside,
        "at": format_instant(aside["at"]),
        "explanation": both(words),
    }
