"""From the domain's frozen events to the library's stored events and back.

A stored event says which fact caused it, which engine decided, and under which text of the rulebook, so that a
decision that was made can be told from what a later version would decide (ADR 0005).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from services.attribution.store.codec import decode_event_body, encode_event
from services.attribution.store.recorder import EventRow
from shared.rules.domain.events import DomainEvent

STREAMS = uuid5(NAMESPACE_URL, "panke:scopes")


@lru_cache(maxsize=4096)
def stream_id(scope: str) -> UUID:
    """The id of a scope's one stream of events."""
    return uuid5(STREAMS, scope)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A domain event with its place in the stream of its scope and what it rests on."""

    originator_id: UUID
    originator_version: int
    seq: int
    engine: str
    rulebook: str
    event: DomainEvent


class Cited(msgspec.Struct, frozen=True):
    """What all events of one fact rest on, written once for them."""

    seq: int
    engine: str
    rulebook: str

    def head(self) -> bytes:
        """The beginning of a stored event, up to the event itself."""
        return _encoder.encode(self)[:-1] + b',"event":'


def stored(head: bytes, stream: UUID, version: int, event: DomainEvent) -> EventRow:
    """The event as it is stored, behind the head of its fact."""
    topic, body = encode_event(event)
    return EventRow(stream, version, topic, b"%b%b}" % (head, body))


class _Reading(msgspec.Struct):
    seq: int
    engine: str
    rulebook: str
    event: msgspec.Raw


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Reading)


class EventMapper(Mapper[UUID]):
    """Writes `Recorded`; topics name the class and its version, not where its source stands."""

    def __init__(self) -> None:
        super().__init__(
            JSONTranscoder()
        )  # unused: the codec of the domain's own classes is faster and strict

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        recorded = cast(Recorded, domain_event)
        head = Cited(recorded.seq, recorded.engine, recorded.rulebook).head()
        return StoredEvent(*stored(head, recorded.originator_id, recorded.originator_version, recorded.event))

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        body = _decoder.decode(stored_event.state)
        recorded = Recorded(
            originator_id=cast(UUID, stored_event.originator_id),
            originator_version=stored_event.originator_version,
            seq=body.seq,
            engine=body.engine,
            rulebook=body.rulebook,
            event=decode_event_body(stored_event.topic, body.event),
        )
        return cast(DomainEventProtocol[UUID], recorded)
