"""Sends the reports of a service to access, in batches, until it has taken them.

It goes on by itself while access is away, in growing steps. A repetition is dropped by access, by the id of the report:
after an answer that was lost, and where several processes of a service send the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import httpx
import msgspec
import psycopg
import structlog

from shared.access.machine import AsMachine, MachineTokenError, MachineTokens
from shared.access.report import MOST
from shared.access.reporting import Reporting
from shared.access.reports import KeptReports
from shared.platform.http.openapi import JSON
from shared.platform.threads import Threads

log: Final = structlog.get_logger()

PLACE: Final = "/v1/access/openings"
WAIT: Final = 10.0
GATHERING: Final = 0.5
"""Seconds that a report waits for others to go with."""
LOOK: Final = 15.0
"""Seconds between two looks at what waits: a command, or another process, may have left something."""
STEPS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_REFUSED_ONE: Final = (httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.REQUEST_ENTITY_TOO_LARGE)


class NotTakenError(Exception):
    """Access did not take the reports; the text says why, for the log."""


class ReportSender:
    """Sends what waits; `access` is None where there is no access service, and all of it stays."""

    def __init__(
        self, kept: KeptReports, reporting: Reporting, machine: MachineTokens, access: str | None
    ) -> None:
        self._kept = kept
        self._reporting = reporting
        self._machine = AsMachine(machine)
        self._access = access
        self._threads = Threads("access reports sent", 1)

    async def run(self) -> None:
        """Send what waits, again and again."""
        if self._access is None:
            log.info("reports_stay", reason="there is no access service: PANKE_TOKENS_FROM is a file")
        async with httpx.AsyncClient(
            base_url=self._access or "", timeout=WAIT, trust_env=False, auth=self._machine
        ) as client:
            failures = 0
            while True:
                try:
                    await self._reporting.look()
                    if self._access is not None:
                        await self._send_all(client)
                    failures = 0
                except (NotTakenError, psycopg.Error) as error:
                    log.warning("reports_wait", reason=str(error) or type(error).__name__)
                    failures += 1
                await self._pause(failures)

    async def close(self) -> None:
        """Let the thread go."""
        await asyncio.to_thread(self._threads.close)

    async def _pause(self, failures: int) -> None:
        if failures:
            await asyncio.sleep(STEPS[min(failures, len(STEPS)) - 1])
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._reporting.news.wait()
        self._reporting.news.clear()
        await asyncio.sleep(GATHERING)

    async def _send_all(self, client: httpx.AsyncClient) -> None:
        while batch := await self._threads.run(self._kept.to_send, MOST):
            await self._send(client, batch)
            if len(batch) < MOST:
                break
        await self._reporting.look()

    async def _send(self, client: httpx.AsyncClient, batch: list[tuple[int, bytes]]) -> None:
        """Send a batch; where access refuses what it says, each by itself, and the one that is wrong stays."""
        answer = await self._asked(client, [body for _, body in batch])
        if answer.status_code in _REFUSED_ONE and len(batch) > 1:
            for one in batch:
                await self._send(client, [one])
        elif answer.status_code in _REFUSED_ONE:
            log.error("report_not_taken", seq=batch[0][0], status=answer.status_code)
            await self._threads.run(self._kept.not_taken, batch[0][0], answer.text[:1000])
        elif answer.status_code != httpx.codes.OK:
            raise NotTakenError(f"access answers {answer.status_code}")
        else:
            await self._threads.run(self._kept.taken, [seq for seq, _ in batch])

    async def _asked(self, client: httpx.AsyncClient, bodies: list[bytes]) -> httpx.Response:
        content = msgspec.json.encode({"openings": [msgspec.Raw(body) for body in bodies]})
        try:
            return await client.post(PLACE, content=content, headers={"content-type": JSON})
        except (httpx.HTTPError, httpx.InvalidURL, MachineTokenError) as error:
            raise NotTakenError(f"{type(error).__name__}: {error}") from None
