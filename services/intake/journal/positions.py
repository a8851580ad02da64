"""Whether the journal may take facts: what the last comparison with its topic found, for every process."""

from __future__ import annotations

import asyncio

import psycopg

from services.intake.journal.journal import NOT_COMPARED, SQL
from shared.i18n import bilingual
from shared.platform.postgres.database import Database

POLL = 0.05


class JournalStatus:
    """Asks the database, where whoever leads keeps what it found."""

    def __init__(self, database: Database, topic: str) -> None:
        self._database = database
        self._topic = topic

    async def problem(self) -> str | None:
        """Why no fact may be taken, in words; None when all is well."""
        try:
            return await asyncio.to_thread(self._problem)
        except psycopg.Error:
            return bilingual("the database does not answer")

    async def wait(self) -> None:
        """Until a comparison holds for this journal, whatever it found."""
        while await self.problem() == NOT_COMPARED:  # noqa: ASYNC110 - the row may be another process's
            await asyncio.sleep(POLL)

    def _problem(self) -> str | None:
        with self._database.connection() as connection:
            row = connection.execute(SQL["standing"], {"topic": self._topic}).fetchone()
        lacks = None if row is None else row[1]
        return NOT_COMPARED if lacks is None else str(lacks) or None
