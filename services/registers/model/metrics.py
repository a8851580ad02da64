"""The figures of the registers, as Prometheus reads them (runbook: each alarm names one)."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class RegistersMetrics:
    """Counters, gauges and histograms under `panke_registers_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"panke_registers_{name}", told, labels, registry=registry)

        def gauge(name: str, told: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"panke_registers_{name}", told, labels, registry=registry)

        self.registry = registry
        self.records = counter("records", "Records of the intake topic by what became of them", ("result",))
        self.scopes_waiting = gauge("scopes_waiting", "Scopes of which the topic lacks the next fact")
        self.scopes_forked = gauge(
            "scopes_forked", "Scopes of which the topic has another fact than was taken"
        )
        self.scopes_failing = gauge(
            "scopes_failing", "Scopes that cannot be posted beyond one of their facts"
        )
        self.held = gauge("held_facts", "Facts of the scopes that are held in memory, posted to registers")
        self.posted = counter("posted_facts", "Facts that were posted to registers in memory")
        self.dropped = counter(
            "dropped_scopes", "Scopes that were let go of from memory, by why", ("reason",)
        )
        self.answers = Histogram(
            "panke_registers_answer_seconds",
            "What a question takes, whether its scope was in memory or had to be read",
            ("held",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.refused = counter("refused_questions", "Questions that were refused, by why", ("reason",))
        self.context_errors = counter(
            "context_errors", "Questions to other services that failed", ("service",)
        )
        self.lag = gauge("lag_records", "Facts not yet taken, by partition", ("partition",))
        self.unfit = gauge("topic_unfit", "1 while the topic may not be read as it is", ("topic",))

    def show_lag(self, lag: Mapping[int, int]) -> None:
        """The lag of each partition."""
        self.lag.clear()
        for partition, records in lag.items():
            self.lag.labels(str(partition)).set(records)
