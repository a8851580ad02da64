"""A storm: services, broker and database are killed with -9 at random moments, seeded, and started again."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from shared.local import EmbeddedKafka, EmbeddedPostgres
from tests.support.system import PATIENCE, SERVICES, System

# How long a part runs before the next kill, and how long what was killed stays away (real seconds).
CALM = (0.4, 2.0)
AWAY = (0.0, 1.0)
# The services are killed more often than what they stand on: most of what can go wrong is theirs.
TARGETS = (*SERVICES, *SERVICES, "attribution", "intake", "kafka", "postgres")


@dataclass
class Storm:
    """Kills one part at a time; whatever ended by itself meanwhile is started again, as a supervisor would."""

    system: System
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    def blow(self, seconds: float) -> None:
        """For that long: wait, kill, wait, start again."""
        rng = random.Random(self.seed)
        # Each part once, whatever the dice say and however slow the machine is; then as they fall.
        first = rng.sample([*SERVICES, "kafka", "postgres"], len(SERVICES) + 2)
        end = time.monotonic() + seconds
        while first or time.monotonic() < end:
            time.sleep(rng.uniform(*CALM))
            self.supervise()
            self.strike(first.pop() if first else rng.choice(TARGETS), rng.uniform(*AWAY))

    def strike(self, target: str, away: float) -> None:
        self.kills[target] += 1
        if target in SERVICES:
            service = self.system.services[target]
            service.kill()
            time.sleep(away)
            service.launch()
            return
        part = self.kafka if target == "kafka" else self.postgres
        part.kill()
        time.sleep(away)
        part.start()

    def supervise(self) -> None:
        for name, service in self.system.services.items():
            if not service.attach():
                self.ended[name] += 1
                service.kill()  # lets go of what belongs to the one that ended
                service.launch()

    def pass_over(self) -> None:
        """Wait until everything runs and is ready again."""
        deadline = time.monotonic() + PATIENCE
        while not all(service.ready() for service in self.system.services.values()):
            assert time.monotonic() < deadline, f"not ready after the storm: {self.system.tails()}"
            self.supervise()
            time.sleep(0.1)
