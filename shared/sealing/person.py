"""The key of one person, and what is sealed and read with it (privacy.md#keys).

A person's data key is never used by itself: one key for each use is derived from it by HKDF. Parts of events stand
under AES-256-GCM with a random nonce, bound to event and person. Names stand under AES-SIV, so that equal names of one
person are equal under seal as well: a customer's names are told apart without being read.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64decode
from binascii import b2a_base64
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from shared.contract.contacts import WECHAT
from shared.contract.sealed import NOBODY, PHONE, STAFF, WECHAT_ID

OF_STAFF: Final = "staff:"
OF_EVENT: Final = "event:"
"""How that begins which stands for a contact: of a member of staff, and of an event of nobody who has one."""
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_SAFE: Final = bytes.maketrans(b"+/", b"-_")
VERSION: Final = b"\x01"
"""How a part is written; another way would have another number."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(dict[str, str]).decode


class SealBrokenError(Exception):
    """What was sealed is not what stands there: another key, another place, or altered bytes."""


def derived(key: bytes, use: str, length: int = KEY_BYTES) -> bytes:
    """The key for one use of a data key, which is random already: only the second half of HKDF is wanted."""
    return HKDFExpand(SHA256(), length, f"panke/1/{use}".encode()).derive(key)


def base64(data: bytes) -> str:
    """As it stands in an event: safe in addresses, without padding."""
    return b2a_base64(data, newline=False).translate(_SAFE, b"=").decode()


def from_base64(text: str) -> bytes:
    """The bytes of `base64`; raises `ValueError` for a text that it does not write, even one that reads the same."""
    data = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64(data) != text:
        raise ValueError("not base64 as it is written here")
    return data


def new_id(contact: str) -> str:
    """A random id, whose first letter tells what the contact is."""
    number = int.from_bytes(os.urandom(17), "big") >> 6
    return _kind(contact) + "".join(_DIGITS[number >> shift & 31] for shift in range(0, 130, 5))


def _kind(contact: str) -> str:
    kinds = {"+": PHONE, WECHAT: WECHAT_ID, OF_STAFF: STAFF}
    return next((kind for mark, kind in kinds.items() if contact.startswith(mark)), NOBODY)


def proves(proof_key: bytes, content: bytes, proof: str) -> bool:
    """Whether a proof, as it stands in a sealed event, is of this content under this key."""
    return hmac.compare_digest(base64(hmac.digest(proof_key, content, "sha256")), proof)


class PersonKey:
    """Whoever a contact stands for: an id, and a data key that only the vault holds."""

    __slots__ = ("_named", "_names", "_parts", "_proof", "_prover", "contact", "id", "key")

    def __init__(self, id_: str, key: bytes, contact: str | None = None) -> None:
        self.id = id_
        self.key = key
        self.contact = contact
        self._parts: AESGCM | None = None
        self._names: AESSIV | None = None
        self._proof: bytes | None = None
        self._prover: HMAC | None = None
        self._named: tuple[str, str] | None = None

    def seal(self, event: str, texts: dict[str, str]) -> str:
        """The texts of an event that are this person's, by their paths."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher().encrypt(nonce, _encode(texts), self._place(event))
        return base64(VERSION + nonce + sealed)

    def open(self, event: str, part: str) -> dict[str, str]:
        """The texts of `seal`; raises `SealBrokenError`."""
        try:
            data = from_base64(part)
            nonce, sealed = data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
            if data[:1] != VERSION:
                raise SealBrokenError("written by a newer version")
            return _decode(self._cipher().decrypt(nonce, sealed, self._place(event)))
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("altered, or of another place") from error

    def name(self, text: str) -> str:
        """The name as it stands in a sealed event: the same each time, and read with this person's key alone."""
        if self._named is None or self._named[0] != text:  # one person is mostly called the same
            sealed = self._name_cipher().encrypt(text.encode(), [self.id.encode()])
            self._named = (text, f"{self.id}.{base64(sealed)}")
        return self._named[1]

    def read(self, sealed: str) -> str:
        """The name behind what `name` gave, without the id; raises `SealBrokenError`."""
        try:
            return self._name_cipher().decrypt(from_base64(sealed), [self.id.encode()]).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("altered, or of another person") from error

    def proof(self, content: bytes) -> bytes:
        """By which equal contents are known to be equal, while the key is there."""
        if self._prover is None:
            self._prover = HMAC(self.proof_key, SHA256())
        proof = self._prover.copy()  # a new one takes twice as long
        proof.update(content)
        return proof.finalize()

    @property
    def proof_key(self) -> bytes:
        """By which proofs are checked; it reads nothing that is sealed."""
        if self._proof is None:
            self._proof = derived(self.key, "proof")
        return self._proof

    def _cipher(self) -> AESGCM:
        if self._parts is None:
            self._parts = AESGCM(derived(self.key, "parts"))
        return self._parts

    def _name_cipher(self) -> AESSIV:
        if self._names is None:
            self._names = AESSIV(derived(self.key, "names", 2 * KEY_BYTES))
        return self._names

    def _place(self, event: str) -> bytes:
        return f"{event}|{self.id}".encode()
