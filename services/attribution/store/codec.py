"""How records and domain events are written as bytes, and read again by a later version.

The domain's values are structs, which msgspec writes and reads as they are; what stands here is their versions
(ADR 0005, ADR 0030). Each class has a version: what an older one wrote is lifted, one version at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, get_args, get_type_hints

import msgspec

from shared.rules.domain import state
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.long_list import LongList
from shared.rules.domain.state import Record

Plain = dict[str, Any]
Lift = Callable[[Plain], Plain]


def _with_matter_tagged(filed: Plain) -> Plain:
    """Of a kept record: the type of the matter stands in it, no longer beside it in the fact."""
    fact = dict(filed["fact"])
    matter = {"type": fact.pop("type"), **fact["matter"]}
    return {**filed, "fact": {**fact, "matter": matter}}


VERSIONS: dict[str, int] = {"Customer": 2, "FiledRecord": 2, "RecordFiled": 2}
"""Classes whose shape has changed since their first version, by name; the others are at 1."""
LIFTS: dict[tuple[str, int], Lift] = {
    ("Customer", 1): lambda plain: plain,  # 2: `root`, which few have
    ("FiledRecord", 1): _with_matter_tagged,
    ("RecordFiled", 1): lambda plain: {**plain, "filed": _with_matter_tagged(plain["filed"])},
}
"""(name, version) to what makes the next version of it."""
ALIASES: dict[str, str] = {}
"""Former names of classes."""


class UnknownTopicError(ValueError):
    """Stored bytes name a class or a version that this program does not have: a newer one wrote them."""


def _plain(value: object) -> object:
    """A list in leaves is written as the tuple of its items."""
    if isinstance(value, LongList):
        return tuple(value)
    raise TypeError(f"{type(value).__name__} has no wire form")


encoder = msgspec.json.Encoder(enc_hook=_plain)


class _Form:
    """The stored form of one class: its name, its version, and what reads it."""

    def __init__(self, cls: type[msgspec.Struct]) -> None:
        self.name = cls.__name__
        self.version = VERSIONS.get(self.name, 1)
        self.topic = f"{self.name}/{self.version}"
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(cls)

    def decode(self, data: bytes | msgspec.Raw, version: int) -> Any:
        return self.decoder.decode(data if version == self.version else self._lifted(data, version))

    def _lifted(self, data: bytes | msgspec.Raw, version: int) -> bytes:
        if version > self.version:
            raise UnknownTopicError(f"{self.name} of version {version} is newer than {self.version}")
        plain: Plain = msgspec.json.decode(data)
        for older in range(version, self.version):
            plain = LIFTS[self.name, older](plain)
        return encoder.encode(plain)


_RECORDS = {cls: _Form(cls) for cls in get_args(Record)}
_MARKS = {cls: b"%d " % form.version for cls, form in _RECORDS.items()}
_EVENTS = {cls: _Form(cls) for cls in get_args(DomainEvent)}
_EVENT_NAMES = {form.name: form for form in _EVENTS.values()}
TOPICS: Final[dict[type[Any], str]] = {cls: form.topic for cls, form in _EVENTS.items()}
"""`Name/version` of each event, which the event store calls the class of it."""

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


def _face() -> msgspec.json.Decoder[Any]:
    """Reads a customer without what grows with their records: that is passed over undecoded."""
    hints = get_type_hints(state.Customer)
    kept = [one for one in msgspec.structs.fields(state.Customer) if one.name not in _UNSEEN]
    shape: list[Any] = [
        (one.name, hints[one.name]) if one.required else (one.name, hints[one.name], one.default)
        for one in kept
    ]
    return msgspec.json.Decoder(msgspec.defstruct("CustomerFace", shape, frozen=True, gc=False))


_FACE: Final = _face()


def encode_record(record: Record) -> bytes:
    """All of a record as it stands in its row; the first byte line is its version, so that rows can be lifted."""
    return _MARKS[type(record)] + encoder.encode(record)


def decode_record(kind: str, data: bytes) -> Record:
    """A record from its row; a customer with long lists has leaves besides (`leaves`)."""
    version, _, body = data.partition(b" ")
    record: Record = _RECORDS[KINDS[kind]].decode(body, int(version))
    return record


def decode_face(kind: str, data: bytes) -> Record:
    """A record, of a customer only what tells how they stand: nothing may be decided by it or written of it."""
    version, _, body = data.partition(b" ")
    if kind != "customer" or int(version) != VERSIONS["Customer"]:
        return decode_record(kind, data)
    face = _FACE.decode(body)
    return state.Customer(**{name: getattr(face, name) for name in face.__struct_fields__})


def decode_event_body(topic: str, data: bytes | msgspec.Raw) -> DomainEvent:
    name, _, version = topic.partition("/")
    form = _EVENT_NAMES.get(ALIASES.get(name, name))
    if form is None or not version.isdigit():
        raise UnknownTopicError(topic)
    event: DomainEvent = form.decode(data, int(version))
    return event
