"""Asks the services for what a judgement goes by besides facts: the texts of rulebooks, and what is set aside.

Whoever judges anew keeps the answers, so that they are known while the others are away.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

import httpx
import msgspec
import psycopg
import structlog
from prometheus_client import Counter

from shared.access.machine import AsMachine, MachineTokenError
from shared.contract import BadEvent, decode_set_aside, format_instant
from shared.contract.answers.scopes import RulebooksAnswer, RulebookText
from shared.contract.set_aside import JournalSetAside, JournalSetAsidesAnswer

log: Final = structlog.get_logger()

EVERY: Final = 5.0
WAIT: Final = 10.0
AGAIN: Final = timedelta(hours=1)
"""So far behind the last set-aside it is asked anew: one may be committed after one with a later time."""
PAGE: Final = 1000


class NotKeptError(Exception):
    """What was said cannot be kept at present: it is asked again."""


_UNANSWERED: Final = (
    httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, MachineTokenError, BadEvent, psycopg.Error, NotKeptError,
)  # fmt: skip


class AskedServices(NamedTuple):
    """Where the two services answer."""

    attribution: str
    intake: str


class ContextKeeper(Protocol):
    """Whoever keeps what the two services say; raises `NotKeptError`."""

    async def take_texts(self, ask: Callable[[], Awaitable[list[RulebookText]]]) -> None:
        """Take what attribution says of rulebooks, which is asked of it where that is wanted."""

    async def take_set_asides(self, found: tuple[JournalSetAside, ...]) -> None:
        """Take a page of set-asides; some may have been there before."""


class ContextAsking:
    """Asks again and again; `errors` counts, by service, what went unanswered."""

    def __init__(
        self, addresses: AskedServices, auth: AsMachine, errors: Counter, keeper: ContextKeeper
    ) -> None:
        self._addresses = addresses
        self._auth = auth
        self._errors = errors
        self._keeper = keeper
        self._trust = ssl.create_default_context()
        self._since = datetime(2000, 1, 1, tzinfo=UTC)
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """Ask until it is cancelled."""
        while True:
            await self._try("attribution", lambda: self._keeper.take_texts(self._texts))
            await self._try("intake", self._take_set_asides)
            await asyncio.sleep(EVERY)

    async def _try(self, service: str, take: Callable[[], Awaitable[None]]) -> None:
        try:
            await take()
        except _UNANSWERED as error:
            self._errors.labels(service).inc()
            if self._problems.get(service) != type(error).__name__:
                self._problems[service] = type(error).__name__
                log.warning("context_unknown", service=service, error=type(error).__name__, detail=str(error))
        else:
            self._problems.pop(service, None)

    async def _texts(self) -> list[RulebookText]:
        answer = await self._get(self._addresses.attribution, "/v1/rulebooks", {})
        return msgspec.json.decode(answer, type=RulebooksAnswer).rulebooks

    async def _take_set_asides(self) -> None:
        while True:
            given = {"since": format_instant(self._since)}
            answer = await self._get(self._addresses.intake, "/v1/journal/set-asides", given)
            found = msgspec.json.decode(answer, type=JournalSetAsidesAnswer).set_asides
            if not found:
                return
            await self._keeper.take_set_asides(found)
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
