"""The whole plan of a demonstration: every entry and every rest of its clock, from a seed and a number of days."""

from __future__ import annotations

import random
from dataclasses import dataclass

from shared.demo.days import Days
from shared.demo.diary import Diary, Entry
from shared.demo.guests import Register
from shared.demo.office import reminder_hours
from shared.demo.stories import Stories

# The first reminder of a claim comes three days after its beginning; a shorter demonstration waits for it.
FIRST_REMINDER = 3


@dataclass(frozen=True)
class Plan:
    """What is entered when; the same seed and days give the same plan."""

    seed: int
    days: int
    entries: tuple[Entry, ...]

    @property
    def events(self) -> list[dict[str, object]]:
        return [entry.event for entry in self.entries if entry.event is not None]


def make_plan(seed: int, days: int) -> Plan:
    """An office's life; the clock ends at the opening after the last day, when its lapses are told."""
    rng = random.Random(seed)
    diary = Diary(rng)
    ordinary = Days(Register(diary, rng), days)
    ordinary.open_office()
    for day in range(days):
        ordinary.plan_day(day)
    Stories(ordinary).plan()
    last = max(days, FIRST_REMINDER)
    for day in range(days, last + 1):
        for at in reminder_hours(day) if day < last else reminder_hours(day)[:1]:
            diary.plan(at, diary.rest)
    entries = diary.play()
    end = reminder_hours(last)[0]
    return Plan(seed, days, tuple(entry for entry in entries if entry.at <= end))
