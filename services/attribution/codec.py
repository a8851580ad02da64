"""How records and domain events are written as bytes, and read again by a later version.

The domain knows the standard library only, so its dataclasses carry no wire form; this is the one place that
gives them one (architecture choices 2 and 8: one codec is also the seam at which personal data can be
encrypted). Each class has a version: what an older one wrote is lifted, one version at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, make_dataclass
from datetime import datetime
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from services.attribution.domain import events, facts, state
from services.attribution.domain.events import DomainEvent
from services.attribution.domain.facts import Fact, Matter
from services.attribution.domain.state import Record

T = TypeVar("T")
Plain = dict[str, Any]
Lift = Callable[[Plain], Plain]

VERSIONS: dict[str, int] = {}
"""Classes whose shape has changed since their first version, by name; the others are at 1."""
LIFTS: dict[tuple[str, int], Lift] = {}
"""(name, version) to what makes the next version of it."""
ALIASES: dict[str, str] = {}
"""Former names of classes."""


class UnknownTopic(ValueError):
    """Stored bytes name a class or a version that this program does not have: a newer one wrote them."""


@dataclass(frozen=True, slots=True)
class WireFact:
    """A fact with the name of its matter, since a plain dataclass does not say which one it is."""

    id: str
    seq: int
    scope: str
    office: str
    occurred_at: datetime
    recorded_at: datetime
    attested_by: str | None
    type: str
    matter: msgspec.Raw


_encoder = msgspec.json.Encoder()
_MATTERS = {cls.__name__: msgspec.json.Decoder(cls) for cls in get_args(Matter)}


def _fact_to_wire(fact: Fact) -> WireFact:
    return WireFact(
        fact.id,
        fact.seq,
        fact.scope,
        fact.office,
        fact.occurred_at,
        fact.recorded_at,
        fact.attested_by,
        type(fact.matter).__name__,
        msgspec.Raw(_encoder.encode(fact.matter)),
    )


def _fact_from_wire(wire: WireFact) -> Fact:
    return Fact(
        wire.id,
        wire.seq,
        wire.scope,
        wire.office,
        wire.occurred_at,
        wire.recorded_at,
        wire.attested_by,
        _MATTERS[wire.type].decode(wire.matter),
    )


class _Form:
    """The wire form of one class: itself, or a twin in which each fact is a `WireFact`."""

    def __init__(self, cls: type[Any]) -> None:
        hints = get_type_hints(cls, vars(facts) | vars(state) | vars(events))
        self.cls = cls
        self.name = cls.__name__
        self.version = VERSIONS.get(cls.__name__, 1)
        self.names = [field.name for field in fields(cls)]
        self.one = [name for name in self.names if hints[name] is Fact]
        self.many = [name for name in self.names if hints[name] == tuple[Fact, ...]]
        self.twin = self._twin(hints) if self.one or self.many else None
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self.twin or cls)

    def _twin(self, hints: dict[str, Any]) -> type[Any]:
        swapped = {Fact: WireFact, tuple[Fact, ...]: tuple[WireFact, ...]}
        shape = [(name, swapped.get(hints[name], hints[name])) for name in self.names]
        return make_dataclass(f"Wire{self.name}", shape, frozen=True, slots=True)

    def wire(self, value: Any) -> Any:
        """What the encoder takes in place of `value`."""
        if self.twin is None:
            return value
        parts = {name: getattr(value, name) for name in self.names}
        parts |= {name: _fact_to_wire(parts[name]) for name in self.one}
        parts |= {name: tuple(map(_fact_to_wire, parts[name])) for name in self.many}
        return self.twin(**parts)

    def decode(self, data: bytes | msgspec.Raw, version: int) -> Any:
        if version != self.version:
            data = self._lifted(data, version)
        value = self.decoder.decode(data)
        if self.twin is None:
            return value
        parts = {name: getattr(value, name) for name in self.names}
        parts |= {name: _fact_from_wire(parts[name]) for name in self.one}
        parts |= {name: tuple(map(_fact_from_wire, parts[name])) for name in self.many}
        return self.cls(**parts)

    def _lifted(self, data: bytes | msgspec.Raw, version: int) -> bytes:
        plain: Plain = msgspec.json.decode(data)
        for older in range(version, self.version):
            plain = LIFTS[self.name, older](plain)
        if version > self.version:
            raise UnknownTopic(f"{self.name} of version {version} is newer than {self.version}")
        return _encoder.encode(plain)


_EVENTS = {cls: _Form(cls) for cls in get_args(DomainEvent)}
_RECORDS = {cls: _Form(cls) for cls in get_args(Record)}
_EVENT_NAMES = {form.name: form for form in _EVENTS.values()}

KINDS: dict[str, type[Any]] = {
    "scope": state.Scope,
    "customer": state.Customer,
    "contact": state.Pointer,
    "visit": state.Pointer,
    "deal": state.Pointer,
    "dispute": state.Dispute,
    "board": state.Board,
    "record": state.Filed,
}
"""The class of the records of each kind."""


def encode_record(record: Record) -> bytes:
    """A record as it stands in its row; the first byte line is its version, so that rows can be lifted."""
    form = _RECORDS[type(record)]
    return b"%d " % form.version + _encoder.encode(form.wire(record))


def decode_record(kind: str, data: bytes) -> Record:
    version, _, body = data.partition(b" ")
    record: Record = _RECORDS[KINDS[kind]].decode(body, int(version))
    return record


def event_topic(event: DomainEvent) -> str:
    """`Name/version`: what the event store calls the class of an event."""
    form = _EVENTS[type(event)]
    return f"{form.name}/{form.version}"


def event_wire(event: DomainEvent) -> Any:
    """What to put into a message that is encoded around the event."""
    return _EVENTS[type(event)].wire(event)


def decode_event_body(topic: str, data: bytes | msgspec.Raw) -> DomainEvent:
    name, _, version = topic.partition("/")
    form = _EVENT_NAMES.get(ALIASES.get(name, name))
    if form is None or not version.isdigit():
        raise UnknownTopic(topic)
    event: DomainEvent = form.decode(data, int(version))
    return event
