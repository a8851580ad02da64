"""From bytes to a submission: the decoder's word, and what the journal keeps beside the event.

contract.md#contacts and ADR 0011: the contacts that were read out of the event are stored with it,
so that a newer release of the phone library cannot make another customer of an old record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from services.intake.admission.registers import claims_of
from services.intake.model.submission import Finding, Submission
from shared.contract import (
    DATA_TYPES,
    ConcealmentFound,
    Event,
    ProfileRecorded,
    RecordAmended,
    RulebookAdopted,
    SchemeAdopted,
    StaffDeparted,
    StaffEnrolled,
    VisitRegistered,
    canonical,
    content_digest,
    decode_event,
    is_masked,
    normalise_phone,
    parties,
)
from shared.contract.personal import personal_texts
from shared.contract.topics import encode_contacts
from shared.contract.warnings import names_of
from shared.sealing.person import from_base64

_MOVES: Final = (StaffEnrolled, StaffDeparted)
_CLAIMING: Final = (SchemeAdopted, ProfileRecorded, RecordAmended)
_WITH_PHONES: Final = frozenset(name for name in DATA_TYPES if "phone" in personal_texts(name).values())


def submission_of(event: Event, raw: bytes, traceparent: str) -> Submission:
    """The submission of an event that came as `raw`."""
    return _submission(event, canonical(raw), normalised_phones(event), traceparent)


def readmit(raw: bytes, contacts: bytes | None, traceparent: str | None) -> tuple[Submission, datetime]:
    """The submission that a recorded fact was, with what was kept beside it, and when it was recorded."""
    event = decode_event(raw, recorded=True)
    assert event.recorded_at is not None, "the decoder demands it"
    submission = _submission(event, canonical(raw), contacts, traceparent)
    if event.sealed is not None:  # its content is behind keys; the proof of it came along
        submission = replace(submission, digest=from_base64(event.sealed.digest))
    return submission, event.recorded_at


def _submission(event: Event, body: bytes, contacts: bytes | None, traceparent: str | None) -> Submission:
    data = event.data
    return Submission(
        id=event.id,
        type=event.type,
        scope=event.scope,
        office=event.office,
        occurred_at=event.occurred_at,
        body=body,
        digest=content_digest(event),
        contacts=contacts,
        traceparent=traceparent,
        adopts=(data.rulebook, data.version) if type(data) is RulebookAdopted else None,
        finds=_finding(data) if type(data) is ConcealmentFound else None,
        names=names_of(event),
        moves=data.staff if isinstance(data, _MOVES) else None,
        registers=claims_of(data) if isinstance(data, _CLAIMING) else None,
    )


def _finding(found: ConcealmentFound) -> Finding | None:
    return None if found.rightful is None else Finding(found.visit, found.rightful)


def normalised_phones(event: Event) -> bytes | None:
    """A JSON object from each phone as written to its E.164 form; None where the event names none."""
    if event.type not in _WITH_PHONES:
        return None
    found = {
        phone: normalised
        for phone in _phones(event)
        if not is_masked(phone) and (normalised := normalise_phone(phone)) is not None
    }
    return encode_contacts(found or None)


def _phones(event: Event) -> Iterator[str]:
    for _, party in parties(event.data):
        yield from party.phones or ()
    if isinstance(event.data, VisitRegistered):
        for referrer in event.data.referred_by:
            if referrer.phone is not None:
                yield referrer.phone
