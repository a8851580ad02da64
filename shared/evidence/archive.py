"""The zip of a pack: written so that the same files give the same bytes, read as what anybody may have made.

Written: names in order, one time, one system, one compression. Read: nothing is unpacked to disk, names outside the
form are told and never opened, every read is bounded, and what a checksum refuses is told as damaged.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, BinaryIO, Final

from shared.evidence.plain_zip import demand_side_by_side, directory_at
from shared.evidence.verdict import UnverifiableError
from shared.i18n import translated

TIME: Final = (1980, 1, 1, 0, 0, 0)
CHUNK: Final = 1024 * 1024
MOST_SMALL: Final = 64 * 1024 * 1024
"""Bytes of a file that is read whole."""

NAMES: Final = re.compile(
    r"README\.md|manifest\.json|manifest\.note|checkpoint|keys\.json|facts\.ndjson|leaves\.ndjson|nodes\.bin"
    r"|people\.json|opened\.ndjson|decisions\.json|alerts\.json|access\.json|report\.(zh|en)\.pdf"
    r"|rulebooks/[a-z0-9][a-z0-9._-]{0,63}@(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,2})\.yaml"
)
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What anybody's reader of zips knows; others take memory as the file itself asks for."""


class DamagedError(Exception):
    """A file of the zip whose bytes are not those that were put there."""


Pieces = Callable[[], Iterable[bytes]]
"""A file in pieces, as often as it is asked for: facts of a whole scope are never held at once."""


def write_archive(target: BinaryIO, files: Mapping[str, Pieces]) -> None:
    """The zip of these files: the same bytes for the same files, by the same zlib."""
    with zipfile.ZipFile(target, "w") as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            with packed.open(entry, "w", force_zip64=True) as file:
                for piece in files[name]():
                    file.write(piece)


def digest_of(pieces: Pieces) -> tuple[str, int]:
    """SHA-256 of a file, and how long it is."""
    sha, size = hashlib.sha256(), 0
    for piece in pieces():
        sha.update(piece)
        size += len(piece)
    return sha.hexdigest(), size


class PackArchive:
    """A pack as it is read. Raises `UnverifiableError` for what is no zip, and for one that is larger than any pack."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open(path, "rb")  # noqa: SIM115, closed by close
        except OSError as error:
            raise UnverifiableError(
                translated("it cannot be read: {error}", error=error.strerror or error)
            ) from None
        try:
            start, count = directory_at(self._file)
            self._zip = zipfile.ZipFile(self._file)
            demand_side_by_side(self._file, self._zip.infolist(), start, count)
        except (
            zipfile.BadZipFile,
            zlib.error,
            struct.error,
            ValueError,
            NotImplementedError,
            OverflowError,
            OSError,
        ) as error:
            self._file.close()
            raise UnverifiableError(translated("it is no whole zip: {error}", error=error)) from None
        except UnverifiableError:
            self._file.close()
            raise

    def __enter__(self) -> PackArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def names(self) -> list[str]:
        """As they stand there, each as often as it does."""
        return [entry.orig_filename for entry in self._zip.infolist()]

    def read(self, name: str, limit: int = MOST_SMALL) -> bytes:
        """A file whole; raises `DamagedError` and, where it is larger, `UnverifiableError`."""
        with self.stream(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise _too_large(name, limit)
        return data

    def digest(self, name: str, most: int) -> tuple[str, int]:
        """SHA-256 of a file and how long it is, read up to one byte beyond `most`."""
        sha, size = hashlib.sha256(), 0
        with self.stream(name) as file:
            while size <= most and (piece := file.read(min(CHUNK, most + 1 - size))):
                sha.update(piece)
                size += len(piece)
        return sha.hexdigest(), size

    def stream(self, name: str) -> _Checked:
        """A file to be read in pieces; its reads raise `DamagedError`."""
        return _Checked(self._zip, name)

    def lines(self, name: str, longest: int, most: int | None = None) -> Iterator[bytes]:
        """The lines of a file without their ends; raises `DamagedError` for one that is longer, and
        `UnverifiableError` for a file of more bytes than `most`.
        """
        size = 0
        with self.stream(name) as file, io.BufferedReader(file, CHUNK) as buffered:
            while line := buffered.readline(longest + 2):
                if len(line) > longest + 1:
                    raise DamagedError(name)
                size += len(line)
                if most is not None and size > most:
                    raise _too_large(name, most)
                yield line.removesuffix(b"\n")


class _Checked(io.RawIOBase):
    """A file of a zip, of which whatever goes wrong is `DamagedError`."""

    def __init__(self, packed: zipfile.ZipFile, name: str) -> None:
        self._name = name
        try:
            if packed.getinfo(name).compress_type not in _PACKED:
                raise DamagedError(name)
            self._stream: IO[bytes] = packed.open(name)
        except (
            zipfile.BadZipFile,
            KeyError,
            RuntimeError,
            NotImplementedError,
            zlib.error,
            OSError,
            struct.error,
        ):
            raise DamagedError(name) from None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error):
            raise DamagedError(self._name) from None

    def readinto(self, into: bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = self.read(len(into))
        into[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if hasattr(self, "_stream"):
            self._stream.close()
        super().close()


def _too_large(name: str, limit: int) -> UnverifiableError:
    return UnverifiableError(translated("{name} unpacks to more than {limit} bytes", name=name, limit=limit))
