"""What an operator watches of intake: what it took in, and how far Kafka is behind it."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.intake.model.submission import (
    Accepted,
    Conflict,
    Duplicate,
    MalformedEventError,
    Outcome,
    RefusedEvent,
)

_OUTCOMES: Final[Mapping[type[Outcome], str]] = {
    Accepted: "accepted",
    Duplicate: "duplicate",
    Conflict: "conflict",
    RefusedEvent: "refused",
    MalformedEventError: "malformed",
}
"""What each is called in the figures, which alarms and dashboards name."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


class IntakeMetrics:
    """All figures of the service, in the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.outcomes = Counter(
            "panke_intake_events", "Events by what became of them", ["outcome"], registry=registry
        )
        self.group_size = Histogram(
            "panke_intake_group_size", "Events in one transaction", buckets=SIZES, registry=registry
        )
        self.failed_groups = Counter(
            "panke_intake_failed_groups", "Transactions that failed", registry=registry
        )
        self.refused_busy = Counter("panke_intake_unavailable", "Requests answered 503", registry=registry)
        self.backlog = Gauge(
            "panke_intake_relay_backlog", "Facts that Kafka has not acknowledged", registry=registry
        )
        self.oldest_unsent = Gauge(
            "panke_intake_relay_oldest_unsent_seconds",
            "Age of the oldest fact not acknowledged",
            registry=registry,
        )
        self.acknowledged = Counter(
            "panke_intake_relay_acknowledged", "Facts that Kafka acknowledged", registry=registry
        )
        self.relay_errors = Counter(
            "panke_intake_relay_errors", "Rounds of the relay that failed", registry=registry
        )
        self.refills = Counter(
            "panke_intake_relay_refills", "Times that a topic was filled again", registry=registry
        )
        self.unfit = Gauge(
            "panke_intake_topic_unfit",
            "Whether a topic may not be written as it is",
            ["topic"],
            registry=registry,
        )
        self.leading = Gauge(
            "panke_intake_relay_leading", "1 in the process whose relay sends", registry=registry
        )
        self.journal_lacks = Gauge(
            "panke_intake_journal_lacks",
            "Facts that the journal has not and its topic has, or neither any more",
            registry=registry,
        )
        self.journal_damaged = Gauge(
            "panke_intake_journal_damaged",
            "Scopes of which the journal's own tables do not agree",
            registry=registry,
        )
        self.went_back = Counter(
            "panke_intake_journal_went_back",
            "Times that the journal held less than was committed here",
            registry=registry,
        )
        self.journal_forks = Gauge(
            "panke_intake_journal_forks",
            "Facts of the topic under whose seq the journal has another one",
            registry=registry,
        )
        self.watermark = Gauge(
            "panke_intake_watermark_timestamp_seconds", "The watermark that was sent last", registry=registry
        )

        self.clock_apart = Gauge(
            "panke_intake_clock_apart_seconds",
            "How far the clocks part: this machine's, its time since boot, the database's, the journal's",
            registry=registry,
        )

        self.imports = Gauge("panke_intake_imports", "Imports that are open", ["state"], registry=registry)
        self.import_rows = Counter(
            "panke_intake_import_rows",
            "Rows of imports by what became of them",
            ["outcome"],
            registry=registry,
        )

    def show_imports(self, waiting: int, running: int) -> None:
        """How many imports wait, and how many run."""
        self.imports.labels("waiting").set(waiting)
        self.imports.labels("running").set(running)

    def count_rows(self, accepted: int, duplicates: int, rejected: int) -> None:
        """Count the rows of an import that has ended."""
        for outcome, count in (("accepted", accepted), ("duplicate", duplicates), ("rejected", rejected)):
            self.import_rows.labels(outcome).inc(count)

    def group(self, outcomes: Sequence[Outcome]) -> None:
        """Count one group; by group and not by event, because a counter costs as much as a small decode."""
        self.group_size.observe(len(outcomes))
        for kind, count in Tally(map(type, outcomes)).items():
            self.outcomes.labels(_OUTCOMES[kind]).inc(count)
