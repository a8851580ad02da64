"""Two notifiers over one set of timers, and one that comes back after an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from services.notifier.channels import Channel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, Listing
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.officefile.document import parse
from tests.support.notifier import Keeping, Office, local
from tests.support.patience import PATIENCE

DAILY = plans_of(
    parse(b"version: 1\ndefaults: {digest: {at_opening: true}}", "p"), OfficeHours(), ("keeping",)
)
ONE_BY_ONE = RetryPolicy(concurrency=1, longest_sleep=0.05)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(office.stream.watermark(local(1, 10)), office.stream.staff("li", "consultant"))
    office.hear(*(office.stream.claim(f"c{n}", "li") for n in range(6)))
    yield office
    office.close()


def dispatcher(office: Office, by: Plans, *channels: Channel, policy: RetryPolicy = ONE_BY_ONE) -> Dispatcher:
    return Dispatcher(office.queue, channels, (office.clock, office.machine), by, policy, Metrics())


class Stuck(Keeping):
    """A channel whose first call is answered when the test says so."""

    def __init__(self) -> None:
        super().__init__(timeout=60.0)
        self.called, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, notice: Any, destination: str) -> str:
        self.called.set()
        await self.go_on.wait()
        return await super().send(notice, destination)


class Counting(Keeping):
    """A channel that tells when it has sent so many."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.wanted, self.reached = wanted, asyncio.Event()

    async def send(self, notice: Any, destination: str) -> str:
        answer = await super().send(notice, destination)
        if len(self.sent) >= self.wanted:
            self.reached.set()
        return answer


async def test_one_that_is_stuck_leaves_the_rest_to_the_other(office: Office) -> None:
    """While one notifier waits for the answer about one alert, the other sends the five that are left, each once."""
    office.at(local(4, 9))
    stuck, free = Stuck(), Counting(5)
    slow = dispatcher(office, Plans(), stuck)
    await slow.tick()
    async with asyncio.timeout(PATIENCE):
        await stuck.called.wait()
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher(office, Plans(), free).run(stop))
    async with asyncio.timeout(PATIENCE):
        await free.reached.wait()
    stop.set()
    await running
    stuck.go_on.set()
    await slow.drain(90)
    told = [notice.id for channel in (stuck, free) for notice in channel.sent]
    assert (len(stuck.sent), len(free.sent), len(set(told))) == (1, 5, 6)


async def test_a_notifier_that_was_down_for_an_hour_sends_the_days_list_and_says_that_it_is_late(
    office: Office,
) -> None:
    """What was due at nine goes out at ten, as one message of six cases, which names the hour that it missed."""
    office.at(local(4, 10))
    channel = Keeping()
    back = dispatcher(office, DAILY, channel, policy=RetryPolicy())
    await back.tick()
    await back.drain(90)
    (notice,) = channel.sent
    assert len(notice.items) == 6
    assert "应于3月4日（周三）09:00发出，现补发" in notice.words.body_zh
    assert "was due at 09:00 on Wednesday 4 March and is late" in notice.words.body_en
    assert {alert.state for alert in Listing(office.database).page(Filter("sent"), None, 10)} == {"sent"}
