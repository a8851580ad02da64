"""How hard an alert is tried: attempts within a round, rounds over time, and the lease that outlasts a
round."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from services.notifier.channels import Channel
from services.notifier.delivery.send_slots import ALONE, TURN

# Storing an answer has its own deadline; the lease must outlive that too.
_MARGIN = 10.0
# How long a call may wait for its turn at a channel, and a little more.
_TURN = TURN + ALONE + 1.0


@dataclass(frozen=True)
class RetryPolicy:
    """How hard a round tries, and how rounds follow one another."""

    attempts: int = 3
    wait_initial: float = 0.5
    wait_max: float = 4.0
    rounds: int = 6
    round_wait: timedelta = timedelta(minutes=1)
    round_wait_max: timedelta = timedelta(minutes=30)
    concurrency: int = 32
    longest_sleep: float = 0.5
    late_after: timedelta = timedelta(minutes=15)
    # How long the limit of a preferred channel is waited for before the next channel is taken.
    limit_patience: timedelta = timedelta(minutes=2)
    # How many calls to a channel may be under way at once in one process, where it is not as its kind has it.
    lanes: Mapping[str, int] = field(default_factory=dict)
    # How often the leases of what is under way are kept: several times while one lasts.
    heartbeat: float = 5.0
    # How long what has no deadline (the notice of a lapse, an event) is tried, in business time.
    told_within: timedelta = timedelta(days=1)
    # Steps towards a deadline become no shorter than this.
    shortest_step: timedelta = timedelta(seconds=30)
    # What somebody may mend at any moment is tried so often at least.
    mending_step: timedelta = timedelta(minutes=5)

    def lease(self, channels: Sequence[Channel]) -> timedelta:
        """Longer than a whole round can take: every attempt of every channel, and the waits between."""
        waits = (self.attempts - 1) * (self.wait_max + self.wait_initial)
        return timedelta(
            seconds=sum(self.attempts * (one.timeout + _TURN) + waits for one in channels) + _MARGIN
        )

    def longest_round(self, channels: Sequence[Channel]) -> timedelta:
        """Beyond this a round hangs by a defect of ours, and its leases are kept no longer."""
        return 2 * self.lease(channels)

    def spread(self, wait: timedelta) -> timedelta:
        """A wait for a limit, spread so that not all who were told so come back in the same moment."""
        return wait + min(wait / 4, timedelta(seconds=5)) * random.random()

    def next_round(self, rounds: int) -> timedelta:
        """The wait after a failed round: doubling, and spread so that a storm does not come back whole."""
        doublings = 1 << min(rounds, 16)
        return min(self.round_wait * doublings, self.round_wait_max) * random.uniform(0.8, 1.2)
