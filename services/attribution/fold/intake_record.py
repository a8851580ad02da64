"""What a record of the intake topic is: a fact of the journal, a watermark, or nothing of ours.

The journal's relay is not the only one that can write to a topic. What lacks a place in the journal's order
goes to the dead topic; what has one, but cannot be read, is a fact that fails (ADR 0008).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct

from shared.contract import BadEvent, Event, decode_event, parse_instant
from shared.contract.topics import BadMessageError, Headers, decode_headers
from shared.platform.kafka.record_processor import RawRecord
from shared.rules.judge.translate import StoredContacts

_SCOPE = re.compile(rb"[a-z0-9-]{1,64}")


class JournalFact(Struct, frozen=True, gc=False):
    """A fact with its place; `event` is None where this version cannot read it, and `error` says why."""

    offset: int
    scope: str
    seq: int
    body: bytes
    traceparent: str | None
    recorded_at: datetime
    event: Event | None
    error: str = ""
    default_rulebook: str | None = None
    contacts: StoredContacts | None = None
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class WatermarkRecord:
    """Every fact of the partition that was recorded by `until` came before."""

    offset: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """A record that is not of the journal."""

    offset: int
    reason: str


IntakeRecord: TypeAlias = JournalFact | WatermarkRecord | ForeignRecord


def read_record(record: RawRecord) -> IntakeRecord:
    """What the record is; whatever it holds, this does not raise."""
    try:
        headers = decode_headers(record.headers)
    except BadMessageError as refusal:
        return ForeignRecord(record.offset, str(refusal))
    if record.value is None:
        if headers.watermark is None:
            return ForeignRecord(record.offset, "neither a value nor a watermark")
        return WatermarkRecord(record.offset, headers.watermark)
    if headers.seq is None:
        return ForeignRecord(record.offset, "no header seq")
    if record.key is None or not _SCOPE.fullmatch(record.key):
        return ForeignRecord(record.offset, "the key is not a scope")
    return _fact(record, record.value, headers, record.key.decode())


def _fact(record: RawRecord, body: bytes, headers: Headers, scope: str) -> IntakeRecord:
    try:
        event = decode_event(body, recorded=True)
    except BadEvent as refusal:
        return _unread(record, body, headers, scope, str(refusal))
    if event.scope != scope or event.recorded_at is None:
        return ForeignRecord(record.offset, "the key is not the event's scope")
    return _journal_fact(record, body, headers, scope, event.recorded_at, event, "")


def _unread(
    record: RawRecord, body: bytes, headers: Headers, scope: str, refusal: str
) -> JournalFact | ForeignRecord:
    """An envelope of our scope with a time is the journal's, written by another version; the rest is not."""
    try:
        envelope = json.loads(body)
        recorded_at = parse_instant(envelope["recorded_at"])
        ours = envelope["scope"] == scope and isinstance(envelope["id"], str)
    except (ValueError, KeyError, TypeError, RecursionError):
        return ForeignRecord(record.offset, refusal)
    if not ours:
        return ForeignRecord(record.offset, "the key is not the event's scope")
    return _journal_fact(record, body, headers, scope, recorded_at, None, refusal)


def _journal_fact(
    record: RawRecord,
    body: bytes,
    headers: Headers,
    scope: str,
    recorded_at: datetime,
    event: Event | None,
    error: str,
) -> JournalFact:
    assert headers.seq is not None, "asked before"
    return JournalFact(
        offset=record.offset,
        scope=scope,
        seq=headers.seq,
        body=body,
        traceparent=headers.traceparent,
        recorded_at=recorded_at,
        event=event,
        error=error,
        default_rulebook=headers.default_rulebook if headers.seq == 1 else None,
        contacts=headers.contacts,
        epoch=headers.epoch,
    )


def written_at(record: RawRecord) -> datetime:
    """When the broker took the record over."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)
