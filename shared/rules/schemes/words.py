"""What each section of a scheme is for, in words (`panke scheme explain`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.i18n import Text, translated

_HEADINGS: Final[Mapping[str, Text]] = {
    "levels": translated(
        "levels of interest, and within how many days a customer of each is to be contacted"
    ),
    "unlevelled": translated("days between contacts of a customer without a level"),
    "categories": translated("days between contacts by category, where no level says it"),
    "channels": translated("how customers come to know of the project"),
    "loss_causes": translated("why an opportunity is lost"),
    "stages": translated("steps of a sale"),
    "states": translated("whether lost customers are a state of their own"),
    "week_ends_on": translated("the last day of the week in reports"),
    "closing": translated("when the daily report is made"),
    "deadlines": translated("by when records are to be entered, complete and answered"),
    "cards_within": translated("days within which a customer has a profile"),
    "sold_by": translated("what counts as sold"),
    "new_in": translated("where a visit is a customer's first"),
    "credit": translated("to whom a deal is credited"),
    "reached_only": translated("whether only contacts that reached the customer count"),
    "anomaly": translated("percent of change at which traffic is conspicuous"),
    "appraisal_use": translated("whether figures are for appraisal"),
    "retention": translated("months after which customers of a class are erased"),
    "keys": translated("keys of profiles that are turned on, for what purpose and how consent is taken"),
}


def heading(section: str) -> Text:
    """The words of a section."""
    return _HEADINGS[section]
