"""The figures of what waits for the record of access, the same in each service (runbook: each alarm names one)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.access.reports import Backlog


class ReportMetrics:
    """Gauges and counters under `panke_access_reports_`; `now` is the time of day in seconds."""

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float]) -> None:
        self._now: Final = now
        self._backlog = Backlog()
        waiting = Gauge(
            "panke_access_reports_waiting",
            "Reports that the record of access does not have yet",
            registry=registry,
        )
        waiting.set_function(lambda: self._backlog.waiting)
        age = Gauge(
            "panke_access_reports_age_seconds",
            "Since when the oldest report waits for the record of access",
            registry=registry,
        )
        age.set_function(self._age)
        not_taken = Gauge(
            "panke_access_reports_not_taken",
            "Reports that access refused, which stay with the reason",
            registry=registry,
        )
        not_taken.set_function(lambda: self._backlog.not_taken)
        self.kept = Counter(
            "panke_access_reports_kept", "Reports that were kept, by act", ["act"], registry=registry
        )
        self.refusals = Counter(
            "panke_access_reports_refusals",
            "Requests that the door refused, by status",
            ["status"],
            registry=registry,
        )

    def show(self, backlog: Backlog) -> None:
        """What waits, as it was found last."""
        self._backlog = backlog

    def _age(self) -> float:
        oldest = self._backlog.oldest
        return 0.0 if oldest is None else max(self._now() - oldest.timestamp(), 0.0)
