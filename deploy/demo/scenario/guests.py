"""The invented customers, as the office remembers them: who met them, who keeps in touch, who forgets."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from deploy.demo.scenario.diary import Diary
from deploy.demo.scenario.office import MARK, SURNAMES, phone

Care = Literal["kept", "forgotten", "story"]
VISIT_MINUTES = (35, 75)


@dataclass
class Guest:
    """A customer; `host` is who, as the office sees it, looks after them, `seen` the last contact (day)."""

    name: str
    phones: list[str]
    host: str
    seen: int
    care: Care
    every: int = 2
    visits: list[str] = field(default_factory=list)
    bought: bool = False

    def party(self) -> dict[str, Any]:
        return {"name": self.name, "phones": self.phones[:1]}


@dataclass
class Register:
    """Everybody who ever came or called, and how to enter what they did."""

    diary: Diary
    rng: random.Random
    guests: list[Guest] = field(default_factory=list)
    _last: int = 0

    def newcomer(self, host: str, day: int, care: Care | None = None) -> Guest:
        """Somebody whom the office meets for the first time."""
        self._last += 1
        surname = self.rng.choice(SURNAMES)
        chosen = care or ("forgotten" if self.rng.random() < 0.4 else "kept")
        guest = Guest(
            f"{surname}客户{self._last:02d}（演示）",
            [phone(self._last)],
            host,
            day,
            chosen,
            every=self.rng.choice((2, 2, 3)),
        )
        self.guests.append(guest)
        return guest

    def another_phone(self, guest: Guest) -> str:
        """A second number of a guest, which the office does not know to be theirs."""
        self._last += 1
        guest.phones.append(phone(self._last))
        return guest.phones[-1]

    def visit(self, at: datetime, guest: Guest, receiver: str, **more: Any) -> str:
        """Enter a visit, a few minutes after it began; answers its id in the office (not the event's)."""
        began = at - timedelta(minutes=self.rng.randint(2, 6))
        ended = at + timedelta(minutes=self.rng.randint(*VISIT_MINUTES))
        number = f"v{sum(len(known.visits) for known in self.guests) + 1:03d}"
        guest.visits.append(number)
        data = {
            "visit": number,
            "customer": guest.party(),
            "received_by": receiver,
            "capacity": "on_turn",
            "started_at": began.isoformat(),
            "ended_at": ended.isoformat(),
            "purpose": "看房",
            "notes": MARK,
        }
        self.diary.enter(at, "visit.registered", data | more, receiver, occurred=began)
        return number

    def call(self, at: datetime, guest: Guest, answerer: str) -> None:
        data = {"customer": guest.party(), "answered_by": answerer, "channel": "网络广告", "notes": MARK}
        self.diary.enter(at, "call.registered", data, answerer)

    def follow_up(
        self, at: datetime, guest: Guest, by: str, *, occurred: datetime | None = None, **more: Any
    ) -> None:
        """Enter a follow-up; `occurred` on an earlier day makes it one that was entered too late."""
        data = {
            "customer": {"phones": guest.phones[:1]},
            "by": by,
            "method": self.rng.choice(("phone", "phone", "web_chat", "invitation")),
            "subject": self.rng.choice(("户型", "价格", "交房时间", "贷款")),
            "content": f"{MARK}：已向客户介绍并约定再联系",
        }
        self.diary.enter(at, "followup.recorded", data | more, by, occurred=occurred)
