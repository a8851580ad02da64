"""The one decoder of events, for HTTP, the topic and `panke judge` (ADR 0010).

A million events go through it in one offline run, so a sound event is cleared cheaply and exactly. After
typed decoding the event is encoded again: every key and text that was kept stands there between two
quotation marks. Where the document holds no backslash, as many quotation marks in both mean that nothing
was dropped, so no key stood twice and nothing was null. Where every character prints, no text holds a
control character, and a compact document shows a blank or padded text by a space beside a quotation mark. A
document that fails any of this is looked at exactly, by `scrutiny`.
"""

import re
from collections.abc import Callable
from datetime import datetime
from sys import intern
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from shared import ids
from shared.contract.checks import check_carried, check_clock, check_data
from shared.contract.errors import BadEvent, bad
from shared.contract.events import (
    DATA_TYPES,
    Carried,
    CheckRecorded,
    CustomerRecognised,
    Data,
    DisputeEvidenceAdded,
    DocumentAttached,
    Event,
    RecordAmended,
    RecordApproved,
    RecordCorrected,
    RequestSubmitted,
)
from shared.contract.fields import (
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    MAX_SEALED_BYTES,
    PLACE_PATTERN,
    RULED_FIELDS,
    UUID_PATTERN,
    StaffId,
)
from shared.contract.scrutiny import scrutinise
from shared.contract.sealed import Sealed
from shared.contract.times import Instant, parse_instant, parse_utc
from shared.contract.translate import translate

_BOM: Final = "\ufeff"
_SEALED: Final = b'"sealed"'

D = TypeVar("D", bound=Struct)


T = TypeVar("T", bound=str)
_interned = cast(Callable[[T], T], intern)


class _Envelope(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """As it comes: one pattern for all ids and one for a time cost less than the decoder's own."""

    id: str
    type: str
    scope: ids.ScopeId
    office: ids.OfficeId
    actor: StaffId
    occurred_at: str
    data: Raw
    recorded_at: str | UnsetType = UNSET
    carried: Carried | UnsetType = UNSET
    sealed: Sealed | UnsetType = UNSET


def _read(kind: type, value: Any) -> Any:
    if kind is not Instant:
        raise NotImplementedError(kind)
    if type(value) is not str:
        raise ValueError("Expected `str`, got another")
    try:
        return parse_instant(value)
    except BadEvent:
        raise ValueError("Invalid instant") from None


_envelope = msgspec.json.Decoder(_Envelope).decode
_data: Final[dict[str, Callable[[Raw], Data]]] = {
    name: msgspec.json.Decoder(model, dec_hook=_read).decode for name, model in DATA_TYPES.items()
}
_PATTERNS: Final = {"id": UUID_PATTERN, "scope": PLACE_PATTERN, "office": PLACE_PATTERN}
_ids: Final = re.compile(" ".join(pattern.strip("^$") for pattern in _PATTERNS.values())).fullmatch
_event_id = re.compile(UUID_PATTERN.strip("^$")).fullmatch
_encode = msgspec.json.Encoder().encode


def decode_event(raw: bytes, *, recorded: bool, imported: bool = False) -> Event:
    """The event that `raw` states, or `BadEvent`, which names the field and the rule.

    With `recorded`, `recorded_at` must be there (a file, the topic); without, it must not (HTTP), and
    `carried` may stand only where `imported` says that the entry comes by an import. Only what was recorded can be
    sealed.
    """
    text = _text(raw, MAX_SEALED_BYTES if recorded and _SEALED in raw else MAX_EVENT_BYTES)
    try:
        event = _typed(raw, recorded)
    except (BadEvent, RecursionError) as refusal:
        scrutinise(text)  # what is wrong with the document goes before what is wrong with a field
        raise refusal if isinstance(refusal, BadEvent) else bad("", "depth", limit=MAX_DEPTH) from None
    if not _clear(raw, text, event):
        scrutinise(text)
    check_data(event.data, sealed=event.sealed is not None)
    if event.carried is not None:
        check_carried(event)
        if not recorded and not imported:
            raise bad("carried", "carried_import")
    if event.sealed is not None and not recorded:
        raise bad("sealed", "unknown_field")
    if event.recorded_at is not None:
        check_clock(event, event.recorded_at)
    return event


def decode_document(raw: bytes, model: type[D]) -> D:
    """A document of the contract that is no event, as exactly as one; `BadEvent` for anything else."""
    text = _text(raw)
    try:
        document = msgspec.json.decode(raw, type=model, dec_hook=_read)
    except msgspec.MsgspecError as refusal:
        scrutinise(text)
        raise _refused(refusal, model, "") from None
    except RecursionError:
        raise bad("", "depth", limit=MAX_DEPTH) from None
    scrutinise(text)
    return document


def _text(raw: bytes, limit: int = MAX_EVENT_BYTES) -> str:
    if len(raw) > limit:
        raise bad("", "too_large", limit=limit)
    try:
        text = raw.decode().rstrip()
    except UnicodeDecodeError:
        raise bad("", "encoding") from None
    if not text:
        raise bad("", "empty")
    if text[0] == _BOM:
        raise bad("", "encoding")
    return text


def _typed(raw: bytes, recorded: bool) -> Event:
    try:
        envelope = _envelope(raw)
    except msgspec.MsgspecError as refusal:
        raise _refused(refusal, _Envelope, "") from None
    if _ids(f"{envelope.id} {envelope.scope} {envelope.office}") is None:
        raise _wrong_id(envelope)
    decode_data = _data.get(envelope.type)
    if decode_data is None:
        raise bad("type", "unknown_type")
    try:
        data = decode_data(envelope.data)
    except msgspec.MsgspecError as refusal:
        raise _said_of_data(refusal, DATA_TYPES[envelope.type]) from None
    in_lower_case = _IN_LOWER_CASE.get(type(data))
    if in_lower_case is not None:
        data = in_lower_case(data)
    return Event(  # what a million events repeat is held once
        ids.EventId(envelope.id.lower()),
        intern(envelope.type),
        _interned(envelope.scope),
        _interned(envelope.office),
        _interned(envelope.actor),
        parse_instant(envelope.occurred_at, "occurred_at"),
        data,
        _recorded_at(envelope.recorded_at, recorded),
        None if envelope.carried is UNSET else envelope.carried,
        None if envelope.sealed is UNSET else envelope.sealed,
    )


def _said_of_data(refusal: msgspec.MsgspecError, model: type) -> BadEvent:
    """The refusal, which tells a field that an amendment cannot have from one that no record has."""
    found = _refused(refusal, model, "data")
    head, _, field = found.path.rpartition(".")
    if (
        model is RecordAmended
        and (found.rule, head) == ("unknown_field", "data.set")
        and field in RULED_FIELDS
    ):
        return bad(found.path, "ruled_field")
    return found


def _with_record(data: Any) -> Data:
    made: Data = replace(data, record=data.record.lower()) if data.record is not None else data
    return made


def _with_records(data: CheckRecorded) -> Data:
    items = tuple(
        replace(item, record=ids.EventId(item.record.lower())) if item.record is not None else item
        for item in data.items
    )
    return replace(data, items=items)


def _with_registration(data: CustomerRecognised) -> Data:
    registration = data.registration.lower() if data.registration is not None else None
    return replace(data, registration=registration, evidence=_evidence(data.evidence))


def _with_evidence(data: DisputeEvidenceAdded) -> Data:
    return replace(data, evidence=_evidence(data.evidence))


_IN_LOWER_CASE: Final[dict[type, Callable[[Any], Data]]] = {
    RecordCorrected: _with_record,
    RecordApproved: _with_record,
    RecordAmended: _with_record,
    RequestSubmitted: _with_record,
    DocumentAttached: _with_record,
    CheckRecorded: _with_records,
    CustomerRecognised: _with_registration,
    DisputeEvidenceAdded: _with_evidence,
}
"""What names other events does so as the journal holds their ids; evidence may be such an id, or words."""


def _evidence(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.lower() if _event_id(one) else one for one in given)


def _wrong_id(envelope: _Envelope) -> BadEvent:
    for path, pattern in _PATTERNS.items():
        if re.fullmatch(pattern.strip("^$"), getattr(envelope, path)) is None:
            return bad(path, "pattern", expected=pattern)
    raise AssertionError("three ids match one by one and not together")


def _recorded_at(stated: str | UnsetType, recorded: bool) -> datetime | None:
    if recorded:
        if stated is UNSET:
            raise bad("recorded_at", "required")
        return parse_utc(stated, "recorded_at")
    if stated is not UNSET:
        raise bad("recorded_at", "stamped")
    return None


def _refused(refusal: msgspec.MsgspecError, model: type, prefix: str) -> BadEvent:
    if isinstance(refusal, msgspec.ValidationError):
        return translate(str(refusal), model, prefix)
    return bad("", "json", place="")


def _clear(raw: bytes, text: str, event: Event) -> bool:
    """Whether the document is sound for certain: nothing was dropped, and every text is as it should be."""
    if "\\" in text or not text.isprintable():
        return False
    kept = _encode(event)
    if raw.count(b'"') != kept.count(b'"'):
        return False
    return b" " not in kept or (b'" ' not in kept and b' "' not in kept)
