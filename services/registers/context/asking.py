"""Asks for what the posting goes by besides facts, and keeps it, so that it is known while the others are away.

That a fact is set aside stands beside the journal, and intake says it. A name and a version do not say which text of a
rulebook: one that ships may be amended, and what a scope adopted before goes on deciding; attribution says its digest.
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

from services.registers.model.metrics import RegistersMetrics
from services.registers.store.taking import SQL
from shared.access.machine import AsMachine, MachineTokenError
from shared.contract import BadEvent, decode_set_aside, format_instant
from shared.contract.answers.scopes import RulebooksAnswer, RulebookText
from shared.contract.set_aside import JournalSetAside, JournalSetAsidesAnswer
from shared.platform.postgres.database import Database
from shared.platform.postgres.rows import rows_of
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.registry import Registry, StoredText

log: Final = structlog.get_logger()

EVERY: Final = 5.0
WAIT: Final = 10.0
AGAIN: Final = timedelta(hours=1)
"""So far behind the last set-aside it is asked anew: one may be committed after one with a later time."""
PAGE: Final = 1000
_UNANSWERED: Final = (
    httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, MachineTokenError, BadEvent, psycopg.Error,
)  # fmt: skip


class AskedServices(NamedTuple):
    """Where the two services answer."""

    attribution: str
    intake: str


class _KnownText(msgspec.Struct, frozen=True):
    name: str
    version: int
    sha256: str


class PostingContext:
    """Keeps up to date what the two services say; `left_out` and `books` are called when something changed."""

    def __init__(
        self,
        database: Database,
        addresses: AskedServices,
        auth: AsMachine,
        registry: Registry,
        metrics: RegistersMetrics,
        left_out: Callable[[], None],
        books: Callable[[dict[BookId, Rulebook]], None],
    ) -> None:
        self._database = database
        self._addresses = addresses
        self._auth = auth
        self._registry = registry
        self._metrics = metrics
        self._left_out = left_out
        self._books = books
        self._trust = ssl.create_default_context()
        self._since = datetime(2000, 1, 1, tzinfo=UTC)
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """Ask until it is cancelled."""
        while True:
            await self._try("attribution", self._take_texts)
            await self._try("intake", self._take_set_asides)
            await asyncio.sleep(EVERY)

    def go_by_stored(self) -> dict[BookId, Rulebook]:
        """The rulebooks by the digests that were said last; what no file here has is left out, and logged."""
        with self._database.connection() as connection:
            known = rows_of(connection.execute(SQL["known_rulebooks"]), _KnownText)
        texts = [StoredText(one.name, one.version, one.sha256) for one in known]
        for reason in self._registry.keep(texts):
            log.error("rulebook_refused", reason=reason)
        return dict(self._registry.books)

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
        answer = await self._get(self._addresses.attribution, "/v1/rulebooks", {})
        told = msgspec.json.decode(answer, type=RulebooksAnswer).rulebooks
        if await asyncio.to_thread(self._put_texts, told):
            self._books(await asyncio.to_thread(self.go_by_stored))

    async def _take_set_asides(self) -> None:
        while True:
            given = {"since": format_instant(self._since)}
            answer = await self._get(self._addresses.intake, "/v1/journal/set-asides", given)
            found = msgspec.json.decode(answer, type=JournalSetAsidesAnswer).set_asides
            if not found:
                return
            if await asyncio.to_thread(self._put_set_asides, found):
                self._left_out()
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

    def _put_texts(self, told: Iterable[RulebookText]) -> int:
        rows = [(one.rulebook, one.version, one.sha256) for one in told]
        given = dict(zip(("names", "versions", "digests"), map(list, zip(*rows, strict=True)), strict=True))
        if not rows:
            return 0
        with self._database.connection() as connection:
            return connection.execute(SQL["put_rulebooks"], given).rowcount

    def _put_set_asides(self, found: Iterable[JournalSetAside]) -> int:
        rows = [(one.scope, str(decode_set_aside(one.line.encode()).set_aside)) for one in found]
        given = {"scopes": [scope for scope, _ in rows], "ids": [id_ for _, id_ in rows]}
        with self._database.connection() as connection:
            return connection.execute(SQL["put_set_asides"], given).rowcount
