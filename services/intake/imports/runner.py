"""Runs imports that wait, one at a time: a process of its own reads the file, and intake records what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Final

import msgspec
import structlog

from services.intake.admission.service import Intake
from services.intake.books.grid import BookLimits
from services.intake.imports.entries import ImportTerms, ReadEntry
from services.intake.imports.jobs import ImportJobs, RowTally, TakenImport
from services.intake.imports.preview import (
    MOST_ROWS,
    PreviewOrder,
    as_kept,
    run_preview,
)
from services.intake.imports.process import (
    ProcessLimits,
    Refusals,
    Rejections,
    SheetRead,
    run_reading,
)
from services.intake.imports.recording import EntryRecorder
from services.intake.imports.sheet import SheetOrder
from shared.access.reporting import Reporting
from shared.contract.answers.imports import ImportPreview, ImportProblem
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError
from shared.platform.postgres.job_loop import BEAT, JobEvents, JobLoop
from shared.platform.threads import Threads
from shared.sealing.opener import Opener

log: Final = structlog.get_logger()

EVENTS: Final = JobEvents("imports_away", "imports_not_cleaned", "import_not_left", job="import_id")

ENDING: Final = 5.0


class ImportEndedError(Exception):
    """The import was cancelled, or is another process's now."""

    def __init__(self, *, cancelled: bool) -> None:
        super().__init__()
        self.cancelled = cancelled


@dataclass(slots=True)
class ReadingProcess:
    """The process that reads a file, and the pipe to it."""

    process: SpawnProcess
    pipe: Connection

    def heard(self) -> Any:
        """What it says within a beat; None where it says nothing."""
        if not self.pipe.poll(BEAT):
            return None
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(ENDING)
            told = bilingual("the process that read the file was ended: {code}", code=self.process.exitcode)
            return ImportProblem("file", "limit", told)
        return said

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass(frozen=True, slots=True)
class ReadingTerms:
    """What holds for every import of this deployment."""

    zone: str
    dsn: str
    rulebook_folder: str
    books: BookLimits
    process: ProcessLimits
    now: Callable[[], datetime]


@dataclass(slots=True)
class RunningImport:
    """One import while it runs."""

    taken: TakenImport
    reading: ReadingProcess
    tally: RowTally = field(default_factory=RowTally)
    first: list[ReadEntry] = field(default_factory=list)
    entries: int = 0


class ImportRunner:
    """The part of the service; `told` hears how many wait and run, and how many rows became what."""

    def __init__(
        self,
        jobs: ImportJobs,
        intake: Intake,
        reporting: Reporting,
        opener: Opener,
        terms: ReadingTerms,
        told: Callable[[int, int], None],
        ended: Callable[[RowTally], None],
    ) -> None:
        self._jobs = jobs
        self._intake = intake
        self._reporting = reporting
        self._opener = opener
        self._terms = terms
        self._ended = ended
        self._threads = Threads("imports", 3)
        self._loop = JobLoop(jobs, self._threads, self._run, told, EVENTS)

    def wake(self) -> None:
        """One was asked for: it need not wait for the next look."""
        self._loop.wake()

    async def run(self) -> None:
        """Until it is cancelled; what runs then is given back."""
        await self._loop.run(workers=1)

    def close(self) -> None:
        self._threads.close()

    async def _run(self, taken: TakenImport) -> None:
        log.info("import_begun", import_id=taken.id, scope=taken.row.scope)
        reading: ReadingProcess | None = None
        try:
            reading = await self._threads.run(self._begun, taken)
            await self._through(RunningImport(taken, reading))
        except ImportEndedError as ended:
            if ended.cancelled:
                await self._threads.run(self._jobs.cancelled, taken)
            log.info("import_ended_early", import_id=taken.id, cancelled=ended.cancelled)
        except ProblemError as error:  # what is privileged cannot be put on record now: it is taken again
            log.warning("import_not_on_record", import_id=taken.id, detail=error.detail)
            await self._threads.run(self._jobs.leave, taken)
            await asyncio.sleep(BEAT)
        finally:
            if reading is not None:
                reading.end()

    def _begun(self, taken: TakenImport) -> ReadingProcess:
        return self._started(run_reading, self._order(taken))

    def _started(self, target: Callable[..., None], order: object) -> ReadingProcess:
        context = get_context("spawn")  # a fork of a process with threads and connections is not safe
        ours, theirs = context.Pipe()
        process = context.Process(target=target, args=(theirs, self._terms.process), daemon=True)
        process.start()
        theirs.close()
        ours.send(order)
        return ReadingProcess(process, ours)

    def _order(self, taken: TakenImport) -> SheetOrder:
        row, asked = taken.row, taken.asked
        terms = ImportTerms(
            kind=row.kind,
            scope=row.scope,
            office=row.office,
            actor=asked.actor,
            register=asked.file,
            now=self._terms.now(),
            zone=self._terms.zone,
            year=asked.year,
            attested_by=asked.attested_by,
        )
        return SheetOrder(
            taken.content, terms, taken.members, taken.secret, asked.sheet, asked.mapping, self._terms.books
        )

    async def _through(self, running: RunningImport) -> None:
        """From the first word of the process to the end of the import. Raises `ImportEndedError`."""
        taken, tally = running.taken, running.tally
        found = await self._heard(running)
        if isinstance(found, ImportProblem):
            await self._threads.run(self._jobs.failed, taken, found)
            log.warning("import_failed", import_id=taken.id, rule=found.rule)
            return
        assert isinstance(found, SheetRead), "the process says this first"
        recorded = await self._recorded(taken, found.given)
        tally.read, tally.duplicates = found.rejected, len(recorded)
        tally.rejected = found.rejected - len(recorded)
        await self._threads.run(self._jobs.put_sheet, taken, found.sheet)
        recorder = EntryRecorder(taken, self._jobs, self._intake, self._reporting, self._threads)
        left = running.entries = found.entries
        while left:
            piece = await self._heard(running)
            if isinstance(piece, ImportProblem):
                await self._threads.run(self._jobs.failed, taken, piece)
                return
            assert isinstance(piece, list), "entries come behind"
            left -= len(piece)
            if taken.asked.dry_run:
                await self._compare(running, piece)
            elif not await recorder.record(piece, tally, lambda: self._holds(running)):
                raise ImportEndedError(cancelled=True)
            await self._hold(running)
        await self._finish(running, Refusals(recorder.rejected, recorded))

    async def _recorded(self, taken: TakenImport, given: dict[int, str]) -> frozenset[int]:
        """Rows that cannot be read whose record is there, by the id that the sheet gives them."""
        known = await self._threads.run(self._jobs.recorded, list(given.values()))
        return frozenset(row for row, id_ in given.items() if known.get(id_, ("",))[0] == taken.row.scope)

    async def _compare(self, running: RunningImport, piece: list[Any]) -> None:
        """Of a trial: which rows would be new."""
        known = await self._threads.run(self._jobs.recorded, [one.id for one in piece])
        running.first += piece[: MOST_ROWS - len(running.first)]
        running.tally.read += len(piece)
        running.tally.duplicates += len(known)
        running.tally.accepted += len(piece) - len(known)

    async def _finish(self, running: RunningImport, refused: Refusals) -> None:
        await self._threads.run(running.reading.pipe.send, refused)
        last = await self._heard(running)
        if isinstance(last, ImportProblem):
            await self._threads.run(self._jobs.failed, running.taken, last)
            return
        assert isinstance(last, Rejections), "the process ends with these"
        preview = await self._previewed(running) if running.first else None
        await self._threads.run(self._jobs.done, running.taken, running.tally, last.first, last.rows, preview)
        if not running.taken.asked.dry_run:
            self._ended(running.tally)
        log.info("import_done", import_id=running.taken.id, rows=running.tally.read)

    async def _previewed(self, running: RunningImport) -> bytes:
        """What the first rows of a trial would decide."""
        row, terms = running.taken.row, self._terms
        kept = await self._threads.run(as_kept, running.first, row.kind, row.scope, terms.now(), self._opener)
        order = PreviewOrder(
            terms.dsn, terms.rulebook_folder, row.scope, running.first, kept, running.entries
        )
        judging = await self._threads.run(self._started, run_preview, order)
        try:
            said = await self._heard(replace(running, reading=judging))
        finally:
            await self._threads.run(judging.end)
        told = ImportPreview([], running.entries, said.message) if isinstance(said, ImportProblem) else said
        return msgspec.json.encode(told)

    async def _heard(self, running: RunningImport) -> Any:
        """What the process says next; the lease goes on meanwhile. Raises `ImportEndedError`."""
        deadline = time.monotonic() + self._terms.process.seconds
        while (said := await self._threads.run(running.reading.heard)) is None:
            if time.monotonic() > deadline:
                told = bilingual(
                    "the file took more than {seconds} s to read", seconds=self._terms.process.seconds
                )
                return ImportProblem("file", "limit", told)
            await self._hold(running)
        return said

    async def _hold(self, running: RunningImport) -> None:
        goes_on = await self._threads.run(self._jobs.hold, running.taken, running.tally)
        if not goes_on:
            raise ImportEndedError(cancelled=goes_on is not None)

    async def _holds(self, running: RunningImport) -> bool:
        await self._hold(running)
        return True
