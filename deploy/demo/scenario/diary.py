"""What the office enters, in the order of entering: the envelopes of the contract, their ids drawn from the seed."""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from deploy.demo.scenario.office import OFFICE, SCOPE
from shared.contract import format_instant

_APART = timedelta(seconds=1)


@dataclass(frozen=True)
class DiaryEntry:
    """A stop of the demonstration's clock: an event to be sent then, or none where only time passes."""

    at: datetime
    event: dict[str, Any] | None
    # The clock stands there until everything has settled.
    settles: bool = False
    # What becomes of the notifier then.
    notifier: Literal["stop", "start"] | None = None


Action = Callable[[datetime], None]


@dataclass
class Diary:
    """Actions wait for their time; what they enter is written down. No two entries share a moment."""

    rng: random.Random
    entries: list[DiaryEntry] = field(default_factory=list)
    _waiting: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def plan(self, at: datetime, action: Action) -> None:
        """Have something done at that time, or as soon as it can be when that is past."""
        heapq.heappush(self._waiting, (at, next(self._numbers), action))

    def play(self) -> list[DiaryEntry]:
        """Do everything in the order of time; what is done may plan more."""
        while self._waiting:
            at, _, action = heapq.heappop(self._waiting)
            action(at)
        return self.entries

    def rest(self, at: datetime) -> None:
        """Let the clock stand there until everything has settled."""
        self.entries.append(DiaryEntry(self._following(at), None, settles=True))

    def switch(self, at: datetime, notifier: Literal["stop", "start"]) -> None:
        """Stop the notifier, or start it again and let it catch up."""
        settles = notifier == "start"
        self.entries.append(DiaryEntry(self._following(at), None, settles, notifier))

    def enter(
        self, at: datetime, kind: str, data: dict[str, Any], actor: str, *, occurred: datetime | None = None
    ) -> str:
        """Enter an event; it happened now unless another time is given. Answers its id."""
        at = self._following(at)
        told = {key: value for key, value in data.items() if value is not None}
        event = {
            "id": self.new_id(),
            "type": kind,
            "scope": SCOPE,
            "office": OFFICE,
            "actor": actor,
            "occurred_at": format_instant(occurred or at),
            "data": told,
        }
        self.entries.append(DiaryEntry(at, event))
        return str(event["id"])

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def _following(self, at: datetime) -> datetime:
        """As asked, or a second after the last entry: two entries of one moment would hide their order."""
        return max(at, self.entries[-1].at + _APART) if self.entries else at
