"""Where a page of a list ended, and of which moment the list is: the pages of one list hold together."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Struct

from services.registers.lists.selecting import Place


class PageCursor(Struct, frozen=True, array_like=True):
    """Where a page ended, and of which time its list is: the pages of one list hold together."""

    place: Place
    known_at: datetime
    as_of: datetime
    of: str = ""
    """The digest of the question that the list answers."""


def digest_of(*asked: Struct) -> str:
    """By which a question is told from another: its report or register, filter and order, whatever the page."""
    said = [
        {name: getattr(one, name) for name in one.__struct_fields__ if name not in ("after", "limit")}
        for one in asked
    ]
    return sha256(msgspec.json.encode(said)).hexdigest()[:16]


def written_cursor(place: Place | None, known_at: datetime, as_of: datetime, *asked: Struct) -> str | None:
    """A cursor as an answer to the question has it."""
    if place is None:
        return None
    raw = msgspec.json.encode(PageCursor(place, known_at, as_of, digest_of(*asked)))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str | None) -> PageCursor | None:
    """A cursor of a page before. Raises `ValueError` for what is none."""
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=PageCursor)
    except (binascii.Error, UnicodeError, msgspec.MsgspecError) as error:
        raise ValueError("not a cursor") from error
