"""A rulebook with some of its values changed, for whoever asks what another number would have come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from shared.i18n import bilingual, translated
from shared.platform.officefile.errors import OfficeFileError
from shared.rules.rulebooks.loading import Book, book_of_texts

CHANGED: Final = "-changed"
"""What the name of such a rulebook ends in: it is nobody's, and nothing adopts it."""
_LONGEST: Final = 64
_NAMES: Final = ("rulebook", "version", "extends", "title", "clauses")


def with_values(book: Book, values: Mapping[str, Any]) -> Book:
    """The book with these values, by path (`follow_up.every`); each keeps the clause that it had.

    Raises `OfficeFileError` where the form has no such value, or it may not be that.
    """
    known = book.rulebook
    told: dict[str, Any] = {
        "rulebook": known.name[: _LONGEST - len(CHANGED)] + CHANGED,
        "version": known.version,
        "title": {
            "zh": translated("changed").zh + known.title.zh,
            "en": f"{known.title.en}, {translated('changed').en}",
        },
        "extends": known.name,
    }
    for path, value in values.items():
        _put(told, path, value)
    return book_of_texts([*book.texts, json.dumps(told, ensure_ascii=False).encode()], told["rulebook"])


def _put(told: dict[str, Any], path: str, value: object) -> None:
    *sections, last = path.split(".")
    at = told
    for section in sections:
        at = at.setdefault(section, {})
        if not isinstance(at, dict):
            raise OfficeFileError(told["rulebook"], 1, path, bilingual("another value stands there"))
    if not sections and last in _NAMES:
        raise OfficeFileError(told["rulebook"], 1, path, bilingual("this is no value of a rulebook"))
    at[last] = value
