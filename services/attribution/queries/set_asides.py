"""Facts that were set aside, in the history of whoever they were about: who took them out, when and why.

Nothing was decided by them, so no record of the rules knows them. Which record it was is told, not what it said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.attribution.explanations.record_words import OTHER
from services.attribution.queries.explained import both
from services.attribution.queries.snapshot import Snapshot
from shared.contract import BadEvent, Event, contacts_of, decode_event, format_instant, parties
from shared.contract.answers import SetAsideRecord
from shared.contract.event_words import KINDS
from shared.contract.masking import mask_words
from shared.contract.topics import decode_contacts
from shared.i18n import translated
from shared.i18n.times import dated
from shared.ids import StaffId
from shared.rules.domain.state import Customer

_WORDS: Final = translated("{by} set this record ({kind}) aside on {at}. Reason: {reason}")


def set_asides_on(snapshot: Snapshot, customer: Customer) -> list[SetAsideRecord]:
    """What was set aside of the customer's records, in the order of the journal; a scope has few of them."""
    found = []
    for seq, body, stored, reason, by, at in snapshot.ask("set_aside_of", [snapshot.head.scope]):
        try:
            event = decode_event(body, recorded=True)
        except BadEvent:
            continue  # whom it was about cannot be read
        if any(snapshot.pointed(*named) == customer.home for named in _named(event, stored)) or (
            getattr(event.data, "record", None) in customer.records
        ):
            found.append(_record(snapshot, event, seq, by, at, mask_words(reason)))
    return found


def _named(event: Event, stored: bytes | None) -> Iterator[tuple[str, str]]:
    """What the event names that leads to a customer."""
    for _, party in parties(event.data):
        for contact in contacts_of(party, decode_contacts(stored)):
            yield "contact", contact
    for kind in ("visit", "deal"):
        named = getattr(event.data, kind, None)
        if isinstance(named, str):
            yield kind, named


def _record(
    snapshot: Snapshot, event: Event, seq: int, by: StaffId, at: datetime, reason: str
) -> SetAsideRecord:
    zone, kind = ZoneInfo(snapshot.scope.timezone), KINDS.get(event.type, OTHER)
    name = snapshot.staff_names([by]).get(by, by)
    assert event.recorded_at is not None, "it stood in the journal"
    return SetAsideRecord(
        seq=seq,
        event=event.id,
        type=event.type,
        office=event.office,
        occurred_at=format_instant(event.occurred_at),
        recorded_at=format_instant(event.recorded_at),
        by=by,
        at=format_instant(at),
        reason=reason,
        explanation=both(_WORDS.format(by=name, at=dated(at, zone), kind=kind, reason=reason)),
    )
