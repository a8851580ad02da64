"""What a record of the intake topic is to the log: a fact of the journal, whatever this version makes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from shared.contract.personal import personal_texts
from shared.platform.kafka.journal_record import PlacedEnvelope, read_placed
from shared.platform.kafka.record_processor import RawRecord
from shared.sealing.sealing import Draft


class SequencedFact(Struct, frozen=True, gc=False):
    """A fact with its place; `clear` where it holds personal texts that are not under seal, as far as can be known.

    `begins_under` names the rulebook of a scope whose first fact this is, as the journal has it; `adopts` the one that
    the fact adopts, with its version.
    """

    scope: str
    seq: int
    recorded_at: datetime
    body: bytes
    clear: bool
    begins_under: str | None = None
    adopts: tuple[str, int] | None = None


class _LeafEnvelope(PlacedEnvelope, frozen=True, gc=False):
    """As much of an event as its leaf needs; the rest may be of another version."""

    type: str
    sealed: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


class _AdoptedBook(Struct, frozen=True):
    rulebook: str
    version: int


_decode: Final = msgspec.json.Decoder(_LeafEnvelope).decode
_decode_book: Final = msgspec.json.Decoder(_AdoptedBook).decode
ADOPTED: Final = "rulebook.adopted"


def read_fact(record: RawRecord) -> SequencedFact | None:
    """The fact of a record; None for a watermark, and for what is not of the journal. Does not raise."""
    found = read_placed(record, _decode)
    if found is None:
        return None
    envelope, body = found.envelope, found.body
    return SequencedFact(
        envelope.scope, found.seq, found.recorded_at, body, _in_clear(envelope, body), found.begins_under,
        _adopted(envelope),
    )  # fmt: skip


def _adopted(envelope: _LeafEnvelope) -> tuple[str, int] | None:
    if envelope.type != ADOPTED:
        return None
    try:
        book = _decode_book(envelope.data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return book.rulebook, book.version


def _in_clear(envelope: _LeafEnvelope, body: bytes) -> bool:
    """Whether a personal text stands there that is not under seal, as the journal itself would have sealed it.

    An event of a type that this version does not know may hold one.
    """
    if bytes(envelope.sealed):
        return False
    try:
        return bool(personal_texts(envelope.type)) and Draft(body, envelope.type).is_personal
    except (KeyError, TypeError, AttributeError, msgspec.MsgspecError):
        return True
