"""Asks for what the judging goes by besides facts, and has it become entries of the log.

A name and a version do not say which text: one that ships may be amended, and what a scope adopted before goes on
deciding. Attribution keeps the text that was adopted, and says its digest. That a fact is set aside stands beside the
journal, and intake says it. Both are asked again and again, since neither waits for the log.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import httpx
import msgspec
import psycopg
import structlog

from services.audit.model.metrics import AuditMetrics
from services.audit.sequencing.append import SQL, NewEntry, append_once
from shared.access.machine import AsMachine, MachineTokenError
from shared.contract import BadEvent, decode_set_aside, format_instant
from shared.contract.answers.scopes import RulebooksAnswer
from shared.contract.set_aside import JournalSetAside, JournalSetAsidesAnswer
from shared.platform.postgres.database import Database
from shared.tlog.leaves import Body, RulebookLeaf, SetAsideLeaf

log: Final = structlog.get_logger()

EVERY: Final = 5.0
WAIT: Final = 10.0
AGAIN: Final = timedelta(hours=1)
"""So far behind the last set-aside it is asked anew: one may be committed after one with a later time."""
PAGE: Final = 1000
_UNANSWERED: Final = (
    httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, MachineTokenError, BadEvent, psycopg.Error,
)  # fmt: skip


class Addresses(NamedTuple):
    """Where the two services answer."""

    attribution: str
    intake: str


class JudgingContext:
    """Keeps the log up to date with what the two services say."""

    def __init__(
        self,
        database: Database,
        addresses: Addresses,
        auth: AsMachine,
        metrics: AuditMetrics,
        logged: Callable[[], None],
    ) -> None:
        self._database = database
        self._addresses = addresses
        self._auth = auth
        self._metrics = metrics
        self._logged = logged
        self._trust = ssl.create_default_context()
        self._since = datetime(2000, 1, 1, tzinfo=UTC)
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """Ask until it is cancelled."""
        while True:
            await self._try("attribution", self._take_texts)
            await self._try("intake", self._take_set_asides)
            await asyncio.sleep(EVERY)

    async def _try(self, service: str, take: Callable[[], Any]) -> None:
        try:
            await take()
        except _UNANSWERED as error:
            self._metrics.context_errors.labels(service).inc()
            if self._problems.get(service) != type(error).__name__:
                self._problems[service] = type(error).__name__
                log.warning("context_unknown", service=service, error=type(error).__name__, detail=str(error))
        else:
            self._problems.pop(service, None)

    async def _take_texts(self) -> None:
        awaited = await asyncio.to_thread(self._awaited)
        self._metrics.awaited.set(len(awaited))
        if awaited:
            answer = await self._get(self._addresses.attribution, "/v1/rulebooks", {})
            known = msgspec.json.decode(answer, type=RulebooksAnswer).rulebooks
            books = {(one.rulebook, one.version): one.sha256 for one in known}
            if await asyncio.to_thread(self._log_texts, awaited, books):
                self._logged()

    async def _take_set_asides(self) -> None:
        while True:
            given = {"since": format_instant(self._since)}
            answer = await self._get(self._addresses.intake, "/v1/journal/set-asides", given)
            found = msgspec.json.decode(answer, type=JournalSetAsidesAnswer).set_asides
            if not found:
                return
            if await asyncio.to_thread(self._log_set_asides, found):
                self._logged()
            last = decode_set_aside(found[-1].line.encode()).at
            if len(found) < PAGE or last <= self._since:
                self._since = max(self._since, last - AGAIN)
                return
            self._since = last

    async def _get(self, address: str, path: str, query: Mapping[str, str]) -> bytes:
        async with httpx.AsyncClient(
            base_url=address, timeout=WAIT, trust_env=False, verify=self._trust, auth=self._auth
        ) as client:
            answer = await client.get(path, params=query)
        answer.raise_for_status()
        return answer.content

    def _awaited(self) -> list[tuple[Any, ...]]:
        with self._database.connection() as connection:
            return connection.execute(SQL["awaited_texts"]).fetchall()

    def _log_texts(self, awaited: Iterable[tuple[Any, ...]], books: Mapping[tuple[str, int], str]) -> int:
        """Those of which the digest is known; each with its row in one transaction."""
        count = 0
        for scope, seq, name, version in awaited:
            book = _meant(name, version, books)
            if book is None:
                continue
            leaf = RulebookLeaf(scope, seq, *book, books[book])
            with self._database.connection() as connection:
                place = {"scope": scope, "seq": seq}
                count += append_once(connection, NewEntry.of("rulebook", leaf.encode(), **place))
                connection.execute(SQL["text_logged"], place | {"name": name})
        return count

    def _log_set_asides(self, found: Iterable[JournalSetAside]) -> int:
        count = 0
        for one in found:
            line = one.line.encode()
            body = Body.of(line)
            entry = NewEntry.of(
                "set_aside", SetAsideLeaf(one.scope, body).encode(), body, line, scope=one.scope
            )
            with self._database.connection() as connection:
                count += append_once(connection, entry)
        return count


def _meant(name: str, version: int | None, books: Iterable[tuple[str, int]]) -> tuple[str, int] | None:
    """`riverside` in its newest version, `riverside@1`, or a name with its version."""
    plain, _, told = name.partition("@")
    wanted = str(version) if version is not None else told
    return max((one for one in books if one[0] == plain and wanted in ("", str(one[1]))), default=None)
