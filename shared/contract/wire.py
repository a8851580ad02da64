"""Canonical bytes of an event: what is stored, sent and compared.

Canonical means: keys sorted, no white space, UTF-8, the id in lower case. Other values stay as they were
written, so that the journal shows what the desk sent. Two events have the same content when their decoded
envelopes but for `recorded_at` are equal (contract.md#same-content): another spelling of an instant or a default that
is stated is none.
"""

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from shared.contract.events import Event
from shared.contract.times import format_instant

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_AFTER: Final = b',"scope":"'


def canonical(raw: bytes) -> bytes:
    """The canonical bytes of an event that `decode_event` accepted, without `recorded_at`."""
    document = _decode(raw)
    document.pop("recorded_at", None)
    document["id"] = document["id"].lower()
    return _encode(document)


def content_digest(event: Event) -> bytes:
    """SHA-256 of the content of a decoded event, however it was written and whenever it was recorded."""
    told = event if event.recorded_at is None else replace(event, recorded_at=None)
    return digest_of(_encode(told))


def digest_of(body: bytes) -> bytes:
    """SHA-256 of bytes, such as `canonical` makes."""
    return hashlib.sha256(body).digest()


def stamp(raw: bytes, recorded_at: datetime) -> bytes:
    """The canonical envelope of an accepted event with the time at which it was recorded."""
    return stamp_canonical(canonical(raw), recorded_at)


def stamp_canonical(body: bytes, recorded_at: datetime) -> bytes:
    """As `stamp`, of bytes that `canonical` made: `recorded_at` goes where the order of keys wants it.

    After `data` only `id`, `occurred_at`, `office`, `scope` and `type` follow, none of which can hold a
    quotation mark, so the last `scope` is the envelope's own.
    """
    head, mark, tail = body.rpartition(_AFTER)
    return b'%b,"recorded_at":"%b"%b%b' % (head, _written(recorded_at), mark, tail)


@lru_cache(maxsize=1024)
def _written(instant: datetime) -> bytes:
    """All facts of a group are recorded at the same instant."""
    return format_instant(instant).encode()


def to_wire(event: Event) -> bytes:
    """The canonical envelope of a decoded event, with times in UTC; decoding it gives the same event."""
    return _encode(event)
