"""What stands in the rows of registers, in words: names of people, closed lists, times of the office, yes and no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from services.console.frame.follow_up_words import preset_words
from services.console.frame.place_facts import SeenScope
from services.console.frame.trade_words import STATUSES
from shared.contract.profile.catalogue import catalogue
from shared.contract.sealed import ERASED, NOT_SHOWN
from shared.contract.value_words import value_word
from shared.i18n import Text, listed, translated
from shared.i18n.times import calendar_days, dated

_is_day = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch
_STAFF: Final = frozenset(
    {"owner", "received_by", "answered_by", "against", "approved_by", "staff", "by", "with_", "doer"}
)
_OF_ROWS: Final[Mapping[str, Mapping[str, Text]]] = {
    "status": {
        **STATUSES,
        "tracked": translated("followed up"),
        "won": translated("won"),
        "lost": translated("lost"),
    },
    "state": {
        "subscribed": translated("subscribed"),
        "signed": translated("signed"),
        "cancelled": translated("cancelled"),
        "open": translated("open"),
        "answered": translated("answered"),
        "sold": translated("sold"),
        "refunded": translated("money back"),
        "lapsed": translated("lapsed"),
    },
}
"""What stands in columns that no record has."""
_IN_BOTH: Final = {
    NOT_SHOWN: translated("under seal, not shown"),
    ERASED: translated("an erased person"),
}
"""Lines of both languages that stand in the place of words, of which a page shows one."""


class RowWords:
    """Values of rows as pages show them, for one scope."""

    def __init__(self, facts: SeenScope) -> None:
        self._facts = facts

    def is_whole(self, column: str) -> bool:
        """Whether what stands in a column is one name or one time, which is not broken over two lines."""
        return column.endswith("_at") or (column in _STAFF and column != "with_")

    def said(self, column: str, value: Any) -> Text | str:
        """A value below a heading. What is on no list is shown as it was typed."""
        if value is None or value == [] or value == {}:
            return ""
        if isinstance(value, list):
            return listed(self.said(column, one) for one in value)
        if isinstance(value, dict):
            return self._pairs(column, value)
        known = _OF_ROWS.get(column, {}).get(value) or value_word(column, value)
        if known is not None:
            return known
        if column in _STAFF:
            return self._facts.name(str(value))
        if value in _IN_BOTH:
            return _IN_BOTH[value]
        return self._typed(column, str(value))

    def _typed(self, column: str, value: str) -> Text | str:
        at = _time(value) if column.endswith("_at") else None
        if at is not None:
            return dated(at, self._facts.zone)
        return _day(value) or preset_words(value)

    def _pairs(self, column: str, value: dict[str, Any]) -> Text:
        """What stands under keys: shares of people in per cent, keys of profiles by their labels."""
        told: list[Text] = []
        for key, one in value.items():
            if column == "shares" and isinstance(one, int):
                told.append(_said_of(self._facts.name(key), f"{one / 100:g}%"))
            else:
                told.append(_said_of(_label(key), self.said(key, one)))
        return listed(told, Text("；", "; "))


def _said_of(name: Text | str, value: Text | str) -> Text:
    return Text("{name}：{value}", "{name}: {value}").format(name=name, value=value)


def _label(key: str) -> Text | str:
    entry = catalogue().get(key)
    return key if entry is None else Text(entry.label.zh, entry.label.en)


def _day(value: str) -> Text | None:
    """A day with its year; None of what is no day as answers write one."""
    if not _is_day(value):
        return None
    try:
        on = date.fromisoformat(value)
    except ValueError:
        return None
    return calendar_days(on, on)


def _time(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
