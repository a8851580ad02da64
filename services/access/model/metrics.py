"""The figures of access, as Prometheus reads them (runbook: each alarm names one)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class AccessMetrics:
    """Counters and gauges under `panke_access_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"panke_access_{name}", told, labels, registry=registry)

        def gauge(name: str, told: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"panke_access_{name}", told, labels, registry=registry)

        self.registry = registry
        self.sign_ins = counter("sign_ins", "Attempts to sign in by what came of them", ("result",))
        self.password_checks = counter("password_checks", "Passwords that were held against a hash")
        self.tokens = counter("tokens", "Access tokens that were signed, by kind of caller", ("kind",))
        self.reused = counter("refresh_reuses", "Sessions that ended since a used refresh token was shown")
        self.refused = counter("refusals", "Requests that the door refused, by status", ("status",))
        self.entries = counter("record_entries", "Entries of the record of access, by act", ("act",))
        self.many_openings = gauge(
            "many_openings", "Callers who opened more customers within an hour than is usual"
        )
        self.staff_facts = counter("staff_facts", "Facts about staff that were taken in")
        self.lag = gauge("lag_records", "Facts not yet looked at, by partition", ("partition",))
        self.unfit = gauge("topic_unfit", "1 while the topic may not be read as it is", ("topic",))

    def show_lag(self, lag: dict[int, int]) -> None:
        """The lag of each partition."""
        self.lag.clear()
        for partition, records in lag.items():
            self.lag.labels(str(partition)).set(records)
