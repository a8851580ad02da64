"""What a record says, line by line in words: staff by name, choices by their words, times by the office's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.frame.contact_words import contact_words
from services.console.frame.follow_up_words import preset_words
from services.console.frame.trade_words import word
from services.console.frame.words import instant
from shared.contract.contacts import WECHAT
from shared.contract.field_words import field_word
from shared.contract.value_words import VISITED_BEFORE, value_word
from shared.i18n import Text, listed, translated
from shared.i18n.times import calendar_day, moment

Names = Callable[[str | None], str]

STAFF: Final = (
    "received_by", "on_behalf_of", "designated", "answered_by", "by", "confirmed_by", "against", "decided_by",
    "rightful", "requested_by", "closed_by", "opened_by", "ruled_by", "owner", "consultant", "present", "approved_by",
    "with", "to",
)  # fmt: skip
CHOICES: Final = ("capacity", "method", "medium", "category", "stage", "kind", "outcome", "payment", "what")
WORDS: Final = (
    "purpose", "subject", "content", "notes", "channel", "level", "next_on", "next_step", "no_contact_reason",
    "project", "place", "party_size", "companions", "evidence", "reason", "relation", "unit", "amount", "on", "title",
    "media_type", "sha256", "score", "suggestion", "source", "needs", "gift", "met", "cause", "competitor", "detail",
    "remark", "action", "wants", "number", "until", "area", "list_price", "unit_kind", "deposit", "department", "via",
)  # fmt: skip
DAYS: Final = frozenset({"next_on", "on", "until"})
"""Those that are days."""
BOOLEANS: Final = ("reached", "achieved", "important", "brochure_only")
TIMES: Final = ("started_at", "ended_at")
_ORDER: Final = {
    key: place for place, key in enumerate(("customer", *STAFF, *CHOICES, *WORDS, *BOOLEANS, *TIMES))
}


class RecordLine(Struct, frozen=True):
    """One thing that a record says."""

    label: Text | str
    said: Text | str


def lines_of(data: Mapping[str, Any], names: Names, zone: ZoneInfo, today: date) -> list[RecordLine]:
    """What stands in a record: who, how, what was said; ids of things that a page shows otherwise are left out.

    A day has its year where that is not `today`'s.
    """
    found: list[RecordLine] = []
    for key, value in sorted(data.items(), key=_rank):
        if value in (None, "", [], {}):
            continue
        if key in ("customer", "to") and isinstance(value, dict):
            found += _party(value)
        elif key == "asked":
            found += _asked(value, names)
        elif key == "shares":
            found.append(RecordLine(translated("shares"), _shares(value, names)))
        elif (line := _line(key, value, names, zone, today)) is not None:
            found.append(line)
    return found


def _rank(item: tuple[str, Any]) -> int:
    return _ORDER.get(item[0], len(_ORDER))


def _line(key: str, value: Any, names: Names, zone: ZoneInfo, today: date) -> RecordLine | None:
    said = _said(key, value, names, zone, today)
    return None if said is None else RecordLine(field_word(key) or key, said)


def _said(key: str, value: Any, names: Names, zone: ZoneInfo, today: date) -> Text | str | None:
    if key in STAFF and _is_text(value):
        return _people(value, names)
    if key in CHOICES and isinstance(value, str):
        return value_word(key, value) or value
    if key in BOOLEANS and isinstance(value, bool):
        return value_word(key, value)
    if key in TIMES and isinstance(value, str):
        return moment(instant(value), zone)
    if key in WORDS and _is_text(value):
        return _words(key, value, today)
    return None


def _words(key: str, value: str | int | list[str], today: date) -> Text | str:
    if isinstance(value, list):
        return listed(value)
    if isinstance(value, str) and key in DAYS:
        return _day(value, today)
    return value_word(key, value) or preset_words(str(value))


def _day(value: str, today: date) -> Text | str:
    """A day in words; what is none stands as it was recorded."""
    try:
        return calendar_day(date.fromisoformat(value), today)
    except ValueError:
        return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )


def _people(value: Any, names: Names) -> Text | str:
    return listed([names(one) for one in value]) if isinstance(value, list) else names(str(value))


def _party(value: Mapping[str, Any]) -> list[RecordLine]:
    wechat = [f"{WECHAT}{value['wechat']}"] if value.get("wechat") else []
    contacts = [contact_words(one) for one in (*value.get("phones", ()), *wechat)]
    found = [RecordLine(translated("name as given"), value["name"])] if value.get("name") else []
    return found + ([RecordLine(translated("contacts as given"), listed(contacts))] if contacts else [])


def _asked(value: Mapping[str, Any], names: Names) -> list[RecordLine]:
    found = [RecordLine(translated("was here before"), word(VISITED_BEFORE, value.get("visited_before")))]
    for key, label in (
        ("named_consultant", translated("named the consultant")), ("contacted_by", translated("was contacted by")),
    ):  # fmt: skip
        if value.get(key):
            found.append(RecordLine(label, names(value[key])))
    return found


def _shares(value: Mapping[str, int], names: Names) -> Text:
    return listed([f"{names(staff)} {points / 100:g}%" for staff, points in value.items()])
