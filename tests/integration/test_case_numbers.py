"""From a case number to its customer: also to one that was joined into another, and by an index in large tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from services.attribution.queries.customers import customer_of, customer_of_case
from services.notifier.history.listing import Filter, Listing
from services.notifier.history.reach import EVERYTHING
from shared.contract.case_numbers import case_digest, case_number
from shared.platform.postgres.database import queries
from tests.support.attribution import Deployment, Journal, deployment
from tests.support.notifier import Office, local

ONE, OTHER = "13800000001", "13800000002"
BIG = 20_000


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    yield office
    office.close()


def digest(customer: str) -> bytes:
    found = case_digest(case_number(customer))
    assert found is not None
    return found


def scans(plan: Any) -> set[str]:
    """The tables that a plan reads from one end to the other."""
    found = {plan["Relation Name"]} if plan["Node Type"] in ("Seq Scan", "Parallel Seq Scan") else set()
    return found.union(*(scans(part) for part in plan.get("Plans", ())))


def rows_read(plan: Any) -> int:
    """The most rows that any step of a plan has looked at."""
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return max([int(own), *(rows_read(part) for part in plan.get("Plans", ()))])


def explained(connection: psycopg.Connection[Any], query: str, given: dict[str, Any]) -> Any:
    row: Any = connection.execute(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode(),
        given,  # the named query, and nothing of anybody else
    ).fetchone()
    return (row[0] if isinstance(row[0], list) else json.loads(row[0]))[0]["Plan"]


def test_the_number_of_a_customer_that_was_joined_leads_to_whom_it_is_now(live: Deployment) -> None:
    """An alert of yesterday has the old number; the page of the case is that of the customer who stands for both."""
    journal = Journal()
    live.fold(journal.visit(ONE, "li"), journal.visit(OTHER, "wang", hours=1))
    with live.questions.of("demo") as snapshot:
        before = {name: customer_of_case(snapshot, digest(name)) for name in names(live)}
    assert {name: told.customer for name, told in before.items()} == {name: name for name in before}
    assert len(before) == 2
    both = {"by": "li", "method": "phone", "subject": "回访", "content": "同一家"}
    live.fold(
        journal.event("followup.recorded", both | {"customer": {"phones": [ONE, OTHER]}}, hours=2),
    )
    (stands,) = names(live)
    with live.questions.of("demo") as snapshot:
        assert [customer_of_case(snapshot, digest(name)) for name in before] == [
            customer_of(snapshot, stands)
        ] * 2


def names(live: Deployment) -> list[str]:
    return [str(row["customer"]) for row in live.rows("SELECT customer FROM claims ORDER BY customer")]


def test_a_customer_is_found_by_an_index_over_the_numbers(live: Deployment) -> None:
    """Among twenty thousand customers and as many that were joined, no table is read through."""
    live.fold(Journal().visit(ONE, "li"))
    with psycopg.connect(live.dsn, autocommit=True, options="-c search_path=attribution") as connection:
        columns = [
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'attribution' AND table_name = 'claims' ORDER BY ordinal_position"
            )
        ]
        same = ", ".join("'c' || n" if name == "customer" else name for name in columns)
        more = f"generate_series(1, {BIG}) AS n"
        claims = f"INSERT INTO claims ({', '.join(columns)}) SELECT {same} FROM claims, {more}"
        connection.execute(claims.encode())
        connection.execute(f"INSERT INTO joined SELECT 'demo', 'j' || n, 'c' || n FROM {more}".encode())
        connection.execute("ANALYZE")
        for customer in ("c7", "j7", "nobody"):
            given = {"scope": "demo", "digest": digest(customer)}
            plan = explained(connection, queries("services.attribution")["customers_of_case"], given)
            assert not scans(plan) & {"claims", "joined"}
            assert rows_read(plan) <= 2


def test_alerts_are_found_by_an_index_over_the_numbers(office: Office) -> None:
    """Among twenty thousand alerts: one that is there and one that is not cost the rows that there are."""
    for begin in range(0, BIG // 4, 500):  # as a consumer hears them: a transaction must not idle for long
        office.hear(*(office.stream.claim(f"c{n}", f"s{n % 50}") for n in range(begin, begin + 500)))
    wanted: dict[str, Any] = dict.fromkeys(
        (
            *("state", "scope", "customer", "staff", "channel", "due", "id"),
            *("first", "last", "scopes", "begins", "ends", "begin", "end"),
        )
    )
    with office.database.connection() as connection:
        connection.execute("ANALYZE")
    with office.database.connection() as connection:
        for customer in ("c7", "nobody"):
            given = wanted | dict(EVERYTHING.given)
            given |= {"unreachable": False, "case": digest(customer), "limit": 50}
            plan = explained(connection, queries("services.notifier")["page"], given)
            assert "alerts" not in scans(plan)
            assert rows_read(plan) <= 10
    found = Listing(office.database).page(Filter(case=digest("c7")), None, 50)
    assert {one.customer for one in found} == {"c7"}
