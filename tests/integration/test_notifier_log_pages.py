"""The log of a customer of many years: whole, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from click.testing import CliRunner
from fastapi import FastAPI

from services.notifier.cli import alerts
from services.notifier.history.listing import Listing
from services.notifier.history.proof import PAGE, Proof
from services.notifier.http import add_routes
from shared.platform.clock import MachineClock
from tests.support.notifier import Office, local
from tests.support.tokens import admission, guarded

MANY = PAGE + 3
FILL = """
    INSERT INTO alerts (
        id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, changed_at)
    SELECT gen_random_uuid(), 'demo', 'c1', n / 4 + 1, 'last_morning', 'owner', 'li', 'li', %(at)s, %(end)s, 'sent',
           clock_timestamp()
    FROM generate_series(1, %(many)s) AS n
"""


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    given: dict[str, Any] = {"at": local(1, 9), "end": local(1, 9) + timedelta(days=1), "many": MANY}
    with office.database.connection() as connection:
        connection.execute(FILL, given)
    yield office
    office.close()


def test_the_command_tells_all_of_a_customer_of_many_years(office: Office, database: str) -> None:
    """What came last is not left out in silence, though all of it fell due in one moment."""
    result = CliRunner().invoke(alerts, ["log", "--customer", "c1", "--json", "--database-url", database])
    assert result.exit_code == 0, result.output
    assert len({json.loads(line)["id"] for line in result.output.splitlines()}) == MANY


async def test_the_log_over_http_has_pages(office: Office) -> None:
    """`next` asks for what is behind a page; the last one has none, and each alert is in one of them."""
    app = guarded(FastAPI(), "notifier")
    add_routes(
        app, Listing(office.database), Proof(office.database), MachineClock(), ZoneInfo("Asia/Shanghai")
    )
    found: list[str] = []
    query: dict[str, Any] | None = {"customer": "c1", "limit": 400}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://notifier", auth=admission().bearer()
    ) as client:
        while query is not None:
            page = (await client.get("/v1/alerts/log", params=query)).json()
            found += [one["id"] for one in page["alerts"]]
            query = None if page["next"] is None else {**query, "cursor": page["next"]}
    assert len(found) == len(set(found)) == MANY
