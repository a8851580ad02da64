"""Customers joined one after another, live: each is found by every contact, and a join writes what is joined."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.attribution.queries.customers import customer_of, customers_of
from services.attribution.queries.decisions_page import first_of_all
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import Deployment, Journal, Raw, deployment

MEMBERS = 60


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def phone(member: int) -> str:
    return str(13_800_000_000 + member)


def visits(journal: Journal) -> list[Raw]:
    return [journal.visit(phone(member), "li", hours=member / 60) for member in range(MEMBERS)]


def joining(journal: Journal, member: int) -> Raw:
    """A call by which this member and the next turn out to be one."""
    call = {"customer": {"phones": [phone(member), phone(member + 1)]}, "answered_by": "wang"}
    return journal.event("call.registered", call, hours=2 + (MEMBERS - member) / 60)


def test_customers_joined_from_the_end_are_found_by_each_contact(live: Deployment) -> None:
    """By contact, by visit and by every id that was theirs; as the judge tells them, whatever lay in one batch."""
    journal = Journal()
    live.fold(*visits(journal))
    ids = [row["id"] for row in live.rows("SELECT id FROM records WHERE kind = 'customer' ORDER BY born")]
    for member in range(MEMBERS - 2, -1, -1):
        live.fold(joining(journal, member))
        if member % 7 == 0:
            live.attribution = live.restarted()
    (judged,) = result_of(journal.lines["demo"], load("shijiazhuang"), {})["customers"]
    for member in range(MEMBERS):
        with live.questions.of("demo") as snapshot:
            assert snapshot.customer_of("+86" + phone(member)) == judged["customer"] == ids[0]
    visit = live.rows("SELECT id FROM records WHERE kind = 'visit' ORDER BY born DESC LIMIT 1")[0]["id"]
    with live.questions.of("demo") as snapshot:
        assert snapshot.receiver_of(visit) == "li"
        assert [snapshot.find(gone).id for gone in ids] == ids[:1] * MEMBERS
        assert plain(customer_of(snapshot, ids[-1])) == judged


def test_a_large_customer_joins_a_small_one_by_few_rows(live: Deployment) -> None:
    """Its decisions, and what went into it, stay where they stand; they are told of the one that was first."""
    journal = Journal()
    live.fold(*visits(journal))
    live.fold(*(joining(journal, member) for member in range(MEMBERS - 2, 0, -1)))
    before = stored(live)
    live.fold(joining(journal, 0))
    written = [row for row, by in stored(live).items() if before.get(row) != by]
    assert len(before) > 4 * MEMBERS
    assert len(written) <= 16, written
    (judged,) = result_of(journal.lines["demo"], load("shijiazhuang"), {})["customers"]
    with live.questions.of("demo") as snapshot:
        (told,) = plain(customers_of(snapshot, [judged["customer"]]))
        assert plain(customer_of(snapshot, judged["customer"], limit=500)) == told == judged
        page, _ = first_of_all(snapshot.ask, snapshot.head.scope, [judged["customer"]], [])
        assert plain(page) == judged["decisions"]


def stored(live: Deployment) -> dict[tuple[str, ...], str]:
    """Every row of the scope that a join can touch, and the transaction that wrote it."""
    columns = {
        "records": "kind, id", "claims": "'', customer", "decisions": "'', version", "joined": "'', customer",
        "homes": "'', customer", "leaves": "list, leaf",
    }  # fmt: skip
    query = " UNION ALL ".join(
        f"SELECT '{table}' AS of, {row.split(', ')[0]} AS kind, {row.split(', ')[1]}::text AS name, xmin::text AS by"
        f" FROM {table}"
        for table, row in columns.items()
    )
    return {(row["of"], row["kind"], row["name"]): row["by"] for row in live.rows(query)}
