"""Replays over HTTP: asked for, run in processes apart under a lease, read within reach; what was decided stays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from typing import Any

import httpx
import pytest

from services.attribution.main import AttributionService, create_service
from services.attribution.replays.jobs import MOST_ATTEMPTS, ReplayBounds, ReplayJobs
from services.attribution.replays.runner import ReplayRunner
from services.attribution.settings import AttributionSettings
from shared.access.caller import GrantedRole, StaffRole
from shared.contract import parse_instant
from shared.contract.answers.replays import ReplayJob, ReplayLimits
from shared.rules.judge.encoding import pieces
from shared.rules.replays.change import Change, ReplaySetup
from shared.rules.replays.run import replay_files
from shared.rules.rulebooks.loading import load
from shared.rules.rulebooks.registry import Registry
from tests.support import parts
from tests.support.answering import answering
from tests.support.attribution import Deployment, Journal, deployment
from tests.support.tokens import Bearer, admission
from tests.support.workbooks import read_workbook

pytestmark = pytest.mark.anyio

DEADLINE = 120.0
AS_OF = "2026-03-20T00:00:00Z"
FIRST = "13800000001"
JOURNAL = Journal("reception")


@cache
def facts() -> list[Any]:
    """A customer of li's whom wang assisted and closed with; another scope that nobody asks about.

    Told once: a worker that comes back to this module folds the same facts anew.
    """
    customer = {"name": "张伟", "phones": [FIRST]}
    deal = {
        "deal": "d1", "customer": customer, "closed_by": "wang", "project": "garden", "unit": "1-101",
        "amount": "1000000.00",
    }  # fmt: skip
    return [
        JOURNAL.visit(FIRST, "li"),
        JOURNAL.visit(FIRST, "wang", hours=48),
        JOURNAL.event("deal.subscribed", deal, hours=50),
        JOURNAL.visit("13800000009", "zhao", scope="other"),
        JOURNAL.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}, hours=50),
        JOURNAL.watermark(51),
    ]


@pytest.fixture(scope="module")
def folded(postgres_dsn: str) -> Iterator[Deployment]:
    with parts.fresh_database(postgres_dsn) as dsn, deployment(dsn) as live:
        live.fold(*facts())
        yield live


@pytest.fixture(scope="module")
async def service(
    folded: Deployment, kafka: str
) -> AsyncIterator[tuple[AttributionService, httpx.AsyncClient]]:
    settings = AttributionSettings(
        database_url=folded.dsn, kafka=kafka, topic_prefix=parts.fresh_prefix(), partitions=1, attribution_port=0,
        attribution_replays_hour=1000, caller_requests=100_000, **admission().settings(),
    )  # fmt: skip
    made = create_service(settings)
    async with answering(made) as client:
        yield made, client


@pytest.fixture
async def client(service: tuple[AttributionService, httpx.AsyncClient]) -> httpx.AsyncClient:
    return service[1]


def manager(role: Any = "manager", scope: str = "demo") -> Bearer:
    return admission().bearer(StaffRole(scope, f"{scope}-office", role, "chen"), sub=f"{role}-{scope}")


async def ended(client: httpx.AsyncClient, id_: str) -> Any:
    async with asyncio.timeout(DEADLINE):
        while (job := (await client.get(f"/v1/replays/{id_}")).json())["state"] in ("waiting", "running"):  # noqa: ASYNC110 - it runs outside
            await asyncio.sleep(0.05)
    return job


async def asked(client: httpx.AsyncClient, auth: httpx.Auth | None = None, **what: Any) -> httpx.Response:
    return await client.post(
        "/v1/replays", json={"scope": "demo", "as_of": AS_OF, **what}, auth=auth or manager()
    )


def id_of(n: int) -> str:
    return str(json.loads(JOURNAL.lines["demo"][n])["id"])


async def test_its_result_is_that_of_the_command_over_the_same_facts(
    client: httpx.AsyncClient, folded: Deployment
) -> None:
    """Byte for byte; and no event, record or decision is another one afterwards."""
    tables = ("stored_events", "records", "decisions", "deal_decisions", "facts")
    before = [folded.rows(f"SELECT count(*) AS n FROM {table}") for table in tables]
    answer = await asked(client, rulebook="getian")
    assert answer.status_code == 202, answer.text
    job = await ended(client, answer.json()["id"])
    assert (job["state"], job["as_of_seq"], job["counts"]["deals_changed"]) == ("done", 4, 1), job
    result = await client.get(f"{answer.headers['Location']}/result")
    setup = ReplaySetup(
        load("reception"), Registry().books, Change(load("getian")), as_of=parse_instant(AS_OF)
    )
    offline = replay_files([("facts", nullcontext(JOURNAL.lines["demo"]))], setup)
    assert result.content == b"".join(pieces(offline))
    assert [folded.rows(f"SELECT count(*) AS n FROM {table}") for table in tables] == before


async def test_a_draft_with_other_values_and_an_added_fact_are_judged(client: httpx.AsyncClient) -> None:
    """A text that extends a known book, a value of it by its path, and a visit that nobody made; and as a workbook."""
    draft = "rulebook: mine\nversion: 1\ntitle: {zh: 我的, en: mine}\nextends: reception\n"
    half = {"deal.assisted": {"owner": 5000, "assistant": 5000}}
    earlier = {
        "id": "0190a1b2-0000-7000-8000-000000000001", "type": "visit.registered", "scope": "demo",
        "office": "demo-office", "actor": "desk", "occurred_at": "2026-03-01T02:00:00Z",
        "recorded_at": "2026-03-01T02:00:00Z",
        "data": {"visit": "v0", "customer": {"name": "张伟", "phones": [FIRST]}, "received_by": "zhao",
                 "capacity": "on_turn"},
    }  # fmt: skip
    answer = await asked(client, draft=draft, values=half, add=[earlier])
    assert answer.status_code == 202, answer.text
    job = await ended(client, answer.json()["id"])
    assert (job["state"], job["rulebook"]["name"]) == ("done", "mine-changed"), job
    assert job["counts"]["basis_points_moved"] == 7000  # li's 70 percent, of which zhao has 50 and wang 20
    book = await client.get(f"/v1/replays/{job['id']}/workbook")
    assert book.status_code == 200, book.text
    sheets = read_workbook(book.content)
    assert len(sheets) == 7
    assert {"李娜 (li)", "wang"} <= set(sheets[1].texts()), "by name who is enrolled"


async def test_what_is_wrong_is_named_by_field_and_rule(client: httpx.AsyncClient) -> None:
    """An unknown rulebook, fact or customer, a draft that is none, a fact that is there, and nothing changed."""
    known = json.loads(JOURNAL.lines["demo"][0])
    for what, path, rule in (
        ({"rulebook": "nobody"}, "rulebook", "known_rulebook"),
        ({"drop": [id_of(0), "0190a1b2-0000-7000-8000-000000000009"]}, "drop[1]", "known_fact"),
        ({"rulebook": "getian", "customers": ["nobody"]}, "customers[0]", "known_customer"),
        ({"draft": "rulebook: ["}, "draft", "rulebook"),
        ({"values": {"deal.nothing": 1}}, "values", "rulebook"),
        ({"add": [known]}, "add[0].id", "repeated"),
        ({"add": [{**known, "type": "visit.imagined"}]}, "add[0].type", "unknown_type"),
        ({}, "rulebook", "change"),
        ({"rulebook": "getian", "as_of": "yesterday"}, "as_of", "instant"),
    ):
        answer = await asked(client, **what)
        assert answer.status_code == 422, (what, answer.text)
        [error] = answer.json()["errors"]
        assert (error["path"], error["rule"]) == (path, rule), what


async def test_it_is_for_whoever_reaches_the_whole_scope(client: httpx.AsyncClient) -> None:
    """A consultant may not; of another scope neither the scope nor the replay exists; contacts are masked by role."""
    assert (await asked(client, manager("consultant"), rulebook="getian")).status_code == 403
    assert (await asked(client, manager(scope="other"), rulebook="getian")).status_code == 404
    job = await ended(client, (await asked(client, drop=[id_of(0)])).json()["id"])
    for path in ("", "/result", "/workbook"):
        at = f"/v1/replays/{job['id']}{path}"
        other = await client.get(at, auth=manager(scope="other"))
        nothing = at.replace(job["id"], "00000000-0000-4000-8000-000000000000")
        missing = await client.get(nothing, auth=manager())
        assert (other.status_code, other.content) == (404, missing.content)
    assert (await client.delete(f"/v1/replays/{job['id']}", auth=manager(scope="other"))).status_code == 404
    seen = await client.get(f"/v1/replays/{job['id']}/result", auth=manager())
    masked = await client.get(f"/v1/replays/{job['id']}/result", auth=manager("general_manager"))
    assert FIRST in seen.text
    assert FIRST not in masked.text
    assert "138****0001" in masked.text
    listed = (await client.get("/v1/replays", params={"scope": "demo"}, auth=manager())).json()["replays"]
    assert job["id"] in [one["id"] for one in listed]
    assert (
        await client.get("/v1/replays", params={"scope": "demo"}, auth=manager(scope="other"))
    ).status_code == 404
    assert (await client.delete(f"/v1/replays/{job['id']}", auth=manager())).status_code == 204
    assert (await client.get(f"/v1/replays/{job['id']}", auth=manager())).status_code == 404


def bounds(**changes: int) -> ReplayBounds:
    told = {"seconds": 60, "memory_mib": 1024, "result_mib": 64, **changes}
    return ReplayBounds(5, 2, ReplayLimits(**told), 7)


def put(live: Deployment, jobs: ReplayJobs, caller: str = "chen") -> ReplayJob:
    from services.attribution.replays.checking import ReplayWish, checked
    from shared.ids import ScopeId

    demo = ScopeId("demo")
    with live.questions.of(demo) as snapshot:
        return jobs.put(checked(ReplayWish(demo, "getian"), snapshot, Registry(), caller, caller))


@pytest.fixture
def apart(database: str) -> Iterator[Deployment]:
    """A database without a service, whose replays nobody runs."""
    journal = Journal("reception")
    with deployment(database) as live:
        live.fold(journal.visit(FIRST, "li"), journal.visit(FIRST, "wang", hours=48), journal.watermark(51))
        yield live


@asynccontextmanager
async def running(live: Deployment, jobs: ReplayJobs) -> AsyncIterator[None]:
    runner = ReplayRunner(jobs, live.rules.books, live.database.dsn, 1, lambda waiting, running: None)
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(runner.close)


async def over(jobs: ReplayJobs, id_: str) -> ReplayJob:
    async with asyncio.timeout(DEADLINE):
        while True:
            job = jobs.find(id_)
            assert job is not None
            if job.state not in ("waiting", "running"):
                return job
            await asyncio.sleep(0.05)


async def test_one_whose_process_was_killed_is_taken_up_again(apart: Deployment) -> None:
    """Its lease runs out, another process begins it anew, and what the first says then changes nothing."""
    jobs = ReplayJobs(apart.database, bounds())
    made = put(apart, jobs)
    killed = jobs.take()
    assert killed is not None
    assert jobs.take() is None
    with apart.database.connection() as connection:
        connection.execute("UPDATE replays SET leased_until = now() - interval '1 second'")
    async with running(apart, jobs):
        assert (await over(jobs, made.id)).state == "done"
    assert not jobs.hold(killed, 1, 2)
    jobs.cancelled(killed)
    found = jobs.find(made.id)
    assert found is not None
    assert found.state == "done"


def test_one_that_is_left_again_and_again_is_said_to_have_failed(apart: Deployment) -> None:
    """After three processes: the reason stands there, and nobody takes it any more."""
    jobs = ReplayJobs(apart.database, bounds())
    made = put(apart, jobs)
    for _ in range(MOST_ATTEMPTS):
        assert jobs.take() is not None
        with apart.database.connection() as connection:
            connection.execute("UPDATE replays SET leased_until = now() - interval '1 second'")
    assert jobs.take() is None
    found = jobs.find(made.id)
    assert found is not None
    assert (found.state, found.problem.rule) == ("failed", "left")  # type: ignore[union-attr]


def test_so_many_may_be_open_of_one_caller_and_of_all(apart: Deployment) -> None:
    """Two of one, five of all; cancelling one that waits makes room."""
    from services.attribution.replays.jobs import TooManyReplaysError

    jobs = ReplayJobs(apart.database, bounds())
    first, _ = put(apart, jobs), put(apart, jobs)
    with pytest.raises(TooManyReplaysError, match="2"):
        put(apart, jobs)
    jobs.remove(first.id)
    put(apart, jobs)
    for caller in ("a", "b", "c"):
        put(apart, jobs, caller)
    with pytest.raises(TooManyReplaysError, match="5"):
        put(apart, jobs, "d")


def test_one_that_runs_is_cancelled_when_its_process_hears_of_it(apart: Deployment) -> None:
    """The lease does not go on; one that waits ends at once."""
    jobs = ReplayJobs(apart.database, bounds())
    running_, waiting = put(apart, jobs), put(apart, jobs)
    taken = jobs.take()
    assert taken is not None
    for one in (running_, waiting):
        jobs.remove(one.id)
    found = [jobs.find(one.id) for one in (running_, waiting)]
    assert [one and one.state for one in found] == ["running", "cancelled"]
    assert not jobs.hold(taken, 0, None)


@pytest.mark.parametrize("limit", [{"seconds": 0}, {"result_mib": 0}])
async def test_one_that_takes_more_than_it_may_fails_with_the_limit(
    apart: Deployment, limit: dict[str, int]
) -> None:
    """Time and the size of the difference; the process is ended, and the next one is taken."""
    jobs = ReplayJobs(apart.database, bounds(**limit))
    made = put(apart, jobs)
    async with running(apart, jobs):
        job = await over(jobs, made.id)
    assert (job.state, job.problem.rule) == ("failed", "limit")  # type: ignore[union-attr]


async def test_a_service_that_stops_gives_back_what_it_runs(apart: Deployment) -> None:
    """The replay waits again, as if nobody had begun it, and is done by the next."""
    jobs = ReplayJobs(apart.database, bounds())
    made = put(apart, jobs)
    async with running(apart, jobs):
        async with asyncio.timeout(DEADLINE):
            while (found := jobs.find(made.id)) is None or found.state == "waiting":  # noqa: ASYNC110 - in a thread
                await asyncio.sleep(0.01)
    found = jobs.find(made.id)
    assert found is not None
    assert found.state in ("waiting", "done")
    async with running(apart, jobs):
        assert (await over(jobs, made.id)).state == "done"


async def test_head_office_asks_in_the_scopes_that_were_granted(client: httpx.AsyncClient) -> None:
    """And in no other."""
    auth = admission().bearer(GrantedRole("head_office", ("demo",)), sub="head")
    job = await asked(client, auth, rulebook="getian")
    assert job.status_code == 202, job.text
    assert (await client.delete(f"/v1/replays/{job.json()['id']}", auth=auth)).status_code == 204
    assert (await asked(client, auth, scope="other", rulebook="getian")).status_code == 404
