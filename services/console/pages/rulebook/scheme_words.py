"""A scheme section by section, in words, each with the document that it follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct, structs

from shared.contract.profile.catalogue import catalogue
from shared.i18n import Text, listed, translated
from shared.i18n.times import span
from shared.rules.schemes.documents import document_cited
from shared.rules.schemes.scheme import Scheme
from shared.rules.schemes.shape import SECTIONS, CitedValues, LevelEntry, NamedEntry
from shared.rules.schemes.words import heading

_ADVISED: Final = "advised:"
_WORDS: Final[Mapping[str, Text]] = {
    "monday": translated("Monday"),
    "tuesday": translated("Tuesday"),
    "wednesday": translated("Wednesday"),
    "thursday": translated("Thursday"),
    "friday": translated("Friday"),
    "saturday": translated("Saturday"),
    "sunday": translated("Sunday"),
    "same_day": translated("on the same day"),
    "subscribed": translated("a subscription"),
    "signed": translated("a signing"),
    "scope": translated("in the whole scope"),
    "office": translated("at the office"),
    "shares": translated("to everybody who has a share"),
    "closer": translated("to whoever closed it"),
    "prospect": translated("prospective customer"),
    "interested": translated("interested customer"),
    "promising": translated("promising customer"),
    "general": translated("general customer"),
    "unowned": translated("customers of nobody"),
    "lost": translated("lost customers"),
    "closed": translated("customers with a deal"),
    "all": translated("every customer"),
}
_FIELDS: Final[Mapping[str, Text]] = {
    "entered": translated("entered"),
    "minutes": translated("entered within minutes"),
    "complete_hours": translated("complete within hours"),
    "answer_days": translated("answered within days"),
}


_DAYS: Final = frozenset({"days", "every"})
"""Fields that count days, and do not say so in their label."""


class SchemeValue(Struct, frozen=True):
    """A value: what it is of, where a section has several, and what it says."""

    label: Text | str
    value: Text | str


class SchemeSectionView(Struct, frozen=True):
    """A section: what it is for, its values, and the document and clause that it follows."""

    heading: Text
    values: list[SchemeValue]
    cite: Text | str


def scheme_view(scheme: Scheme) -> list[SchemeSectionView]:
    """Every section that says something, in order."""
    told: list[SchemeSectionView] = []
    for name in SECTIONS:
        section = getattr(scheme.sections, name)
        if isinstance(section, CitedValues):
            told.append(SchemeSectionView(heading(name), list(_values(section)), _cited(section.cite)))
    if scheme.grants:
        told.append(SchemeSectionView(heading("keys"), list(_grants(scheme)), ""))
    return told


def _values(section: CitedValues) -> Iterator[SchemeValue]:
    for field in structs.fields(section):
        value = getattr(section, field.name)
        if field.name == "cite":
            continue
        if isinstance(value, tuple | dict) and not value:
            yield SchemeValue("", translated("none"))
        elif isinstance(value, tuple):
            yield from (SchemeValue(one.code, _entry(one)) for one in value)
        elif isinstance(value, dict):
            yield from (
                SchemeValue(_WORDS.get(key, key), _measured(field.name, each)) for key, each in value.items()
            )
        elif value is not None or field.required:
            yield SchemeValue(_FIELDS.get(field.name, ""), _measured(field.name, value))


def _measured(field: str, value: Any) -> Text | str:
    """A value with what it is counted in."""
    if isinstance(value, bool) or not isinstance(value, int):
        return _word(value)
    if field in _DAYS:
        return _WORDS["same_day"] if value == 0 else span(timedelta(days=value))
    if field == "months":
        return translated("{count} months", count=value)
    return f"{value}%" if field == "percent" else str(value)


def _word(value: Any) -> Text | str:
    if value is None:
        return translated("none")
    if isinstance(value, bool):
        return translated("yes") if value else translated("no")
    return _WORDS.get(str(value), str(value))


def _entry(one: LevelEntry | NamedEntry) -> Text:
    """A code with what else is said of it; its Chinese words only where they are not the code itself."""
    parts = [Text("" if one.zh == one.code else one.zh, one.en)]
    if isinstance(one, LevelEntry):
        parts.append(
            translated("no days between contacts") if one.every is None
            else translated("contact every {days} days", days=one.every)
        )  # fmt: skip
        parts += [translated("without a card")] * (not one.card)
        parts += [translated("not on the board")] * (not one.pipeline)
    elif one.synonyms:
        parts.append(translated("also {words}", words=listed(one.synonyms)))
    return Text("；".join(part.zh for part in parts if part.zh), "; ".join(part.en for part in parts))


def _grants(scheme: Scheme) -> Iterator[SchemeValue]:
    for key, grant in scheme.grants.items():
        entry = catalogue().get(key)
        label = Text(entry.label.zh, entry.label.en) if entry is not None else key
        purpose, consent = (Text(one.zh, one.en) for one in (grant.purpose, grant.consent))
        yield SchemeValue(label, listed([purpose, consent], Text("；", "; ")))


def _cited(cite: str) -> Text | str:
    """The document and the place in it; of what no document says that it is advised."""
    if cite.startswith(_ADVISED):
        return translated("advised: no document says it")
    return document_cited(cite)
