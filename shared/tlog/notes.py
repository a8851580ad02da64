"""Signed notes: a text, and below it who has signed it (C2SP signed-note), by Ed25519 keys.

A key is known by its name and a number of 32 bits; a verifier takes both from a `vkey`, in which they stand with the
public key. Signatures of keys that nobody named are passed over: so keys change, and witnesses sign along.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.i18n import bilingual
from shared.tlog.errors import BadNoteError

ED25519: Final = b"\x01"
COSIGNATURE: Final = b"\x04"
MAX_NOTE: Final = 64 * 1024
MAX_SIGNATURES: Final = 64

_NAME: Final = re.compile(r"[^\s+]{1,255}")
_LINE: Final = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/=]+)")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """A line below a note: who, and what behind the number of the key."""

    name: str
    key_id: int
    raw: bytes

    @property
    def line(self) -> str:
        """As it stands in the note."""
        return f"— {self.name} {_base64(self.key_id.to_bytes(4, 'big') + self.raw)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text with its signatures, of which none is verified."""

    text: str
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}".encode()


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that holds; `signed_at` is told by cosignatures alone."""

    verifier: Verifier
    signature: Signature
    signed_at: datetime | None


class Signer(Protocol):
    """A private key by which notes are signed."""

    @property
    def verifier(self) -> Verifier: ...
    def sign(self, text: str) -> Signature: ...


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name; `kind` says how a signature of it is made."""

    name: str
    kind: bytes
    public: bytes

    @property
    def key_id(self) -> int:
        """The number by which notes name it beside the name."""
        return int.from_bytes(
            hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4], "big"
        )

    @property
    def vkey(self) -> str:
        """The text in which it is handed to others."""
        return f"{self.name}+{self.key_id:08x}+{_base64(self.kind + self.public)}"

    def verify(self, text: str, signature: Signature) -> VerifiedSignature:
        """The signature, if it holds; else `BadNoteError`."""
        raw, message, signed_at = signature.raw, text, None
        if self.kind == COSIGNATURE:
            if len(raw) != 72:
                raise self._bad()
            seconds, raw = int.from_bytes(raw[:8], "big"), raw[8:]
            message = cosigned_text(text, seconds)
            signed_at = _instant(seconds)
            if signed_at is None:
                raise self._bad()
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw, message.encode())
        except InvalidSignature:
            raise self._bad() from None
        return VerifiedSignature(self, signature, signed_at)

    def _bad(self) -> BadNoteError:
        return BadNoteError(bilingual("the signature of {name} does not hold for this text", name=self.name))


def read_vkey(text: str) -> Verifier:
    """The public key that a `vkey` hands over; raises `BadNoteError`."""
    name, _, rest = text.strip().partition("+")
    number, _, key = rest.partition("+")
    raw = _decoded(key)
    if not _NAME.fullmatch(name) or raw is None or raw[:1] not in (ED25519, COSIGNATURE) or len(raw) != 33:
        raise BadNoteError(bilingual("not a verifier key: name+number+key, as in a .vkey file"))
    verifier = Verifier(name, raw[:1], raw[1:])
    if number != f"{verifier.key_id:08x}":
        raise BadNoteError(
            bilingual("the number of the verifier key {name} is not that of its key", name=name)
        )
    return verifier


class NoteSigner:
    """Signs texts as they are."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self.verifier = Verifier(_demand_name(name), ED25519, public_bytes(private))
        self._private = private

    def sign(self, text: str) -> Signature:
        return Signature(self.verifier.name, self.verifier.key_id, self._private.sign(text.encode()))


class Cosigner:
    """Signs checkpoints with the time (C2SP tlog-cosignature, `cosignature/v1`)."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self.verifier = Verifier(_demand_name(name), COSIGNATURE, public_bytes(private))
        self._private = private

    def cosign(self, text: str, now: datetime) -> Signature:
        """That at `now` this was the largest tree of this log that was seen, and goes on from all before."""
        seconds = int(now.timestamp())
        raw = seconds.to_bytes(8, "big") + self._private.sign(cosigned_text(text, seconds).encode())
        return Signature(self.verifier.name, self.verifier.key_id, raw)


def cosigned_text(text: str, seconds: int) -> str:
    """What a cosignature signs."""
    return f"cosignature/v1\ntime {seconds}\n{text}"


def sign_note(text: str, signers: Iterable[Signer]) -> SignedNote:
    """The text with a signature of each, in this order."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("the text of a note ends in a newline and has no other control character")
    return SignedNote(text, tuple(signer.sign(text) for signer in signers))


def parse_note(raw: bytes) -> SignedNote:
    """The note, of which no signature is verified; raises `BadNoteError`."""
    if len(raw) > MAX_NOTE:
        raise BadNoteError(bilingual("a note has at most {limit} bytes", limit=MAX_NOTE))
    try:
        told = raw.decode()
    except UnicodeDecodeError:
        raise BadNoteError(bilingual("a note is UTF-8")) from None
    text, blank, lines = told.rpartition("\n\n")
    if _CONTROL.search(told) or not blank or not lines:
        raise BadNoteError(bilingual("not a signed note: a text, an empty line, and signatures"))
    return SignedNote(text + "\n", parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Lines of signatures alone, as a witness answers them."""
    if not lines.endswith("\n"):
        raise BadNoteError(bilingual("the last line of a note must end in a newline"))
    found = tuple(_signature(line) for line in lines[:-1].split("\n"))
    if len(found) > MAX_SIGNATURES:
        raise BadNoteError(bilingual("a note has at most {limit} signatures", limit=MAX_SIGNATURES))
    return found


def verified_by(note: SignedNote, verifiers: Sequence[Verifier]) -> tuple[VerifiedSignature, ...]:
    """The signatures of known keys, each key once; raises `BadNoteError` where one of them does not hold.

    Who asks says whether these are enough: none at all, where no key is known.
    """
    known = {(one.name, one.key_id): one for one in verifiers}
    found: dict[tuple[str, int], VerifiedSignature] = {}
    for signature in note.signatures:
        place = (signature.name, signature.key_id)
        if place in known and place not in found:
            found[place] = known[place].verify(note.text, signature)
    return tuple(found.values())


def open_note(raw: bytes, verifiers: Sequence[Verifier]) -> tuple[SignedNote, tuple[VerifiedSignature, ...]]:
    """The note and who of the known keys has signed it; raises `BadNoteError` if none has."""
    note = parse_note(raw)
    found = verified_by(note, verifiers)
    if not found:
        raise BadNoteError(
            bilingual(
                "none of the given keys has signed this; it is signed by {names}",
                names=", ".join(dict.fromkeys(f"{one.name}+{one.key_id:08x}" for one in note.signatures)),
            )
        )
    return note, found


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    """The public key, as notes have it."""
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _signature(line: str) -> Signature:
    found = _LINE.fullmatch(line)
    raw = None if found is None else _decoded(found["signature"])
    if found is None or raw is None or len(raw) < 5:
        raise BadNoteError(bilingual("not a line of a signature: — name base64"))
    return Signature(found["name"], int.from_bytes(raw[:4], "big"), raw[4:])


def _demand_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("the name of a key has neither a space nor a plus sign")
    return name


def _instant(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _base64(raw) == text else None
