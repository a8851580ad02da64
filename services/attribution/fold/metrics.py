"""The figures of attribution, as Prometheus reads them (runbook: each alarm names one)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from services.attribution.fold.application import BatchOutcome


class AttributionMetrics:
    """Counters and gauges under `panke_attribution_`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str) -> Counter:
            return Counter(f"panke_attribution_{name}", told, registry=registry)

        def gauge(name: str, told: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"panke_attribution_{name}", told, labels, registry=registry)

        self.folded = counter("folded_facts", "Facts that were folded and committed")
        self.repeated = counter("repeated_facts", "Facts that were dropped since their seq had been seen")
        self.dead = counter("dead_records", "Records that are not of the journal")
        self.failed_batches = counter("failed_batches", "Batches that will be read again")
        self.relay_errors = counter("relay_errors", "Rounds of the relay that failed")
        self.sent = counter("sent_messages", "Messages that the broker acknowledged")
        self.batch_size = Histogram(
            "panke_attribution_batch_facts", "Facts folded in one transaction",
            buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 2000), registry=registry,
        )  # fmt: skip
        self.assigned = gauge("assigned_partitions", "Partitions that this process reads")
        self.rereading = gauge("rereading_partitions", "Partitions that are read again from their beginning")
        self.unfit = gauge("topic_unfit", "Whether a topic may not be read or written as it is", ("topic",))
        self.refills = counter("relay_refills", "Times that a topic was filled again")
        self.gaps = gauge("stopped_partitions", "Partitions that stand at a gap in the seq of a scope")
        self.forks = gauge("forked_partitions", "Partitions that stand at a second fact under one seq")
        self.parked = gauge("parked_scopes", "Scopes that wait in quarantine")
        self.backlog = gauge("relay_backlog", "Messages that the broker has not acknowledged")
        self.leading = gauge("relay_leading", "Whether this process relays")
        self.watermark = gauge("watermark_seconds", "Business time up to which lapses are decided, by epoch")
        self.lag = gauge("lag_records", "Records not yet folded", ("partition",))
        self.oldest = gauge("oldest_unfolded_seconds", "How long the last folded fact was under way")

        self.drift_open = gauge(
            "drift_open", "Differences from what the facts give that nobody marked as seen"
        )
        self.drift_running = gauge("drift_running", "Whether this process has an audit made")
        self.drift_ended = gauge("drift_ended_seconds", "When the last audit of every scope ended, by epoch")
        self.drift_failures = counter("drift_failures", "Audits whose process ended before them")
        self.look_ups = Counter(
            "panke_attribution_look_ups", "Look-ups and previews, and whether they were too many from one caller",
            ("outcome",), registry=registry,
        )  # fmt: skip
        self.replays = gauge("replays", "Replays that are open, by state", ("state",))
        self.refolds = Counter(
            "panke_attribution_refolds", "Questions of an earlier time, and what they read: a customer, or why a scope",
            ("read",), registry=registry,
        )  # fmt: skip

    def refolded(self, read: str) -> None:
        """A question of an earlier time was asked."""
        self.refolds.labels(read).inc()

    def show_replays(self, waiting: int, running: int) -> None:
        """How many wait for a process, and how many have one."""
        self.replays.labels("waiting").set(waiting)
        self.replays.labels("running").set(running)

    def looked_up(self, taken: bool) -> None:
        """A look-up or a preview was asked."""
        self.look_ups.labels("taken" if taken else "refused").inc()

    def committed(self, outcome: BatchOutcome) -> None:
        """What a batch brought."""
        self.folded.inc(len(outcome.folded))
        self.repeated.inc(outcome.repeated)
        self.dead.inc(len(outcome.dead))
        if outcome.folded:
            self.batch_size.observe(len(outcome.folded))
        if outcome.watermark is not None:
            self.watermark.set(outcome.watermark.timestamp())

    def show_lag(self, lag: Mapping[int, int], oldest: datetime | None, now: datetime) -> None:
        """Records behind, and since when the oldest of them waits (machine time)."""
        for partition, records in lag.items():
            self.lag.labels(str(partition)).set(records)
        waited = (now - oldest).total_seconds() if oldest else 0.0
        self.oldest.set(max(0.0, waited))
