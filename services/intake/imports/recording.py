"""Entries of an old book into the journal, by the way that every event takes (contract.md#carried)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from services.intake.admission.access_record import put_on_record
from services.intake.admission.authority import CallerRights
from services.intake.admission.service import Delayed, Intake, LineOutcome
from services.intake.imports.entries import ReadEntry, RejectedRow
from services.intake.imports.faults import RowFault
from services.intake.imports.jobs import ImportJobs, RowTally, TakenImport
from services.intake.model.submission import Accepted, Conflict, Duplicate, RefusedEvent
from shared.access.reporting import Reporting
from shared.access.table import permission_table
from shared.i18n import bilingual
from shared.platform.telemetry.telemetry import next_span
from shared.platform.threads import Threads

MOST_WAIT: Final = 15.0
_CONFLICT: Final = bilingual("this id is recorded with other content; nothing was changed")

GoesOn = Callable[[], Awaitable[bool]]


class EntryRecorder:
    """Records pieces of one import; what stood in the journal before it is a duplicate, whatever else the row says."""

    def __init__(
        self, taken: TakenImport, jobs: ImportJobs, intake: Intake, reporting: Reporting, threads: Threads
    ) -> None:
        self._taken = taken
        self._jobs = jobs
        self._intake = intake
        self._reporting = reporting
        self._threads = threads
        self.rejected: list[RejectedRow] = []

    async def record(self, entries: Sequence[ReadEntry], tally: RowTally, goes_on: GoesOn) -> bool:
        """Whether all of them were recorded, refused or known; False where the import ends before."""
        known = await self._threads.run(self._jobs.recorded, [one.id for one in entries])
        waiting: list[ReadEntry] = []
        for one in entries:
            scope, seq = known.get(one.id, ("", 0))
            if seq and (scope != self._taken.row.scope or seq <= self._taken.row.begun_seq):
                tally.duplicates += 1
                tally.read += 1
            else:
                waiting.append(one)
        while waiting:
            waiting, pause = await self._some(waiting, tally)
            if waiting:
                await asyncio.sleep(pause)
                if not await goes_on():
                    return False
        return True

    async def _some(self, entries: Sequence[ReadEntry], tally: RowTally) -> tuple[list[ReadEntry], float]:
        """Those that cannot be stored now, and how long to wait for them."""
        may = CallerRights(permission_table(), self._taken.asked.caller)
        outcomes = await self._intake.carry_over([one.body for one in entries], next_span().traceparent, may)
        await put_on_record(self._reporting, may, outcomes, self._taken.asked.address)
        later: list[ReadEntry] = []
        pause = 0.0
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Delayed):
                later.append(entry)
                pause = min(MOST_WAIT, max(pause, outcome.unavailable.retry_after))
            else:
                self._settle(entry, outcome, tally)
        return later, pause

    def _settle(self, entry: ReadEntry, outcome: LineOutcome, tally: RowTally) -> None:
        tally.read += 1
        match outcome:
            case Accepted() | Duplicate():
                tally.accepted += 1
                return
            case Conflict():
                fault = RowFault("id", "same_content", _CONFLICT)
            case RefusedEvent(path=path, rule=rule, message=message):
                fault = RowFault(path, rule, message)
            case _:
                raise TypeError(type(outcome).__name__)
        tally.rejected += 1
        self.rejected.append(RejectedRow(entry.row, [fault], entry.id if entry.again > 1 else None))
