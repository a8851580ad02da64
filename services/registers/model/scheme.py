"""What differs between registers of offices (登记方案) as typed values: level codes, weeks, limits, whose a deal is.

A scheme is written, checked and merged by `shared.rules.schemes`; reports read these values of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct, field

from services.registers.model.periods import SUNDAY
from shared.rules.schemes.scheme import Scheme

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class LevelTerms(Struct, frozen=True, gc=False):
    """A code of interest: within how many days a customer of it is to be contacted, on which lists it stands."""

    code: str
    every: int | None
    card: bool = True
    pipeline: bool = True


class OfficeScheme(Struct, frozen=True, gc=False):
    """The values of one scheme.

    An entry is in time within `entered_within` minutes, or by the hour `entered_by` of its day, or else on its day.
    """

    name: str
    version: int
    levels: tuple[LevelTerms, ...] = ()
    unlevelled: int | None = 7
    by_category: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    week_ends_on: int = SUNDAY
    sold_by: Literal["subscribed", "signed"] = "subscribed"
    new_in: Literal["scope", "office"] = "scope"
    credit: Literal["shares", "closer"] = "shares"
    reached_only: bool = True
    anomaly: int = 30
    appraisal_use: bool = False
    lost_is_a_state: bool = True
    answer_within: int = 3
    cards_within: int | None = 10
    entered_within: int | None = None
    entered_by: str | None = None
    complete_within: int = 24
    required_keys: tuple[str, ...] = ()

    def level(self, code: str | None) -> LevelTerms | None:
        """The level of a code; None where the scheme does not know it."""
        return next((one for one in self.levels if one.code == code), None)

    def every(self, code: str | None, category: str | None = None) -> int | None:
        """Days between contacts of a customer of this level; where none says it, of the category of a follow-up."""
        known = self.level(code)
        if known is not None:
            return known.every
        return self.by_category.get(category, self.unlevelled) if category is not None else self.unlevelled

    def channel(self, said: str) -> str:
        """A channel by the name that the scheme has for it."""
        return self.channels.get(said, said)


def values_of(scheme: Scheme) -> OfficeScheme:
    """What reports read of a scheme that is merged and checked."""
    said: Any = scheme.sections
    entered = said.deadlines.entered
    levels = tuple(LevelTerms(one.code, one.every, one.card, one.pipeline) for one in said.levels.codes)
    return OfficeScheme(
        name=scheme.name,
        version=scheme.version,
        levels=levels,
        unlevelled=said.unlevelled.days,
        by_category=dict(said.categories.every),
        channels={word: one.code for one in said.channels.codes for word in _words(one)},
        week_ends_on=WEEKDAYS.index(said.week_ends_on.day) + 1,
        sold_by=said.sold_by.event,
        new_in=said.new_in.within,
        credit=said.credit.by,
        reached_only=said.reached_only.on,
        anomaly=said.anomaly.percent,
        appraisal_use=said.appraisal_use.on,
        lost_is_a_state=said.states.lost,
        answer_within=said.deadlines.answer_days,
        cards_within=said.cards_within.days,
        entered_within=said.deadlines.minutes,
        entered_by=entered if entered not in (None, "same_day") else None,
        complete_within=said.deadlines.complete_hours or 24,
        required_keys=tuple(scheme.grants),
    )


def _words(one: Any) -> tuple[str, ...]:
    return (one.code, one.zh, one.en, *one.synonyms)
