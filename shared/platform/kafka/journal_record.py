"""What a record of the intake topic is: a fact of the journal with its place, whatever this version makes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from shared.contract import BadEvent, parse_instant
from shared.contract.topics import BadMessageError, Headers, decode_headers
from shared.platform.kafka.record_processor import RawRecord

_SCOPE: Final = re.compile(rb"[a-z0-9-]{1,64}").fullmatch


class PlacedEnvelope(Struct, frozen=True, gc=False):
    """As much of an event as its place needs, and what a reader adds; the rest may be of another version."""

    scope: str
    recorded_at: str


Envelope = TypeVar("Envelope", bound=PlacedEnvelope)


class FactRecord(NamedTuple, Generic[Envelope]):
    """A fact as its record has it; `begins_under` names the rulebook of a scope whose first fact this is."""

    envelope: Envelope
    headers: Headers
    seq: int
    recorded_at: datetime
    body: bytes

    @property
    def begins_under(self) -> str | None:
        return self.headers.default_rulebook if self.seq == 1 else None


def read_placed(record: RawRecord, decode: Callable[[bytes], Envelope]) -> FactRecord[Envelope] | None:
    """The fact of a record; None for a watermark, and for what is not of the journal. Does not raise."""
    try:
        headers = decode_headers(record.headers)
    except BadMessageError:
        return None
    if record.value is None or headers.seq is None or record.key is None or not _SCOPE(record.key):
        return None
    try:
        envelope = decode(record.value)
        recorded_at = parse_instant(envelope.recorded_at)
    except (msgspec.MsgspecError, UnicodeDecodeError, BadEvent):
        return None
    if envelope.scope.encode() != record.key:
        return None
    return FactRecord(envelope, headers, headers.seq, recorded_at, bytes(record.value))
