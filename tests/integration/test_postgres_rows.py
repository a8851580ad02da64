"""Rows as types whose fields are the columns, from a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import psycopg
import pytest
from msgspec import Struct

from shared.platform.postgres.rows import ColumnsError, row_of, rows_of, the_row

Connection = psycopg.Connection[tuple[object, ...]]


class Colour(StrEnum):
    RED = "red"


class Painted(Struct, frozen=True):
    id: int
    colour: Colour
    parts: frozenset[str]


@dataclass(frozen=True)
class Counted:
    count: int


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database) as opened:
        yield opened


def test_columns_go_by_their_names_whatever_their_order(connection: Connection) -> None:
    """Each column comes to the field of its name, as that field's type."""
    cursor = connection.execute("SELECT ARRAY['a', 'b'] AS parts, 'red' AS colour, 7 AS id")
    assert rows_of(cursor, Painted) == [Painted(7, Colour.RED, frozenset({"a", "b"}))]


def test_a_dataclass_is_a_row_too(connection: Connection) -> None:
    """Figures of one row are read into a dataclass."""
    assert the_row(connection.execute("SELECT count(*) FROM generate_series(1, 3)"), Counted) == Counted(3)


@pytest.mark.parametrize(
    "columns", ["7 AS id", "7 AS id, 'red' AS colour, '{}'::text[] AS parts, 1 AS more", "7"]
)
def test_other_columns_than_fields_are_refused_by_name(connection: Connection, columns: str) -> None:
    """A statement that selects too little, too much or without a name is a mistake, also where it has no rows."""
    with pytest.raises(ColumnsError, match="Painted has colour, id, parts; selected"):
        rows_of(connection.execute(f"SELECT {columns} WHERE false".encode()), Painted)


def test_a_value_of_another_type_is_refused(connection: Connection) -> None:
    """What the type does not allow never reaches the program as if it were allowed."""
    cursor = connection.execute("SELECT 7 AS id, 'blue' AS colour, '{}'::text[] AS parts")
    with pytest.raises(msgspec.ValidationError, match="colour"):
        row_of(cursor, Painted)


def test_no_row_is_none_where_there_may_be_none(connection: Connection) -> None:
    """A statement without a row gives None, or is refused where it always has one."""
    assert row_of(connection.execute("SELECT 1 AS count WHERE false"), Counted) is None
    with pytest.raises(ColumnsError, match="gave none"):
        the_row(connection.execute("SELECT 1 AS count WHERE false"), Counted)
