"""What was told to whom for which claim, when, and what the provider answered: for an auditor, months later.

Each entry has both times: the business time, by which a claim lapses, and the machine's, by which a provider's
own records go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.notifier.history.listing import Cursor, Moment, ShownAlert
from services.notifier.history.reach import EVERYTHING, AlertReach
from shared.contract.case_numbers import case_number
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.scoped import asked_of
from shared.sealing.opener import Opener

# Alerts of a page, each with its history.
PAGE: Final = 1000


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

    customer: str | None
    scope: str | None = None
    claim_seq: int | None = None
    # What a case number is found by (`shared.contract.case_numbers.case_digest`).
    case: bytes | None = None

    @property
    def seen_in(self) -> str | None:
        """As of `Filter`."""
        return None if self.case is not None else self.scope


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
            rows: list[Any] = connection.execute(self._sql["log_page"], given).fetchall()
            histories = self._histories(connection, [row[0] for row in rows])
        return [_logged(row, histories[row[0]]) for row in rows]

    def whole_log(self, asked: LogQuery) -> Iterator[LoggedAlert]:
        """All of them, a page at a time: a customer of many years has thousands."""
        after: Cursor | None = None
        while found := self.log(asked, after):
            yield from found
            if len(found) < PAGE:
                return
            after = (found[-1].due_at, found[-1].id)

    def _histories(self, connection: Any, ids: list[UUID]) -> defaultdict[UUID, list[LogEntry]]:
        found: defaultdict[UUID, list[LogEntry]] = defaultdict(list)
        channels: dict[tuple[UUID, int], str] = {}
        rows = connection.execute(self._sql["attempts_log"], {"ids": ids}).fetchall()
        destinations = self._opener.texts([row[3] for row in rows])
        for (alert, number, channel, _, *rest), destination in zip(rows, destinations, strict=True):
            channels[alert, number] = channel
            found[alert] += [replace(one, number=number) for one in _attempted(channel, destination, *rest)]
        for alert, at, business_at, state, reason in connection.execute(
            self._sql["transitions_log"], {"ids": ids}
        ):
            found[alert].append(LogEntry(at, business_at, state, reason=reason))
        for alert, number, status, told_at, answer, at, business_at in connection.execute(
            self._sql["receipts_log"], {"ids": ids}
        ):
            report = f"{told_at} {answer}".strip()
            what = f"reported {status}"
            channel = channels.get((alert, number))
            found[alert].append(LogEntry(at, business_at, what, channel, answer=report, number=number))
        return found


def _attempted(
    channel: str, destination: str, recipient: str | None, digest: UUID | None, message: str, *times: Any
) -> Iterable[LogEntry]:
    started_at, business_at, known_at, behind, answered_at, answered_business_at, outcome, answer = times
    yield LogEntry(
        started_at, business_at, "call", channel, recipient, destination, digest, message, known_at, behind
    )
    if outcome is not None:
        yield LogEntry(answered_at, answered_business_at, f"answer {outcome}", channel, answer=answer)


def _logged(row: Any, history: list[LogEntry]) -> LoggedAlert:
    identity, scope, customer, *rest = row
    claim_seq, step, audience, staff, owner, due_at, deadline, state, reason, *_, made_at, made_business = (
        rest
    )
    entries = [LogEntry(made_at, made_business, "made"), *history]
    entries.sort(key=lambda one: (one.at is not None, one.at))
    taken = _reached_at(entries)
    return LoggedAlert(
        identity,
        case_number(customer),
        scope,
        customer,
        claim_seq,
        step,
        audience,
        staff,
        owner,
        due_at,
        deadline,
        state,
        reason,
        any(at < deadline for at in taken),
        tuple(entries),
    )


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
