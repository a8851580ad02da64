"""Foreign text made plain: names, words and ids that people and providers have written, for where they are shown.

A staff name is whatever an office has typed, and it is read in mail headers, chat messages and terminals. What nobody
sees (controls, line separators, marks that turn the direction of writing) does no harm in a record and much in those
places: it ends a header, moves a cursor or hides half a line.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Joins pictures of people into one; without it a family falls apart.
_JOINER: Final = "\u200d"
_SPACES: Final = re.compile(r"\s+")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_PLAIN: Final = frozenset("\n\t" + _JOINER)
_SEPARATORS: Final = ("Cc", "Zl", "Zp", "Zs")
_UNSEEN: Final = ("Cf", "Cn", "Cs", "Co")


def one_line(text: str) -> str:
    """The text as one line of what can be seen: separators become a space, what nobody sees goes."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    text = _SURROGATES.sub("?", text)
    kept = "".join(_seen(character) for character in text)
    return _SPACES.sub(" ", kept).strip()


def lines(text: str) -> str:
    """The text with its line feeds and nothing else that a reader cannot see."""
    if text.replace("\n", "").isprintable():
        return text
    kept = text.replace("\r\n", "\n").split("\n")
    return "\n".join("".join(_seen(one) for one in _SURROGATES.sub("?", line)).rstrip() for line in kept)


def shown(text: str) -> str:
    """The text as a terminal may get it: whatever would steer it stands there as its number, `\\u001b`."""
    return text if text.isprintable() else "".join(_harmless(character) for character in text)


def _harmless(character: str) -> str:
    if character in _PLAIN or character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return _numbers(character)


def _seen(character: str) -> str:
    if character.isprintable() or character == _JOINER:
        return character
    category = unicodedata.category(character)
    if category in _SEPARATORS:
        return " "
    return "" if category in _UNSEEN else character


def _numbers(character: str) -> str:
    """As JSON writes it, so that a line of JSON stays one."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
