"""The whole plan of a demonstration: every entry and every rest of its clock, from a seed and a number of days."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import time
from functools import partial

from deploy.demo.scenario.days import Days
from deploy.demo.scenario.diary import Diary, DiaryEntry
from deploy.demo.scenario.guests import Register
from deploy.demo.scenario.office import instant, reminder_hours
from deploy.demo.scenario.stories import Stories

# The first reminder of a claim comes three days after its beginning; a shorter demonstration waits for it.
FIRST_REMINDER = 3
# On this day the notifier is down over two of its hours; what fell due then is late and says so.
OUTAGE_DAY = 5
OUTAGE = (time(15, 40), time(17, 30))
# What decides about a customer whom somebody has already; the second kind, if the customer was met before.
_DECIDING = frozenset(
    {
        "customer.recognised",
        "record.corrected",
        "claim.transferred",
        "dispute.opened",
        "dispute.ruled",
        "deal.subscribed",
        "deal.signed",
        "deal.cancelled",
    }
)
_MEETINGS = frozenset({"visit.registered", "call.registered"})


@dataclass(frozen=True)
class DemoPlan:
    """What is entered when; the same seed and days give the same plan."""

    seed: int
    days: int
    entries: tuple[DiaryEntry, ...]

    @property
    def events(self) -> list[dict[str, object]]:
        return [entry.event for entry in self.entries if entry.event is not None]


def make_plan(seed: int, days: int) -> DemoPlan:
    """An office's life; the clock ends at the opening after the last day, when its lapses are told."""
    rng = random.Random(seed)
    diary = Diary(rng)
    ordinary = Days(Register(diary, rng), days)
    ordinary.open_office()
    for day in range(days):
        ordinary.plan_day(day)
    Stories(ordinary).plan()
    if days > OUTAGE_DAY:
        diary.plan(instant(OUTAGE_DAY, OUTAGE[0]), partial(diary.switch, notifier="stop"))
        diary.plan(instant(OUTAGE_DAY, OUTAGE[1]), partial(diary.switch, notifier="start"))
    last = max(days, FIRST_REMINDER)
    for day in range(days, last + 1):
        for at in reminder_hours(day) if day < last else reminder_hours(day)[:1]:
            diary.plan(at, diary.rest)
    entries = diary.play()
    end = reminder_hours(last)[0]
    return DemoPlan(seed, days, tuple(_resting(entry for entry in entries if entry.at <= end)))


def _resting(entries: Iterable[DiaryEntry]) -> Iterator[DiaryEntry]:
    """The clock also rests behind an entry whose decision somebody may be told of: of what concerns them, people are
    told one by one and at its time, however fast the machine is."""
    met: set[str] = set()
    down = False
    for entry in entries:
        down = {"stop": True, "start": False, None: down}[entry.notifier]
        event = entry.event or {}
        phones = set(event.get("data", {}).get("customer", {}).get("phones", ()))
        again = event.get("type") in _MEETINGS and bool(phones & met)
        again = again or len(phones) > 1
        met |= phones
        rests = entry.settles or again or event.get("type") in _DECIDING
        yield replace(entry, settles=rests and not down)
