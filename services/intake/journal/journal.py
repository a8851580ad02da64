"""The journal in PostgreSQL: append-only facts, a gap-free seq per scope (ADR 0003).

One transaction a group and two round trips: the first takes the locks and reads what is known, the second
writes everything with one `unnest` a table. The heads' locks make the order within a scope; an id, an office
or a scope that another process took in the same moment makes the transaction fail, and the group is planned
again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import psycopg
import structlog
from msgspec.structs import replace
from psycopg import errors
from psycopg.rows import TupleRow

from services.intake.journal.heads import SeenHeads, WentBackError
from services.intake.journal.numbering import (
    INSTANT,
    KnownEvent,
    Numbered,
    Numberer,
    Numbering,
    RulebookRegistry,
    ScopeHead,
    SeqRange,
)
from services.intake.journal.registers import RegisterQuestions, keep_schemes
from services.intake.model.receivers import receivers
from services.intake.model.submission import (
    Finding,
    IntakeUnavailableError,
    JournalPlace,
    Outcome,
    Submission,
)
from services.intake.model.warning import Roll, asked, moved
from shared.contract import stamp_canonical
from shared.contract.sealed import prover_of
from shared.i18n import bilingual
from shared.platform.postgres.binary_arrays import Column, column, columns
from shared.platform.postgres.database import queries
from shared.platform.postgres.dedicated import Link
from shared.rules.schemes.loading import SchemeRegistry

log = structlog.get_logger()

SQL = queries("services.intake")

# Advisory locks are numbers in one space for the whole database; these are the service's.
WATERMARK_LOCK = 0x70616E6B65_01
RELAY_LOCK = 0x70616E6B65_02

PLANNED_AGAIN = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)
ATTEMPTS = 5
EXPORT_ROWS = 1000

NOT_COMPARED = bilingual(
    "the journal has not been compared with its topic since the database was started or its rows restored"
)
RETRY_UNCOMPARED = 2
RETRY_LACKING = 60

_SEALED = bilingual("the journal in this database is under seal: give its file of keys as PANKE_KEYS")
_IN_CLEAR = bilingual(
    "the journal in this database is in clear, and keys were given: put it under seal by panke journal seal, or go on "
    "without PANKE_KEYS and with PANKE_INTAKE_JOURNAL_IN_CLEAR=true"
)
_BETWEEN = bilingual(
    "the journal in this database is half under seal: stop every service and call panke journal seal again, "
    "which goes on"
)

Connection = psycopg.Connection[TupleRow]


class Clock(Protocol):
    def now(self) -> datetime: ...


class WrongDeploymentError(Exception):
    """The journal was begun by a demonstration and this is none, or the other way round."""


class Journal:
    """Appends groups. Used by one thread at a time; several processes may each have one."""

    def __init__(
        self,
        dsn: str,
        *,
        topic: str,
        clock: Clock,
        knows_rulebook: RulebookRegistry,
        default_rulebook: str,
        schemes: SchemeRegistry | None = None,
    ) -> None:
        self._topic = topic
        self._link = Link(dsn, "panke-intake-journal")
        self._clock = clock
        self._knows_rulebook = knows_rulebook
        self._default_rulebook = default_rulebook
        self._schemes = SchemeRegistry() if schemes is None else schemes
        self._seen = SeenHeads()

    def close(self) -> None:
        self._link.close()

    def append(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Place every submission, in order, and answer when that is durable.

        A connection that was lost since it was used last costs nobody an answer: what its transaction stored all the
        same is found again by its ids.
        """
        attempt = 0
        while True:
            attempt += 1
            stood = self._link.stands
            try:
                return self._append_once(submissions)
            except PLANNED_AGAIN:
                if attempt == ATTEMPTS:
                    raise
            except psycopg.OperationalError:
                if not stood or self._link.stands:
                    raise
            except WentBackError as error:
                log.error("journal_went_back", scopes=dict(list(error.lost.items())[:100]))
                self._link.get().execute(SQL["void_comparison"])
                raise

    def rest(self) -> None:
        """Nothing is remembered that would have to be forgotten."""

    def sealed_by(self, ids: Sequence[str]) -> dict[str, tuple[KnownEvent, str]]:
        """Those of the events that are recorded, and whose key proves the content, if one does."""
        connection = self._link.get()
        found = {}
        for *place, digest in connection.execute(SQL["known_ids"], {"ids": column(list(ids))}).fetchall():
            known = known_place(*place)
            body = connection.execute(SQL["fact_by_id"], {"id": known.id}).fetchone()
            by = None if body is None else prover_of(bytes(body[0]))
            if by is not None:
                found[known.id] = (KnownEvent(known, bytes(digest)), by)
        return found

    def _append_once(self, submissions: Sequence[Submission]) -> list[Outcome]:
        connection = self._link.get()
        with connection.pipeline(), connection.transaction():
            planner = self._load(connection, submissions)
            plan = planner.plan(submissions)
            if plan.facts:
                write(connection, plan, lambda _: self._default_rulebook)
                keep_schemes(connection, (fact.submission for fact in plan.facts), self._schemes)
        self._seen.note({scope: head.seq for scope, head in plan.heads.items()})
        return plan.outcomes

    def _load(self, connection: Connection, submissions: Sequence[Submission]) -> Numberer:
        """Take the locks, then read: each statement sees what was committed before it began."""
        scopes = sorted({submission.scope for submission in submissions})
        run = connection.execute
        run(SQL["share_watermark"], {"key": WATERMARK_LOCK})
        heads = run(SQL["lock_heads"], {"scopes": column(scopes)})
        known = run(SQL["known_ids"], {"ids": column([submission.id for submission in submissions])})
        offices = run(SQL["known_offices"], {"offices": column(list({s.office for s in submissions}))})
        standing = run(SQL["standing"], {"topic": self._topic})
        staff = self._ask_staff(connection, scopes, submissions)
        since = self._ask_visits(connection, submissions)
        registers = RegisterQuestions(connection, submissions)
        # Fetched in the order of sending: the first that failed tells why, the later ones only that it did.
        found_heads = heads.fetchall()
        found_ids = known.fetchall()
        found_offices = offices.fetchall()
        promised_at, lacks = _one(standing)
        found_staff = staff.fetchall()
        demand_comparison(lacks)
        self._seen.demand(scopes, {scope: seq for scope, seq, _ in found_heads})
        received = {
            (scope, visit): receiver
            for scope, rows in since.items()
            for visit, receiver in receivers(bytes(body) for (body,) in rows).items()
        }
        return Numberer(
            heads={scope: ScopeHead(seq, recorded_at) for scope, seq, recorded_at in found_heads},
            known=[KnownEvent(known_place(*place), bytes(digest)) for *place, digest in found_ids],
            offices=dict(found_offices),
            # The clock is read under the locks: what was promised to consumers before stays true.
            not_before=max(self._clock.now(), promised_at + INSTANT),
            knows_rulebook=self._knows_rulebook,
            received=received,
            roll=Roll(
                {(scope, member): left for scope, member, left in found_staff if member is not None},
                (scope for scope, member, _ in found_staff if member is None),
            ),
            registers=registers.answered(self._schemes),
        )

    @staticmethod
    def _ask_staff(
        connection: Connection, scopes: list[str], submissions: Sequence[Submission]
    ) -> psycopg.Cursor[TupleRow]:
        """Whoever is named, as they stand before this group."""
        named = sorted(asked(submissions))
        return connection.execute(SQL["known_staff"], _staff_columns(named) | {"all": column(scopes)})

    @staticmethod
    def _ask_visits(
        connection: Connection, submissions: Sequence[Submission]
    ) -> dict[str, psycopg.Cursor[TupleRow]]:
        """The visits that came after the journal was looked through for a finding; mostly nothing is asked."""
        after: dict[str, int] = {}
        for submission in submissions:
            finds = submission.finds
            if finds is not None and finds.receiver is None:
                after[submission.scope] = min(finds.until, after.get(submission.scope, finds.until))
        return {
            scope: connection.execute(
                SQL["visits_of_scope"], {"scope": scope, "after": until, "sought": None}
            )
            for scope, until in after.items()
        }


def write(connection: Connection, plan: Numbering, begins_under: Callable[[str], str]) -> None:
    """Everything that the plan holds, and what of it is to be sent, in the transaction of the caller."""
    run = connection.execute
    run(SQL["insert_facts"], _fact_columns(plan.facts))
    if plan.firsts:
        enqueue(connection, plan.ranges())
    for query, heads in _heads(plan):
        run(SQL[query], {**_head_columns(heads), "rulebooks": [begins_under(scope) for scope in heads]})
    members = moved(fact.submission for fact in plan.facts)
    if members:
        departed = column(list(members.values()), datetime)
        run(SQL["put_staff"], _staff_columns(members) | {"departed": departed})
    if plan.new_offices:
        offices = sorted(plan.new_offices)
        scopes = [plan.new_offices[office] for office in offices]
        run(SQL["insert_offices"], {"offices": column(offices), "scopes": column(scopes)})


def known_place(
    id_: str, scope: str, seq: int, recorded_at: datetime, warnings: bytes | None
) -> JournalPlace:
    """A row of ids as the place that it is."""
    return JournalPlace(id_, scope, seq, recorded_at, None if warnings is None else bytes(warnings))


def _fact_columns(facts: Sequence[Numbered]) -> dict[str, Column | list[Any]]:
    places = [fact.place for fact in facts]
    submissions = [fact.submission for fact in facts]
    bodies = [
        stamp_canonical(submission.body, place.recorded_at)
        for place, submission in zip(places, submissions, strict=True)
    ]
    return {
        "scopes": column([place.scope for place in places], str),
        "seqs": column([place.seq for place in places], int),
        "ids": column([place.id for place in places], str),
        "types": column([submission.type for submission in submissions], str),
        "recorded": column([place.recorded_at for place in places], datetime),
        "digests": column([submission.digest for submission in submissions], bytes),
        "bodies": column(bodies, bytes),
        "contacts": column([submission.contacts for submission in submissions], bytes),
        "traces": column([submission.traceparent for submission in submissions], str),
        "warnings": column([place.warnings for place in places], bytes),
    }


def _heads(plan: Numbering) -> Iterator[tuple[str, dict[str, ScopeHead]]]:
    new = {scope: head for scope, head in plan.heads.items() if scope in plan.new_scopes}
    moved = {scope: head for scope, head in plan.heads.items() if scope not in plan.new_scopes}
    if new:
        yield "insert_heads", new
    if moved:
        yield "update_heads", moved


class Archive:
    """Reads the journal: one event, or a whole scope in order."""

    def event(self, connection: Connection, id_: str) -> bytes | None:
        row = connection.execute(SQL["fact_by_id"], {"id": id_}).fetchone()
        return None if row is None else bytes(row[0])

    def default_rulebook(self, connection: Connection, scope: str) -> str | None:
        """What the scope is judged under until it adopts one; None for a scope that has no fact."""
        row = connection.execute(SQL["head"], {"scope": scope}).fetchone()
        return None if row is None else str(row[2])

    def look_through(self, connection: Connection, scope: str, finds: Finding) -> Finding:
        """The finding with who received its visit, up to which seq that was looked for."""
        with connection.transaction():
            row = connection.execute(SQL["head"], {"scope": scope}).fetchone()
            until = 0 if row is None else int(row[0])
            asked = {"scope": scope, "after": 0, "sought": finds.visit.encode()}
            with connection.cursor("visits") as cursor:
                cursor.itersize = EXPORT_ROWS
                cursor.execute(SQL["visits_of_scope"], asked)
                bodies = (bytes(body) for (body,) in cursor)
                return replace(finds, receiver=receivers(bodies).get(finds.visit), until=until)

    def export(self, connection: Connection, scope: str) -> Generator[bytes]:
        """The envelopes with `recorded_at`, by seq, then what was set aside; streamed, whatever their number.

        What was set aside is read first: else an event could be named that came after the others were read.
        """
        with connection.transaction(), connection.cursor("export") as cursor:
            aside = connection.execute(SQL["set_asides_of_scope"], {"scope": scope}).fetchall()
            cursor.itersize = EXPORT_ROWS
            cursor.execute(SQL["export_scope"], {"scope": scope})
            for (body,) in itertools.chain(cursor, aside):
                yield bytes(body)


def demand_comparison(lacks: str | None) -> None:
    """Raise `IntakeUnavailableError` unless this journal was held against its topic here and has all of it."""
    if lacks is None:
        raise IntakeUnavailableError(NOT_COMPARED, RETRY_UNCOMPARED)
    if lacks:
        raise IntakeUnavailableError(f"{lacks}; panke journal recover", RETRY_LACKING)


def enqueue(connection: Connection, ranges: Iterable[SeqRange]) -> None:
    """Put ranges into the outbox, in order."""
    scopes, first, last = columns(ranges)
    connection.execute(SQL["enqueue"], {"scopes": scopes, "first": first, "last": last})


def declare_deployment(connection: Connection, *, demonstration: bool, sealed: bool = False) -> None:
    """Say once what kind of deployment this journal is of; refuse to go on as another kind."""
    connection.execute(SQL["declare_deployment"], {"demonstration": demonstration, "sealed": sealed})
    if connection.execute(SQL["sealing_over"]).fetchone() == (False,):
        raise WrongDeploymentError(_BETWEEN)
    stored, under_seal = _one(connection.execute(SQL["deployment"]))
    if under_seal != sealed:
        raise WrongDeploymentError(_SEALED if under_seal else _IN_CLEAR)
    if stored != demonstration:
        kind = "a demonstration" if stored else "a real deployment"
        raise WrongDeploymentError(f"the journal in this database belongs to {kind}; use another database")


def _staff_columns(members: Collection[tuple[str, str]]) -> dict[str, Column | list[Any]]:
    """Members of staff, each of a scope."""
    return {"scopes": column([scope for scope, _ in members]), "staff": column([one for _, one in members])}


def _head_columns(heads: dict[str, ScopeHead]) -> dict[str, Any]:
    return {
        "scopes": column(list(heads)),
        "seqs": column([head.seq for head in heads.values()]),
        "recorded": column([head.recorded_at for head in heads.values()]),
    }


def _one(cursor: psycopg.Cursor[TupleRow]) -> TupleRow:
    row = cursor.fetchone()
    if row is None:
        raise LookupError("a row that every journal has is missing")
    return row
