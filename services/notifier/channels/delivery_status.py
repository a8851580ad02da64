"""What a provider is asked about a message that it took, and what it answers: for the senders that can be asked.

Reports come by themselves where the provider can reach an address of ours. Where it cannot, it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, runtime_checkable
from uuid import UUID
from zoneinfo import ZoneInfo

# Both providers are in China and count days there.
PROVIDERS_ZONE = ZoneInfo("Asia/Shanghai")
# A message that was sent just before midnight may stand under the next day.
_NEAR = timedelta(minutes=5)


@dataclass(frozen=True)
class StatusQuery:
    """Which message: by the provider's own id, where its answer came, else by the key that we gave."""

    channel: str
    message: str
    provider_id: str | None
    key: UUID
    destination: str
    sent_at: datetime

    @property
    def days(self) -> tuple[str, ...]:
        """The days, as the provider counts them, under which it may stand: YYYYMMDD."""
        moments = (self.sent_at, self.sent_at + _NEAR, self.sent_at - _NEAR)
        return tuple(dict.fromkeys(f"{at.astimezone(PROVIDERS_ZONE):%Y%m%d}" for at in moments))


@dataclass(frozen=True)
class DeliveryStatus:
    """What became of it, when, in the provider's words; `taken`: it is on its way."""

    status: Literal["delivered", "failed", "taken"]
    at: str
    answer: str


@runtime_checkable
class ReportsStatus(Protocol):
    """A channel whose provider can be asked."""

    @property
    def name(self) -> str:
        """The name of the channel."""

    async def ask(self, question: StatusQuery) -> DeliveryStatus | None:
        """What became of a message; None while nobody knows. Raises the port's refusals."""


@runtime_checkable
class Findable(Protocol):
    """A channel whose provider can say whether it has taken a message under our key."""

    # Whether it knows every message that it has taken: one that it does not know has not arrived.
    knows_all: bool

    @property
    def name(self) -> str:
        """The name of the channel."""

    @property
    def timeout(self) -> float:
        """Seconds after which a question counts as unanswered."""

    async def find(self, question: StatusQuery) -> DeliveryStatus | None:
        """What the provider knows of it; None where it knows nothing. Raises the port's refusals."""
