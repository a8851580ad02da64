"""How records and domain events are written as bytes, and read again by a later version.

The domain knows the standard library only, so its dataclasses carry no wire form; this is the one place that
gives them one (ADR 0005; one codec is also the seam at which personal data can be encrypted,
hazards.md#the-cipher-knows-no-place). Each class has a version: what an older one wrote is lifted, one version
at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field as dataclass_field
from dataclasses import fields, make_dataclass
from datetime import datetime
from types import GenericAlias
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from shared.rules.domain import state
from shared.rules.domain.events import DomainEvent, RecordFiled
from shared.rules.domain.facts import Fact, Matter
from shared.rules.domain.state import FiledRecord, Record
from shared.rules.domain.united import United

Plain = dict[str, Any]
Lift = Callable[[Plain], Plain]

VERSIONS: dict[str, int] = {"Customer": 2}
"""Classes whose shape has changed since their first version, by name; the others are at 1."""
LIFTS: dict[tuple[str, int], Lift] = {("Customer", 1): lambda plain: plain}  # 2: `root`, which few have
"""(name, version) to what makes the next version of it."""
ALIASES: dict[str, str] = {}
"""Former names of classes."""
KEPT: Final = 8192
"""Kept records whose bytes are remembered: more than the batches of all partitions that are folded at a time."""


class UnknownTopicError(ValueError):
    """Stored bytes name a class or a version that this program does not have: a newer one wrote them."""


class WireFact(msgspec.Struct, frozen=True, gc=False):
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


def _plain(value: object) -> object:
    """A list that is yet to be put in order is written as it stands then."""
    if isinstance(value, United):
        return value.items()
    raise TypeError(f"{type(value).__name__} has no wire form")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
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


class _WireRecordFiled(msgspec.Struct, frozen=True, gc=False):
    """`RecordFiled` around a record that is written already."""

    filed: msgspec.Raw
    customer: str | None


class _Twin(NamedTuple):
    """The wire form of a class that holds facts, and the way to it and back."""

    cls: type[Any]
    to_wire: Callable[[Any], Any]
    from_wire: Callable[[Any], Any]


_TWINS: dict[Any, _Twin] = {Fact: _Twin(WireFact, _fact_to_wire, _fact_from_wire)}


class _Form:
    """The wire form of one class: itself, or a twin in which each fact is a `WireFact`."""

    def __init__(self, cls: type[Any]) -> None:
        hints = get_type_hints(cls)
        self.cls = cls
        self.name = cls.__name__
        self.version = VERSIONS.get(cls.__name__, 1)
        self.topic = f"{self.name}/{self.version}"
        self.names = [field.name for field in fields(cls)]
        kinds = [hints[name] for name in self.names]
        self.one = {at: _TWINS[kind] for at, kind in enumerate(kinds) if kind in _TWINS}
        self.many = {at: twin for at, kind in enumerate(kinds) if (twin := _TWINS.get(_element(kind)))}
        self.twin = self._twin(hints) if self.one or self.many else None
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self.twin or cls)
        if self.twin is not None:
            _TWINS[cls] = _Twin(self.twin, self.wire, self.unwire)

    def _twin(self, hints: dict[str, Any]) -> type[Any]:
        hints |= {self.names[at]: twin.cls for at, twin in self.one.items()}
        hints |= {self.names[at]: GenericAlias(tuple, (twin.cls, ...)) for at, twin in self.many.items()}
        shape = [(name, hints[name]) for name in self.names]
        return msgspec.defstruct(f"Wire{self.name}", shape, frozen=True)

    def wire(self, value: Any) -> Any:
        """What the encoder takes in place of `value`."""
        if self.twin is None:
            return value
        parts = [getattr(value, name) for name in self.names]
        for at, twin in self.one.items():
            parts[at] = twin.to_wire(parts[at])
        for at, twin in self.many.items():
            parts[at] = tuple(map(twin.to_wire, parts[at]))
        return self.twin(*parts)

    def unwire(self, value: Any) -> Any:
        """What the decoder's `value` stands for."""
        if self.twin is None:
            return value
        parts = [getattr(value, name) for name in self.names]
        for at, twin in self.one.items():
            parts[at] = twin.from_wire(parts[at])
        for at, twin in self.many.items():
            parts[at] = tuple(map(twin.from_wire, parts[at]))
        return self.cls(*parts)

    def decode(self, data: bytes | msgspec.Raw, version: int) -> Any:
        lifted = data if version == self.version else self._lifted(data, version)
        return self.unwire(self.decoder.decode(lifted))

    def _lifted(self, data: bytes | msgspec.Raw, version: int) -> bytes:
        if version > self.version:
            raise UnknownTopicError(f"{self.name} of version {version} is newer than {self.version}")
        plain: Plain = msgspec.json.decode(data)
        for older in range(version, self.version):
            plain = LIFTS[self.name, older](plain)
        return _encoder.encode(plain)


def _element(hint: Any) -> Any:
    """`X` of `tuple[X, ...]`."""
    args = get_args(hint)
    return args[0] if get_origin(hint) is tuple and len(args) == 2 and args[1] is ... else None


_RECORDS = {cls: _Form(cls) for cls in get_args(Record)}  # before the events, some of which hold records
_EVENTS = {cls: _Form(cls) for cls in get_args(DomainEvent)}
_EVENT_NAMES = {form.name: form for form in _EVENTS.values()}

KINDS: dict[str, type[Any]] = {
    "scope": state.Scope,
    "customer": state.Customer,
    "contact": state.CustomerRef,
    "visit": state.CustomerRef,
    "deal": state.CustomerRef,
    "joined": state.CustomerRef,
    "taken": state.IdHolder,
    "dispute": state.Dispute,
    "board": state.Board,
    "record": state.FiledRecord,
}
"""The class of the records of each kind."""


_UNSEEN: Final = frozenset(
    {"records", "receptions", "assists", "grants", "barred", "forfeits", "former", "turns"}
)
"""What grows with the records of a customer and tells nothing of how they stand."""


class _Face:
    """Reads a customer without what grows with their records: that is passed over undecoded."""

    def __init__(self) -> None:
        hints = get_type_hints(state.Customer)
        kept = [one for one in fields(state.Customer) if one.name not in _UNSEEN]
        shape = [(one.name, hints[one.name], dataclass_field(default=one.default)) for one in kept]
        self._form = _Form(make_dataclass("CustomerFace", shape, frozen=True, slots=True))
        self._names = [one.name for one in kept]

    def decode(self, data: bytes) -> Record:
        version, _, body = data.partition(b" ")
        if int(version) != VERSIONS["Customer"]:
            return decode_record("customer", data)
        face = self._form.decode(body, self._form.version)
        return state.Customer(**{name: getattr(face, name) for name in self._names})


class _Kept:
    """The bytes of kept records that were written last: each stands in its event and soon after in its row.

    Found by identity, since a record is frozen and comparing two costs more than writing one. The older half is
    forgotten when there are many.
    """

    def __init__(self, form: _Form, limit: int) -> None:
        self._form = form
        self._limit = limit
        self._newer: dict[int, tuple[FiledRecord, bytes]] = {}
        self._older: dict[int, tuple[FiledRecord, bytes]] = {}

    def encode(self, filed: FiledRecord) -> bytes:
        found = self._newer.get(id(filed)) or self._older.get(id(filed))
        if found is not None:
            return found[1]
        if len(self._newer) >= self._limit:
            self._older, self._newer = self._newer, {}
        body = _encoder.encode(self._form.wire(filed))
        self._newer[id(filed)] = filed, body  # with the record itself, or another could get its identity
        return body


_kept: Final = _Kept(_RECORDS[FiledRecord], KEPT)
_face: Final = _Face()


def encode_record(record: Record) -> bytes:
    """A record as it stands in its row; the first byte line is its version, so that rows can be lifted."""
    form = _RECORDS[type(record)]
    body = _kept.encode(record) if isinstance(record, FiledRecord) else _encoder.encode(form.wire(record))
    return b"%d %b" % (form.version, body)


def decode_record(kind: str, data: bytes) -> Record:
    version, _, body = data.partition(b" ")
    record: Record = _RECORDS[KINDS[kind]].decode(body, int(version))
    return record


def decode_face(kind: str, data: bytes) -> Record:
    """A record, of a customer only what tells how they stand: nothing may be decided by it or written of it."""
    return _face.decode(data) if kind == "customer" else decode_record(kind, data)


def encode_event(event: DomainEvent) -> tuple[str, bytes]:
    """`Name/version`, which the event store calls the class of an event, and its body."""
    form = _EVENTS[type(event)]
    if isinstance(event, RecordFiled):
        return form.topic, _encoder.encode(
            _WireRecordFiled(msgspec.Raw(_kept.encode(event.filed)), event.customer)
        )
    return form.topic, _encoder.encode(form.wire(event))


def decode_event_body(topic: str, data: bytes | msgspec.Raw) -> DomainEvent:
    name, _, version = topic.partition("/")
    form = _EVENT_NAMES.get(ALIASES.get(name, name))
    if form is None or not version.isdigit():
        raise UnknownTopicError(topic)
    event: DomainEvent = form.decode(data, int(version))
    return event
