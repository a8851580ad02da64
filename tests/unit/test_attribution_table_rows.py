"""Rows that the fold writes have a type each, whose fields are the columns of its statement in order."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import pytest

from services.attribution.store import table_rows
from services.attribution.store.batch import SQL, BatchRows
from services.attribution.store.table_rows import LIST_OF, DecisionWritten, OfFact

OTHERS: dict[str, type[Any]] = {
    "put_bearings": table_rows.BearingWritten,
    "put_outbox": table_rows.MessageWritten,
    "put_scopes": table_rows.ScopeWritten,
    "put_epochs": table_rows.EpochWritten,
    "put_records": table_rows.RecordWritten,
    "put_new_records": table_rows.RecordWritten,
    "drop_records": table_rows.RecordDropped,
    "put_leaves": table_rows.LeafWritten,
    "drop_leaves": table_rows.LeafDropped,
    "put_claims": table_rows.ClaimWritten,
    "put_deals": table_rows.DealWritten,
    "put_warnings": table_rows.WarningWritten,
    "put_rulebooks": table_rows.TextWritten,
    "put_dead_records": table_rows.DeadRecordWritten,
    "put_parked_scopes": table_rows.ParkedScopeWritten,
    "put_parked_facts": table_rows.ParkedFactWritten,
    "put_set_aside": table_rows.FactSetAside,
}
STATEMENTS = {**{f"put_{name}": kind for kind, name in LIST_OF.items()}, **OTHERS}
PLACE = re.compile(r"%[bs]::(\w+)\[\]")


def statement(name: str) -> str:
    """Its text, without remarks."""
    return "\n".join(line for line in str(SQL[name]).splitlines() if not line.startswith("--"))


def taken(text: str) -> list[str]:
    """The columns that a statement takes, in order: as it names them, or as the table into which they go whole does."""
    named = re.search(r"\bAS \w+ \(([^)]*)\)", text) or re.search(r"INSERT INTO \w+ \(([^)]*)\)", text)
    assert named, text
    return [name for name in named[1].split(", ") if name != "n"]


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_the_fields_of_a_row_are_the_columns_of_its_statement(name: str) -> None:
    text = statement(name)
    assert list(STATEMENTS[name]._fields) == taken(text)
    assert len(PLACE.findall(text)) == len(STATEMENTS[name]._fields)


SQL_TYPES = {
    "text": str, "bytea": bytes, "bigint": int, "integer": int, "boolean": bool, "uuid": str,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_the_types_of_a_row_are_those_of_its_columns(name: str) -> None:
    """As far as a type of PostgreSQL has one of Python's own; ids are texts."""
    hints = get_type_hints(STATEMENTS[name])
    for field, column in zip(STATEMENTS[name]._fields, PLACE.findall(statement(name)), strict=True):
        wanted = SQL_TYPES.get(column)
        if wanted is not None:
            of = get_args(hints[field]) or (hints[field],)
            plain = {getattr(one, "__supertype__", one) for one in of} - {type(None)}
            assert plain == {wanted}, (name, field, column)


def test_no_type_of_row_stands_beside_the_statements() -> None:
    made = {one for one in vars(table_rows).values() if isinstance(one, type) and hasattr(one, "_fields")}
    assert made == set(STATEMENTS.values())
    assert set(LIST_OF) == set(get_args(OfFact))
    assert set(LIST_OF.values()) <= set(BatchRows.__dataclass_fields__)


def test_decisions_of_a_customer_who_is_joined_go_along_in_their_scope_alone() -> None:
    batch = BatchRows()
    kept: Any = (1, "gone", 1, None, b"")
    for scope in ("a", "b"):
        batch.add([DecisionWritten(scope, *kept)])  # type: ignore[arg-type]
    batch.join("a", "gone", "into")
    assert [row.customer for row in batch.decisions] == ["into", "gone"]
