"""Whether the relay moves: for liveness and for the watchdog, by the machine's clock alone.

An idempotent producer can wedge for good while the broker is well (hazards, "aiokafka"); only a new process helps
then. A broker that is away is no reason to die: what was answered is in the journal.
"""

from __future__ import annotations

from collections.abc import Callable


class Progress:
    """Set by the relay; read by whoever must know whether it is stuck."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._busy_since: float | None = None
        self.problem: str | None = None

    def working(self) -> None:
        """There is work. Time counts from the first call after the last progress."""
        if self._busy_since is None:
            self._busy_since = self._monotonic()

    def moved(self) -> None:
        """Something was acknowledged, or there was nothing to do."""
        self._busy_since = None
        self.problem = None

    def stuck_for(self) -> float:
        """Seconds without progress though there is work; 0 when all is well."""
        return 0.0 if self._busy_since is None else self._monotonic() - self._busy_since
