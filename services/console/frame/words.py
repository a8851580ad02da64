"""Words in the language of the page: texts of the console, texts of answers, and lines that hold both."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from shared.contract.answers.values import BothLanguages
from shared.i18n import Text, text

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
FIRST: Final[Language] = "zh"


def in_language(language: Language, value: Any) -> Any:
    """A value as a page of this language shows it: of a text in both the one, nothing where there is none."""
    if isinstance(value, Text | BothLanguages):
        return getattr(value, language)
    return "" if value is None else value


def line_in(language: Language, line: str) -> str:
    """The part of a line that services write in both languages, `中文 (English)`, which a page of one shows.

    A line of another form stands as it is. Several, with semicolons between them, are told apart.
    """
    if not line.endswith(")"):
        return line
    depth = 0
    for place in range(len(line) - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(line[place], 0)
        if depth == 0:
            chinese, english = line[:place].rstrip(), line[place + 1 : -1]
            if line[place - 1] != " " or not chinese:
                return line
            return chinese if language == "zh" else _with_path(chinese, english)
    return line


def _with_path(chinese: str, english: str) -> str:
    """The name of a field before the words stands before both languages alike."""
    head, colon, _ = chinese.partition(": ")
    return f"{head}: {english}" if colon and head.isascii() else english


def worded(language: Language, message: str, **values: object) -> str:
    """A message of a template in one language; the catalogue has it from there."""
    found = text.translated(message, **values)
    return str(getattr(found, language))


def worded_in(language: Language, context: str, message: str, **values: object) -> str:
    """The same of a word that Chinese tells apart: `context` says which of its meanings it has."""
    found = text.translated_in(context, message, **values)
    return str(getattr(found, language))


def instant(text: str) -> datetime:
    """An instant as answers write it."""
    return datetime.fromisoformat(text)
