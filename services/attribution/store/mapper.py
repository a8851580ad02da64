"""From the domain's frozen events to stored events and back.

A stored event says which fact caused it, which engine decided, and under which text of the rulebook, so that a
decision that was made can be told from what a later version would decide (ADR 0005).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from services.attribution.store.codec import TOPICS, decode_event_body, encoder
from shared.rules.domain.events import DomainEvent

STREAMS = uuid5(NAMESPACE_URL, "panke:scopes")


@lru_cache(maxsize=4096)
def stream_id(scope: str) -> UUID:
    """The id of a scope's one stream of events."""
    return uuid5(STREAMS, scope)


class EventRow(NamedTuple):
    """The library's `StoredEvent` in a form that is made in a quarter of the time; a fact has some three."""

    originator_id: UUID
    originator_version: int
    topic: str
    state: bytes


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


def stored(head: bytes, stream: UUID, first: int, events: Iterable[DomainEvent]) -> list[EventRow]:
    """Events as they are stored, behind the head of their fact; the first has the version `first`.

    A call for each would be 1 % more steps of the benchmark `fold`.
    """
    encode, topics = encoder.encode, TOPICS
    return [
        EventRow(stream, version, topics[type(event)], b"%b%b}" % (head, encode(event)))
        for version, event in enumerate(events, first)
    ]


class _Reading(msgspec.Struct):
    seq: int
    engine: str
    rulebook: str
    event: msgspec.Raw


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Reading)


def recorded(stream: UUID, version: int, topic: str, state: bytes) -> Recorded:
    """The event of a stored one, with what it rests on."""
    body = _decoder.decode(state)
    event = decode_event_body(topic, body.event)
    return Recorded(stream, version, body.seq, body.engine, body.rulebook, event)
