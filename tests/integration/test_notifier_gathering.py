"""Channels that fail or keep limits, and several alerts in one message, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifier.channels import Channel, RefusedError, TemporaryError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.limits import DatabaseLimiter, Limit
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.delivery.breaker import BreakerTerms, StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.messages.words import case_number
from services.notifier.model.alert import Person, RenderedMessage
from services.notifier.model.kinds import Rung
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.officefile.document import parse
from tests.support.notifier import END, Keeping, Office, StandingClock, local
from tests.support.receiver import receiving

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 24 or more").decode()
LOOPBACK = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)
QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
TERMS = BreakerTerms(threshold=2, base=timedelta(seconds=30))


def plans(text: str) -> Plans:
    return plans_of(parse(f"version: 1\n{text}".encode(), "p"), OfficeHours(), ("first", "second", "keeping"))


GATHERING = plans("defaults: {digest: {at_opening: true, threshold: 3}}")


class Paced(Keeping):
    """A channel that may send so many times an hour to each person, as the database counts."""

    def __init__(self, office: Office, most: int) -> None:
        super().__init__("keeping")
        self.limiter = DatabaseLimiter(office.database, office.machine)
        self.limits = (Limit(most, timedelta(hours=1)),)

    async def ready_in(self, destination: str) -> timedelta:
        return await self.limiter.wait(destination, self.limits)

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        wait = await self.limiter.take(destination, self.limits)
        if wait > timedelta(0):
            raise TryLaterError("the limit is reached", wait)
        return await super().send(notice, destination)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant"),
        office.stream.staff("wang", "consultant"),
        office.stream.staff("sun", "supervisor"),
    )
    yield office
    office.close()


def dispatcher(office: Office, by: Plans, *channels: Channel, policy: RetryPolicy = QUICK) -> Dispatcher:
    breaker = StoredBreaker(office.database, office.machine, TERMS)
    clocks = (office.clock, office.machine)
    return Dispatcher(office.queue, channels, clocks, by, policy, Metrics(), breaker)


async def round_of(
    office: Office, by: Plans, *channels: Channel, policy: RetryPolicy = QUICK
) -> list[ListedAlert]:
    sender = dispatcher(office, by, *channels, policy=policy)
    await sender.tick()
    await sender.drain(90)
    found = Listing(office.database).page(Filter(), None, 1000)
    return sorted((one for one in found if one.attempts or one.state == "failed"), key=lambda one: one.due_at)


def claims(office: Office, count: int, owner: str = "li") -> None:
    office.hear(*(office.stream.claim(f"{owner}-{n}", owner) for n in range(count)))


async def test_a_channel_that_fails_again_and_again_is_left_alone(office: Office) -> None:
    """After two failures in a row the first channel is not called, by another notifier either; then one tries."""
    first, second = Keeping("first"), Keeping("second")
    first.answers = [TemporaryError("down")] * 3
    claims(office, 6)
    office.at(local(4, 9))
    one_by_one = replace(QUICK, concurrency=1)
    for n in range(5):
        if n == 4:
            office.machine.ahead = timedelta(seconds=31)
        await round_of(office, Plans(), first, second, policy=one_by_one)
    # Two failed; two were spared; the fifth tried, and its failure closes the way again.
    assert (len(first.answers), len(first.sent), len(second.sent)) == (0, 0, 5)
    office.machine.ahead = timedelta(seconds=31 + 61)
    await round_of(office, Plans(), first, second, policy=one_by_one)
    assert (len(first.sent), len(second.sent)) == (1, 5)


async def test_of_two_notifiers_one_tries_a_channel_again(office: Office) -> None:
    """When the time is over, exactly one of many that ask may call; the others go on waiting."""
    machine = StandingClock()
    one, other = (StoredBreaker(office.database, machine, TERMS) for _ in range(2))
    for _ in range(2):
        await one.failed("first", "down")
    assert await other.wait("first") == timedelta(seconds=30)
    machine.ahead = timedelta(seconds=31)
    waits = await asyncio.gather(*(breaker.wait("first") for breaker in (one, other) * 4))
    assert waits.count(timedelta(0)) == 1
    await other.answered("first")
    assert await one.wait("first") == timedelta(0)


async def test_a_refusal_of_one_person_does_not_close_a_channel(office: Office) -> None:
    """A channel that answers works, whatever it answers."""
    first = Keeping("first")
    first.answers = [RefusedError("no such number")] * 4
    claims(office, 5)
    office.at(local(4, 9))
    for _ in range(2):
        await round_of(office, Plans(), first)
    assert StoredBreaker(office.database, office.machine, TERMS).open_channels() == []


async def test_retry_after_is_kept(office: Office) -> None:
    """A receiver that says `in ten minutes` is not called before, in this round or the next."""
    first = Keeping("first")
    first.answers = [TryLaterError("503 later", timedelta(minutes=10))]
    claims(office, 1)
    office.at(local(4, 9))
    (alert,) = await round_of(office, Plans(), first)
    assert (alert.state, len(alert.attempts), alert.rounds) == ("failed", 1, 1)
    office.machine.ahead = timedelta(minutes=9)
    await round_of(office, Plans(), first)
    assert first.sent == []
    office.machine.ahead = timedelta(minutes=11)
    (alert,) = await round_of(office, Plans(), first)
    assert (alert.state, len(first.sent)) == ("sent", 1)


async def test_the_days_list_is_one_message_and_each_alert_keeps_its_log(office: Office) -> None:
    """Two reminders at opening are one message with both cases, and two alerts that are sent, with one attempt each."""
    claims(office, 2)
    office.at(local(4, 9))
    kept = Keeping()
    sent = await round_of(office, GATHERING, kept)
    (notice,) = kept.sent
    assert notice.rung is Rung.DIGEST
    assert {item.alert for item in notice.items} == {alert.id for alert in sent}
    for alert in sent:
        assert case_number(alert.customer) in notice.words.body_zh
        assert (alert.state, [a.outcome for a in alert.attempts]) == ("sent", ["sent"])
        assert alert.attempts[0].digest == notice.id


async def test_a_storm_for_one_person_is_a_few_messages(office: Office) -> None:
    """Sixty that fall due at once for one consultant are three messages of at most 25 cases, each case once."""
    claims(office, 60)
    office.at(local(5, 16))
    kept = Keeping()
    sent = await round_of(office, GATHERING, kept)
    assert sorted(len(notice.items) for notice in kept.sent) == [10, 25, 25]
    assert len({item.alert for notice in kept.sent for item in notice.items}) == 60
    assert {alert.state for alert in sent} == {"sent"}


async def test_below_the_threshold_each_alert_is_a_message(office: Office) -> None:
    """Two that fall due in the afternoon are two messages where a digest begins at three."""
    claims(office, 2)
    office.at(local(5, 16))
    kept = Keeping()
    await round_of(office, GATHERING, kept)
    assert [notice.items for notice in kept.sent] == [(), ()]


async def test_the_supervisors_list_is_one_message_too(office: Office) -> None:
    """Four last calls of two consultants reach the supervisor as one message that names whose each is."""
    claims(office, 2)
    claims(office, 2, "wang")
    office.at(local(5, 16))
    await round_of(office, GATHERING, Keeping())
    office.at(local(5, 17))
    kept = Keeping()
    await round_of(office, GATHERING, kept)
    (notice,) = kept.sent
    assert notice.to.staff == "sun"
    assert notice.words.body_zh.count("li 的姓名") == notice.words.body_zh.count("wang 的姓名") == 2


async def test_a_member_that_is_renewed_meanwhile_is_left_out(office: Office) -> None:
    """Of a message's alerts, one whose claim changes between claim and call is not told; the others are."""
    claims(office, 3)
    office.at(local(4, 9))

    class Slow(Keeping):
        def destination(self, person: Person) -> str | None:
            office.hear(office.stream.claim("li-1", "li", END + timedelta(days=4)))
            return super().destination(person)

    kept = Slow()
    sent = await round_of(office, GATHERING, kept)
    print(
        [
            (a.customer, a.step, a.state, a.reason, a.superseded_at)
            for a in Listing(office.database).page(Filter(), None, 100)
        ]
    )
    (notice,) = kept.sent
    assert {item.customer for item in notice.items} == {"li-0", "li-2"}
    assert {alert.customer for alert in sent} == {"li-0", "li-2"}
    assert case_number("li-1") not in notice.words.text


async def test_what_waits_for_a_limit_is_gathered_and_costs_no_round(office: Office) -> None:
    """With one message an hour, what comes meanwhile waits without an attempt, and goes out as one message."""
    channel = Paced(office, 1)
    by = plans("defaults: {digest: {threshold: 100}}")
    claims(office, 3)
    office.hear(*(office.stream.claim(f"late-{n}", "li", END + timedelta(days=1)) for n in range(2)))
    office.at(local(4, 9))
    found = await round_of(office, by, channel)
    assert sorted((one.state, len(one.attempts), one.rounds) for one in found) == [
        ("failed", 0, 0), ("failed", 0, 0), ("sent", 1, 1),
    ]  # fmt: skip
    office.machine.ahead = timedelta(hours=1, seconds=10)
    found = await round_of(office, by, channel)
    assert [len(notice.items) for notice in channel.sent] == [0, 2]
    assert {one.state for one in found} == {"sent"}


async def test_a_limit_that_asks_too_long_sends_by_the_next_channel(office: Office) -> None:
    """Where the preferred channel would make a reminder wait for an hour, the next channel takes it at once."""
    channel, second = Paced(office, 1), Keeping("second")
    claims(office, 2)
    office.at(local(4, 9))
    await round_of(office, Plans(), channel, second)
    assert (len(channel.sent), len(second.sent)) == (1, 1)


async def test_what_never_got_through_is_dead_when_its_time_is_over(office: Office) -> None:
    """A reminder that was tried and failed until the claim ended is on the list of dead alerts, with the reason."""
    first = Keeping("first")
    first.answers = [TemporaryError("down")]
    claims(office, 1)
    office.at(local(5, 16))
    await round_of(office, Plans(), first)
    office.at(local(6, 0, 1))
    office.machine.ahead = timedelta(hours=8)
    alerts = await round_of(office, Plans(), first)
    assert [(one.state, one.reason) for one in alerts] == [("dead", "deadline passed: first: down")]


async def test_a_digest_by_webhook_tells_each_alert(office: Office) -> None:
    """The receiver of a digest gets its type, every alert's id, case and deadline, and Retry-After is obeyed."""
    claims(office, 2)
    office.at(local(4, 9))
    with receiving(SECRET) as receiver:
        receiver.statuses = [503]
        receiver.retry_after = "600"
        channel = WebhookChannel(receiver.url, SECRET, LOOPBACK, 60.0)
        await round_of(office, GATHERING, channel)
        office.machine.ahead = timedelta(minutes=9)
        await round_of(office, GATHERING, channel)
        assert len(receiver.taken) == 1
        office.machine.ahead = timedelta(minutes=11)
        sent = await round_of(office, GATHERING, channel)
        await channel.close()
    told = receiver.taken[-1]
    assert (told["type"], len(receiver.ids), len(set(receiver.ids))) == ("claims.digest", 2, 1)
    assert {item["alert"] for item in told["data"]["items"]} == {str(alert.id) for alert in sent}
    assert {item["case"] for item in told["data"]["items"]} == {case_number("li-0"), case_number("li-1")}
