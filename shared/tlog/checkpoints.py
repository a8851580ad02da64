"""Checkpoints: a note that says how large a log is and what its root is (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple

from shared.i18n import bilingual
from shared.tlog.errors import BadNoteError
from shared.tlog.hashing import HASH_SIZE
from shared.tlog.notes import SignedNote, VerifiedSignature, Verifier, open_note

MAX_SIZE = (1 << 63) - 1


class Checkpoint(NamedTuple):
    """A log's tree at one size. `extensions` are lines of which nobody but the log says what they mean."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), encode_hash(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


class SignedCheckpoint(NamedTuple):
    """A checkpoint as it was read, and who of the known keys has signed it."""

    checkpoint: Checkpoint
    note: SignedNote
    verified: tuple[VerifiedSignature, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text says; raises `BadNoteError`."""
    lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 3 or not all(lines):
        raise BadNoteError(bilingual("not a checkpoint: origin, size and root, a line each"))
    origin, size, root, *extensions = lines
    hash_ = decode_hash(root)
    if not is_decimal(size) or int(size) > MAX_SIZE or hash_ is None:
        raise BadNoteError(bilingual("not a checkpoint: its size or its root cannot be read"))
    return Checkpoint(origin, int(size), hash_, tuple(extensions))


def open_checkpoint(raw: bytes, verifiers: Sequence[Verifier], origin: str | None = None) -> SignedCheckpoint:
    """A checkpoint that one of these keys has signed; raises `BadNoteError`, also for one of another log."""
    note, verified = open_note(raw, verifiers)
    checkpoint = parse_checkpoint(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise BadNoteError(
            bilingual("a checkpoint of the log {other}, not of {origin}", other=checkpoint.origin, origin=origin)
        )  # fmt: skip
    return SignedCheckpoint(checkpoint, note, verified)


def encode_hash(hash_: bytes) -> str:
    """A hash as notes and proofs write it."""
    return base64.b64encode(hash_).decode()


def decode_hash(text: str) -> bytes | None:
    """What `encode_hash` wrote; None for any other text."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == HASH_SIZE and encode_hash(raw) == text else None


def is_decimal(text: str) -> bool:
    """Whether a text is a whole number as these formats write one: digits, no zero in front."""
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) <= 20
