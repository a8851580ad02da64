"""What dispatcher and queue say to each other: what there is to do, what is about to be sent, how a round ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.notifier.model.alert import State


@dataclass(frozen=True)
class Terms:
    """How long a lease is (the database's time), and how long a due alert waits for the watermark (machine time)."""

    lease: timedelta
    patience: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class QueueState:
    """Whether a lease has run out, and when the first alert falls due and the first retry comes (machine time)."""

    lost: bool
    due: datetime | None
    retry: datetime | None

    def to_claim(self, business_now: datetime, machine_now: datetime) -> bool:
        due = self.due is not None and self.due <= business_now
        return due or (self.retry is not None and self.retry <= machine_now)


@dataclass(frozen=True)
class RoundResult:
    """How a round ended: the new state, why, and when to try again (machine time).

    `unreachable` goes with a dead alert that nobody could be told of; `limited` with one that only waits, which
    costs no round; `digest` is the key of a message whose answer was lost; `overtaken` where no call was made,
    since the claim has changed or the lease is lost.
    """

    state: State
    reason: str | None = None
    retry_at: datetime | None = None
    unreachable: bool = False
    limited: bool = False
    overtaken: bool = False
    digest: UUID | None = None
    # Why it waits, for the figures; for which channels; and whether the round counts for the time until the next.
    waits_for: str | None = None
    waits_on: tuple[str, ...] = ()
    counts: bool = True


@dataclass(frozen=True)
class SendAttempt:
    """What is about to be sent: by which channel, where to, which words, and to whom (staff id).

    `digest` is the key of a message that tells of several alerts.
    """

    channel: str
    destination: str
    message: str
    recipient: str
    digest: UUID | None = None
    # Under whose key the destination is kept.
    key: str | None = None


@dataclass(frozen=True)
class EarlierAttempt:
    """A call that was made for an alert: its answer was lost, its message was reported as failed, or the receiver says
    that it failed itself (which is no doubt, but worth a question)."""

    channel: str
    destination: str
    key: UUID
    started_at: datetime
    unanswered: bool
    reported: bool
    server_failed: bool = False
