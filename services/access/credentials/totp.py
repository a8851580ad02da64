"""One-time codes of an authenticator (RFC 6238): six digits, thirty seconds, SHA-1 as every application has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from typing import Final
from urllib.parse import quote

STEP: Final = 30
DIGITS: Final = 6
_APART: Final = 1
"""Steps by which the clocks of telephone and server may be apart."""
RECOVERY_CODES: Final = 10


def new_secret() -> bytes:
    """A secret of the length that the RFC asks for."""
    return secrets.token_bytes(20)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step."""
    mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: bytes, code: str, now: float, used: int) -> int | None:
    """The step whose code this is, if it is of now and later than the last one that was `used`."""
    current = int(now) // STEP
    steps = range(current - _APART, current + _APART + 1)
    right = [s for s in steps if hmac.compare_digest(code_at(secret, s).encode(), code.encode())]
    return next((step for step in right if step > used), None)


def address_of(secret: bytes, login: str) -> str:
    """The `otpauth` address that an authenticator reads as a picture."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/Panke:{quote(login, safe='')}?secret={text}&issuer=Panke&digits={DIGITS}&period={STEP}"


def new_recovery_codes() -> list[str]:
    """Codes for who has lost the telephone, each good once."""
    return [one_time_code(15) for _ in range(RECOVERY_CODES)]


def one_time_code(size: int) -> str:
    """A code that a person types: `size` bytes of chance, in groups of four letters and digits."""
    text = base64.b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def plain_code(code: str) -> str:
    """A typed code as it was given out."""
    kept = "".join(letter for letter in code.lower() if letter.isalnum())
    return "-".join(kept[at : at + 4] for at in range(0, len(kept), 4))
