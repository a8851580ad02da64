"""What the notifier counts, for /metrics and for its own liveness."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.notifier.model.alert import AttemptOutcome, State


class Metrics:
    """The counters of one notifier process, on a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.ticked_at: datetime | None = None
        self._attempts = Counter(
            "panke_notifier_attempts",
            "Calls to channels by result",
            ["channel", "result"],
            registry=self.registry,
        )
        self._settled = Counter(
            "panke_notifier_alerts_settled",
            "Alerts by the state that a round left them in",
            ["state"],
            registry=self.registry,
        )
        self._asked = Counter(
            "panke_notifier_reports_asked",
            "Questions to providers about messages that they took, by what came of them",
            ["channel", "result"],
            registry=self.registry,
        )
        self._behind = Counter(
            "panke_notifier_sent_behind_watermark",
            "Calls made before the watermark covered the due time",
            registry=self.registry,
        )
        self.reports_made = Counter(
            "panke_notifier_reports_made",
            "Reports on a schedule by what came of them: made, without_figures, nobody to read them",
            ["outcome"],
            registry=self.registry,
        )
        self.reports_behind = self._gauge(
            "panke_notifier_reports_behind_seconds",
            "Business time since all schedules of reports were looked at and none was left undone",
        )
        self.messages = Counter(
            "panke_notifier_messages",
            "Messages of panke.ownership.v1 by what was done with them",
            ["result"],
            registry=self.registry,
        )
        self.due = self._gauge("panke_notifier_alerts_due", "Alerts that are due and not begun")
        self.late = self._gauge(
            "panke_notifier_alerts_late",
            "Alerts that are due for longer than is allowed, also those under way",
        )
        self.retrying = self._gauge("panke_notifier_alerts_retrying", "Alerts that are tried again later")
        self.under_way = self._gauge("panke_notifier_alerts_under_way", "Alerts under lease")
        self.dead = self._gauge("panke_notifier_alerts_dead", "Alerts that were given up and still hold")
        self.waiting = Gauge(
            "panke_notifier_alerts_waiting",
            "Alerts that nobody was told of yet, by what they wait for",
            ["why"],
            registry=self.registry,
        )
        self.channels_open = self._gauge(
            "panke_notifier_channels_open", "Channels that are left alone, since they failed again and again"
        )
        self.partitions_forked = self._gauge(
            "panke_notifier_partitions_forked", "Partitions that stand at a second message under one seq"
        )
        self.partitions_rereading = self._gauge(
            "panke_notifier_partitions_rereading",
            "Partitions that are opened, or read again from the beginning",
        )
        self.topic_unfit = self._gauge(
            "panke_notifier_topic_unfit", "Whether the ownership topic may not be read as it is"
        )
        self.watermark_age = Gauge(
            "panke_notifier_watermark_age_seconds",
            "Business time since the watermark",
            ["partition"],
            registry=self.registry,
        )
        self.lag = Gauge(
            "panke_notifier_lag",
            "Records of the partition that are not applied yet",
            ["partition"],
            registry=self.registry,
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry)

    def tick(self, machine_now: datetime) -> None:
        self.ticked_at = machine_now

    def attempted(self, channel: str, outcome: AttemptOutcome) -> None:
        self._attempts.labels(channel, outcome.value).inc()

    def asked(self, channel: str, result: str) -> None:
        self._asked.labels(channel, result).inc()

    def settled(self, state: State) -> None:
        self._settled.labels(state.value).inc()

    def behind(self, behind: bool) -> None:
        if behind:
            self._behind.inc()
