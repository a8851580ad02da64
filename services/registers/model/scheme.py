"""What differs between registers of offices (登记方案) as typed values: level codes, weeks, limits, whose a deal is.

How a scheme is written, checked and adopted is not of this room; reports read these values alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct, field

from services.registers.model.periods import SUNDAY


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


_CATEGORIES: Final = {"prospect": 3, "interested": 7, "promising": 15, "general": 30}
BASE: Final = OfficeScheme("base", 1, by_category=_CATEGORIES)
HABC: Final = OfficeScheme(
    "habc",
    1,
    (
        LevelTerms("H", 2),
        LevelTerms("A", 7),
        LevelTerms("B", 15),
        LevelTerms("C", 30, pipeline=False),
    ),
    by_category=_CATEGORIES,
    lost_is_a_state=False,
)
OABC: Final = OfficeScheme(
    "oabc",
    1,
    (LevelTerms("O", 3), LevelTerms("A", 5), LevelTerms("B", 7), LevelTerms("C", 15)),
    entered_within=5,
    cards_within=1,
)
HANDBOOK: Final = OfficeScheme(
    "handbook",
    1,
    tuple(LevelTerms(code, 7) for code in ("A", "A1", "B", "B1", "C")),
    week_ends_on=5,
    entered_by="17:30",
    appraisal_use=True,
)
SCHEMES: Final = {scheme.name: scheme for scheme in (BASE, HABC, OABC, HANDBOOK)}
