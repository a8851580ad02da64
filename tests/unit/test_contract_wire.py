"""Canonical bytes: what is stored, sent and compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contract import (
    DATA_TYPES,
    CustomerRecognised,
    DisputeEvidenceAdded,
    canonical,
    content_digest,
    decode_event,
    stamp,
    stamp_canonical,
    to_wire,
)
from tests.support.contract import ID, OTHER, PARTY, encode, envelope

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
    assert _digest(stamped) == _digest(raw)
    assert stamp_canonical(canonical(raw), RECORDED) == stamped
    assert _digest(encode(envelope(actor="wang"))) != _digest(raw)


@pytest.mark.parametrize(
    ("event_type", "changes"),
    [
        ("visit.registered", {"occurred_at": "2026-03-01T02:00:00Z"}),
        ("visit.registered", {"occurred_at": "2026-03-01T10:00:00.000+08:00"}),
        ("visit.registered", {"id": ID.upper()}),
        ("visit.registered", {"data": {"started_at": "2026-03-01T02:00:00Z"}}),
        ("followup.recorded", {"data": {"customer": dict(reversed(PARTY.items()))}}),
        ("record.corrected", {"data": {"record": OTHER.upper()}}),
        ("customer.recognised", {"data": {"registration": OTHER.upper()}}),
    ],
)
def test_another_spelling_is_the_same_content(event_type: str, changes: dict[str, Any]) -> None:
    """An instant with another offset, other order of keys and an id in another case are the same content."""
    assert _digest(encode(envelope(event_type, **changes))) == _digest(encode(envelope(event_type)))


def test_a_stated_default_is_the_same_content() -> None:
    """An empty list and a flag that is false say what leaving them out says."""
    bare = {"present": None, "companions": None, "brochure_only": None, "customer": {"name": "张伟"}}
    stated = {
        "present": [],
        "companions": [],
        "brochure_only": False,
        "customer": {"name": "张伟", "phones": []},
    }
    assert _digest(encode(envelope(data=bare))) == _digest(encode(envelope(data=stated)))
    left_out = encode(envelope("followup.recorded", data={"reached": None}))
    reached = encode(envelope("followup.recorded", data={"reached": True}))
    assert _digest(left_out) == _digest(reached)


def test_what_a_correction_takes_away_is_content() -> None:
    """A correction that gives an empty list of phones says something else than one that leaves phones out."""
    left_out = encode(envelope("record.corrected", data={"customer": {"name": "张伟"}}))
    emptied = encode(envelope("record.corrected", data={"customer": {"name": "张伟", "phones": []}}))
    assert _digest(left_out) != _digest(emptied)


def test_ids_are_told_in_lower_case() -> None:
    """An id may come in any case; from then on it is in lower case, wherever it names an event."""
    raw = encode(envelope("customer.recognised", id=ID.upper(), data={"registration": OTHER.upper()}))
    event = decode_event(raw, recorded=True)
    assert isinstance(event.data, CustomerRecognised)
    assert (event.id, event.data.registration) == (ID, OTHER)
    assert json.loads(canonical(raw))["id"] == ID
    evidence = encode(envelope("dispute.evidence_added", data={"evidence": [OTHER.upper(), "ABC"]}))
    told = decode_event(evidence, recorded=True).data
    assert isinstance(told, DisputeEvidenceAdded)
    assert told.evidence == (OTHER, "ABC")


def _digest(raw: bytes) -> bytes:
    return content_digest(decode_event(raw, recorded=b'"recorded_at"' in raw))
