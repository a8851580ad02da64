"""Audits one scope: folds it anew from its facts and from its events, and holds both against what is stored.

All of it is of one moment, so a fold that runs beside it changes nothing of the answer (ADR 0048).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from services.attribution.drift.comparing import (
    event_differences,
    left_lapses,
    row_differences,
    text_differences,
)
from services.attribution.drift.difference import Drift
from services.attribution.drift.messages import fact_differences, message_differences
from services.attribution.drift.refold import AuditedHead, CannotFoldError, Refold, Source, head_of
from services.attribution.drift.shadow import Connection, Step, analyse, make_twins
from services.attribution.drift.topic_index import TopicIndex
from services.attribution.fold.scope_fold import Rules
from services.attribution.store.batch import SQL

FACTS: Final = "facts"
EVENTS: Final = "events"


class AuditedScope(Struct, frozen=True):
    """What was found in a scope; `folded` facts of it were folded anew."""

    scope: str
    folded: int
    differences: list[Drift]


class AuditedTopics(Struct, frozen=True):
    """What the topics of a deployment hold, as far as they were read."""

    intake: TopicIndex
    ownership: TopicIndex


class Auditor:
    """Audits scopes, each in a session of its own; without topics, what is in the database alone."""

    def __init__(self, rules: Rules, step: Step, topics: AuditedTopics | None = None) -> None:
        self._rules = rules
        self._step = step
        self._topics = topics

    def audit(self, connection: Connection, scope: str) -> AuditedScope:
        """Hold the scope against its facts and its events; the connection is a snapshot's, and is used up."""
        head = head_of(connection, scope)
        if head is None:
            return AuditedScope(scope, 0, [])
        found: list[Drift] = []
        if self._topics is not None:  # behind the moment of the snapshot: what it holds was sent, or waits
            for index in (self._topics.intake, self._topics.ownership):
                index.catch_up(head.partition, self._step)
            found += fact_differences(connection, head, self._topics.intake)
        for source in (FACTS, EVENTS):
            found += self._held_against(connection, head, source)
        return AuditedScope(scope, head.folded, found)

    def _held_against(self, connection: Connection, head: AuditedHead, source: Any) -> list[Drift]:
        kind: Source = source
        with connection.transaction(force_rollback=True):
            make_twins(connection)
            made = Refold(connection, self._rules, kind, head, self._step)
            watermark = self._watermark(connection, head)
            try:
                made.go_on(head, watermark)
            except CannotFoldError as error:
                return [_unfoldable(head, kind, error)]
            analyse(connection)
            return list(self._differences(connection, head, made, kind, watermark))

    def _differences(
        self,
        connection: Connection,
        head: AuditedHead,
        made: Refold,
        source: Source,
        watermark: datetime | None,
    ) -> Iterator[Drift]:
        if source == FACTS:
            yield from event_differences(head.scope, source, made.differences)
            yield from left_lapses(connection, head, made, watermark)
            yield from text_differences(connection, head)
        elif self._topics is not None:
            yield from message_differences(connection, head, self._topics.ownership)
        yield from row_differences(connection, head, source)
        yield from _head_differences(head, made, source)

    @staticmethod
    def _watermark(connection: Connection, head: AuditedHead) -> datetime | None:
        row: Any = connection.execute(SQL["audited_watermark"], {"partition": head.partition}).fetchone()
        return None if row is None else row[0]


def _unfoldable(head: AuditedHead, source: Source, error: CannotFoldError) -> Drift:
    place = "facts" if source == FACTS else "stored_events"
    return Drift(head.scope, source, place, f"seq={error.seq}", "", error.error, None)


def _head_differences(head: AuditedHead, made: Refold, source: Source) -> Iterator[Drift]:
    for name, stored, given in (
        ("folded_seq", head.folded, made.work.folded),
        ("version", head.version, made.work.version),
    ):
        if stored != given:
            yield Drift(head.scope, source, "scopes", "", name, str(stored), str(given))
