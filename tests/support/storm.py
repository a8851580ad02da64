"""A storm: services, broker and database are killed with -9 at random moments, seeded, and started again."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from deploy.local import EmbeddedKafka, EmbeddedPostgres
from deploy.local.service import ServiceProcess
from tests.support.system import PATIENCE, SERVICES, System

# How long a part runs before the next kill, and how long what was killed stays away (real seconds).
CALM = (0.4, 2.0)
AWAY = (0.0, 1.0)
# The services are killed more often than what they stand on: most of what can go wrong is theirs.
TARGETS = (*SERVICES, *SERVICES, "attribution", "intake", "kafka", "postgres")


@dataclass
class Storm:
    """Kills one part after the other; several may be away at once. What ended by itself is started again too."""

    system: System
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    _away: dict[str, Future[None]] = field(default_factory=dict)

    def blow(self, seconds: float) -> None:
        """For that long: wait, kill, and have it started again after a while."""
        rng = random.Random(self.seed)
        # Each part once, whatever the dice say and however slow the machine is; then as they fall.
        first = rng.sample([*SERVICES, "kafka", "postgres"], len(SERVICES) + 2)
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(len(SERVICES) + 2) as threads:
            while first or time.monotonic() < end:
                time.sleep(rng.uniform(*CALM))
                self._supervise()
                target, away = first.pop() if first else rng.choice(TARGETS), rng.uniform(*AWAY)
                if target not in self._away:
                    self._kill(target)
                    self._away[target] = threads.submit(self._start_again, target, away)
        self._supervise()

    def pass_over(self) -> None:
        """Wait until everything runs and is ready again."""
        deadline = time.monotonic() + PATIENCE
        while not all(service.ready() for service in self.system.services.values()):
            assert time.monotonic() < deadline, f"not ready after the storm: {self.system.tails()}"
            self._supervise()
            time.sleep(0.1)

    def _kill(self, target: str) -> None:
        self.kills[target] += 1
        self._part(target).kill()

    def _start_again(self, target: str, after: float) -> None:
        time.sleep(after)
        part = self._part(target)
        if isinstance(part, ServiceProcess):
            part.launch()  # it may have to wait for a part that is away, and nobody waits for it
        else:
            part.start()

    def _supervise(self) -> None:
        """As a supervisor would: start what ended by itself; a part that could not be started fails the test."""
        for target, started in list(self._away.items()):
            if started.done():
                started.result()
                del self._away[target]
        for name, service in self.system.services.items():
            if name not in self._away and not service.attach():
                self.ended[name] += 1
                service.kill()  # lets go of what belongs to the one that ended
                service.launch()

    def _part(self, target: str) -> EmbeddedKafka | EmbeddedPostgres | ServiceProcess:
        if target in SERVICES:
            return self.system.services[target]
        return self.kafka if target == "kafka" else self.postgres
