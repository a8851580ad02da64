"""Texts cut to what a provider takes, in bytes of UTF-8, without breaking what a reader sees as one character.

A provider that gets too long a text refuses it whole or cuts it in the middle of a character; both lose an
alert. What is cut ends with an ellipsis, so that a reader knows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

MARK = "…"
_JOINER = "\u200d"


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes of the text; lone surrogates, which UTF-8 has no bytes for, become `?`."""
    raw = text.encode("utf-8", "replace")
    text = raw.decode("utf-8")
    if len(raw) <= limit:
        return text
    mark = MARK if limit >= len(MARK.encode()) else ""
    kept = raw[: max(limit - len(mark.encode()), 0)].decode("utf-8", "ignore")
    return text[: _whole(text, len(kept))] + mark


def fitted(build: Callable[[str], bytes], text: str, limit: int) -> bytes:
    """What `build` makes of as much of the text as fits: JSON counts its escapes too."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    body = build(text)
    while len(body) > limit:
        size = len(text.encode("utf-8"))
        if size == 0:
            raise ValueError(f"nothing fits into {limit} bytes")
        text = cut(text, max(size - (len(body) - limit), 0) if size > 1 else 0)
        body = build(text)
    return body


def _whole(text: str, end: int) -> int:
    """The last place up to `end` where what stands together is not torn apart."""
    while 0 < end < len(text) and (_goes_on(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return end


def _goes_on(character: str) -> bool:
    """Whether a character belongs to the one before it: accents, variation and skin tone, joiners."""
    tone = 0x1F3FB <= ord(character) <= 0x1F3FF
    return tone or character == _JOINER or unicodedata.category(character) in ("Mn", "Me", "Mc")
