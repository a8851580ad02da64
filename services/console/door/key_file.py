"""The file of the key by which sessions of browsers are sealed: its owner's alone, made at the first start of all."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from shared.i18n import bilingual
from shared.platform.whole_file import new_private_file, read_private

_BYTES: Final = 32
_NONCE: Final = 12
_FOR: Final = b"panke console session"


class ConsoleKeyError(Exception):
    """The file of the key cannot be worked with; the text says why."""


class _KeyFile(Struct, frozen=True):
    sealing: str


class SessionSeal:
    """Seals what a browser keeps, so that it can neither read nor change it."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def of(cls, path: Path) -> SessionSeal:
        """By the key of a file, which is made where there is none. Raises `ConsoleKeyError`."""
        try:
            if not path.exists():
                _make(path)
            key = base64.b64decode(msgspec.json.decode(read_private(path), type=_KeyFile).sealing)
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            raise ConsoleKeyError(
                bilingual("the file of the key {path} cannot be used: {why}", path=path, why=str(error))
            ) from None
        if len(key) != _BYTES:
            raise ConsoleKeyError(
                bilingual("the file of the key {path} cannot be used: {why}", path=path, why=str(len(key)))
            )
        return cls(key)

    def seal(self, content: bytes, purpose: bytes = _FOR) -> str:
        """The content as a text that fits into a cookie; sealed for one purpose, it opens for no other."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, content, purpose)).decode()

    def open(self, text: str, purpose: bytes = _FOR) -> bytes | None:
        """What was sealed; None of what this key did not seal."""
        try:
            sealed = base64.urlsafe_b64decode(text.encode("ascii"))
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose)
        except (ValueError, InvalidTag):
            return None


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _KeyFile(base64.b64encode(os.urandom(_BYTES)).decode())
    try:
        new_private_file(path, msgspec.json.encode(made))
    except FileExistsError:
        return  # another process was first
