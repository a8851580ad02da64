"""A message about several alerts whose answer was lost: it goes out again as one, under its key, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.channels import Channel, NoAnswerError, TemporaryError
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.queue import SendAttempt
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.model.alert import AttemptOutcome, LeasedAlert, State
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from shared.platform.officefile.document import parse
from tests.support.notifier import END, Keeping, Office, Stream, local, of_edition

CHANNELS = ("first", "second", "keeping")
PLANS = plans_of(parse(b"version: 1\ndefaults: {digest: {threshold: 3}}", "p"), OfficeHours(), CHANNELS)
ONCE = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002, round_wait=timedelta(minutes=1))
NARROW = RetryPolicy(attempts=1, round_wait=timedelta(minutes=1), concurrency=1)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(office.stream.watermark(local(1, 10)), office.stream.staff("li", "consultant"))
    yield office
    office.close()


def claims(office: Office, count: int) -> None:
    office.hear(*(office.stream.claim(f"c{n}", "li") for n in range(count)))
    office.at(local(5, 16))


def dispatcher(office: Office, *channels: Channel, policy: RetryPolicy = ONCE) -> Dispatcher:
    return Dispatcher(office.queue, channels, (office.clock, office.machine), PLANS, policy, Metrics())


async def round_of(office: Office, *channels: Channel, policy: RetryPolicy = ONCE) -> list[ListedAlert]:
    sender = dispatcher(office, *channels, policy=policy)
    await sender.tick()
    await sender.drain(90)
    return [one for one in Listing(office.database).page(Filter(), None, 1000) if one.attempts]


class Losing(Keeping):
    """A channel that takes its first messages and whose answers to them are lost."""

    def __init__(self, name: str = "keeping", lost: int = 1) -> None:
        super().__init__(name)
        self.lost = lost

    async def send(self, notice: Any, destination: str) -> str:
        await super().send(notice, destination)
        if len(self.sent) <= self.lost:
            raise NoAnswerError("cut off")
        return self.says


def members(channel: Keeping) -> list[int]:
    return [len(notice.items) for notice in channel.sent]


async def test_it_goes_out_again_whole_and_once(office: Office) -> None:
    """All members come back in the same moment: two calls of ten cases under one key, however time passes."""
    claims(office, 10)
    channel = Losing()
    await round_of(office, channel)
    for second in range(40, 80):
        office.machine.ahead = timedelta(seconds=second)
        await round_of(office, channel)
    assert members(channel) == [10, 10]
    assert len({notice.id for notice in channel.sent}) == 1


async def test_two_notifiers_do_not_part_it(office: Office) -> None:
    """Two that have room for one alert each: one of them takes the whole message, the other nothing."""
    claims(office, 10)
    channel = Losing()
    await round_of(office, channel)
    office.machine.ahead = timedelta(minutes=2)
    pair = [dispatcher(office, channel, policy=NARROW) for _ in range(2)]
    assert sorted(await asyncio.gather(*(one.tick() for one in pair))) == [0, 10]
    for one in pair:
        await one.drain(90)
    assert members(channel) == [10, 10]


async def test_what_else_is_due_by_then_is_another_message(office: Office) -> None:
    """A message of one whose answer was lost keeps its own key, though three more are due to the same person."""
    claims(office, 1)
    channel = Losing()
    await round_of(office, channel)
    office.hear(*(office.stream.claim(f"d{n}", "li") for n in range(3)))
    office.machine.ahead = timedelta(minutes=2)
    await round_of(office, channel)
    assert sorted(members(channel)) == [0, 0, 3]
    assert [notice.id for notice in channel.sent].count(channel.sent[0].id) == 2


async def test_a_member_that_is_renewed_does_not_change_the_key(office: Office) -> None:
    """Between a lost answer and the next channel one of three claims is renewed: two are told, under the same key."""
    claims(office, 3)
    first, second = Losing("first"), Keeping("second")
    told = first.send

    async def send(notice: Any, destination: str) -> str:
        renewed = office.stream.claim("c1", "li", END + timedelta(days=9))
        await asyncio.to_thread(office.hear, renewed)
        return await told(notice, destination)

    first.send = send  # type: ignore[method-assign]
    await round_of(office, first, second)
    assert (members(first), members(second)) == ([3], [2])
    assert first.sent[0].id == second.sent[0].id


async def test_a_kill_behind_a_lost_answer_and_a_failure_keeps_the_key(office: Office) -> None:
    """Cut off by one channel, refused for now by the next, then killed: unknown, and sent again under the same key."""
    claims(office, 3)
    alerts = office.queue.claim(10, office.clock.now(), office.machine.now(), PLANS)
    key, at = alerts[0].lease, (office.clock.now(), office.machine.now())
    for name, outcome in (("first", AttemptOutcome.UNKNOWN), ("second", AttemptOutcome.TEMPORARY)):
        begun = office.queue.begin_attempts(alerts, SendAttempt(name, "d", "words", "li", key), at)
        office.queue.end_attempts(begun, outcome, "", at)
    office.pass_time(timedelta(seconds=31))
    recovered = office.queue.recover(office.machine.now(), ["first", "second"])
    assert [state for _, state in recovered] == [State.UNKNOWN] * 3
    channel = Keeping()
    await round_of(office, channel)
    assert [(notice.id, len(notice.items)) for notice in channel.sent] == [(key, 3)]


async def test_an_answer_behind_the_end_of_the_lease_does_not_hide_a_repetition(office: Office) -> None:
    """An attempt that was given up as unknown stays so, with the late answer beside it: its message goes out again."""
    claims(office, 3)
    alerts = office.queue.claim(10, office.clock.now(), office.machine.now(), PLANS)
    at = (office.clock.now(), office.machine.now())
    begun = office.queue.begin_attempts(
        alerts, SendAttempt("keeping", "d", "words", "li", alerts[0].lease), at
    )
    office.pass_time(timedelta(seconds=31))
    office.queue.recover(office.machine.now(), ["keeping"])
    office.queue.end_attempts(begun, AttemptOutcome.SENT, "taken after all", at)
    found = await round_of(office, Keeping())
    told = [[(attempt.outcome, attempt.answer) for attempt in alert.attempts] for alert in found]
    assert told == [[("unknown", "taken after all"), ("sent", "kept")]] * 3


async def test_a_refusal_for_now_lets_them_be_gathered_anew(office: Office) -> None:
    """What was certainly not taken has no key to keep: with a fourth alert it is one message of four."""
    claims(office, 3)
    channel = Keeping()
    channel.answers = [TemporaryError("busy")]
    await round_of(office, channel)
    office.hear(office.stream.claim("late", "li"))
    office.machine.ahead = timedelta(minutes=2)
    await round_of(office, channel)
    assert members(channel) == [4]


@contextmanager
def being_changed(office: Office, alert: UUID) -> Iterator[None]:
    """Somebody else's transaction has the row of that alert in hand."""
    with office.database.connection() as connection:
        connection.execute("SELECT FROM alerts WHERE id = %s FOR UPDATE", [alert])
        yield


def begun(office: Office, count: int, channel: str = "keeping") -> list[LeasedAlert]:
    """A message about so many, whose call was begun when its process was killed, and whose lease is over."""
    claims(office, count)
    alerts = office.queue.claim(count, office.clock.now(), office.machine.now(), PLANS)
    at = (office.clock.now(), office.machine.now())
    office.queue.begin_attempts(alerts, SendAttempt(channel, "d", "words", "li", alerts[0].lease), at)
    office.pass_time(timedelta(seconds=31))
    return alerts


def ends_of_leases(office: Office) -> int:
    with office.database.connection() as connection:
        row: Any = connection.execute("SELECT count(DISTINCT leased_until) FROM alerts").fetchone()
    return int(row[0])


async def test_a_lease_ends_for_all_its_alerts_at_one_moment(office: Office) -> None:
    """Also when it is kept: no look falls between two members of a message."""
    claims(office, 100)
    alerts = office.queue.claim(50, office.clock.now(), office.machine.now(), PLANS)
    assert len(alerts) > 50
    assert ends_of_leases(office) == 1
    office.queue.history.keep(alerts, timedelta(minutes=5))
    assert ends_of_leases(office) == 1


async def test_a_lease_of_which_an_alert_is_being_changed_is_taken_back_whole_later(office: Office) -> None:
    """A member that a batch of the inbox has in hand comes back with the others, and all are told in one message."""
    alerts = begun(office, 3)
    with being_changed(office, alerts[1].id):
        assert office.queue.recover(office.machine.now(), ["keeping"]) == []
    channel = Keeping()
    await round_of(office, channel)
    assert [(notice.id, len(notice.items)) for notice in channel.sent] == [(alerts[0].lease, 3)]


async def test_a_message_of_which_a_member_is_being_changed_goes_out_whole_later(office: Office) -> None:
    """In parts under one key its receiver would drop the second part: nothing goes out until all can."""
    alerts = begun(office, 3)
    office.queue.recover(office.machine.now(), ["keeping"])
    channel = Keeping()
    with being_changed(office, alerts[1].id):
        await round_of(office, channel)
        assert channel.sent == []
    await round_of(office, channel)
    assert [(notice.id, len(notice.items)) for notice in channel.sent] == [(alerts[0].lease, 3)]


async def test_members_that_are_tried_again_by_hand_go_out_under_keys_of_their_own(office: Office) -> None:
    """Left to a person, and told one by one: a receiver that has seen the first would drop the others."""
    alerts = begun(office, 3, "gone")
    office.queue.recover(office.machine.now(), ["keeping"])
    channel = Keeping()
    for alert in alerts:
        assert Listing(office.database).retry(alert.id, office.machine.now())
        await round_of(office, channel)
    assert [notice.id for notice in channel.sent] == [alert.id for alert in alerts]


async def test_one_of_a_message_that_waits_takes_the_others_along(office: Office) -> None:
    """Tried again by hand before its time: the whole message goes out, under its key."""
    claims(office, 3)
    channel = Losing()
    await round_of(office, channel)
    first, *_ = channel.sent[0].items
    Listing(office.database).retry(first.alert, office.machine.now())
    await round_of(office, channel)
    assert members(channel) == [3, 3]
    assert len({notice.id for notice in channel.sent}) == 1


async def test_a_member_that_was_called_off_and_holds_after_all_has_a_key_of_its_own(office: Office) -> None:
    """Its message went out again without it meanwhile; under the same key it would be dropped."""
    told = [office.stream.claim(f"c{n}", "li") for n in range(3)]
    office.hear(*of_edition(5, *told))
    office.at(local(5, 16))
    channel = Losing()
    await round_of(office, channel)
    anew = Stream()
    older, now = anew.claim("c1", "li", END + timedelta(days=9)), anew.claim("c1", "li")
    others = [anew.claim(name, "li") for name in ("c0", "c2")]
    office.hear(*of_edition(6, older, now, *others))
    office.machine.ahead = timedelta(minutes=2)
    await round_of(office, channel)
    first, *later = channel.sent
    (again,) = [notice for notice in later if notice.id == first.id]
    (alone,) = [notice for notice in later if notice.id != first.id]
    assert [len(notice.items) for notice in (first, again, alone)] == [3, 2, 0]
