"""Rows as types whose fields are the columns: what a statement selects and what is made of it are held together."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec
import psycopg

from shared.platform.postgres.database import DatabaseError

Row = TypeVar("Row")


class ColumnsError(DatabaseError):
    """A statement selects other columns than its row has fields."""


def rows_of(cursor: psycopg.Cursor[tuple[object, ...]], kind: type[Row]) -> list[Row]:
    """All rows of a statement that was executed; `kind` is a struct or a dataclass.

    Raises `ColumnsError` where its columns are not the fields of `kind`, and `msgspec.ValidationError` where a value
    is not of its field's type.
    """
    names = _columns(cursor, kind)
    return [_made(kind, names, row) for row in cursor.fetchall()]


def row_of(cursor: psycopg.Cursor[tuple[object, ...]], kind: type[Row]) -> Row | None:
    """The first row of a statement that was executed; None where there is none. Raises as `rows_of` does."""
    row = cursor.fetchone()
    return None if row is None else _made(kind, _columns(cursor, kind), row)


def the_row(cursor: psycopg.Cursor[tuple[object, ...]], kind: type[Row]) -> Row:
    """The row of a statement that always has one, such as one of figures. Raises as `rows_of` does."""
    row = row_of(cursor, kind)
    if row is None:
        raise ColumnsError(f"{kind.__name__}: a statement that always gives a row gave none")
    return row


def _made(kind: type[Row], names: tuple[str, ...], row: tuple[object, ...]) -> Row:
    return msgspec.convert(dict(zip(names, row, strict=True)), kind)


def _columns(cursor: psycopg.Cursor[Any], kind: type[Row]) -> tuple[str, ...]:
    names = tuple(column.name for column in cursor.description or ())
    _demand_fields(kind, names)  # type: ignore[arg-type]  # mypy: a type of a variable is not known to be hashable
    return names


@cache
def _demand_fields(kind: type[Any], names: tuple[str, ...]) -> None:
    wanted = sorted(
        one.name for one in (fields(kind) if is_dataclass(kind) else msgspec.structs.fields(kind))
    )
    if sorted(names) != wanted:
        raise ColumnsError(f"{kind.__name__} has {', '.join(wanted)}; selected: {', '.join(names)}")
