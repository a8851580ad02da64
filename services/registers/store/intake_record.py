"""What a record of the intake topic is to the registers: a fact of the journal, whatever this version makes of it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from shared.contract import BadEvent, parse_instant
from shared.contract.topics import BadMessageError, decode_headers, encode_contacts
from shared.platform.kafka.record_processor import RawRecord

_SCOPE: Final = re.compile(rb"[a-z0-9-]{1,64}").fullmatch


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


class _FactEnvelope(Struct, frozen=True, gc=False):
    """As much of an event as its row needs; the rest may be of another version."""

    id: str
    scope: str
    office: str
    recorded_at: str


_decode: Final = msgspec.json.Decoder(_FactEnvelope).decode


def read_fact(record: RawRecord) -> TakenFact | None:
    """The fact of a record; None for a watermark, and for what is not of the journal. Does not raise."""
    try:
        headers = decode_headers(record.headers)
    except BadMessageError:
        return None
    if record.value is None or headers.seq is None or record.key is None or not _SCOPE(record.key):
        return None
    try:
        envelope = _decode(record.value)
        recorded_at = parse_instant(envelope.recorded_at)
    except (msgspec.MsgspecError, UnicodeDecodeError, BadEvent):
        return None
    if envelope.scope.encode() != record.key:
        return None
    return TakenFact(
        envelope.scope, headers.seq, envelope.id, envelope.office, recorded_at, bytes(record.value),
        encode_contacts(headers.contacts), headers.default_rulebook if headers.seq == 1 else None,
    )  # fmt: skip
