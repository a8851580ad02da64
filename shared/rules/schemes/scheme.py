"""A scheme as merged and checked: every section is there, and knows what it cites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from shared.i18n import Text
from shared.rules.schemes.shape import SECTIONS, CitedValues, KeyGrant, LevelEntry, SchemeSections


@dataclass(frozen=True, slots=True)
class Scheme:
    """What an office's registers and reports go by. `sections` are whole; the digest is over the texts of the chain."""

    name: str
    version: int
    title: Text
    sha256: str
    texts: tuple[bytes, ...]
    sections: SchemeSections

    def __getattr__(self, name: str) -> Any:
        """A section by its name."""
        if name in SECTIONS:
            return getattr(self.sections, name)
        raise AttributeError(name)

    def level(self, code: str | None) -> LevelEntry | None:
        """The level of a code; None where the scheme does not know it."""
        levels = self.sections.levels
        return next((one for one in levels.codes if one.code == code), None) if levels is not None else None

    def every(self, code: str | None) -> int | None:
        """Days between contacts of a customer of this level."""
        known, otherwise = self.level(code), self.sections.unlevelled
        return known.every if known is not None else otherwise.days if otherwise is not None else None

    def channel(self, said: str) -> str:
        """The code of a channel by any of its words; what no entry knows stays as it was said."""
        channels = self.sections.channels
        for one in channels.codes if channels is not None else ():
            if said in (one.code, one.zh, one.en, *one.synonyms):
                return one.code
        return said

    @property
    def grants(self) -> Mapping[str, KeyGrant]:
        """The keys of profiles that it turns on."""
        return self.sections.keys or {}

    def settings(self) -> Iterator[tuple[str, str, str]]:
        """Every value by its path, as a word, with what it cites."""
        for name in SECTIONS:
            section = getattr(self.sections, name)
            if isinstance(section, CitedValues):
                yield from _of_section(name, section)
        for key, grant in self.grants.items():
            yield f"keys.{key}", f"{grant.purpose.zh} · {grant.consent.zh}", grant.cite


def _of_section(path: str, section: CitedValues) -> Iterator[tuple[str, str, str]]:
    for field in structs.fields(section):
        if field.name == "cite":
            continue
        value = getattr(section, field.name)
        if isinstance(value, tuple):
            yield from ((f"{path}.{one.code}", _entry(one), section.cite) for one in value)
            if not value:
                yield path, "none", section.cite
        elif isinstance(value, dict):
            yield from ((f"{path}.{key}", str(each), section.cite) for key, each in value.items())
            if not value:
                yield path, "none", section.cite
        elif value is not None or field.required:
            yield f"{path}.{field.name}", "none" if value is None else _word(value), section.cite


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _entry(one: Any) -> str:
    """A code with what else is said of it."""
    more = []
    if isinstance(one, LevelEntry):
        more.append("no days" if one.every is None else f"every {one.every} days")
        more += ["no card"] * (not one.card) + ["not in the pipeline"] * (not one.pipeline)
    elif one.synonyms:
        more.append("also " + ", ".join(one.synonyms))
    return "; ".join([f"{one.zh} · {one.en}", *more])
