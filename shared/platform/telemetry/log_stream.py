"""Where the lines of a log go: a disk that is full or a pipe that nobody reads never fails the work, nor holds it up.

What cannot be written is dropped and counted. A line is the least of what a service owes: a commit, a relay or an
alert that ended because its line could not be written would cost facts, while whoever reads the log learns from
`GET /healthz` and `panke_log_lines_lost` that there is something to read nowhere. A pipe that stays full, since its
reader sleeps, is worse than a closed one: whoever writes to it waits, and the event loop with all that it serves.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, TextIO

from shared.i18n import bilingual
from shared.platform.text.plain import shown

LINE: Final = "\n"
PATIENCE: Final = 0.1
"""Seconds for which the first line that meets a full pipe waits: a reader may be behind for a moment."""
UNREAD: Final = "nobody reads it, and it holds no more"


class LogStream:
    """A text stream whose `write` and `flush` never raise and never wait for a reader; `lost` counts the lines that
    could not be written.

    None stands for an error stream that was closed before the process began.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        # A line is JSON that a program reads, but for where a person looks at it.
        self._seen = _is_terminal(stream)
        self._pipe = _Pipe.of(stream)
        self._lock = threading.Lock()
        self.lost = 0
        self._problem: str | None = None

    def write(self, text: str) -> int:
        """Write and flush, so that a failure shows at once and at the line that met it."""
        with self._lock:
            try:
                self._write(shown(text) if self._seen else text)
            except (OSError, ValueError) as error:  # full, gone, or closed
                self.lost += max(text.count(LINE), 1)
                why = getattr(error, "strerror", None) or error
                self._problem = bilingual("lines cannot be written: {error}", error=why)
            else:
                self._problem = None
        return len(text)

    def _write(self, text: str) -> None:
        if self._pipe is not None:
            self._pipe.write(text.encode("utf-8", "backslashreplace"), 0.0 if self._problem else PATIENCE)
        elif self._stream is None:
            raise ValueError("the error stream is closed")
        else:
            self._stream.write(text)
            self._stream.flush()

    def flush(self) -> None:
        """What a handler asks for after each line; it has happened already."""

    @property
    def problem(self) -> str | None:
        """Why the last line could not be written; None where it could, or where there is room again."""
        with self._lock:
            if self._problem is not None and self._pipe is not None and self._pipe.has_room():
                self._problem = None
            return self._problem

    def close(self) -> None:
        """Leave the stream, which is whoever's it was."""
        if self._pipe is not None:
            self._pipe.close()


class _Pipe:
    """A pipe, a terminal or a socket, written to without waiting for whoever reads; a line is never left in halves.

    Whether a descriptor waits is said of the open file, which others may share: a pipe or a terminal is opened anew.
    """

    def __init__(self, number: int, send: Callable[[bytes], int], close: Callable[[], None]) -> None:
        self._number = number
        self._send = send
        self.close = close
        self._rest = b""

    @classmethod
    def of(cls, stream: TextIO | None) -> _Pipe | None:
        """None for a file, which nobody has to read, and where there is no better way than to write and wait."""
        if stream is None:
            return None
        try:
            number = stream.fileno()
            mode = os.fstat(number).st_mode
            if stat.S_ISSOCK(mode):
                end = socket.socket(fileno=os.dup(number))
                return cls(end.fileno(), lambda data: end.send(data, socket.MSG_DONTWAIT), end.close)
            if not (stat.S_ISFIFO(mode) or os.isatty(number)):
                return None
            own = os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            return cls(own, partial(os.write, own), partial(os.close, own))
        except (AttributeError, OSError, ValueError):  # less than a file, a closed one, another system
            return None

    def write(self, data: bytes, patience: float) -> None:
        """Raise `OSError` where nothing of it could be written."""
        self._rest = self._sent(self._rest, patience)
        left = data if self._rest else self._sent(data, patience)
        if left == data:
            raise BlockingIOError(errno.EAGAIN, UNREAD)
        self._rest = left

    def has_room(self) -> bool:
        """Whether the next line could be written, as far as can be told."""
        with contextlib.suppress(OSError):
            self._rest = self._sent(self._rest, 0.0)
            return not self._rest and self._ready(0.0)
        return False

    def _sent(self, data: bytes, patience: float) -> bytes:
        """What of it could not be sent."""
        while data:
            try:
                data = data[self._send(data) :]
            except BlockingIOError:
                if not (patience and self._ready(patience)):
                    break
        return data

    def _ready(self, patience: float) -> bool:
        poll = select.poll()
        poll.register(self._number, select.POLLOUT)
        return [event for _, event in poll.poll(patience * 1000)] == [select.POLLOUT]


def _is_terminal(stream: TextIO | None) -> bool:
    if stream is None:
        return False
    with contextlib.suppress(AttributeError, ValueError):  # less than a file, or a closed one
        return stream.isatty()
    return False


_current: list[LogStream] = []


def log_to(stream: TextIO | None) -> LogStream:
    """The stream of this process' log from now on."""
    for earlier in _current:
        earlier.close()
    _current[:] = [LogStream(stream)]
    return _current[0]


def log_problem() -> str | None:
    """Why the last line could not be written, None where it could."""
    return _current[0].problem if _current else None


def lines_lost() -> int:
    """How many lines this process could not write."""
    return _current[0].lost if _current else 0
