"""One server process of ours: started on a locked directory, watched, stopped, known again by its pid file.

hazards.md#two-servers-on-one-folder: two servers on one data directory harm the first, so an `flock` is
taken before the start. The server inherits the lock and holds it as long as any process of it lives, also
when the one that started it is gone. Stop: ask, 10 s, SIGKILL.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import AlreadyRunningError
from deploy.local.private import FOLDER, UMASK, write_private
from shared.platform.whole_file import open_private

STOP_SECONDS = 10.0
_LOCK_PATIENCE = 15.0
_TICK = 0.02


@dataclass(frozen=True)
class Running:
    """A process by its pid and its start (clock ticks since boot): a reused pid is not taken for it."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Running | None:
        """The process that has the pid now; none if there is none or it is only waiting to be reaped."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    @property
    def alive(self) -> bool:
        return Running.of(self.pid) == self

    def signal(self, number: int) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):  # it ended between the look and the signal
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within the time."""
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(_TICK)
        return not self.alive


class ServerProcess:
    """The process of one part; `directory` holds its lock, its pid file and its log."""

    def __init__(
        self, part: str, directory: Path, *, stop_signal: int = signal.SIGTERM, mode: int = FOLDER
    ) -> None:
        self.part = part
        self.mode = mode
        self.directory = directory
        self.stop_signal = stop_signal
        self.log = directory / "server.log"
        self._pid_file = directory / "server.pid"
        self._starter_file = directory / "server.starter"
        self._lock: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._status: int | None = None

    def running(self) -> Running | None:
        """The server as the pid file names it, whoever started it; none when it does not live."""
        if self._child is not None:
            self._child.poll()  # reaps our own child, which would otherwise stay in the process table
        known = noted_process(self._pid_file)
        return known if known is not None and known.alive else None

    def abandoned(self) -> bool:
        """Whether the server lives but was to end with its starter, which is gone: it is about to end."""
        starter = noted_process(self._starter_file)
        return starter is not None and not starter.alive and self.running() is not None

    def lock(self) -> None:
        """Take the directory for one server, or raise `AlreadyRunningError`.

        Right after a kill the children of the dead server may hold the lock for a moment more.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(self.mode)
        handle = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                if running is None and time.monotonic() < deadline:
                    time.sleep(_TICK)
                    continue
                os.close(handle)
                pid = None if running is None else running.pid
                raise AlreadyRunningError(self.part, self.directory, pid) from None
            self._lock = handle
            return

    @property
    def held(self) -> tuple[int, ...]:
        """The lock, to hand on to a process that must end before another server may start."""
        return () if self._lock is None else (self._lock,)

    def unlock(self) -> None:
        """Let go of our own hold; the server's, if it runs, stays."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def launch(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        user: int | None = None,
        group: int | None = None,
        tied: bool = True,
    ) -> None:
        """Start the server under the lock; `tied` makes it end with this process, however this one ends."""
        self._status = None
        with open(self.log, "ab", opener=open_private) as log:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                cwd="/",
                pass_fds=self.held,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                umask=UMASK,
            )
        running = Running.of(self._child.pid)
        if running is not None:
            note_process(self._pid_file, running)
        self._starter_file.unlink(missing_ok=True)
        if tied:
            starter = Running.of(os.getpid())
            if starter is not None:
                note_process(self._starter_file, starter)
            self._guard = _guard(self._child.pid, self.stop_signal)

    def ended(self) -> int | None:
        """The exit status of a server that we started, once it has ended."""
        return self._status if self._child is None else self._child.poll()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask the server to end, and kill it when it has not after `seconds`."""
        running = self.running()
        if running is not None:
            running.signal(self.stop_signal)
            if not running.wait(seconds):
                running.signal(signal.SIGKILL)
                running.wait(seconds)
        self._forget()

    def kill(self) -> None:
        """End the server as a power cut would: SIGKILL, no warning."""
        running = self.running()
        if running is not None:
            running.signal(signal.SIGKILL)
            running.wait(STOP_SECONDS)
        self._forget()

    def tail(self, lines: int = 15) -> str:
        """The end of the server's log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(self.log.stat().st_size - 16_384, 0))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _forget(self) -> None:
        if self._guard is not None:
            # Before its pipe is closed: else it would signal a pid that may be another's by now.
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        if self._child is not None:
            self._status = self._child.wait(STOP_SECONDS)
            self._child = None
        self._pid_file.unlink(missing_ok=True)
        self._starter_file.unlink(missing_ok=True)
        self.unlock()


def noted_process(file: Path) -> Running | None:
    """The process that a file names, alive or not."""
    try:
        return Running(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def note_process(file: Path, process: Running) -> None:
    """Name a process in a file, so that a reused pid is not taken for it."""
    write_private(file, json.dumps({"pid": process.pid, "started": process.started}))


def _guard(pid: int, number: int) -> subprocess.Popen[bytes]:
    """A shell that waits for the end of this process (its end of a pipe closes) and then stops the server."""
    script = 'cat >/dev/null; kill -s "$2" "$1"'
    return subprocess.Popen(
        ["/bin/sh", "-c", script, "panke-guard", str(pid), signal.Signals(number).name.removeprefix("SIG")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
