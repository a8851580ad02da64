"""The topics: their names, headers and message shapes (contract.md#topics).

The key of every record is the scope, so that one consumer sees the events of a scope in one order. `seq`
counts without gaps per scope; a consumer drops what it has seen. Up to when a partition is whole is told beside it, in
a compacted topic (`WatermarkMessage`); a record without a value is such a watermark of before there was one.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from shared.contract import BadEvent, format_instant, parse_utc
from shared.contract.events import Role, StaffContacts
from shared.contract.fields import BasisPoints
from shared.contract.times import Instant, parse_instant
from shared.ids import Contact, CustomerId, DealId, EventId, OfficeId, ScopeId, StaffId

Decision = Literal[
    "established", "renewed", "kept", "superseded", "returned", "lapsed", "revoked", "released",
    "transferred", "ruled", "disputed",
]  # fmt: skip
ClaimStatus = Literal["owned", "lapsed", "disputed", "closed", "unowned"]
DealStatus = Literal["final", "pending_ruling", "cancelled"]

SEQ: Final = "seq"
TRACEPARENT: Final = "traceparent"
WATERMARK: Final = "watermark"
CONTACTS: Final = "contacts"
DEFAULT_RULEBOOK: Final = "default-rulebook"
EDITION: Final = "edition"
EPOCH: Final = "epoch"
KNOWN_AT: Final = "known-at"
RESTATED: Final = "restated"

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

RawHeaders = Sequence[tuple[str, bytes]]


class BadMessageError(ValueError):
    """A record that is not of our topics; it belongs to the dead topic, with this reason."""


@dataclass(frozen=True)
class Topics:
    """The names of the topics; a prefix keeps deployments and tests on one broker apart."""

    prefix: str = ""

    @property
    def intake(self) -> str:
        return f"{self.prefix}panke.intake.v1"

    @property
    def ownership(self) -> str:
        return f"{self.prefix}panke.ownership.v1"

    @property
    def dead(self) -> str:
        return f"{self.prefix}panke.intake.v1.dead"

    @property
    def log(self) -> str:
        """The checkpoints of the log, each a signed note; the last one counts."""
        return f"{self.prefix}panke.log.v1"

    @property
    def intake_watermark(self) -> str:
        return f"{self.prefix}panke.intake.watermark.v1"

    @property
    def ownership_watermark(self) -> str:
        return f"{self.prefix}panke.ownership.watermark.v1"


class Headers(Struct, frozen=True, gc=False):
    """What stands beside a record.

    Besides what the contract names: `contacts`, what each phone of the event was read as when it was recorded;
    and on the first fact of a scope `default_rulebook`, under which the scope began and which no event says. `epoch`
    names the journal that numbered the fact: one that was restored from a backup goes on under another.
    `edition` stands on messages of the ownership topic: `seq` counts within it, and a later one has the higher number.
    There too, `known_at`: up to when everything was known when this was decided. `restated` stands on what is said
    again for a topic that lost its records: it may have been heard before, under another `seq`.
    """

    seq: int | None = None
    traceparent: str | None = None
    watermark: datetime | None = None
    contacts: Mapping[str, Contact] | None = None
    default_rulebook: str | None = None
    edition: int | None = None
    epoch: str | None = None
    known_at: datetime | None = None
    restated: bool = False


def encode_headers(headers: Headers) -> list[tuple[str, bytes]]:
    """The headers as Kafka takes them."""
    encoded: list[tuple[str, bytes]] = []
    if headers.seq is not None:
        encoded.append((SEQ, b"%d" % headers.seq))
    if headers.traceparent is not None:
        encoded.append((TRACEPARENT, headers.traceparent.encode("ascii")))
    if headers.watermark is not None:
        encoded.append((WATERMARK, format_instant(headers.watermark).encode("ascii")))
    if headers.contacts is not None:
        encoded.append((CONTACTS, _encode(headers.contacts)))
    if headers.default_rulebook is not None:
        encoded.append((DEFAULT_RULEBOOK, headers.default_rulebook.encode()))
    if headers.edition is not None:
        encoded.append((EDITION, b"%d" % headers.edition))
    if headers.epoch is not None:
        encoded.append((EPOCH, headers.epoch.encode("ascii")))
    if headers.known_at is not None:
        encoded.append((KNOWN_AT, format_instant(headers.known_at).encode("ascii")))
    if headers.restated:
        encoded.append((RESTATED, b"1"))
    return encoded


def decode_headers(raw: Iterable[tuple[str, bytes | None]]) -> Headers:
    """The headers of a record; those of others are passed over, ours must be right and stand once."""
    found: dict[str, str] = {}
    for name, value in raw:
        if name in _READERS:
            if name in found or value is None:
                raise BadMessageError(f"header {name} must stand once and hold a value")
            try:
                found[name] = value.decode()
            except UnicodeDecodeError:
                raise BadMessageError(f"header {name} is not UTF-8") from None
    return Headers(**{name.replace("-", "_"): _READERS[name](name, text) for name, text in found.items()})


def _text(_name: str, text: str) -> str:
    return text


def _epoch(_name: str, text: str) -> str:
    if not _UUID.fullmatch(text):
        raise BadMessageError("header epoch must be a UUID in lower case")
    return text


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) < 1:
        raise BadMessageError(f"header {name} must be a whole number from 1")
    return int(text)


def _instant(name: str, text: str) -> datetime:
    try:
        return parse_utc(text, name)
    except BadEvent as refusal:
        raise BadMessageError(f"header {refusal}") from None


def encode_contacts(contacts: Mapping[str, Contact] | None) -> bytes | None:
    """What phones were read as, in the bytes in which the header has it and in which it is stored."""
    return None if contacts is None else _encode(contacts)


def decode_contacts(stored: bytes | None) -> Mapping[str, Contact] | None:
    """What `encode_contacts` wrote."""
    return None if stored is None else _decode_contacts(stored)


def _contacts(_name: str, text: str) -> Mapping[str, Contact]:
    try:
        return _decode_contacts(text)
    except msgspec.MsgspecError:
        raise BadMessageError("header contacts must hold a JSON object of texts") from None


def _said(name: str, text: str) -> bool:
    return _number(name, text) > 0


_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    SEQ: _number,
    TRACEPARENT: _text,
    WATERMARK: _instant,
    CONTACTS: _contacts,
    DEFAULT_RULEBOOK: _text,
    EDITION: _number,
    EPOCH: _epoch,
    KNOWN_AT: _instant,
    RESTATED: _said,
}
"""How each header is read; its field has the same name."""


def dead_headers(reason: str, topic: str, partition: int, offset: int) -> list[tuple[str, bytes]]:
    """The headers of a record of the dead topic: why it is there and where it lay; its value stays."""
    told = {"reason": reason, "topic": topic, "partition": str(partition), "offset": str(offset)}
    return [(name, value.encode()) for name, value in told.items()]


class _Message(Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True, gc=False):
    """What every message of the ownership topic says: whose scope, and its place in the order of it."""

    scope: ScopeId
    seq: int


class DecisionMessage(_Message, frozen=True, kw_only=True, tag="decision"):
    """One decision, as it stands in the list of its customer or, where `deal` is given, of its deal."""

    customer: CustomerId
    at: Instant
    clause: str
    because: tuple[EventId, ...]
    decision: Decision | None = None
    owner: StaffId | None = None
    previous: StaffId | None = None
    deal: DealId | None = None
    status: DealStatus | None = None
    shares: dict[StaffId, BasisPoints] | None = None


class ClaimMessage(_Message, frozen=True, kw_only=True, tag="claim"):
    """The claim on a customer as it stands now; timers derive from this alone.

    `generation` rises with each message about a customer. `replaces` names the customers that this one has
    taken in: what was planned for them is void. `timezone` is the zone of the scope's rulebook, in which days end.
    """

    customer: CustomerId
    generation: int
    owner: StaffId | None
    status: ClaimStatus
    expires_at: Instant | None
    replaces: tuple[CustomerId, ...] = ()
    timezone: str | None = None


class StaffMessage(_Message, frozen=True, kw_only=True, tag="staff"):
    """A member of staff as enrolled; the last one about a person counts.

    `office` is where the person was enrolled, or where they come and go. `away` is set where that has changed.
    """

    staff: StaffId
    name: str
    role: Role
    contacts: StaffContacts | None = None
    departed: bool = False
    office: OfficeId | None = None
    away: bool | None = None
    timezone: str | None = None


OwnershipMessage = DecisionMessage | ClaimMessage | StaffMessage


class WatermarkMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Up to when a partition is whole: what was recorded by `watermark` lies below `offset` in it, for good.

    `source` names the partition, `cluster/topic@topic-id:partition`: in another log the offset means nothing.
    """

    source: str
    offset: Annotated[int, Meta(ge=0)]
    watermark: Instant


def _read(kind: type, value: object) -> object:
    if kind is not Instant or not isinstance(value, str):
        raise ValueError("must be the text of an RFC 3339 time")
    return parse_instant(value)


_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode_contacts: Final = msgspec.json.Decoder(dict[str, Contact]).decode
_decode: Final[Callable[[bytes], OwnershipMessage]] = msgspec.json.Decoder(
    OwnershipMessage, dec_hook=_read
).decode


_decode_watermark: Final = msgspec.json.Decoder(WatermarkMessage, dec_hook=_read).decode


def encode_message(message: OwnershipMessage) -> bytes:
    """The value of a record of the ownership topic."""
    return _encode(message)


def decode_message(raw: bytes) -> OwnershipMessage:
    """The message that a record of the ownership topic holds."""
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as refusal:
        place = str(refusal).rpartition(" - at ")[2] if " - at " in str(refusal) else "the value"
        raise BadMessageError(f"not a message of the ownership topic: wrong at {place}") from None


def encode_watermark(message: WatermarkMessage) -> tuple[bytes, bytes]:
    """Key and value of a record of a watermark topic: of each partition the last one is kept."""
    return message.source.rpartition(":")[2].encode(), _encode(message)


def decode_watermark(value: bytes | None) -> WatermarkMessage:
    """The message that a record of a watermark topic holds."""
    try:
        return _decode_watermark(value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadMessageError("not a message of a watermark topic") from None
