"""What the posting goes by besides facts, as the services say it, is kept: it is known while the others are away.

That a fact is set aside stands beside the journal, and intake says it. A name and a version do not say which text of a
rulebook: one that ships may be amended, and what a scope adopted before goes on deciding; attribution says its digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from msgspec import Struct

from services.registers.store.taking import SQL
from shared.contract import decode_set_aside
from shared.contract.answers.scopes import RulebookText
from shared.contract.set_aside import JournalSetAside
from shared.platform.postgres.database import Database
from shared.platform.postgres.rows import rows_of
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.registry import Registry, StoredText

log: Final = structlog.get_logger()


class _KnownText(Struct, frozen=True):
    name: str
    version: int
    sha256: str


class PostingContext:
    """Keeps what the two services say; `left_out` and `books` are called when something changed."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        left_out: Callable[[], None],
        books: Callable[[dict[BookId, Rulebook]], None],
    ) -> None:
        self._database = database
        self._registry = registry
        self._left_out = left_out
        self._books = books

    async def take_texts(self, ask: Callable[[], Awaitable[list[RulebookText]]]) -> None:
        """Keep which texts attribution goes by, and go by them."""
        if await asyncio.to_thread(self._put_texts, await ask()):
            self._books(await asyncio.to_thread(self.go_by_stored))

    async def take_set_asides(self, found: tuple[JournalSetAside, ...]) -> None:
        """Keep them; where there are new ones, their scopes are read anew."""
        if await asyncio.to_thread(self._put_set_asides, found):
            self._left_out()

    def go_by_stored(self) -> dict[BookId, Rulebook]:
        """The rulebooks by the digests that were said last; what no file here has is left out, and logged."""
        with self._database.connection() as connection:
            known = rows_of(connection.execute(SQL["known_rulebooks"]), _KnownText)
        texts = [StoredText(one.name, one.version, one.sha256) for one in known]
        for reason in self._registry.keep(texts):
            log.error("rulebook_refused", reason=reason)
        return dict(self._registry.books)

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
