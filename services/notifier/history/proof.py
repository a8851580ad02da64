"""What was told to whom for which claim, when, and what the provider answered: for an auditor, months later.

Each entry has both times: the business time, by which a claim lapses, and the machine's, by which a provider's
own records go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from msgspec import Struct
from msgspec.structs import asdict

from services.notifier.history.listing import AttemptRow, Cursor, Moment, ShownAlert, ShownRow
from services.notifier.history.reach import EVERYTHING, AlertReach
from shared.contract.case_numbers import case_number
from shared.ids import CustomerId, ScopeId
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import rows_of
from shared.platform.postgres.scoped import asked_of
from shared.sealing.opener import Opener

# Alerts of a page, each with its history.
PAGE: Final = 1000
_Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class LogEntry:
    """One thing that happened to an alert."""

    at: Moment | None
    business_at: Moment | None
    what: str
    channel: str | None = None
    recipient: str | None = None
    destination: str | None = None
    digest: UUID | None = None
    words: str | None = None
    known_at: Moment | None = None
    behind: bool | None = None
    answer: str | None = None
    reason: str | None = None
    # Of a call, its answer and its reports: which of the alert's calls.
    number: int | None = None


@dataclass(frozen=True)
class LoggedAlert(ShownAlert):
    """An alert with its whole history; `told_before_deadline`: a provider took it before the claim lapsed, and has not
    reported since that it failed."""

    told_before_deadline: bool
    history: tuple[LogEntry, ...]


@dataclass(frozen=True)
class LogQuery:
    """Which alerts: of a customer, or of whoever has a case number; perhaps in one scope, perhaps of one claim."""

    customer: CustomerId | None
    scope: ScopeId | None = None
    claim_seq: int | None = None
    # What a case number is found by (`shared.contract.case_numbers.case_digest`).
    case: bytes | None = None

    @property
    def seen_in(self) -> str | None:
        """As of `Filter`."""
        return None if self.case is not None else self.scope


class LoggedRow(ShownRow, frozen=True):
    """A row of `log_page`."""

    made_at: datetime | None
    made_business_at: datetime | None

    def logged(self, history: Iterable[LogEntry]) -> LoggedAlert:
        entries = [LogEntry(self.made_at, self.made_business_at, "made"), *history]
        entries.sort(key=lambda one: (one.at is not None, one.at))
        shown = {name: value for name, value in asdict(self).items() if not name.startswith("made_")}
        return LoggedAlert(
            case=case_number(self.customer) if self.customer else "",
            told_before_deadline=any(at < self.deadline for at in _reached_at(entries)),
            history=tuple(entries),
            **shown,
        )


class LoggedAttemptRow(AttemptRow, frozen=True):
    """A row of `attempts_log`."""

    answered_business_at: datetime | None

    def entries(self, destination: str) -> Iterator[LogEntry]:
        """The call, and its answer where there is one."""
        yield LogEntry(
            self.started_at, self.business_at, "call", self.channel, self.recipient, destination, self.digest,
            self.message, self.known_at, self.behind, number=self.number,
        )  # fmt: skip
        if self.outcome is not None:
            yield LogEntry(
                self.answered_at, self.answered_business_at, f"answer {self.outcome}", self.channel,
                answer=self.answer, number=self.number,
            )  # fmt: skip


class TransitionRow(Struct, frozen=True):
    """A row of `transitions_log`."""

    alert: UUID
    at: datetime | None
    business_at: datetime | None
    state: str
    reason: str | None


class ReportRow(Struct, frozen=True):
    """A row of `receipts_log`: what a provider reported of a call."""

    alert: UUID
    number: int
    status: str
    told_at: str
    answer: str
    at: datetime
    business_at: datetime | None

    def entry(self, channel: str | None) -> LogEntry:
        told = f"{self.told_at} {self.answer}".strip()
        return LogEntry(
            self.at, self.business_at, f"reported {self.status}", channel, answer=told, number=self.number
        )


class Proof:
    """Reads the log."""

    def __init__(self, database: Database, opener: Opener | None = None) -> None:
        self._database = database
        self._opener = opener or Opener()
        self._sql = queries("services.notifier")

    def log(
        self,
        asked: LogQuery,
        after: Cursor | None = None,
        limit: int = PAGE,
        reach: AlertReach = EVERYTHING,
    ) -> list[LoggedAlert]:
        """Up to `limit` alerts within reach, as they fell due, each with its history, from behind `after`."""
        given = {
            "customer": asked.customer,
            "case": asked.case,
            "scope": asked.scope,
            "claim_seq": asked.claim_seq,
            "due": None if after is None else after[0],
            "id": None if after is None else after[1],
            "limit": limit,
            **reach.given,
        }
        with asked_of(self._database, asked.seen_in) as connection:
            rows = rows_of(connection.execute(self._sql["log_page"], given), LoggedRow)
            histories = self._histories(connection, [row.id for row in rows])
        return [row.logged(histories[row.id]) for row in rows]

    def whole_log(self, asked: LogQuery) -> Iterator[LoggedAlert]:
        """All of them, a page at a time: a customer of many years has thousands."""
        after: Cursor | None = None
        while found := self.log(asked, after):
            yield from found
            if len(found) < PAGE:
                return
            after = (found[-1].due_at, found[-1].id)

    def _histories(self, connection: _Connection, ids: list[UUID]) -> defaultdict[UUID, list[LogEntry]]:
        found: defaultdict[UUID, list[LogEntry]] = defaultdict(list)
        channels: dict[tuple[UUID, int], str] = {}
        given = {"ids": ids}
        attempts = rows_of(connection.execute(self._sql["attempts_log"], given), LoggedAttemptRow)
        destinations = self._opener.texts([row.destination for row in attempts])
        for attempt, destination in zip(attempts, destinations, strict=True):
            channels[attempt.alert, attempt.number] = attempt.channel
            found[attempt.alert] += attempt.entries(destination)
        for one in rows_of(connection.execute(self._sql["transitions_log"], given), TransitionRow):
            found[one.alert].append(LogEntry(one.at, one.business_at, one.state, reason=one.reason))
        for report in rows_of(connection.execute(self._sql["receipts_log"], given), ReportRow):
            found[report.alert].append(report.entry(channels.get((report.alert, report.number))))
        return found


def _reached_at(entries: Iterable[LogEntry]) -> list[datetime]:
    """When the person was told, as far as anybody knows: a message that was reported as failed told nobody."""
    entries = list(entries)
    arrived = {one.number for one in entries if one.what in ("reported delivered", "reported read")}
    failed = {one.number for one in entries if one.what == "reported failed"} - arrived
    telling = ("answer sent", "reported delivered", "reported read")
    return [
        one.business_at
        for one in entries
        if one.what in telling and one.number not in failed and one.business_at is not None
    ]
