"""A search of whole files for texts, in every form in which software writes a text; which batches of Kafka hide any."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

_BATCH = struct.Struct(">qiibIh")
"""Offset, length, epoch, magic, checksum and attributes of a batch of records."""
_CODEC = 0x07


def forms(text: str) -> set[bytes]:
    """The bytes of a text in UTF-8, as JSON escapes it, and in an address."""
    return {text.encode(), json.dumps(text)[1:-1].encode(), quote(text).encode()}


def found_in(data: bytes, texts: Iterable[str]) -> list[str]:
    """Those of the texts that stand in the bytes, in any form."""
    return [text for text in texts if any(form in data for form in forms(text))]


def found_below(folder: Path, texts: Iterable[str]) -> dict[str, list[str]]:
    """Which texts stand in which files of a folder; a file that goes meanwhile holds nothing."""
    wanted, found = list(texts), {}
    for file in files_below(folder):
        try:
            texts_there = found_in(file.read_bytes(), wanted)
        except FileNotFoundError:
            continue
        if texts_there:
            found[str(file.relative_to(folder))] = texts_there
    return found


def files_below(folder: Path) -> Iterator[Path]:
    """Every plain file."""
    return (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def compressed_batches(folder: Path) -> list[str]:
    """The segments of Kafka's log that hold a batch in which a text could not be found."""
    return [file.name for file in files_below(folder) if file.suffix == ".log" and any(_codecs(file))]


def _codecs(segment: Path) -> Iterator[int]:
    data, at = segment.read_bytes(), 0
    while at + _BATCH.size <= len(data):
        _, length, _, magic, _, attributes = _BATCH.unpack_from(data, at)
        if length <= 0 or magic != 2:
            return
        yield attributes & _CODEC
        at += 12 + length
