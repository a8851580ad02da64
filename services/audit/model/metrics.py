"""The figures of the log, as Prometheus reads them (runbook: each alarm names one)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class AuditMetrics:
    """Counters and gauges under `panke_audit_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"panke_audit_{name}", told, labels, registry=registry)

        def gauge(name: str, told: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"panke_audit_{name}", told, labels, registry=registry)

        self.registry = registry
        self.records = counter("records", "Records of the intake topic by what became of them", ("result",))
        self.size = gauge("log_size", "Entries of the log")
        self.published = gauge("published_size", "Entries of the log that the shown checkpoint holds")
        self.unpublished = gauge(
            "unpublished_seconds", "For how long the newest entries wait for a checkpoint"
        )
        self.scopes_waiting = gauge("scopes_waiting", "Scopes of which the topic lacks the next fact")
        self.scopes_forked = gauge("scopes_forked", "Scopes of which the topic has another fact than the log")
        self.cosignatures = gauge("cosignatures_missing", "Witnesses that did not sign the newest checkpoint")
        self.clear_bundles = gauge("clear_bundles", "Bundles that are kept out of the files: texts in clear")
        self.sent = counter("checkpoints_sent", "Checkpoints that were sent to the topic of the log")
        self.errors = counter("publishing_errors", "Attempts to publish that failed, by error", ("error",))
        self.awaited = gauge("texts_awaited", "Texts of rulebooks that are to become entries")
        self.context_errors = counter(
            "context_errors", "Questions to other services that failed", ("service",)
        )
        self.leading = gauge("leading", "1 in the process that publishes")
        self.lag = gauge("lag_records", "Facts not yet logged, by partition", ("partition",))
        self.unfit = gauge("topic_unfit", "1 while the topic may not be read as it is", ("topic",))

    def show_lag(self, lag: dict[int, int]) -> None:
        """The lag of each partition."""
        self.lag.clear()
        for partition, records in lag.items():
            self.lag.labels(str(partition)).set(records)
