"""Case numbers: how people speak of a customer where neither name nor phone may stand, such as `K7QF-2M9D`.

Alerts show them, and lists lead from one back to its customer. The number is made of the customer's id alone, so it
says nothing of who that is; in a database it is found by an index over the same digest (`case_digest`).
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from typing import Final

# Base32 as Crockford writes it: without I, L, O and U, which are misheard or misread.
_RFC: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WRITE: Final = str.maketrans(_RFC, _CROCKFORD)
_READ: Final = str.maketrans(_CROCKFORD, _RFC)
_MISREAD: Final = str.maketrans("ILO", "110")
# Dashes, spaces, and what steers writing and is not seen.
_BETWEEN: Final = frozenset({"Pd", "Zs", "Cf"})
_BYTES: Final = 5
_LENGTH: Final = 8


def case_number(customer: str) -> str:
    """A short number to speak of a customer by."""
    digest = hashlib.sha256(f"case/{customer}".encode()).digest()[:_BYTES]
    plain = base64.b32encode(digest).decode("ascii").translate(_WRITE)
    return f"{plain[:4]}-{plain[4:]}"


def case_digest(number: str) -> bytes | None:
    """What the database finds a case by; None for what is no case number.

    Letters as people misread them are taken, full width as a Chinese keyboard types it, and any dash or space or mark
    that nobody sees between them.
    """
    typed = unicodedata.normalize("NFKC", number.strip())
    plain = (
        "".join(one for one in typed if unicodedata.category(one) not in _BETWEEN).upper().translate(_MISREAD)
    )
    if len(plain) != _LENGTH or not set(plain) <= set(_CROCKFORD):
        return None
    return base64.b32decode(plain.translate(_READ))
