"""Private keys as a line of text, in the form that tools for signed notes read: `PRIVATE+KEY+name+number+key`."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.i18n import bilingual
from shared.tlog.errors import BadNoteError
from shared.tlog.notes import ED25519, NoteSigner

_HEAD: Final = "PRIVATE+KEY+"


def new_private_key(name: str) -> str:
    """The line of a new key of this name."""
    return private_key_line(name, Ed25519PrivateKey.generate())


def private_key_line(name: str, private: Ed25519PrivateKey) -> str:
    """The line of a key."""
    number = NoteSigner(name, private).verifier.key_id
    raw = base64.b64encode(ED25519 + private.private_bytes_raw()).decode()
    return f"{_HEAD}{name}+{number:08x}+{raw}"


def read_private_key(line: str) -> tuple[str, Ed25519PrivateKey]:
    """Name and key of a line; raises `BadNoteError`, which does not repeat it."""
    name, _, rest = line.strip().removeprefix(_HEAD).partition("+")
    try:
        raw = base64.b64decode(rest.partition("+")[2], validate=True)
        if raw[:1] != ED25519:
            raise ValueError
        private = Ed25519PrivateKey.from_private_bytes(raw[1:])
        if private_key_line(name, private) != line.strip():
            raise ValueError
    except (ValueError, binascii.Error):
        raise BadNoteError(bilingual("not a private key: PRIVATE+KEY+name+number+key")) from None
    return name, private
