"""Keeps which reading of the machine's clock was believed, for whoever starts after it (ADR 0013).

A service that starts while the clock has leapt ahead then believes no more than the one before it.

A start has nothing else to hold the clock against: it would take a year ahead for today, and send every alert of that
year. The reading is kept with the seconds since boot, so it holds until the machine boots again. Intake alone asks an
operator; the others take its word: where the time that it promises is the one of the clock, the clock is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
import structlog

from shared.platform.clock import BusinessClock, MachineClock, SteadyTime, SystemClock
from shared.platform.postgres.database import Database

log = structlog.get_logger()

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
INTERVAL: Final = 5.0

_KEPT: Final = b"SELECT wall, since_boot FROM clock_anchors WHERE boot = %s"
_KEEP: Final = b"""
    INSERT INTO clock_anchors (boot, wall, since_boot) VALUES (%s, %s, %s)
    ON CONFLICT (boot) DO UPDATE SET wall = excluded.wall, since_boot = excluded.since_boot
"""


def steady_times(*clocks: BusinessClock | MachineClock) -> list[SteadyTime]:
    """What each clock goes by; a driven one goes by its driver."""
    return [clock.steady for clock in clocks if isinstance(clock, SystemClock | MachineClock)]


class KeptClock:
    """The clocks of one process, in `clock_anchors` of its service; `promised` is the latest watermark it heard of."""

    def __init__(
        self, database: Database, times: Iterable[SteadyTime], promised: Callable[[], datetime | None]
    ) -> None:
        self._database = database
        self._times: Sequence[SteadyTime] = tuple(times)
        self._promised = promised
        self._boot = boot_id()

    def begin(self) -> None:
        """Believe what was kept, before anybody asks what time it is."""
        with self._database.connection() as connection:
            row = connection.execute(_KEPT, [self._boot]).fetchone()
        for time in self._times if row is not None else ():
            time.believe((row[0], row[1]))  # type: ignore[index, arg-type]
        self.look()

    def look(self) -> None:
        """Keep the reading that is believed; where the clock leapt and intake's time with it, that it is right."""
        for time in self._times:
            self._follow(time)
        believed = [time for time in self._times if not time.ahead]
        if believed:
            wall, since_boot = believed[0].anchor
            with self._database.connection() as connection:
                connection.execute(_KEEP, [self._boot, wall, since_boot])

    def _follow(self, time: SteadyTime) -> None:
        promised = self._promised()
        if time.ahead and promised is not None and abs(time.wall() - promised) <= time.tolerance:
            log.warning("time_confirmed", promised=promised.isoformat())
            time.confirm()

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await asyncio.to_thread(self.look)
            except psycopg.Error as error:
                log.debug("clock_not_kept", error=type(error).__name__)


def boot_id() -> str:
    """What tells this boot of the machine from every other; empty where the system does not say."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
