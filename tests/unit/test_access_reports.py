"""What goes on record is kept before an answer leaves, one by one while it matters and as a number beyond."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import Request
from prometheus_client import CollectorRegistry

from shared.access import reporting
from shared.access.caller import GrantedRole
from shared.access.guard import Refusal, permits_of
from shared.access.report import AccessReport, disclosed
from shared.access.report_metrics import ReportMetrics
from shared.access.reporting import MOST, Reporting
from shared.access.reports import Backlog
from shared.platform.http.app import create_app
from shared.platform.http.problem import ProblemError
from tests.support.tokens import admission, guarded

AUDITOR = GrantedRole("group_auditor", ("east",))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Table:
    """A table of reports in memory, which may be away."""

    def __init__(self) -> None:
        self.rows: list[AccessReport] = []
        self.transactions = 0
        self.away = False

    def keep(self, reports: Sequence[AccessReport]) -> None:
        if self.away:
            raise psycopg.OperationalError("away")
        self.transactions += 1
        self.rows += reports

    def backlog(self) -> Backlog:
        refusals = sum(one.act == "refused" for one in self.rows)
        return Backlog(len(self.rows), refusals, None, 0)


@asynccontextmanager
async def keeping(table: Table) -> AsyncIterator[Reporting]:
    kept: Any = table
    made = Reporting(kept, ReportMetrics(CollectorRegistry(), lambda: 0.0), lambda: NOW)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def shown(kept: Reporting) -> AsyncIterator[httpx.AsyncClient]:
    """Attribution's addresses, of which each says what it would show."""
    app = create_app("Panke", "0", live={}, ready={}, metrics=bytes)

    def in_a_thread(scope: str, customer: str) -> dict[str, str]:
        if customer == "none":
            raise ProblemError(404, "not there")
        return {"contact": "13800000001"}

    async def page(request: Request, scope: str) -> list[str]:
        assert permits_of(request)
        disclosed(count=3)
        return ["c1", "c2", "c3"]

    async def plain(scope: str) -> list[str]:
        return []

    app.add_api_route("/v1/scopes/{scope}/customers/{customer}", in_a_thread, methods=["GET"])
    app.add_api_route("/v1/scopes/{scope}/customers", page, methods=["GET"])
    app.add_api_route("/v1/scopes/{scope}/judgement", plain, methods=["GET"])
    app.add_api_route("/v1/scopes/{scope}/deals", plain, methods=["GET"])
    guarded(app, "attribution", passed=kept.passed, refused=kept.refused)
    auth = admission().bearer(AUDITOR)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", auth=auth) as client:
        yield client


async def test_each_answer_that_shows_something_is_kept_with_what_it_shows() -> None:
    """The customer of the address, the count of a page; an export as that; what shows nobody is not told."""
    table = Table()
    async with keeping(table) as kept, shown(kept) as client:
        for path in ("customers/c1", "customers", "judgement", "deals"):
            assert (await client.get(f"/v1/scopes/east/{path}")).status_code == 200
    told = [(one.act, one.action, one.role, one.scope, one.customer, one.count) for one in table.rows]
    assert told == [
        ("opened", "customer.read", "group_auditor", "east", "c1", None),
        ("opened", "customer.list", "group_auditor", "east", None, 3),
        ("exported", "judgement.read", "group_auditor", "east", None, None),
    ]
    assert all((one.login, one.account, one.session) == ("somebody", "p-1", "s-1") for one in table.rows)


async def test_an_answer_that_cannot_be_put_on_record_does_not_leave() -> None:
    """503 with the time to come again, and nothing of what it would have shown."""
    table = Table()
    table.away = True
    async with keeping(table) as kept, shown(kept) as client:
        answer = await client.get("/v1/scopes/east/customers/c1")
    assert (answer.status_code, "13800000001" in answer.text) == (503, False)
    assert answer.headers["retry-after"] and answer.json()["detail"]


async def test_what_a_handler_refuses_is_told_as_refused() -> None:
    """404 of what is out of reach or not there, with who asked for what."""
    table = Table()
    async with keeping(table) as kept, shown(kept) as client:
        assert (await client.get("/v1/scopes/east/customers/none")).status_code == 404
        await kept.flush()
    (told,) = table.rows
    assert (told.act, told.status, told.action, told.scope) == ("refused", 404, "customer.read", "east")
    assert told.login == "somebody"


async def test_those_who_ask_at_once_are_kept_together() -> None:
    """Whoever comes while others are written goes with the next transaction, and each is told that it is durable."""
    table = Table()
    async with keeping(table) as kept:
        reports = [kept.report("opened", None) for _ in range(100)]
        await asyncio.gather(*(kept.keep(one) for one in reports))
    assert {one.id for one in table.rows} == {one.id for one in reports}
    assert table.transactions < 100


async def refuse(kept: Reporting, count: int) -> None:
    for _ in range(count):
        await kept.refused(Refusal(401, "no token", "GET", "customer.read", "east", None, "10.0.0.1"))


async def test_a_flood_of_refusals_is_told_as_a_number() -> None:
    """500 one by one, how many there were besides; the next batch begins anew."""
    table = Table()
    async with keeping(table) as kept:
        await refuse(kept, MOST + 7)
        await kept.flush()
        await refuse(kept, 1)
        await kept.flush()
    assert [one.count for one in table.rows] == [None] * MOST + [7, None]


async def test_refusals_do_not_fill_the_database_while_access_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond so many that wait, a batch is one number, until access has taken them; openings are kept as ever."""
    monkeypatch.setattr(reporting, "MOST_REFUSALS", 3)
    table = Table()
    async with keeping(table) as kept:
        for count in (3, 50, 50):
            await refuse(kept, count)
            await kept.flush()
            await kept.look()
        await kept.keep(kept.report("opened", None))
        assert [one.count for one in table.rows] == [None, None, None, 50, 50, None]
        table.rows.clear()
        await kept.look()
        await refuse(kept, 2)
        await kept.flush()
    assert [one.count for one in table.rows] == [None, None]


async def test_refusals_that_could_not_be_kept_are_kept_later() -> None:
    """A database that was away for a moment costs none of those that are told one by one."""
    table = Table()
    async with keeping(table) as kept:
        await refuse(kept, 2)
        table.away = True
        await kept.flush()
        table.away = False
        await kept.flush()
    assert len(table.rows) == 2


async def test_what_a_caller_writes_into_an_address_cannot_make_a_report_that_access_refuses() -> None:
    """A scope that is none is left out, controls are cut: one bad report must not hold up a batch."""
    import msgspec

    table = Table()
    async with keeping(table) as kept:
        refusal = Refusal(404, "", "GET", None, "East!", None, None, "a\x00b" + "x" * 300)
        await kept.refused(refusal)
        await kept.flush()
    (told,) = table.rows
    assert (told.scope, told.detail is not None and told.detail.startswith("a b")) == (None, True)
    assert msgspec.json.decode(msgspec.json.encode(told), type=AccessReport) == told
