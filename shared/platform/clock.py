"""The two clocks: business time, which a demonstration may drive, and the machine's own, always real.

ADR 0013: `recorded_at`, watermarks, sweeps and due times go by the business clock; leases,
retries, timeouts and logs by the machine clock. Only a composition root holds either. The driven clock is one
shared record that the driver sets and the services read at each tick; it runs to the next planned event and
stops there, so that a stall of the machine costs no business time.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from shared.i18n import bilingual

# With a driven clock the record may change at any moment, so a sleeper looks again this often (real seconds).
LONGEST_DRIVEN_SLEEP = 0.1
# How far ahead (real seconds) a halt is put, so that no service has read a later time than where it halts.
_HALT_MARGIN = 0.1


class ClockError(ValueError):
    """The business clock that was asked for cannot be had; the message says why."""


class BusinessClock(Protocol):
    """What time it is in the office."""

    @property
    def speed(self) -> float:
        """Business seconds that pass in a real second, now; 0 while a driven clock stands."""

    def now(self) -> datetime:
        """The business time, UTC; it never goes back in one process."""


TOLERANCE = timedelta(seconds=30)
"""How far the machine's clock may part from the time since boot, or from another clock, before it is doubted."""


class SteadyTime:
    """The machine's time, but that a leap ahead is not believed: then it is carried on by the time since boot.

    A clock that is a year ahead for some seconds would else let every claim lapse, and what was stamped meanwhile
    would stay ahead for good. The time since boot goes on while the machine sleeps and is never set. Small steps, as
    of a time server, are followed; so is a clock that is set back, since whoever must not go back holds it, and it may
    come forward again as far as it was.
    """

    def __init__(
        self,
        tolerance: timedelta = TOLERANCE,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        since_boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        self.tolerance = tolerance
        self.wall = wall
        self._since_boot = since_boot
        self._lock = threading.Lock()
        self._anchor = (wall(), since_boot())
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The time, UTC."""
        with self._lock:
            wall, since_boot = self.wall(), self._since_boot()
            steady = self._anchor[0] + timedelta(seconds=since_boot - self._anchor[1])
            if wall - steady > self.tolerance:
                self._ahead = wall - steady
                return steady
            self._ahead = timedelta(0)
            if steady - wall <= self.tolerance:
                self._anchor = (wall, since_boot)
            return wall

    @property
    def ahead(self) -> timedelta:
        """How far the machine's clock has leapt ahead; nothing while it is believed."""
        self.now()
        return self._ahead

    @property
    def anchor(self) -> tuple[datetime, float]:
        """The last reading that was believed: the machine's time, and its seconds since boot then."""
        return self._anchor

    def believe(self, anchor: tuple[datetime, float]) -> None:
        """Go by an earlier reading of this machine since it was booted instead of the one at the start.

        One that was ahead of what the clock says by now was wrong itself: the clock was set back since.
        """
        wall, since_boot = self.wall(), self._since_boot()
        if anchor[0] + timedelta(seconds=since_boot - anchor[1]) - wall <= self.tolerance:
            with self._lock:
                self._anchor = anchor

    def confirm(self) -> None:
        """Believe the machine's clock as it stands: somebody who knows has said that it is right."""
        with self._lock:
            self._anchor, self._ahead = (self.wall(), self._since_boot()), timedelta(0)


class SystemClock:
    """Business time is the machine's time, held where it was when the machine's clock is set back.

    A leap ahead is not followed (`SteadyTime`); `steady.ahead` says how far it went.
    """

    speed = 1.0

    def __init__(self, steady: SteadyTime | None = None) -> None:
        self.steady = steady or SteadyTime()
        self._latest = _Latest()

    def now(self) -> datetime:
        return self._latest.at_least(self.steady.now())


class MachineClock:
    """The machine's own time, for leases, retries, timeouts and logs; a leap ahead ends no lease."""

    def __init__(self) -> None:
        self.steady = SteadyTime()

    def now(self) -> datetime:
        return self.steady.now()

    def monotonic(self) -> float:
        return time.monotonic()


def clock_problem(clock: BusinessClock) -> str | None:
    """That the machine's clock has leapt ahead, for a readiness check; None while it is believed."""
    if not isinstance(clock, SystemClock) or not (ahead := clock.steady.ahead):
        return None
    return bilingual(
        "the machine's clock leapt ahead by {seconds} s and is not believed; set it right, or confirm it to intake "
        "(panke journal confirm-time) if the new time is right",
        seconds=f"{ahead.total_seconds():.0f}",
    )


@dataclass(frozen=True)
class ClockRecord:
    """The shared record: at wall time `anchored_at` it was `anchor`; it runs on at `speed` up to `until`."""

    mode: Literal["hold", "run"]
    anchor: datetime
    anchored_at: datetime
    speed: float
    until: datetime | None

    def at(self, wall: datetime) -> datetime:
        if self.mode == "hold":
            return self.anchor
        passed = max(wall - self.anchored_at, timedelta(0)).total_seconds()
        reached = self.anchor + timedelta(seconds=passed * self.speed)
        return reached if self.until is None else min(reached, self.until)


class DrivenClock:
    """A service's view of the demonstration clock; a reading costs one `stat` while the record stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._latest = _Latest()
        self._seen: tuple[int, int] | None = None
        self._record = self._read()

    @property
    def record(self) -> ClockRecord:
        return self._read()

    @property
    def speed(self) -> float:
        record, wall = self._read(), datetime.now(UTC)
        stands = record.mode == "hold" or (record.until is not None and record.at(wall) >= record.until)
        return 0.0 if stands else record.speed

    def now(self) -> datetime:
        return self._latest.at_least(self._read().at(datetime.now(UTC)))

    def _read(self) -> ClockRecord:
        try:
            status = self.path.stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen != self._seen:
                self._record, self._seen = _parse(self.path.read_text(encoding="ascii")), seen
        except FileNotFoundError:
            raise ClockError(f"no demonstration clock at {self.path}: its driver has not set it") from None
        except (KeyError, TypeError, ValueError) as error:
            raise ClockError(f"{self.path} is not a clock record: {error}") from error
        return self._record


class ClockDriver:
    """Sets the shared record; there is one driver. Every change goes forward in business time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def hold(self, at: datetime) -> None:
        """Stand at a time, which may be a leap forward; the first call makes the record."""
        self._forward(at)
        self._write(ClockRecord("hold", _utc(at), datetime.now(UTC), 0.0, None))

    def run(self, *, until: datetime | None, speed: float = 1.0) -> None:
        """Run from where the clock is now, at `speed`, and stop at `until`."""
        if not speed > 0:
            raise ClockError(f"a clock that runs has a speed above 0, not {speed}")
        if until is not None:
            self._forward(until)
        wall = datetime.now(UTC)
        start = self._current().at(wall)
        self._write(ClockRecord("run", start, wall, float(speed), None if until is None else _utc(until)))

    def halt(self) -> datetime:
        """Stop where the clock is (a moment ahead: no reader has seen a later time); answers where."""
        record = self._current()
        stop = record.at(datetime.now(UTC) + timedelta(seconds=_HALT_MARGIN))
        if record.mode == "run":
            self._write(replace(record, until=stop))
        return stop

    def now(self) -> datetime:
        return self._current().at(datetime.now(UTC))

    def _current(self) -> ClockRecord:
        return DrivenClock(self.path).record

    def _forward(self, to: datetime) -> None:
        if self.path.exists() and _utc(to) < (now := self.now()):
            raise ClockError(
                f"the demonstration clock never goes back: it is {now.isoformat()}, asked was {to}"
            )

    def _write(self, record: ClockRecord) -> None:
        fields = {key: _plain(value) for key, value in asdict(record).items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A new file put in place by rename: a reader sees the old record or the new one, never half of one.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(fields, file)
        os.chmod(name, 0o644)
        os.replace(name, self.path)


def open_clock(setting: str, *, demonstration: bool, tolerance: timedelta = TOLERANCE) -> BusinessClock:
    """The business clock that a deployment's setting names: `system`, or `file:PATH` of a driven one."""
    if setting == "system":
        return SystemClock(SteadyTime(tolerance))
    kind, _, path = setting.partition(":")
    if kind != "file" or not path:
        raise ClockError(f"the clock is `system` or `file:PATH`, not {setting!r}")
    if not demonstration:
        raise ClockError("a driven clock is refused: this deployment does not say that it is a demonstration")
    return DrivenClock(Path(path))


def real_seconds_until(due: datetime, clock: BusinessClock, longest: float) -> float:
    """How long to sleep (real seconds, at most `longest`) before looking whether `due` has come."""
    wait = max((due - clock.now()).total_seconds(), 0.0)
    speed = clock.speed
    if speed == 1.0:
        return min(wait, longest)
    limit = min(longest, LONGEST_DRIVEN_SLEEP)
    return limit if speed == 0.0 and wait else min(wait / speed if speed else 0.0, limit)


class _Latest:
    """The greatest time handed out so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = datetime.min.replace(tzinfo=UTC)

    def at_least(self, value: datetime) -> datetime:
        with self._lock:
            self._value = max(self._value, value)
            return self._value


def _parse(text: str) -> ClockRecord:
    raw = json.loads(text)
    if raw["mode"] not in ("hold", "run"):
        raise ValueError(f"mode {raw['mode']!r}")
    until = None if raw["until"] is None else _utc(datetime.fromisoformat(raw["until"]))
    anchor, anchored_at = (_utc(datetime.fromisoformat(raw[key])) for key in ("anchor", "anchored_at"))
    return ClockRecord(raw["mode"], anchor, anchored_at, float(raw["speed"]), until)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone: {value}")
    return value.astimezone(UTC)
