"""Canonical bytes: what is stored, sent and compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from shared.contract import (
    DATA_TYPES,
    canonical,
    content_digest,
    decode_event,
    digest_of,
    stamp,
    stamp_canonical,
    to_wire,
)
from tests.support.contract import encode, envelope

RECORDED = datetime(2026, 3, 1, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_a_decoded_event_survives_the_wire(event_type: str) -> None:
    """Encoding an event and decoding it again gives the same event."""
    event = decode_event(encode(envelope(event_type)), recorded=True)
    assert decode_event(to_wire(event), recorded=True) == event


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_a_stamped_event_is_what_was_sent_and_when_it_was_recorded(event_type: str) -> None:
    """Stamping adds `recorded_at` and changes nothing else."""
    sent = envelope(event_type, recorded_at=None)
    stamped = stamp(encode(sent), RECORDED)
    assert json.loads(stamped) == sent | {"recorded_at": "2026-03-01T02:02:00Z"}
    assert decode_event(stamped, recorded=True).recorded_at == RECORDED


def test_canonical_bytes_have_sorted_keys_and_no_white_space() -> None:
    """There is one spelling of a content."""
    document = envelope(recorded_at=None)
    reversed_keys = dict(reversed(list(document.items())))
    assert canonical(encode(document)) == canonical(json.dumps(reversed_keys, indent=1).encode())
    assert (
        canonical(encode(document))
        == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_stamped_bytes_are_canonical_too() -> None:
    """`recorded_at` stands where the order of keys wants it, whatever the data say of scopes."""
    tricky = envelope(recorded_at=None, data={"notes": 'scope ,"scope":"x"'})
    stamped = stamp(encode(tricky), RECORDED)
    document = json.loads(stamped)
    assert stamped == json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert document["recorded_at"] == "2026-03-01T02:02:00Z"


def test_the_same_content_has_the_same_digest() -> None:
    """Spelling, order and the time of recording are no content; anything else is."""
    raw = encode(envelope(recorded_at=None))
    stamped = stamp(raw, RECORDED)
    assert content_digest(stamped) == content_digest(raw) == digest_of(canonical(raw))
    assert stamp_canonical(canonical(raw), RECORDED) == stamped
    assert content_digest(encode(envelope(actor="wang"))) != content_digest(raw)
