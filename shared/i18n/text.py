"""A message in both languages: English as the code has it, Chinese from the catalogue.

The catalogue is `catalogues/zh/LC_MESSAGES/panke.po`; `make catalogues` brings the messages of the code into it and
compiles it. A test refuses a message without a translation.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

DOMAIN: Final = "panke"
CATALOGUES: Final = Path(__file__).parent / "catalogues"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in the two languages of the product. As a string both stand on one line, Chinese first."""

    zh: str
    en: str

    def format(self, **values: object) -> Text:
        """This template with its `{names}` filled; a value that is a text itself is put in by its language."""
        return Text(
            self.zh.format(**{name: _in("zh", value) for name, value in values.items()}),
            self.en.format(**{name: _in("en", value) for name, value in values.items()}),
        )

    def ended(self) -> Text:
        """This as a sentence: with the full stop of each language, unless it ends in a mark of its own."""
        return Text(_stopped(self.zh, "。"), _stopped(self.en, "."))

    def __str__(self) -> str:
        return f"{self.zh} ({self.en})"

    @property
    def beside(self) -> str:
        """Both languages side by side, for headings and for what a command prints as it goes."""
        return f"{self.zh} {self.en}"


_COMMA: Final = Text("、", ", ")


def listed(items: Iterable[object], between: Text = _COMMA) -> Text:
    """The items in a row, as each language sets them apart; an item that is a text goes in by its language."""
    told = list(items)
    return Text(
        between.zh.join(str(_in("zh", item)) for item in told),
        between.en.join(str(_in("en", item)) for item in told),
    )


def any_of(items: Iterable[object]) -> Text:
    """The items as of which one will do: with "or" before the last."""
    return _joined(items, Text("或", " or "))


def all_of(items: Iterable[object]) -> Text:
    """The items as of which every one is meant: with "and" before the last."""
    return _joined(items, Text("和", " and "))


def _joined(items: Iterable[object], last: Text) -> Text:
    *head, end = [*items] or [""]
    return listed([listed(head), end], last) if head else listed([end])


def translated(message: str, **values: object) -> Text:
    """The English `message` with its translation, its `{names}` filled if `values` are given."""
    return _filled(Text(_chinese().gettext(message), message), values)


def translated_in(context: str, message: str, **values: object) -> Text:
    """Like `translated`, for an English word that Chinese tells apart: `context` says which of its meanings it has."""
    return _filled(Text(_chinese().pgettext(context, message), message), values)


def bilingual(message: str, **values: object) -> str:
    """`translated` as a line: Chinese first, the English behind it in parentheses."""
    return str(translated(message, **values))


def _stopped(sentence: str, stop: str) -> str:
    return sentence if sentence.endswith((".", "。", "!", "！", "?", "？")) else f"{sentence}{stop}"


def _filled(template: Text, values: dict[str, object]) -> Text:
    return template.format(**values) if values else template


def _in(language: str, value: object) -> object:
    return getattr(value, language) if isinstance(value, Text) else value


@cache
def _chinese() -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, CATALOGUES, languages=["zh"])
