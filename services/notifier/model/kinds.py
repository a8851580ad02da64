"""The closed lists of words about alerts: steps, audiences, languages, events, and why nobody can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.i18n import Text, translated_in


class Rung(StrEnum):
    """The steps of the ladder, in the order in which they are climbed."""

    EARLY = "early"
    DAY_BEFORE = "day_before"
    LAST_MORNING = "last_morning"
    LAST_AFTERNOON = "last_afternoon"
    LAST_CALL = "last_call"
    LAPSED = "lapsed"
    # No steps: what else happened to a customer, a report on a schedule, several alerts in one
    # message, and a try of a channel.
    EVENT = "event"
    REPORT = "report"
    DIGEST = "digest"
    TEST = "test"


class Audience(StrEnum):
    """Whom a step is for. Which persons that is, is looked up when the alert falls due."""

    OWNER = "owner"
    SUPERVISOR = "supervisor"
    # Of a report: whom the office names.
    READER = "reader"


class Language(StrEnum):
    """In which language a person is told; `both` puts Chinese first."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


class EventKind(StrEnum):
    """What else a person must know: not asked for, so it may be declined."""

    KEPT = "kept"
    SUPERSEDED = "superseded"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    DISPUTED = "disputed"
    RULED = "ruled"
    SHARES = "shares"


class ReportEvery(StrEnum):
    """How long the period is that a report on a schedule is of: 日报, 周报, 月报."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Unavailable(StrEnum):
    """Why a person cannot be told."""

    DEPARTED = "departed"
    AWAY = "away"
    NO_CONTACT = "no_contact"


SHARES_STATUS: Final[Mapping[str, Text]] = {
    "final": translated_in("shares of a deal", "final"),
    "pending_ruling": translated_in("shares of a deal", "until the ruling"),
    "cancelled": translated_in("shares of a deal", "cancelled"),
}
"""How the shares of a deal stand, in words, by the status of the contract."""
