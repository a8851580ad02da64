"""A policy at work in a real database: who stands in, in which language, by which channel, and who is listed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.notifier.channels import Channel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import UNREACHABLE, Filter, ListedAlert, Listing
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.officefile.document import parse
from tests.support.notifier import Keeping, Office, local

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
CHANNELS = ("first", "second", "keeping")


def plans(text: str) -> Plans:
    return plans_of(parse(f"version: 1\n{text}".encode(), "policy.yaml"), OfficeHours(), CHANNELS)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant"),
        office.stream.staff("wang", "consultant"),
        office.stream.staff("sun", "supervisor"),
        office.stream.claim("c1", "li"),
    )
    office.at(local(4, 9))
    yield office
    office.close()


async def round_of(office: Office, by: Plans, *channels: Channel) -> list[ListedAlert]:
    sender = Dispatcher(office.queue, channels, (office.clock, office.machine), by, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    found = Listing(office.database).page(Filter(), None, 100)
    return sorted((one for one in found if one.state != "due"), key=lambda one: one.due_at)


async def test_who_is_away_has_a_stand_in_who_is_told_so(office: Office) -> None:
    """The reminder of a consultant who is away goes to the colleague named, in words for a third person."""
    by = plans("people: {li: {away: [2026-03-01..2026-03-04], stand_in: [wang]}}")
    kept = Keeping()
    (alert,) = await round_of(office, by, kept)
    (notice,) = kept.sent
    assert (alert.state, alert.staff, alert.attempts[0].recipient) == ("sent", "li", "wang")
    assert "顾问li 的姓名的客户" in notice.words.body_zh
    assert "li 的姓名不在岗，本提醒由您代收" in notice.words.body_zh
    assert "this alert comes to you instead" in notice.words.body_en


async def test_a_supervisor_stands_in_for_who_has_departed(office: Office) -> None:
    """While attribution has not yet released the claims of who left, the supervisor hears of them."""
    office.hear(office.stream.staff("li", "consultant", departed=True))
    kept = Keeping()
    (alert,) = await round_of(office, plans("defaults: {stand_in: {departed: [supervisor]}}"), kept)
    assert [notice.to.staff for notice in kept.sent] == ["sun"]
    assert alert.state == "sent"


async def test_with_nobody_left_the_alert_is_listed_as_unreachable(office: Office) -> None:
    """When neither the person nor a stand-in can be told, the alert is dead and on the list of such."""
    by = plans("defaults: {stand_in: {away: [manager]}}\npeople: {li: {away: [2026-03-04]}}")
    (alert,) = await round_of(office, by, Keeping())
    assert (alert.state, alert.reason) == ("dead", "the person is away, and nobody stands in")
    listing = Listing(office.database)
    assert [one.id for one in listing.page(Filter(UNREACHABLE), None, 10)] == [alert.id]
    listing.retry(alert.id, office.machine.now())
    assert listing.page(Filter(UNREACHABLE), None, 10) == []


async def test_each_person_is_told_in_their_language(office: Office) -> None:
    """What is stored as the message of an attempt is the person's language alone."""
    (alert,) = await round_of(office, plans("people: {li: {language: en}}"), Keeping())
    (attempt,) = alert.attempts
    assert attempt.message.startswith("Your claim on customer ")
    assert "您" not in attempt.message


async def test_the_policy_orders_the_channels_of_a_role(office: Office) -> None:
    """A consultant whose role prefers the second channel is told by it; the first is not called."""
    first, second = Keeping("first"), Keeping("second")
    await round_of(office, plans("defaults: {channels: {consultant: [second, first]}}"), first, second)
    assert (len(first.sent), len(second.sent)) == (0, 1)
