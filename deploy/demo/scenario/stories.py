"""The few customers with a story: a colliding pair, two late recognitions, a correction, a dispute, a transfer.

Each is told on fixed days and hours with guests of its own, so that every seed shows the same rules at work; a story
that does not fit into the days of a short demonstration is told as far as it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from deploy.demo.scenario.days import Days
from deploy.demo.scenario.guests import Guest
from deploy.demo.scenario.office import MANAGER, MARK, SUPERVISORS, instant


@dataclass
class Stories:
    """Plans each story into the same diary as the ordinary days."""

    days: Days

    def __post_init__(self) -> None:
        self.diary = self.days.diary
        self.register = self.days.register

    def plan(self) -> None:
        self._on(0, time(10, 0, 7), self._pair)
        self._on(0, time(10, 40, 7), self._caller)
        self._on(0, time(11, 20, 7), self._forgotten)
        self._on(0, time(14, 5, 7), self._misheard)
        self._on(0, time(14, 50, 7), self._contested)
        self._on(0, time(15, 20, 7), self._handed_over)

    def _on(self, day: int, at: time, act: Callable[[datetime], None]) -> None:
        """Plan something, if the demonstration lasts that long."""
        if day < self.days.length:
            self.diary.plan(instant(day, at), act)

    def _welcome(self, at: datetime) -> Guest:
        receiver = self.days.next_turn()
        guest = self.register.newcomer(receiver, 0, "story")
        self.register.visit(at, guest, receiver, asked={"visited_before": "no"})
        return guest

    def _pair(self, at: datetime) -> None:
        """One person under two numbers with two consultants; a call with both numbers brings it to light."""
        guest = self._welcome(at)
        first = guest.host

        def again(at: datetime) -> None:
            second = self.days.take_turn(self.days.someone_else(first))
            number = self.register.another_phone(guest)
            party = {"name": guest.name, "phones": [number]}
            asked = {"visited_before": "unsure"}
            self.register.visit(at, guest, second, customer=party, asked=asked)
            both = {"name": guest.name, "phones": list(guest.phones)}
            found = at + timedelta(hours=2)
            self.diary.plan(found, lambda at: self.register.follow_up(at, guest, second, customer=both))

        self._on(1, time(10, 30, 7), again)

    def _caller(self, at: datetime) -> None:
        """A caller visits and names nobody; the one who took the call recognises the customer in time."""
        answerer = self.days.turns[-1]
        guest = self.register.newcomer(answerer, 0, "story")
        self.register.call(at, guest, answerer)
        self._on(1, time(11, 10, 7), lambda at: self._recognised(at, guest, timedelta(minutes=20)))

    def _forgotten(self, at: datetime) -> None:
        """Nobody calls; after the lapse a colleague receives, and the recognition comes a day too late."""
        guest = self._welcome(at)
        self._on(6, time(11, 5, 7), lambda at: self._recognised(at, guest, timedelta(days=1)))

    def _recognised(self, at: datetime, guest: Guest, after: timedelta) -> None:
        receiver = self.days.take_turn(self.days.someone_else(guest.host))
        visit = self.register.visit(at, guest, receiver, asked={"visited_before": "unsure"})
        data = {"visit": visit, "by": guest.host, "evidence": [f"{MARK}：原来访登记"]}
        if (at + after) < instant(self.days.length, time(0)):
            self.diary.plan(at + after, lambda at: self._enter(at, "customer.recognised", data, guest.host))

    def _misheard(self, at: datetime) -> None:
        """A digit was misheard: the record is corrected with the manager's approval."""
        receiver = self.days.next_turn()
        guest = self.register.newcomer(receiver, 0, "story")
        wrong = guest.party()
        guest.phones = [self.register.another_phone(guest)]
        self.register.visit(at, guest, receiver, customer=wrong, asked={"visited_before": "no"})
        entered = self.diary.entries[-1].event
        assert entered is not None
        data = {
            "record": entered["id"],
            "customer": guest.party(),
            "reason": f"{MARK}：号码听错一位",
            "requested_by": receiver,
            "approved_by": [MANAGER.staff],
        }
        self.diary.plan(
            at + timedelta(minutes=35), lambda at: self._enter(at, "record.corrected", data, MANAGER.staff)
        )

    def _contested(self, at: datetime) -> None:
        """A colleague contests a customer; evidence is brought and the manager rules."""
        guest = self._welcome(at)
        other = self.days.someone_else(guest.host)
        customer = {"phones": guest.phones[:1]}
        opened = {
            "dispute": "q1",
            "customer": customer,
            "opened_by": other,
            "reason": f"{MARK}：我先联系的客户",
        }
        added = {"dispute": "q1", "by": other, "evidence": [f"{MARK}：聊天记录截图"]}
        ruled = {"dispute": "q1", "ruled_by": MANAGER.staff, "owner": other, "reason": f"{MARK}：证据充分"}
        self._on(1, time(9, 40, 7), lambda at: self._enter(at, "dispute.opened", opened, other))
        self._on(1, time(15, 10, 7), lambda at: self._enter(at, "dispute.evidence_added", added, other))
        self._on(2, time(10, 20, 7), lambda at: self._enter(at, "dispute.ruled", ruled, MANAGER.staff))

    def _handed_over(self, at: datetime) -> None:
        """A customer is handed to a colleague, as a supervisor asked and the manager approved."""
        guest = self._welcome(at)
        to = self.days.someone_else(guest.host)
        data = {
            "customer": {"phones": guest.phones[:1]},
            "to": to,
            "requested_by": SUPERVISORS[0].staff,
            "approved_by": [MANAGER.staff],
            "reason": f"{MARK}：调整负责片区",
        }
        self._on(
            1, time(16, 30, 7), lambda at: self._enter(at, "claim.transferred", data, SUPERVISORS[0].staff)
        )

    def _enter(self, at: datetime, kind: str, data: Mapping[str, object], actor: str) -> None:
        self.diary.enter(at, kind, dict(data), actor)
