"""Intake takes no fact and promises no watermark while its clocks part, and says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from prometheus_client import Gauge

from services.intake import main
from services.intake.cli import journal
from services.intake.journal.clock_watch import Anchor, ClockWatch, DatabaseClock, StoredClocks
from services.intake.main import IntakeService
from services.intake.settings import IntakeSettings
from shared.platform.clock import SteadyTime, SystemClock
from shared.platform.postgres.database import Database, migrate
from tests.support.answering import answering
from tests.support.intake import raw, taking, visit
from tests.support.patience import PATIENCE
from tests.support.tokens import admission

YEAR = timedelta(days=365)


class Wall:
    """The machine's clock, as far from the true time as somebody sets it."""

    def __init__(self) -> None:
        self.off = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.fixture
def settings(database: str, kafka: str, topic_prefix: str) -> IntakeSettings:
    return IntakeSettings(
        intake_journal_in_clear=True,
        database_url=database,
        kafka=kafka,
        topic_prefix=topic_prefix,
        partitions=3,
        **admission().settings(),
    )


@asynccontextmanager
async def serving(
    settings: IntakeSettings, wall: Wall
) -> AsyncIterator[tuple[httpx.AsyncClient, IntakeService]]:
    service = IntakeService(settings, SystemClock(SteadyTime(wall=wall)))
    async with answering(service) as client:
        await taking(service)
        yield client, service


def watermark(settings: IntakeSettings) -> datetime:
    with psycopg.connect(settings.database_url) as connection:
        row = connection.execute("SELECT promised_at FROM intake.watermark").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


async def post(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/events", content=raw(visit()))


def recorded(answer: httpx.Response) -> datetime:
    assert answer.status_code == 202, answer.text
    return datetime.fromisoformat(answer.json()["recorded_at"])


async def test_a_leap_of_a_year_stamps_nothing_and_passes_by_itself(settings: IntakeSettings) -> None:
    """503 with the reason, no watermark ahead, an unready service; then all goes on at the right time."""
    wall = Wall()
    async with serving(settings, wall) as (client, service):
        recorded(await post(client))
        wall.off = YEAR
        refused = await post(client)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "leapt ahead by 31536000 s" in refused.json()["detail"]
        assert "本机时钟向前跳了 31536000 秒" in refused.json()["detail"]
        assert "clock" in (await client.get("/readyz")).json()["failing"]
        batch = await client.post("/v1/events:batch", content=raw(visit()))
        assert batch.status_code == 503
        assert watermark(settings) < datetime.now(UTC) + timedelta(minutes=1)
        wall.off = timedelta(0)
        assert await taken(client) < datetime.now(UTC) + timedelta(minutes=1)
        assert service.clock_watch is not None
        assert service.clock_watch.problem() is None


async def test_a_token_that_is_over_by_a_doubted_clock_is_not_refused_for_it(
    settings: IntakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door goes by the same machine: whoever calls is told of the clock, and not to sign in again."""
    wall = Wall()
    off = SimpleNamespace(time=lambda: wall().timestamp(), monotonic=time.monotonic)
    monkeypatch.setattr(main, "time", off)
    async with serving(settings, wall) as (client, _service):
        recorded(await post(client))
        wall.off = YEAR
        refused = await post(client)
        assert refused.status_code == 503, refused.text
        assert "leapt ahead by 31536000 s" in refused.json()["detail"]
        wall.off = timedelta(0)
        await taken(client)
        nobody = await client.post(
            "/v1/events", content=raw(visit()), headers={"Authorization": "Bearer a.b.c"}
        )
        assert nobody.status_code == 401


async def test_a_clock_that_is_not_the_databases_is_doubted(settings: IntakeSettings) -> None:
    """Wrong from the start on, which no time since boot can show."""
    wall = Wall()
    wall.off = YEAR
    async with serving(settings, wall) as (client, _service):
        refused = await post(client)
        assert refused.status_code == 503
        assert "the database's are 31536000 s apart" in refused.json()["detail"]


async def test_a_clock_that_is_set_back_keeps_the_order(settings: IntakeSettings) -> None:
    """A little back, as far as clocks may part: facts are recorded as late as the one before them."""
    wall = Wall()
    async with serving(settings, wall) as (client, _service):
        first = recorded(await post(client))
        wall.off = -timedelta(seconds=20)
        assert recorded(await post(client)) >= first


async def test_a_process_that_starts_with_a_leap_believes_what_the_one_before_it_believed(
    settings: IntakeSettings,
) -> None:
    """Also where the database's clock leapt with it, as on one machine."""
    wall = Wall()
    async with serving(settings, wall):
        pass
    wall.off = YEAR
    with psycopg.connect(settings.database_url) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM intake.clock_anchors").fetchone() or (0,)
    assert kept == 1
    async with serving(settings, wall) as (client, _service):
        assert "leapt ahead" in (await post(client)).json()["detail"]
        wall.off = timedelta(0)
        assert await taken(client) < datetime.now(UTC) + timedelta(minutes=1)
    assert watermark(settings) < datetime.now(UTC) + timedelta(minutes=1)


async def test_a_journal_ahead_of_all_clocks_is_told_and_goes_on_when_an_operator_says_so(
    settings: IntakeSettings,
) -> None:
    """Nothing more is stamped ahead unasked; `panke journal confirm-time` decides, and is kept."""
    async with serving(settings, Wall()) as (client, _service):
        recorded(await post(client))
    ahead = datetime.now(UTC) + YEAR
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE intake.watermark SET promised_at = %s", [ahead])
    async with serving(settings, Wall()) as (client, _service):
        refused = await post(client)
        assert refused.status_code == 503
        assert "the journal lies ahead of all clocks" in refused.json()["detail"]
        confirm(settings)
        await taken(client)
    async with serving(settings, Wall()) as (client, _service):
        assert recorded(await post(client)) > ahead


async def taken(client: httpx.AsyncClient) -> datetime:
    """Post until it is taken, since the watch may have looked while the clocks were apart; when it was recorded."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await post(client)).status_code != 202:  # noqa: ASYNC110 - nothing sets an event for it
            await asyncio.sleep(0.05)
    return recorded(answer)


def test_a_time_is_confirmed_as_the_clocks_stand_at_that_moment() -> None:
    """Also where nobody had looked at the database's clock since this machine's was set."""
    wall = Wall()
    clocks = Said()
    watch = ClockWatch(SystemClock(SteadyTime(wall=wall)), clocks, Gauge("apart", "-", registry=None))
    watch.begin()
    wall.off, clocks.confirmation = timedelta(hours=2), 1
    watch.look()
    assert watch.problem() is None


def test_a_look_borrows_one_connection(database: str) -> None:
    """Of the pool that all requests share: what it asks and what it keeps go over the same one."""
    migrate(database, "services.intake", "intake")
    with Database(database, schema="intake") as pool:
        watch = ClockWatch(SystemClock(), StoredClocks(pool), Gauge("apart", "-", registry=None))
        watch.begin()
        before = pool.pool.get_stats()["requests_num"]
        watch.look()
        assert pool.pool.get_stats()["requests_num"] == before + 1
        with pool.connection() as connection:
            assert connection.execute("SELECT count(*) FROM clock_anchors").fetchone() == (1,)


class Said:
    """A database whose clock is right, and which operators may confirm a time to."""

    confirmation = 0

    @contextmanager
    def asked(self) -> Iterator[Said]:
        yield self

    def read(self, *, journal: bool) -> DatabaseClock:
        return DatabaseClock(datetime.now(UTC), None, self.confirmation, None)

    def keep(self, anchor: Anchor) -> None: ...

    def anchor(self) -> Anchor | None:
        return None


def confirm(settings: IntakeSettings) -> None:
    arguments = [
        "confirm-time",
        "--by",
        "ops",
        "--reason",
        "looked at",
        "--database-url",
        settings.database_url,
    ]
    said = CliRunner().invoke(journal, arguments)
    assert said.exit_code == 0, said.output


async def test_an_operator_confirms_a_clock_that_was_wrong_before(settings: IntakeSettings) -> None:
    """The new time is taken as it stands, for this machine and against the database's."""
    wall = Wall()
    async with serving(settings, wall) as (client, _service):
        wall.off = timedelta(hours=2)
        assert (await post(client)).status_code == 503
        confirm(settings)
        await taken(client)
        assert recorded(await post(client)) > datetime.now(UTC) + timedelta(hours=1)
