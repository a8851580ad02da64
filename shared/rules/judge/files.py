"""Lines of event files, read in bounded memory: what no event can be is never held whole.

A line is cut off at the size of an event while it is read, so that neither a file without line breaks nor a few
megabytes of gzip that unpack to gigabytes take more memory than one event. What is wrong with the file itself
(damaged or cut gzip, a disk that cannot be read) is one exception.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, cast

from shared.contract import MAX_SEALED_BYTES
from shared.i18n import bilingual

LONGEST: Final = MAX_SEALED_BYTES + 2
"""An event and the end of its line."""
_GZIP: Final = b"\x1f\x8b"
_CUT: Final = bilingual("the gzip ends before its end-of-stream marker")


class UnreadableFileError(Exception):
    """A file that cannot be read to its end."""


@contextmanager
def open_events(name: str) -> Iterator[Iterable[bytes]]:
    """The lines of a file, of gzip, or of standard input. Raises `UnreadableFileError`, also while they are read."""
    try:
        if name == "-":
            yield bounded_lines(_unpacked(sys.stdin.buffer))
        elif name.endswith(".gz"):
            with open(name, "rb") as file, gzip.open(file, "rb") as packed:
                if not file.peek(1):
                    raise _BrokenError(
                        _CUT
                    )  # what a full disk leaves; the library takes it for a file of no lines
                yield bounded_lines(cast(IO[bytes], packed))
        else:
            with open(name, "rb") as plain:
                yield bounded_lines(plain)
    except OSError as error:  # that of opening; reading tells its own
        raise UnreadableFileError(f"{name}: {error.strerror or error}") from None
    except _BrokenError as error:
        raise UnreadableFileError(f"{name}: {error}") from None


class _Rejoined(io.RawIOBase):
    """A stream that cannot be sought, with the bytes before it that were read to look at them."""

    def __init__(self, start: bytes, stream: IO[bytes]) -> None:
        self._start, self._stream = start, stream

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        read = self._start or self._stream.read(len(into))
        self._start = b""
        into[: len(read)] = read
        return len(read)


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    """What a stream without a name holds: of gzip, by its first bytes, which no event begins with."""
    start = stream.read(len(_GZIP))
    whole = io.BufferedReader(_Rejoined(start, stream))
    return cast(IO[bytes], gzip.open(whole, "rb")) if start == _GZIP else whole


class _BrokenError(Exception):
    """What reading met, in words."""


def bounded_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Each line with its end; of one that no event can be, as much as shows it, and no more is held."""
    while line := _read(stream):
        yield line
        while len(line) == LONGEST + 1 and not line.endswith(b"\n"):
            line = _read(stream)


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.readline(LONGEST + 1)
    except EOFError:
        raise _BrokenError(_CUT) from None
    except (zlib.error, gzip.BadGzipFile) as error:
        raise _BrokenError(bilingual("the gzip is damaged: {error}", error=error)) from None
    except OSError as error:
        raise _BrokenError(str(error.strerror or error)) from None
