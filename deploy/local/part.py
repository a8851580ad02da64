"""What every process of the stack has in common: its folder, its log, how it is waited for and how it ends."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from deploy.local.errors import NoDiskError, PortInUseError, StartFailedError
from deploy.local.home import demand_room
from deploy.local.ports import HOST, free_port, is_free, soon_free
from deploy.local.process import STOP_SECONDS, ServerProcess
from shared.i18n import Text, translated

START_SECONDS: Final = 90.0
_TICK: Final = 0.03
_TRIES: Final = 3


class Part(ABC):
    """A process of the stack; its lock, its pid file and its log lie in `directory`."""

    name: str

    def __init__(self, title: str, directory: Path, *, tied: bool, stop_signal: int = signal.SIGTERM) -> None:
        self.directory = directory.absolute()
        self.tied = tied
        self._process = ServerProcess(title, self.directory, stop_signal=stop_signal)

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it listens."""

    @property
    def pid(self) -> int | None:
        running = self._process.running()
        return None if running is None else running.pid

    @property
    def log(self) -> Path:
        return self._process.log

    @abstractmethod
    def attach(self) -> bool:
        """Whether the process of this directory runs already; if so its address is known from here on."""

    @abstractmethod
    def start(self) -> Self:
        """Start the process and wait until it is ready."""

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask the process to end; kill it when it has not after `seconds`."""
        self._process.stop(seconds)

    def stop_if_abandoned(self) -> None:
        """End what was to end with its starter, which was killed."""
        if self._process.abandoned():
            self._process.stop()

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(
        self,
        ready: Callable[[], bool],
        seconds: float = START_SECONDS,
        late: type[StartFailedError] = StartFailedError,
    ) -> None:
        """Look until the process is ready; raises why it ended, and `late` when the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.pid is None:
                raise self._why_ended()
            # Looked at again: what answered may be another server, for whose port ours has ended.
            if ready() and self.pid is not None:
                return
            time.sleep(_TICK)
        raise self._failed(translated("not ready after {seconds} s", seconds=f"{seconds:.0f}"), late)

    def _why_ended(self) -> Exception:
        return self._failed(translated("the process ended"))

    def _failed(self, what: Text, kind: type[StartFailedError] = StartFailedError) -> StartFailedError:
        return kind(self._process.part, what, self.log, self._process.tail())


class EmbeddedServer(Part):
    """A server that is not ours, on data of its own and on a port that a restart finds again."""

    def __init__(
        self, title: str, directory: Path, port: int, *, tied: bool, stop_signal: int = signal.SIGTERM
    ) -> None:
        super().__init__(title, directory, tied=tied, stop_signal=stop_signal)
        self._asked = port
        self._port: int | None = None

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._port

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> Self:
        self._process.lock()
        try:
            demand_room(self._process.part, self.directory)
            self._begin(self._prepared())
        except BaseException:
            self._process.stop()
            raise
        finally:
            self._process.unlock()
        return self

    def attach(self) -> bool:
        if self.pid is None:
            return False
        self._port = self._last_port()
        return True

    @abstractmethod
    def _prepared(self) -> Callable[[], None]:
        """Make what the server needs; returns what starts it on a port, and waits until it answers as ours."""

    @abstractmethod
    def _last_port(self) -> int:
        """The port of the last start; 0 when there was none."""

    def _begin(self, start_once: Callable[[], None]) -> None:
        """Where a port is chosen, another process may take it in the moment before the start."""
        for _ in range(_TRIES - 1):
            try:
                start_once()
                return
            except PortInUseError:
                if self._asked:
                    raise
        start_once()

    def _choose_port(self) -> int:
        """The port asked for, else the one of the last start if it is free, else a new one."""
        if self._asked and not is_free(self._asked):
            raise PortInUseError(self._process.part, self._asked)
        last = self._last_port()
        return self._asked or (last if last and soon_free(last) else free_port())

    def _why_ended(self) -> Exception:
        tail = self._process.tail(60)
        if "Address already in use" in tail and self._port is not None:
            return PortInUseError(self._process.part, self._port)
        if "No space left on device" in tail:
            return NoDiskError(self._process.part, self.directory)
        return super()._why_ended()
