"""Where the lines of a log go: a disk that is full or a pipe that nobody reads any more never fails the work.

What cannot be written is dropped and counted. A line is the least of what a service owes: a commit, a relay or an
alert that ended because its line could not be written would cost facts, while whoever reads the log learns from
`GET /healthz` and `panke_log_lines_lost` that there is something to read nowhere.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Final, TextIO

from shared.platform.text.plain import shown

LINE: Final = "\n"


class LogStream:
    """A text stream whose `write` and `flush` never raise; `lost` counts the lines that could not be written.

    None stands for an error stream that was closed before the process began.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        # A line is JSON that a program reads, but for where a person looks at it.
        self._seen = _is_terminal(stream)
        self._lock = threading.Lock()
        self.lost = 0
        self.problem: str | None = None

    def write(self, text: str) -> int:
        """Write and flush, so that a failure shows at once and at the line that met it."""
        with self._lock:
            try:
                if self._stream is None:
                    raise ValueError("the error stream is closed")
                self._stream.write(shown(text) if self._seen else text)
                self._stream.flush()
            except (OSError, ValueError) as error:  # full, gone, or closed
                self.lost += max(text.count(LINE), 1)
                self.problem = f"lines cannot be written: {getattr(error, 'strerror', None) or error}"
            else:
                self.problem = None
        return len(text)

    def flush(self) -> None:
        """What a handler asks for after each line; it has happened already."""


def _is_terminal(stream: TextIO | None) -> bool:
    if stream is None:
        return False
    with contextlib.suppress(AttributeError, ValueError):  # less than a file, or a closed one
        return stream.isatty()
    return False


_current: list[LogStream] = []


def log_to(stream: TextIO | None) -> LogStream:
    """The stream of this process' log from now on."""
    _current[:] = [LogStream(stream)]
    return _current[0]


def log_problem() -> str | None:
    """Why the last line could not be written, None where it could."""
    return _current[0].problem if _current else None


def lines_lost() -> int:
    """How many lines this process could not write."""
    return _current[0].lost if _current else 0
