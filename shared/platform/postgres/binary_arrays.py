"""Rows to the server by column: one array a column, written in binary as PostgreSQL reads it.

A batch goes into a table by `unnest` of its columns (hazards.md#the-table-lock). The driver finds out for
each item anew how it is written; a column holds one type, so that is asked once here.
A column of another type, or of nulls alone whose type is not said, is left to the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from struct import Struct
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper, PyFormat, Transformer
from psycopg.pq import Format

_length: Final = Struct(">i").pack
_head: Final = Struct(">iiIii").pack
_NULL: Final = b"\xff\xff\xff\xff"


class _Lengths(dict[int, bytes]):
    """Each length as it is written, made once."""

    def __missing__(self, length: int) -> bytes:
        return self.setdefault(length, _length(length))


_length_of: Final = _Lengths().__getitem__


class Column:
    """A written array; each type of item has a class of its own, by which the driver knows the array's type."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _Kind:
    """How the items of one type are written; `size` where all are of one."""

    def __init__(self, item: str, write: Callable[[Any], bytes], size: int | None = None) -> None:
        info = psycopg.adapters.types[item]
        self._write = write
        self._mark = None if size is None else _length(size)
        self._item_oid = info.oid
        self._made: type[Column] = type(f"{item.title()}Column", (Column,), {"__slots__": ()})
        dumper = {"oid": info.array_oid, "format": Format.BINARY, "dump": _as_it_is}
        psycopg.adapters.register_dumper(self._made, type(f"{item.title()}ColumnDumper", (Dumper,), dumper))

    def made_of(self, values: Sequence[Any]) -> Column:
        """One dimension, whether there are nulls, the type of an item, how many from 1 on; then the items."""
        nulls = None in values
        head = _head(1, nulls, self._item_oid, len(values), 1)
        if nulls:
            items = [None if value is None else self._write(value) for value in values]
            return self._made(b"".join(_sized_or_null(head, items)))
        if self._mark is None:
            return self._made(b"".join(_sized(head, list(map(self._write, values)))))
        return self._made(head + self._mark + self._mark.join(map(self._write, values)))


def _as_it_is(_dumper: Dumper, column: Column) -> bytes:
    return column.data


def _sized(head: bytes, items: Sequence[bytes]) -> list[bytes]:
    """Each after its length; without a step of Python's own for each."""
    parts = [head] * (2 * len(items) + 1)
    parts[1::2] = map(_length_of, map(len, items))
    parts[2::2] = items
    return parts


def _sized_or_null(head: bytes, items: Iterable[bytes | None]) -> list[bytes]:
    parts = [head]
    for item in items:
        parts += (_NULL,) if item is None else (_length(len(item)), item)
    return parts


def _instant() -> Callable[[Any], bytes]:
    """The driver's own way for times with a zone; it refuses others."""
    write: Callable[[Any], Any] = (
        Transformer().get_dumper(datetime.max.replace(tzinfo=UTC), PyFormat.BINARY).dump
    )
    return write


_KINDS: Final = {
    str: _Kind("text", str.encode),
    bytes: _Kind("bytea", bytes),
    int: _Kind("int8", Struct(">q").pack, 8),
    datetime: _Kind("timestamptz", _instant(), 8),
    UUID: _Kind("uuid", attrgetter("bytes"), 16),
}


def column(values: Sequence[Any], of: type | None = None) -> Column | list[Any]:
    """The items, which have one type but for nulls, as a parameter that is sent in binary (`%b`).

    `of` says the type of a column that may hold nulls alone.
    """
    known = of or next((type(value) for value in values if value is not None), None)
    kind = None if known is None else _KINDS.get(known)
    return list(values) if kind is None else kind.made_of(values)


def columns(rows: Iterable[Sequence[Any]]) -> list[Column | list[Any]]:
    """The columns of rows that are all of one length."""
    return [column(values) for values in zip(*rows, strict=True)]
