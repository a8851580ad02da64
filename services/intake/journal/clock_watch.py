"""Whether intake may say what time it is: its clock against its own time since boot, the database's, and the journal's.

What is stamped stays: a fact or a watermark that lies a year ahead lets every claim lapse, makes every later fact a
late one, and cannot be taken back. So no fact is taken and no watermark is promised while the clocks part by more than
the tolerance, until they agree again or an operator confirms the time (`panke journal confirm-time`). The last reading
that was believed is kept with the journal, so that a restart in between believes no more than the process before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

import psycopg
import structlog
from prometheus_client import Gauge

from services.intake.journal.journal import SQL
from services.intake.model.submission import IntakeUnavailableError
from shared.i18n import Text, bilingual, translated
from shared.platform.clock import SystemClock
from shared.platform.postgres.database import Database
from shared.platform.postgres.kept_clock import boot_id

log = structlog.get_logger()

RETRY_AFTER: Final = 5
INTERVAL: Final = 1.0

ZERO: Final = timedelta(0)

Anchor = tuple[datetime, float]
"""The machine's time, and its seconds since boot then."""


class DatabaseClock(NamedTuple):
    """What the database says: its time, the latest time of the journal, and the last confirmation."""

    time: datetime
    journal: datetime | None
    confirmation: int
    confirmed_until: datetime | None


class Clocks(Protocol):
    """The statements that the watch needs."""

    def read(self, *, journal: bool) -> DatabaseClock: ...

    def keep(self, anchor: Anchor) -> None: ...

    def anchor(self) -> Anchor | None:
        """The last reading of this machine's clock that was believed since it was booted."""


class ClockStore(Protocol):
    """Where the statements are asked."""

    def asked(self) -> AbstractContextManager[Clocks]:
        """All that one look asks and keeps, over one connection."""


class ClockWatch:
    """The clock by which facts are stamped: refuses to tell a time that is in doubt.

    `now` and `problem` are cheap; `look` asks the database and is called each second.
    """

    def __init__(self, clock: SystemClock, store: ClockStore, apart: Gauge) -> None:
        self._clock = clock
        self._steady = clock.steady
        self._store = store
        self._apart = apart
        self._confirmation: int | None = None
        self._database_apart = ZERO
        self._agreed_apart = ZERO
        self._journal: datetime | None = None
        self._told: Text | None = None

    def now(self) -> datetime:
        """The business time. Raises `IntakeUnavailableError` while the clocks part."""
        if (problem := self.problem()) is not None:
            raise IntakeUnavailableError(
                bilingual("the clocks disagree, nothing is taken: {problem}", problem=problem),
                RETRY_AFTER,
            )
        return self._clock.now()

    def problem(self) -> Text | None:
        """Which clocks part, and by how much; None where they agree."""
        if ahead := self._steady.ahead:
            return translated("this machine's clock leapt ahead by {seconds} s", seconds=_seconds(ahead))
        if abs(self._database_apart - self._agreed_apart) > self._steady.tolerance:
            return translated(
                "this machine's clock and the database's are {seconds} s apart",
                seconds=_seconds(self._database_apart),
            )
        if self._journal is not None and (lead := self._journal - self._clock.now()) > self._steady.tolerance:
            return translated(
                "the journal lies ahead of all clocks by {seconds} s, at {time}",
                seconds=_seconds(lead), time=self._journal.isoformat(),
            )  # fmt: skip
        return None

    def begin(self) -> None:
        """The first look: by what the process before this one believed, and with the journal."""
        with self._store.asked() as clocks:
            if (anchor := clocks.anchor()) is not None:
                self._steady.believe(anchor)
            self._look(clocks, journal=True)

    def look(self) -> None:
        """Hold this machine's clock against the database's."""
        with self._store.asked() as clocks:
            self._look(clocks, journal=False)

    def _look(self, clocks: Clocks, *, journal: bool) -> None:
        """With `journal`, also against what was recorded last."""
        before = self._steady.wall()
        reading = clocks.read(journal=journal)
        after = self._steady.wall()
        self._database_apart = _distance(reading.time, before, after)
        self._heed(reading)
        if journal and reading.journal is not None:
            # Facts that were taken since then lie microseconds behind one another.
            until = reading.confirmed_until
            confirmed = until is not None and reading.journal <= until + self._steady.tolerance
            self._journal = None if confirmed else reading.journal
        if self.problem() is None:
            clocks.keep(self._steady.anchor)
        self._log()

    def _heed(self, reading: DatabaseClock) -> None:
        """A confirmation that came after the start is for the time as it stands now."""
        if self._confirmation is not None and reading.confirmation > self._confirmation:
            log.warning("time_confirmed", apart=f"{_seconds(self._database_apart)} s")
            self._steady.confirm()
            self._agreed_apart, self._journal = self._database_apart, None
        self._confirmation = reading.confirmation

    def _log(self) -> None:
        problem = self.problem()
        journal = self._journal - self._clock.now() if self._journal is not None else ZERO
        worst = max(self._steady.ahead, abs(self._database_apart), journal)
        self._apart.set(worst.total_seconds())
        if problem is not None and self._told is None:
            log.error("clocks_apart", problem=problem.en, remedy="panke journal confirm-time")
        elif problem is None and self._told is not None:
            log.warning("clocks_agree_again")
        self._told = problem

    async def run(self) -> None:
        """Look each second until cancelled; a database that is away takes no fact anyway."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except psycopg.Error as error:
                log.debug("clock_not_compared", error=type(error).__name__)
            await asyncio.sleep(INTERVAL)


class StoredClocks:
    """The watch's statements, on intake's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._boot = boot_id()

    @contextmanager
    def asked(self) -> Iterator[Clocks]:
        with self._database.connection() as connection:
            yield _ConnectedClocks(connection, self._boot)


class _ConnectedClocks:
    """The statements over one connection."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]], boot: str) -> None:
        self._connection = connection
        self._boot = boot

    def read(self, *, journal: bool) -> DatabaseClock:
        row = self._connection.execute(SQL["clocks"], {"journal": journal}).fetchone()
        assert row is not None  # of a statement without a FROM
        return DatabaseClock(*row)  # type: ignore[arg-type]

    def keep(self, anchor: Anchor) -> None:
        wall, up = anchor
        self._connection.execute(SQL["keep_anchor"], {"boot": self._boot, "wall": wall, "up": up})

    def anchor(self) -> Anchor | None:
        row = self._connection.execute(SQL["anchor"], {"boot": self._boot}).fetchone()
        return None if row is None else (row[0], row[1])  # type: ignore[return-value]


def _distance(time: datetime, before: datetime, after: datetime) -> timedelta:
    """How far a clock that was asked between two readings is from them at least, with its sign."""
    if time < before:
        return time - before
    return max(time - after, ZERO)


def _seconds(span: timedelta) -> str:
    return f"{abs(span.total_seconds()):.0f}"
