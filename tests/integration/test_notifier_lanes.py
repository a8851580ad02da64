"""How many calls of one process are under way at once, and that none waits behind a provider that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.channels import Channel
from services.notifier.delivery import send_slots
from services.notifier.delivery.breaker import BreakerTerms, StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.model.alert import RenderedMessage
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.officefile.document import parse
from tests.support.notifier import Keeping, Office, StandingClock, local
from tests.support.parts import eventually
from tests.support.patience import PATIENCE

PEOPLE = 12
ROLES = b"version: 1\ndefaults: {channels: {consultant: [first, second], manager: [second]}}"
BY_ROLE = plans_of(parse(ROLES, "p"), OfficeHours(), ("first", "second"))
TERMS = BreakerTerms(threshold=2, base=timedelta(seconds=30))


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    """A claim for each of twelve people, half of them consultants and half managers."""
    office = Office(database, local(1, 10))
    office.hear(office.stream.watermark(local(1, 10)))
    for n in range(PEOPLE):
        office.hear(office.stream.staff(f"p{n}", "consultant" if n % 2 else "manager"))
        office.hear(office.stream.claim(f"c{n}", f"p{n}"))
    office.at(local(4, 9))
    yield office
    office.close()


def dispatcher(office: Office, by: Plans, *channels: Channel, policy: RetryPolicy) -> Dispatcher:
    breaker = StoredBreaker(office.database, office.machine, TERMS)
    clocks = (office.clock, office.machine)
    return Dispatcher(office.queue, channels, clocks, by, policy, Metrics(), breaker)


def tried(office: Office) -> list[ListedAlert]:
    return [one for one in Listing(office.database).page(Filter(), None, 100) if one.state != "due"]


class Crowded(Keeping):
    """A channel that counts how many calls to it are under way; so many must come together to be answered."""

    def __init__(self, together: int) -> None:
        super().__init__()
        self.under_way = self.most = 0
        self.together = asyncio.Barrier(together)

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.together.wait()
        self.under_way -= 1
        return await super().send(notice, destination)


class Hanging(Keeping):
    """A provider that takes calls and never answers."""

    def __init__(self, name: str, timeout: float) -> None:
        super().__init__(name, timeout=timeout)
        self.called = asyncio.Event()

    async def send(self, notice: Any, destination: str) -> str:
        self.called.set()
        await asyncio.Event().wait()
        return "never"


class Counting(Keeping):
    """A channel that tells when it has sent so many."""

    def __init__(self, name: str, wanted: int) -> None:
        super().__init__(name)
        self.wanted = wanted
        self.reached = asyncio.Event()
        self.deduplicates = False

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        answer = await super().send(notice, destination)
        if len(self.sent) >= self.wanted:
            self.reached.set()
        return answer


class Alone(Keeping):
    """One of several channels that count together how many calls to any of them are under way."""

    under_way = most = 0

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        Alone.under_way += 1
        Alone.most = max(Alone.most, Alone.under_way)
        await asyncio.sleep(0.05)  # how long the provider takes
        Alone.under_way -= 1
        return await super().send(notice, destination)


async def test_one_call_at_a_time_where_a_repetition_would_be_told(office: Office) -> None:
    """Two channels that tell no repetition, six people each: never two calls under way: a kill repeats one."""
    Alone.under_way = Alone.most = 0
    sender = dispatcher(office, BY_ROLE, Alone("first"), Alone("second"), policy=RetryPolicy())
    await sender.tick()
    await sender.drain(90)
    assert ({one.state for one in tried(office)}, Alone.most) == ({"sent"}, 1)


async def test_calls_whose_repetition_is_dropped_go_on_beside_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that knows what it has seen is called while another channel's call is under way, however long."""
    monkeypatch.setattr(send_slots, "ALONE", 60.0)
    hanging, second = Hanging("first", 60.0), Counting("second", PEOPLE // 2)
    second.deduplicates = True
    sender = dispatcher(office, BY_ROLE, hanging, second, policy=RetryPolicy())
    await sender.tick()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(hanging.called.wait(), second.reached.wait())
    await sender.drain(0)


@pytest.mark.parametrize("lanes", [1, 3])
async def test_no_more_calls_are_under_way_than_the_channel_has_lanes(office: Office, lanes: int) -> None:
    """Twelve people at once by a channel with so many lanes: all are told, never more of them at a time."""
    channel = Crowded(lanes)
    sender = dispatcher(office, Plans(), channel, policy=RetryPolicy(lanes={"keeping": lanes}))
    await sender.tick()
    await sender.drain(90)
    assert (len(channel.sent), channel.most) == (PEOPLE, lanes)


async def test_a_provider_that_hangs_keeps_nobody_else_waiting(office: Office) -> None:
    """While one channel's only lane is taken by a call that hangs, whoever has another channel is told by it."""
    hanging, second = Hanging("first", 60.0), Counting("second", PEOPLE // 2)
    sender = dispatcher(office, BY_ROLE, hanging, second, policy=RetryPolicy())
    await sender.tick()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(hanging.called.wait(), second.reached.wait())
    assert {notice.to.role for notice in second.sent} == {"manager"}
    await sender.drain(0)


async def test_whoever_has_a_channel_that_hangs_is_told_by_the_next(office: Office) -> None:
    """Two calls that hang close the channel; everybody is told by the second one, without waiting for the first."""
    hanging, second = Hanging("first", 0.05), Keeping("second")
    policy = RetryPolicy(attempts=1, lanes={"first": 1})
    sender = dispatcher(office, BY_ROLE, hanging, second, policy=policy)
    await sender.tick()
    await sender.drain(90)
    assert {one.state for one in tried(office)} == {"sent"}
    unanswered = [one for one in tried(office) if any(call.outcome == "unknown" for call in one.attempts)]
    assert (len(second.sent), len(unanswered)) == (PEOPLE, TERMS.threshold)


async def test_who_waits_long_for_a_lane_comes_back_without_having_failed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a call that hangs, an alert whose turn did not come has no attempt and no round, and comes back."""
    monkeypatch.setattr(send_slots, "TURN", 0.05)
    hanging = Hanging("first", 600.0)
    sender = dispatcher(office, BY_ROLE, hanging, policy=RetryPolicy(attempts=1, lanes={"first": 1}))
    await sender.tick()
    await asyncio.to_thread(eventually, lambda: len(waiting(office)) == 5, "the others come back")
    assert {(one.state, one.rounds, len(one.attempts)) for one in waiting(office)} == {("failed", 0, 0)}
    await sender.drain(0)


def waiting(office: Office) -> list[ListedAlert]:
    return [one for one in tried(office) if one.reason == "waits for the limit of a channel"]


async def test_calls_that_fail_together_close_a_channel_once(office: Office) -> None:
    """What was under way when a channel was closed keeps it closed no longer: twenty failures count as the first."""
    machine = StandingClock()
    breaker = StoredBreaker(office.database, machine, TERMS)
    for _ in range(20):
        await breaker.failed("first", "down")
    assert await breaker.wait("first") == TERMS.base
    machine.ahead = timedelta(seconds=31)
    assert await breaker.wait("first") == timedelta(0)
    await breaker.failed("first", "still down")
    assert TERMS.base < await breaker.wait("first") <= 2 * TERMS.base
