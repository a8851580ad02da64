"""Notices rows of the journal that go, or are altered, while intake runs; and spares an examination that was made.

An examination reads the journal whole. What costs nothing is to ask the server how many rows were deleted and altered
since it counts: the service itself does neither in these tables, so while the numbers stay, nothing has gone. They may
lag some ten seconds behind (a session that is idle tells its own late), and do not move where `track_counts` is off.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg
import structlog

from services.intake.journal.damage import Damage, examine, logged
from services.intake.journal.journal import SQL, Connection
from services.intake.model.metrics import IntakeMetrics
from shared.platform.postgres.database import Database

log = structlog.get_logger()

INTERVAL: Final = 20.0
"""Seconds between two looks at what the server counts."""


class DamageWatch:
    """What was examined last in this process; may be asked by several threads."""

    def __init__(self, metrics: IntakeMetrics) -> None:
        self._metrics = metrics
        self._whole: Any = None
        """What the server counted when the journal was found to be whole."""

    def examine(self, connection: Connection) -> Damage:
        """What does not agree; read anew only where rows went, or were altered, since it was found whole."""
        counted = connection.execute(SQL["row_changes"]).fetchone()
        if counted == self._whole:
            return Damage()
        damage = examine(connection)
        self._whole = None if damage else counted
        self._metrics.journal_damaged.set(len(damage.scopes) or int(bool(damage)))
        return damage

    def void_damaged(self, connection: Connection) -> None:
        """Let what was compared before count no more where rows are gone since: this journal would number anew."""
        if damage := self.examine(connection):
            log.error("journal_damaged", **logged(damage))
            connection.execute(SQL["void_comparison"])

    async def run(self, database: Database, topic: str) -> None:
        """Look again and again until cancelled; a database that is away takes no fact anyway."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await asyncio.to_thread(self._look, database, topic)
            except psycopg.Error as error:
                log.debug("journal_not_examined", error=type(error).__name__)

    def _look(self, database: Database, topic: str) -> None:
        """Only while facts are taken: what stops them is looked after by whoever leads."""
        with database.connection() as connection:
            row = connection.execute(SQL["standing"], {"topic": topic}).fetchone()
            if row is not None and row[1] == "":
                self.void_damaged(connection)
