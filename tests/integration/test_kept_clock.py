"""A service that starts while the machine's clock has leapt ahead goes by the time before the leap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.attribution.main import AttributionService
from services.attribution.settings import AttributionSettings
from services.notifier.main import NotifierService
from services.notifier.settings import NotifierSettings
from shared.platform.clock import BusinessClock, SteadyTime, SystemClock
from shared.platform.postgres.database import Database, migrate
from shared.platform.postgres.kept_clock import KeptClock
from tests.integration.test_intake_clock import YEAR, Wall
from tests.support.answering import answering
from tests.support.tokens import admission

SOON = timedelta(minutes=1)

Made = Callable[[str, str, str, BusinessClock], Any]


def attribution(database: str, kafka: str, prefix: str, clock: BusinessClock) -> AttributionService:
    given = AttributionSettings(
        database_url=database, kafka=kafka, topic_prefix=prefix, partitions=1, **admission().settings()
    )
    return AttributionService(given, clock)


def notifier(database: str, kafka: str, prefix: str, clock: BusinessClock) -> NotifierService:
    given = NotifierSettings(
        database_url=database,
        kafka=kafka,
        topic_prefix=prefix,
        notifier_channels="log",
        **admission().settings(),
    )
    return NotifierService(given, clock)


@pytest.mark.parametrize("made", [attribution, notifier])
async def test_a_service_that_starts_with_a_leap_believes_what_the_one_before_it_believed(
    made: Made, database: str, kafka: str, topic_prefix: str
) -> None:
    """It is today for it, not in a year: no alert is due early and no claim is shown as lapsed; it says so, and goes on
    when the clock is right again."""
    wall = Wall()
    async with answering(made(database, kafka, topic_prefix, SystemClock(SteadyTime(wall=wall)))):
        pass
    wall.off = YEAR
    clock = SystemClock(SteadyTime(wall=wall))
    service = made(database, kafka, topic_prefix, clock)
    async with answering(service) as client:
        assert clock.now() < datetime.now(UTC) + SOON
        assert "leapt ahead" in (await client.get("/readyz")).json()["failing"]["clock"]
        wall.off = timedelta(0)
        assert "clock" not in (await client.get("/readyz")).json().get("failing", {})
        assert datetime.now(UTC) - SOON < clock.now() < datetime.now(UTC) + SOON


def test_a_leap_that_intake_promised_a_watermark_of_is_followed(kept: Database) -> None:
    """Intake asks whoever runs it, and its time is the one of all: nothing has to be started again."""
    wall = Wall()
    KeptClock(kept, [SteadyTime(wall=wall)], lambda: None).begin()
    wall.off = YEAR
    promised: list[datetime] = []
    time = SteadyTime(wall=wall)
    clock = KeptClock(kept, [time], lambda: max(promised, default=None))
    clock.begin()
    promised.append(datetime.now(UTC))
    clock.look()
    assert time.now() < datetime.now(UTC) + SOON
    promised.append(wall())
    clock.look()
    assert time.now() > datetime.now(UTC) + YEAR - SOON
    again = SteadyTime(wall=wall)
    KeptClock(kept, [again], lambda: None).begin()
    assert again.ahead == timedelta(0)


def test_a_reading_that_was_wrong_itself_is_not_believed_again(kept: Database) -> None:
    """A machine that booted a year ahead and was set back since is right by now."""
    wall = Wall()
    wall.off = YEAR
    KeptClock(kept, [SteadyTime(wall=wall)], lambda: None).begin()
    wall.off = timedelta(0)
    time = SteadyTime(wall=wall)
    KeptClock(kept, [time], lambda: None).begin()
    wall.off = YEAR
    assert time.now() < datetime.now(UTC) + SOON


@pytest.fixture
def kept(database: str) -> Iterator[Database]:
    migrate(database, "services.notifier", "notifier")
    with Database(database, schema="notifier", name="panke-notifier") as found:
        yield found
