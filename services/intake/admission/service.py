"""The application of intake: what HTTP, imports and tests call (contract.md#calls-of-intake).

Every way in ends here: decode, ask whether there is room, hand to the committer, await durability.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from services.intake.admission.admission import submission_of
from services.intake.admission.attribution import AttributionClient, FactNotFailingError
from services.intake.admission.authority import May
from services.intake.admission.reading import EventSight, ReadEvent
from services.intake.admission.switch_interval import SwitchInterval
from services.intake.journal.committer import RETRY_AFTER, GroupCommitter
from services.intake.journal.journal import Archive
from services.intake.journal.set_asides import SetAsides
from services.intake.model.submission import (
    Finding,
    IntakeUnavailableError,
    MalformedEventError,
    Outcome,
    RefusedEvent,
    Submission,
)
from shared.contract import BadEvent, SetAside, SettingAside, decode_event
from shared.contract.masking import names_somebody_of
from shared.i18n import bilingual
from shared.platform.postgres.database import Database
from shared.platform.postgres.scoped import within
from shared.sealing.opener import Opener

# So many lines of a batch are decoded, and journalled in one transaction, at a time: requests that arrive
# meanwhile wait for one such piece and not for the whole batch.
PIECE = 1000
# So much is decoded or written before other requests have a turn: some tenths of a millisecond. Threads would only
# take the interpreter from one another, and from the one that journals.
TURN_BYTES = 16 * 1024


class Backpressure(Protocol):
    def demand_room(self) -> None: ...


class NamingReasonError(Exception):
    """The reason of a set-aside names somebody whom its event names."""


class Delayed(Struct, frozen=True, gc=False):
    """A line of a batch that could not be stored now: nothing was promised, it may be sent again."""

    unavailable: IntakeUnavailableError


LineOutcome = Outcome | Delayed


class Intake:
    """Takes events in, one or many, and answers when they are durable."""

    def __init__(
        self,
        committer: GroupCommitter,
        room: Backpressure,
        archive: Archive,
        set_asides: SetAsides,
        attribution: AttributionClient,
        database: Database,
        opener: Opener | None = None,
    ) -> None:
        self._committer = committer
        self._room = room
        self._archive = archive
        self._set_asides = set_asides
        self._attribution = attribution
        self._database = database
        self._opener = opener or Opener()
        self._turns = SwitchInterval()

    async def take(self, raw: bytes, traceparent: str, may: May) -> Outcome:
        """One event, unless `may` says something against it. Raises `BadEvent` or `IntakeUnavailableError`."""
        event = decode_event(raw, recorded=False)
        if (forbidden := may(event)) is not None:
            return forbidden
        submission = submission_of(event, raw, traceparent)
        self._room.demand_room()
        refused = await self._refusal_to_keep(submission)
        if refused is not None:
            return refused
        submission = await self._looked_through(submission)
        (outcome,) = await self._committer.submit((submission,))
        return outcome

    async def take_lines(self, lines: Sequence[bytes], traceparent: str, may: May) -> list[LineOutcome]:
        """Many events in order, each with an outcome of its own; a bad one does not stop the others."""
        outcomes: list[LineOutcome] = []
        with self._turns.sooner():
            for start in range(0, len(lines), PIECE):
                piece = lines[start : start + PIECE]
                outcomes += await self._take_piece(await self._admit_all(piece, traceparent, may))
        return outcomes

    async def carry_over(self, lines: Sequence[bytes], traceparent: str, may: May) -> list[LineOutcome]:
        """The port of imports: entries of an older register, journalled in the order of `occurred_at`.

        Outcomes come in the order of `lines`. Equal times keep the order of the register.
        """
        admitted = await self._admit_all(lines, traceparent, may, imported=True)
        order = sorted(range(len(lines)), key=lambda index: _occurred(admitted[index]))
        outcomes: dict[int, LineOutcome] = {}
        for start in range(0, len(order), PIECE):
            piece = order[start : start + PIECE]
            taken = await self._take_piece([admitted[index] for index in piece])
            outcomes.update(zip(piece, taken, strict=True))
        return [outcomes[index] for index in range(len(lines))]

    async def event(self, id_: str, sight: EventSight) -> ReadEvent | None:
        """The event as the caller may see it; None also where they may not know of it.

        Raises `IntakeUnavailableError` while the database is away.
        """
        try:
            return await asyncio.to_thread(self._event, id_, sight)
        except psycopg.OperationalError as error:
            raise IntakeUnavailableError(
                bilingual("the journal cannot be read at present"), RETRY_AFTER
            ) from error

    async def set_aside(self, scope: str, asked: SettingAside) -> tuple[SetAside, bool]:
        """What stands of the event, and whether that is new.

        Raises `UnknownEventError`, `FactNotFailingError` for a fact on which the scope does not fail, or
        `IntakeUnavailableError`.
        """
        try:
            standing = await asyncio.to_thread(self._standing, scope, asked)
            if standing is not None:
                return standing, False
            failing = await self._attribution.failing(scope)
            if failing != asked.id:
                raise FactNotFailingError(failing)
            await asyncio.to_thread(self._demand_nameless, asked)
            return await asyncio.to_thread(self._set_aside, scope, asked)
        except psycopg.OperationalError as error:
            raise IntakeUnavailableError(
                bilingual("the journal cannot be written at present"), RETRY_AFTER
            ) from error

    def _standing(self, scope: str, asked: SettingAside) -> SetAside | None:
        with self._database.connection() as connection:
            return self._set_asides.standing(connection, scope, asked.id)

    def _demand_nameless(self, asked: SettingAside) -> None:
        """The reason is kept in clear for good: it may not tell whom the event names."""
        with self._database.connection() as connection:
            body = self._archive.event(connection, asked.id)
        if body is None:
            return
        opened: dict[str, Any] = msgspec.json.decode(self._opener.bodies([body])[0])
        if names_somebody_of(asked.reason, opened["type"], opened["data"]):
            raise NamingReasonError

    def _set_aside(self, scope: str, asked: SettingAside) -> tuple[SetAside, bool]:
        with self._database.connection() as connection:
            mark = partial(self._attribution.mark, scope, asked)
            return self._set_asides.record(connection, scope, asked, mark)

    async def set_asides(self, scope: str) -> list[bytes]:
        """What is left out of the judging, a line each. Raises `IntakeUnavailableError`."""
        try:
            return await asyncio.to_thread(self._listed, scope)
        except psycopg.OperationalError as error:
            raise IntakeUnavailableError(
                bilingual("the journal cannot be read at present"), RETRY_AFTER
            ) from error

    async def set_asides_since(self, since: datetime) -> list[tuple[str, bytes]]:
        """What is left out of the judging in any scope since then. Raises `IntakeUnavailableError`."""
        try:
            return await asyncio.to_thread(self._listed_since, since)
        except psycopg.OperationalError as error:
            raise IntakeUnavailableError(
                bilingual("the journal cannot be read at present"), RETRY_AFTER
            ) from error

    def _listed_since(self, since: datetime) -> list[tuple[str, bytes]]:
        with self._database.connection() as connection:
            return self._set_asides.since(connection, since)

    def _listed(self, scope: str) -> list[bytes]:
        with within(self._database, scope) as connection:
            return self._set_asides.listed(connection, scope)

    def _event(self, id_: str, sight: EventSight) -> ReadEvent | None:
        with self._database.connection() as connection:
            body = self._archive.event(connection, id_)
        if body is None:
            return None
        event = decode_event(body, recorded=True)
        role = sight.role(event)
        if role is None:
            return None
        return ReadEvent(sight.shown(event, self._opener.bodies([body])[0]), event.scope, role)

    async def _admit_all(
        self, lines: Sequence[bytes], traceparent: str, may: May, *, imported: bool = False
    ) -> list[Submission | RefusedEvent]:
        admitted: list[Submission | RefusedEvent] = []
        read = 0
        for line in lines:
            if read > TURN_BYTES:
                read = 0
                await asyncio.sleep(0)
            read += len(line)
            admitted.append(_admit(line, traceparent, may, imported))
        return admitted

    async def _take_piece(self, admitted: Sequence[Submission | RefusedEvent]) -> list[LineOutcome]:
        ready = [await self._ready(entry) if _adopts(entry) else entry for entry in admitted]
        submissions = [entry for entry in ready if isinstance(entry, Submission)]
        stored = iter(await self._store(submissions))
        return [next(stored) if isinstance(entry, Submission) else entry for entry in ready]

    async def _ready(self, entry: Submission | RefusedEvent) -> Submission | RefusedEvent | Delayed:
        try:
            return await self._refusal_to_keep(entry) or entry
        except IntakeUnavailableError as unavailable:
            return Delayed(unavailable)

    async def _refusal_to_keep(self, entry: Submission | RefusedEvent) -> RefusedEvent | None:
        """What speaks against it if it adopts a rulebook; the text of one that may be adopted is there for all then."""
        if not isinstance(entry, Submission) or entry.adopts is None:
            return None
        return await self._attribution.keep(*entry.adopts)

    async def _looked_through(self, submission: Submission) -> Submission:
        """A finding with who received its visit; everything else as it is. Raises `IntakeUnavailableError`."""
        if submission.finds is None:
            return submission
        try:
            finds = await asyncio.to_thread(self._received, submission.scope, submission.finds)
        except psycopg.OperationalError as error:
            raise IntakeUnavailableError(
                bilingual("the journal cannot be read at present"), RETRY_AFTER
            ) from error
        return replace(submission, finds=finds)

    def _received(self, scope: str, finds: Finding) -> Finding:
        with within(self._database, scope) as connection:
            return self._archive.look_through(connection, scope, finds)

    async def _store(self, submissions: Sequence[Submission]) -> Sequence[LineOutcome]:
        if not submissions:
            return ()
        try:
            self._room.demand_room()
            submissions = [s if s.finds is None else await self._looked_through(s) for s in submissions]
            return await self._committer.submit(submissions)
        except IntakeUnavailableError as unavailable:
            return [Delayed(unavailable)] * len(submissions)


def _admit(line: bytes, traceparent: str, may: May, imported: bool) -> Submission | RefusedEvent:
    try:
        event = decode_event(line, recorded=False, imported=imported)
        return may(event) or submission_of(event, line, traceparent)
    except BadEvent as error:
        return MalformedEventError(error.path, error.rule, error.message)


def _adopts(entry: Submission | RefusedEvent) -> bool:
    return isinstance(entry, Submission) and entry.adopts is not None


def _occurred(entry: Submission | RefusedEvent) -> float:
    return entry.occurred_at.timestamp() if isinstance(entry, Submission) else 0.0
