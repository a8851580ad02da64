"""The office's ordinary days: turns, new and returning visitors, calls, follow-ups kept and forgotten, deals.

The office here keeps only what its people would remember. Who owns whom is for the services to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from deploy.demo.scenario.guests import Guest, Register
from deploy.demo.scenario.office import (
    CONSULTANTS,
    DESK,
    EVERYBODY,
    MANAGER,
    MARK,
    RULEBOOK,
    instant,
    reminder_hours,
)

ON_SHIFT = 6
NEW_VISITORS = (5, 8)
VALID_DAYS = 4


@dataclass
class Days:
    """Plans one day after the other into the diary; `turns` is the office's own idea of its board."""

    register: Register
    length: int
    turns: list[str] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    _deals: int = 0

    def __post_init__(self) -> None:
        self.diary = self.register.diary
        self.rng = self.register.rng

    def open_office(self) -> None:
        """Before the first day: the people are enrolled and the rulebook is adopted."""
        self.diary.plan(instant(0, time(8, 0)), self._enrol)

    def plan_day(self, day: int) -> None:
        """Everything of a day that is no story."""
        for at in reminder_hours(day):
            self.diary.plan(at, self.diary.rest)
        self.diary.plan(instant(day, time(8, 45)), lambda at: self._open_shift(at, day))
        for _ in range(self.rng.randint(*NEW_VISITORS)):
            self.diary.plan(self._moment(day), lambda at: self._new_visitor(at, day))
        for _ in range(self.rng.randint(1, 2)):
            self.diary.plan(self._moment(day), lambda at: self._new_call(at, day))
        self.diary.plan(self._moment(day), lambda at: self._lunch(at))
        if day > 0:
            self.diary.plan(instant(day, time(9, 20)), lambda at: self._plan_follow_ups(day))
            for _ in range(2):
                self.diary.plan(self._moment(day), lambda at: self._returns(at, day))
        if day > 1:
            self.diary.plan(self._moment(day), lambda at: self._sells(at, day))

    def next_turn(self) -> str:
        """Who receives next, and goes to the back."""
        return self.take_turn(next(staff for staff in self.turns if staff not in self.away))

    def take_turn(self, receiver: str) -> str:
        """Whoever receives a new customer goes to the back, in turn or not."""
        if receiver in self.turns:
            self.turns.remove(receiver)
            self.turns.append(receiver)
        return receiver

    def someone_else(self, than: str) -> str:
        return self.rng.choice([staff for staff in self.turns if staff != than])

    def _moment(self, day: int) -> datetime:
        """Some minute of the open hours."""
        minutes = self.rng.randint(0, 7 * 60 + 45)
        seconds = self.rng.randint(5, 55)
        return instant(day, time(9, 30)) + timedelta(minutes=minutes, seconds=seconds)

    def _enrol(self, at: datetime) -> None:
        for person in EVERYBODY:
            data: dict[str, Any] = {"staff": person.staff, "name": person.name, "role": person.role}
            data["contacts"] = person.contacts
            self.diary.enter(at, "staff.enrolled", data, DESK.staff)
        adopted = {"rulebook": RULEBOOK, "version": 1, "effective_from": at.isoformat()}
        self.diary.enter(at, "rulebook.adopted", adopted, MANAGER.staff)

    def _open_shift(self, at: datetime, day: int) -> None:
        """Six of eight, another two at home each day."""
        staff = [person.staff for person in CONSULTANTS]
        begin = (day * 3) % len(staff)
        self.turns = (staff[begin:] + staff[:begin])[:ON_SHIFT]
        self.diary.enter(at, "shift.opened", {"order": list(self.turns)}, DESK.staff)

    def _new_visitor(self, at: datetime, day: int) -> None:
        """Mostly in turn; now and then somebody steps in front."""
        in_front = self.rng.random() < 0.05
        receiver = self.take_turn(self.rng.choice(self.turns)) if in_front else self.next_turn()
        guest = self.register.newcomer(receiver, day)
        self.register.visit(at, guest, receiver, asked={"visited_before": "no"})

    def _new_call(self, at: datetime, day: int) -> None:
        answerer = self.rng.choice(self.turns)
        self.register.call(at, self.register.newcomer(answerer, day), answerer)

    def _lunch(self, at: datetime) -> None:
        away = self.turns[-1]
        self.away.add(away)
        self.diary.enter(at, "staff.away", {"staff": away, "reason": "brief"}, away)
        back = at + timedelta(minutes=25)
        self.diary.plan(back, lambda at: self._back(at, away))

    def _back(self, at: datetime, staff: str) -> None:
        self.away.discard(staff)
        self.diary.enter(at, "staff.back", {"staff": staff}, staff)

    def _plan_follow_ups(self, day: int) -> None:
        for guest in self.register.guests:
            if guest.care == "kept" and not guest.bought and day - guest.seen >= guest.every:
                guest.seen = day
                self.diary.plan(self._moment(day), partial(self._follow_up, day, guest))

    def _follow_up(self, day: int, guest: Guest, at: datetime) -> None:
        """Most are entered at once; a few are entered the next morning, which is too late to count."""
        if self.rng.random() < 0.07 and day + 1 < self.length:
            late = instant(day + 1, time(9, 10))
            self.diary.plan(late, lambda now: self.register.follow_up(now, guest, guest.host, occurred=at))
            return
        self.register.follow_up(at, guest, guest.host)

    def _returns(self, at: datetime, day: int) -> None:
        """A guest of an earlier day comes again; the host is there, or a colleague receives."""
        known = [g for g in self.register.guests if g.visits and g.care != "story" and not g.bought]
        if not known:
            return
        guest = self.rng.choice(known)
        more: dict[str, Any]
        if guest.host in self.turns and self.rng.random() < 0.5:
            receiver, more = guest.host, {}
        elif self.rng.random() < 0.6:
            receiver = self.someone_else(guest.host)
            more = {"capacity": "assist", "on_behalf_of": guest.host}
        else:
            receiver, more = self.someone_else(guest.host), {"asked": {"visited_before": "yes"}}
        self.register.visit(at, guest, receiver, **more)
        if day - guest.seen > VALID_DAYS and not more.get("on_behalf_of"):
            guest.host = self.take_turn(receiver)
        guest.seen = day

    def _sells(self, at: datetime, day: int) -> None:
        """Somebody who is looked after subscribes; most sign two days later, one in four withdraws."""
        ready = [g for g in self.register.guests if g.care == "kept" and g.visits and not g.bought]
        if not ready or self.rng.random() < 0.3:
            return
        guest = self.rng.choice(ready)
        guest.bought = True
        self._deals += 1
        deal = f"d{self._deals:02d}"
        data = {
            "deal": deal,
            "customer": {"phones": guest.phones[:1]},
            "closed_by": guest.host,
            "project": "演示花园",
            "unit": f"{self.rng.randint(1, 9)}-{self.rng.randint(101, 1804)}",
            "amount": f"{self.rng.randint(90, 240)}0000.00",
        }
        self.diary.enter(at, "deal.subscribed", data, guest.host)
        if day + 2 < self.length:
            self.diary.plan(at + timedelta(days=2), lambda at: self._settle(at, deal, guest))

    def _settle(self, at: datetime, deal: str, guest: Guest) -> None:
        if self.rng.random() < 0.25:
            withdrawn = {"deal": deal, "reason": f"{MARK}：客户退定"}
            self.diary.enter(at, "deal.cancelled", withdrawn, guest.host)
        else:
            self.diary.enter(at, "deal.signed", {"deal": deal}, guest.host)
