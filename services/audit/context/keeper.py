"""What the judging goes by besides facts, as the services say it, becomes entries of the log.

A name and a version do not say which text: one that ships may be amended, and what a scope adopted before goes on
deciding. Attribution keeps the text that was adopted, and says its digest. That a fact is set aside stands beside the
journal, and intake says it. Both are asked again and again, since neither waits for the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from services.audit.model.metrics import AuditMetrics
from services.audit.sequencing.append import SQL, LastSigned, NewEntry, OlderThanSignedError, append_once
from shared.access.context import NotKeptError
from shared.contract.answers.scopes import RulebookText
from shared.contract.set_aside import JournalSetAside
from shared.platform.postgres.database import Database
from shared.tlog.leaves import Body, RulebookLeaf, SetAsideLeaf


class JudgingContext:
    """Keeps the log up to date with what the two services say; `logged` is called when it has more entries.

    While the rows are older than what was `signed`, nothing is added, and both are asked again.
    """

    def __init__(
        self, database: Database, metrics: AuditMetrics, logged: Callable[[], None], signed: LastSigned
    ) -> None:
        self._database = database
        self._signed = signed
        self._metrics = metrics
        self._logged = logged

    async def take_texts(self, ask: Callable[[], Awaitable[list[RulebookText]]]) -> None:
        """Log the texts that are awaited, where attribution knows them."""
        awaited = await asyncio.to_thread(self._awaited)
        self._metrics.awaited.set(len(awaited))
        if awaited:
            books = {(one.rulebook, one.version): one.sha256 for one in await ask()}
            await self._log(partial(self._log_texts, awaited, books))

    async def take_set_asides(self, found: tuple[JournalSetAside, ...]) -> None:
        """Log those that are not logged yet."""
        await self._log(partial(self._log_set_asides, found))

    async def _log(self, add: Callable[[], int]) -> None:
        try:
            count = await asyncio.to_thread(add)
        except OlderThanSignedError as error:
            raise NotKeptError(str(error)) from None
        if count:
            self._logged()

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
                count += append_once(
                    connection, NewEntry.of("rulebook", leaf.encode(), **place), self._signed
                )
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
                count += append_once(connection, entry, self._signed)
        return count


def _meant(name: str, version: int | None, books: Iterable[tuple[str, int]]) -> tuple[str, int] | None:
    """`riverside` in its newest version, `riverside@1`, or a name with its version."""
    plain, _, told = name.partition("@")
    wanted = str(version) if version is not None else told
    return max((one for one in books if one[0] == plain and wanted in ("", str(one[1]))), default=None)
