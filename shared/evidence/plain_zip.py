"""Whether a zip is plain: whoever reads it, from its list or from its beginning, reads the same files.

Programs differ in what they make of bytes before, between and behind the files of a zip, and of a file that is said
otherwise before its bytes than in the list. A pack that was verified by the one must be what the other unpacks.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import BinaryIO, Final, NamedTuple

from shared.evidence.verdict import UnverifiableError
from shared.i18n import translated

MOST_FILES: Final = 1_000
MOST_DIRECTORY: Final = 1024 * 1024
"""Bytes that name the files of a zip; more than a thousand names need no more."""
_LOCAL: Final = b"PK\x03\x04"
_LISTED: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_DESCRIPTOR: Final = b"PK\x07\x08"
_DESCRIBED_BEHIND: Final = 0x08
_IN_64: Final = 0xFFFFFFFF


def directory_at(file: BinaryIO) -> tuple[int, int]:
    """Where the list of files begins and how many it has, before the library reads the whole of it into memory.

    The zip ends with it: what stands behind, or in front of the first file, is read by some and passed over by others.
    """
    size = file.seek(0, io.SEEK_END)
    count, length, start, end = _end(file, size)
    if count > MOST_FILES or length > MOST_DIRECTORY:
        raise UnverifiableError(translated("the zip holds more than {count} files", count=MOST_FILES))
    if start + length != end:
        raise _odd()
    file.seek(0)
    return start, count


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


def demand_side_by_side(file: BinaryIO, entries: Sequence[zipfile.ZipInfo], start: int, count: int) -> None:
    """Every file begins where the one before it ends, and the list behind the last: nothing lies hidden between."""
    if len(entries) != count:
        raise _odd()
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
