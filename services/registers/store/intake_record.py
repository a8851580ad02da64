"""What a record of the intake topic is to the registers: a fact of the journal, whatever this version makes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from shared.contract.topics import encode_contacts
from shared.platform.kafka.journal_record import PlacedEnvelope, read_placed
from shared.platform.kafka.record_processor import RawRecord


class TakenFact(Struct, frozen=True, gc=False):
    """A fact with its place, its bytes as they came; `begins_under` is the rulebook of a scope that it begins."""

    scope: str
    seq: int
    id: str
    office: str
    recorded_at: datetime
    body: bytes
    contacts: bytes | None
    begins_under: str | None


class _FactEnvelope(PlacedEnvelope, frozen=True, gc=False):
    """As much of an event as its row needs; the rest may be of another version."""

    id: str
    office: str


_decode: Final = msgspec.json.Decoder(_FactEnvelope).decode


def read_fact(record: RawRecord) -> TakenFact | None:
    """The fact of a record; None for a watermark, and for what is not of the journal. Does not raise."""
    found = read_placed(record, _decode)
    if found is None:
        return None
    envelope = found.envelope
    return TakenFact(
        envelope.scope, found.seq, envelope.id, envelope.office, found.recorded_at, found.body,
        encode_contacts(found.headers.contacts), found.begins_under,
    )  # fmt: skip
