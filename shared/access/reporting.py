"""Tells the record of access what a service showed, did and refused: kept first, sent soon (ADR 0037).

A report of what was shown is committed in the service's own database before the answer leaves, and is sent until access
has taken it. Refusals are no promise to anybody: they are kept in batches, beyond a bound as a number.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
import structlog

from shared.access.caller import Caller
from shared.access.guard import Refusal
from shared.access.report import AccessReport, Passage, ReportedAct
from shared.access.report_metrics import ReportMetrics
from shared.access.reports import KeptReports
from shared.contract import format_instant
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError, unavailable
from shared.platform.threads import Threads

log: Final = structlog.get_logger()

EVERY: Final = 0.5
MOST: Final = 500
"""Refusals of one batch that are told one by one; of what comes besides is told how many."""
MOST_REFUSALS: Final = 10_000
"""Refusals that may wait in the database, which anybody could fill; beyond them each batch is told as a number."""
_REFUSED: Final = (401, 403, 404)
_SCOPE: Final = re.compile(r"[a-z0-9-]{1,64}")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Reporting:
    """Keeps the reports of one service."""

    def __init__(self, kept: KeptReports, metrics: ReportMetrics, now: Callable[[], datetime]) -> None:
        self._kept = kept
        self._metrics = metrics
        self._now = now
        self._threads = Threads("access reports", 1)
        self._waiting: list[tuple[Sequence[AccessReport], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._refusals: list[AccessReport] = []
        self._besides = 0
        self._refusals_stored = 0
        self.news = asyncio.Event()

    async def passed(self, passage: Passage) -> None:
        """Keep what an answer shows, before it leaves. Raises `ProblemError` where it cannot be kept."""
        shown = passage.shown
        await self.keep(
            self.report(
                passage.act, passage.caller, action=passage.action, role=passage.role, scope=shown.scope,
                customer=shown.customer, count=shown.count, address=passage.address, detail=shown.detail,
            )
        )  # fmt: skip

    async def keep(self, *reports: AccessReport) -> None:
        """Durable when this returns; whoever comes while others are written goes with the next.

        Raises `ProblemError` where the database does not keep them.
        """
        if not reports:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((reports, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        try:
            await done
        except psycopg.Error as error:
            log.error("report_not_kept", error=type(error).__name__, reports=len(reports))
            raise unavailable(
                bilingual("what this would show cannot be put on record now; nothing is shown"), 5
            ) from None

    async def refused(self, refusal: Refusal) -> None:
        """Note that somebody was not let in."""
        if refusal.status not in _REFUSED:
            return
        self._metrics.refusals.labels(str(refusal.status)).inc()
        if len(self._refusals) >= MOST or self._refusals_stored >= MOST_REFUSALS:
            self._besides += 1
            return
        self._refusals.append(
            self.report(
                "refused", refusal.caller, action=refusal.action, scope=refusal.scope,
                address=refusal.address, status=refusal.status, detail=refusal.detail,
            )
        )  # fmt: skip

    def report(
        self, act: ReportedAct, caller: Caller | None, *, id: str | None = None, **known: Any
    ) -> AccessReport:
        """A report of now, without what does not apply."""
        who: dict[str, Any] = {}
        if caller is not None:
            who = {"account": caller.subject, "login": caller.login, "session": caller.session}
        said = {name: value for name, value in (who | known).items() if value is not None}
        if _SCOPE.fullmatch(said.get("scope", "-")) is None:  # of a refused address: anything may stand there
            del said["scope"]
        for name in ("login", "detail"):
            if name in said:
                said[name] = _UNSEEN.sub(" ", said[name])[:200]
        return AccessReport(id or str(uuid.uuid4()), format_instant(self._now()), act, **said)

    async def run(self) -> None:
        """Keep refusals, and look what waits, again and again."""
        while True:
            await self.flush()
            await asyncio.sleep(EVERY)

    async def flush(self) -> None:
        """Keep the refusals of late; what cannot be kept waits on."""
        batch, besides = list(self._refusals), self._besides
        if not batch and not besides:
            return
        more = [self.report("refused", None, count=besides, detail="more of them")] if besides else []
        try:
            await self.keep(*batch, *more)
        except ProblemError:
            return
        del self._refusals[: len(batch)]
        self._besides -= besides

    async def look(self) -> None:
        """Bring the figures of what waits up to date."""
        backlog = await self._threads.run(self._kept.backlog)
        self._refusals_stored = backlog.refusals
        self._metrics.show(backlog)

    async def close(self) -> None:
        """Keep what is left, and let the thread go."""
        await self.flush()
        await asyncio.to_thread(self._threads.close)

    async def _write(self) -> None:
        """All that wait in one transaction, until none does."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            reports = [report for some, _ in batch for report in some]
            error = await self._stored(reports)
            for _, done in batch:
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
        self._writing = None

    async def _stored(self, reports: Sequence[AccessReport]) -> psycopg.Error | None:
        try:
            await self._threads.run(self._kept.keep, reports)
        except psycopg.Error as error:
            return error
        for report in reports:
            self._metrics.kept.labels(report.act).inc()
        self.news.set()
        return None
