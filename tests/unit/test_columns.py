"""Columns are what the driver would have written, and read back as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format

from shared.platform.postgres.binary_arrays import Column, column, columns

AT = datetime(2026, 3, 1, 2, 3, 4, 567_890, tzinfo=UTC)
ONE = UUID("0195a000-0000-7000-8000-000000000001")

COLUMNS: list[list[Any]] = [
    ["li", "", "张伟", None, 'a"b\\c,{}'],
    [b"", b"\x00\xff", None, b"x" * 70_000],
    [1, -1, 2**63 - 1, -(2**63), None],
    [AT, None, AT - timedelta(days=20_000), AT.replace(microsecond=0)],
    [ONE, None, UUID(int=0)],
]


def written(value: Any) -> tuple[int, bytes]:
    """The type and the bytes that a parameter of a statement goes over as."""
    dumper = Transformer().get_dumper(value, PyFormat.BINARY)
    return dumper.oid, bytes(dumper.dump(value) or b"")


def read(oid: int, data: bytes) -> list[Any]:
    found: list[Any] = Transformer().get_loader(oid, Format.BINARY).load(data)
    return found


@pytest.mark.parametrize("values", COLUMNS)
def test_a_column_reads_back_as_it_was(values: list[Any]) -> None:
    """Nulls, empty items and the ends of each range among them."""
    made = column(values)
    assert isinstance(made, Column)
    assert read(*written(made)) == values


@pytest.mark.parametrize("values", [COLUMNS[0], COLUMNS[1], COLUMNS[3], COLUMNS[4]])
def test_a_column_is_what_the_driver_writes(values: list[Any]) -> None:
    """By type and by bytes."""
    (oid, made), (expected_oid, expected) = written(column(values)), written(values)
    assert (oid, made) == (expected_oid, expected)


def test_numbers_are_always_of_one_width() -> None:
    """The driver takes the narrowest that holds them, so that a statement would be prepared for each anew."""
    assert {written(column([number]))[0] for number in (1, 70_000, 2**40)} == {1016}


def test_instants_of_another_zone_are_the_same_instants() -> None:
    """And one without a zone is refused, since it is none."""
    shanghai = AT.astimezone(timezone(timedelta(hours=8)))
    assert written(column([shanghai])) == written(column([AT]))
    with pytest.raises(TypeError):
        column([AT.replace(tzinfo=None)])


def test_what_is_no_known_type_is_left_to_the_driver() -> None:
    """Nulls alone, and nothing at all."""
    assert column([None, None]) == [None, None]
    assert column([]) == []


@pytest.mark.parametrize("values", COLUMNS)
def test_nulls_alone_are_a_column_of_the_type_that_is_said(values: list[Any]) -> None:
    """Of the same type as with items among them, so that a statement is prepared once."""
    made = column([None, None], of=type(values[0]))
    assert isinstance(made, Column)
    assert written(made)[0] == written(column(values))[0]
    assert read(*written(made)) == [None, None]


def test_a_column_of_mixed_types_is_refused() -> None:
    """It could only be a defect."""
    with pytest.raises((AttributeError, TypeError)):
        column(["li", b"li"])


def test_rows_are_turned_into_columns() -> None:
    """All rows have as many items."""
    assert [read(*written(made)) for made in columns([("a", 1), ("b", 2)])] == [["a", "b"], [1, 2]]
    with pytest.raises(ValueError, match="shorter"):
        columns([("a", 1), ("b",)])
