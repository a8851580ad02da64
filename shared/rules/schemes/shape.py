"""The shape of a scheme's file as types: sections with values and a citation each; its JSON Schema is made of it.

`.venv/bin/python -m shared.rules.schemes.shape docs/schemas` writes the schema.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from shared.platform.officefile.strict import Strict, publish, schema_of

SCHEMA: Final = "scheme.schema.json"

Name = Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$")]
Words = Annotated[str, Meta(min_length=1, max_length=200)]
Cite = Annotated[
    str,
    Meta(
        pattern=r"^(?:[A-T] \S.{0,80}|advised: .{1,120})$",
        description="the letter of the document and the clause or form in it; `advised:` and why where none says it",
        extra={"instead": "must cite a document and its clause, as in `Q 1.1.4`, or say `advised: …`"},
    ),
]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Days = Annotated[int, Meta(ge=0, le=3660)]
LocalTime = Annotated[
    str,
    Meta(
        pattern="^(?:[01][0-9]|2[0-3]):[0-5][0-9]$",
        extra={"instead": "must be a time in quotes, as in '17:30'"},
    ),
]
EnteredBy = Annotated[
    str,
    Meta(
        pattern="^(?:same_day|(?:[01][0-9]|2[0-3]):[0-5][0-9])$",
        extra={"instead": "must be same_day, or a time of that day in quotes, as in '17:30'"},
    ),
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Category = Literal["prospect", "interested", "promising", "general"]


class TextIn(Strict, frozen=True):
    """Words in both languages."""

    zh: Words
    en: Words


class CitedValues(Strict, frozen=True):
    """A section: `cite` says which document and clause its values come from."""

    cite: Cite


class LevelEntry(Strict, frozen=True):
    """A level of interest by the office's own code; `every`: days between contacts, none where nobody is advised."""

    code: Code
    zh: Words
    en: Words
    every: Days | None = None
    card: bool = True
    pipeline: bool = True


class LevelsSection(CitedValues, frozen=True):
    """The levels in order, the most likely to buy first."""

    codes: Annotated[tuple[LevelEntry, ...], Meta(max_length=50)]


class DaysSection(CitedValues, frozen=True):
    """A number of days."""

    days: Days | None


class CategoriesSection(CitedValues, frozen=True):
    """Days between contacts by the category of a follow-up, where no level says it."""

    every: dict[Category, Days]


class NamedEntry(Strict, frozen=True):
    """One code with its words, and other words that mean it."""

    code: Code
    zh: Words
    en: Words
    synonyms: Annotated[tuple[Words, ...], Meta(max_length=50)] = ()


class NamesSection(CitedValues, frozen=True):
    """A list of codes."""

    codes: Annotated[tuple[NamedEntry, ...], Meta(max_length=200)]


class WeekdaySection(CitedValues, frozen=True):
    day: Weekday


class ClosingSection(CitedValues, frozen=True):
    at: LocalTime


class DeadlinesSection(CitedValues, frozen=True):
    """By when a visit or a call is to be entered (that day, by a time of it, within minutes), and to be complete."""

    entered: EnteredBy | None = None
    minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    complete_hours: Annotated[int, Meta(ge=1, le=240)] | None = None
    answer_days: Days = 3


class StatesSection(CitedValues, frozen=True):
    """Whether a customer who is lost is a state of its own, beside tracked and closed."""

    lost: bool


class SoldBySection(CitedValues, frozen=True):
    event: Literal["subscribed", "signed"]


class NewInSection(CitedValues, frozen=True):
    within: Literal["scope", "office"]


class CreditSection(CitedValues, frozen=True):
    by: Literal["shares", "closer"]


class FlagSection(CitedValues, frozen=True):
    """Yes or no."""

    on: bool


class AnomalySection(CitedValues, frozen=True):
    percent: Annotated[int, Meta(ge=1, le=1000)]


class RetentionSection(CitedValues, frozen=True):
    """Months for which customers of a class are kept after the last record; a class that is not named is kept."""

    months: dict[Literal["unowned", "lost", "closed", "all"], Annotated[int, Meta(ge=1, le=600)]]


class KeyGrant(Strict, frozen=True):
    """Why a key of a profile is asked for, and how consent is taken: without both it stays off."""

    purpose: TextIn
    consent: TextIn
    cite: Cite


class SchemeSections(Strict, frozen=True):
    """What a scheme says; what it leaves out is as in the one that it extends."""

    levels: LevelsSection | None = None
    unlevelled: DaysSection | None = None
    categories: CategoriesSection | None = None
    channels: NamesSection | None = None
    loss_causes: NamesSection | None = None
    stages: NamesSection | None = None
    states: StatesSection | None = None
    week_ends_on: WeekdaySection | None = None
    closing: ClosingSection | None = None
    deadlines: DeadlinesSection | None = None
    cards_within: DaysSection | None = None
    sold_by: SoldBySection | None = None
    new_in: NewInSection | None = None
    credit: CreditSection | None = None
    reached_only: FlagSection | None = None
    anomaly: AnomalySection | None = None
    appraisal_use: FlagSection | None = None
    retention: RetentionSection | None = None
    keys: dict[str, KeyGrant] | None = None


class SchemeFile(SchemeSections, frozen=True, kw_only=True):
    """A scheme as it stands in its file."""

    scheme: Name
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    title: TextIn
    extends: Words | None = None


SECTIONS: Final = SchemeSections.__struct_fields__
"""The names of the sections in order."""


def schema() -> dict[str, Any]:
    """JSON Schema of a scheme's file."""
    return schema_of(SchemeFile, SCHEMA, "Panke scheme")


def main(folder: str = "docs/schemas") -> None:
    """Write the schema where it is published."""
    publish(schema(), Path(folder) / SCHEMA)


if __name__ == "__main__":
    main(*sys.argv[1:])
