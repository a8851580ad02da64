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
from typing import IO, BinaryIO, Final, NamedTuple

from shared.evidence.verdict import UnverifiableError
from shared.i18n import translated

TIME: Final = (1980, 1, 1, 0, 0, 0)
CHUNK: Final = 1024 * 1024
MOST_FILES: Final = 1_000
MOST_DIRECTORY: Final = 1024 * 1024
"""Bytes that name the files of a zip; more than a thousand names need no more."""
MOST_SMALL: Final = 64 * 1024 * 1024
"""Bytes of a file that is read whole."""

NAMES: Final = re.compile(
    r"README\.md|manifest\.json|manifest\.note|checkpoint|keys\.json|facts\.ndjson|leaves\.ndjson|nodes\.bin"
    r"|people\.json|opened\.ndjson|decisions\.json|alerts\.json|access\.json|report\.(zh|en)\.pdf"
    r"|rulebooks/[a-z0-9][a-z0-9._-]{0,63}@(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,2})\.yaml"
)
_LOCAL: Final = b"PK\x03\x04"
_LISTED: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_DESCRIPTOR: Final = b"PK\x07\x08"
_DESCRIBED_BEHIND: Final = 0x08
_IN_64: Final = 0xFFFFFFFF
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
            start = _directory(self._file)
            self._zip = zipfile.ZipFile(self._file)
            _demand_side_by_side(self._file, self._zip.infolist(), start)
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


def _directory(file: BinaryIO) -> int:
    """Where the list of files begins, before the library reads the whole of it into memory.

    The zip ends with it: what stands behind, or in front of the first file, is read by some and passed over by others.
    """
    size = file.seek(0, io.SEEK_END)
    count, length, start, end = _end(file, size)
    if count > MOST_FILES or length > MOST_DIRECTORY:
        raise UnverifiableError(translated("the zip holds more than {count} files", count=MOST_FILES))
    if start + length != end:
        raise _odd()
    file.seek(0)
    return start


def _end(file: BinaryIO, size: int) -> tuple[int, int, int, int]:
    """Of the list of files: how many there are, its length, its beginning, and where it must have ended."""
    file.seek(max(0, size - 98))
    tail = file.read(98)
    at = len(tail) - 22
    if at < 0 or _END not in tail:
        raise zipfile.BadZipFile("no end of a zip")
    if tail[at : at + 4] != _END or tail[-2:] != bytes(2):
        raise _odd()
    count, length, start = struct.unpack_from("<HII", tail, at + 10)
    if tail[at - 20 : at - 16] != _LOCATOR_64 or at < 76:
        return count, length, start, size - 22
    if tail[at - 76 : at - 72] != _END_64:
        raise _odd()
    return (*struct.unpack_from("<QQQ", tail, at - 44), size - 98)


def _demand_side_by_side(file: BinaryIO, entries: Iterable[zipfile.ZipInfo], start: int) -> None:
    """Every file begins where the one before it ends, and the list behind the last: nothing lies hidden between."""
    at = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset != at:
            raise _odd()
        file.seek(at)
        head = _LocalHead(*struct.unpack("<6xHH4xIIIHH", file.read(30)))
        if not head.says(entry):
            raise _odd()
        at += 30 + head.name + head.extra + entry.compress_size
        if entry.flag_bits & _DESCRIBED_BEHIND:
            at += _descriptor(file, at)
    if at != start:
        raise _odd()


class _LocalHead(NamedTuple):
    """What stands before a file, which a reader goes by who reads the zip from its beginning."""

    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    name: int
    extra: int

    def says(self, entry: zipfile.ZipInfo) -> bool:
        """Whether it is what the list says; sizes of 64 bits, and those of a stream, stand elsewhere."""
        if (self.flags, self.method) != (entry.flag_bits, entry.compress_type):
            return False
        if self.flags & _DESCRIBED_BEHIND:
            return (self.crc, self.packed, self.unpacked) == (0, 0, 0)
        sizes = (self.packed, entry.compress_size), (self.unpacked, entry.file_size)
        return self.crc == entry.CRC and all(said in (known, _IN_64) for said, known in sizes)


def _descriptor(file: BinaryIO, at: int) -> int:
    """How long the description behind a file is, which may have a mark and be of 64 bits."""
    file.seek(at)
    marked = 4 * (file.read(4) == _DESCRIPTOR)
    for length in (12, 20):
        file.seek(at + marked + length)
        if file.read(4) in (_LOCAL, _LISTED):
            return marked + length
    raise _odd()


def _odd() -> UnverifiableError:
    return UnverifiableError(
        translated(
            "the zip has bytes before, between or behind its files, or a list that is not plain: readers would differ"
        )
    )
