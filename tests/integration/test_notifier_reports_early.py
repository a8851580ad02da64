"""Delivery reports that come before the answer of their call, or behind a call that was repeated."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.channels import NoAnswerError
from services.notifier.channels.sms import SmsChannel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.history.proof import LogQuery, Proof
from services.notifier.history.receipts import Receipts, Report, tencent
from services.notifier.model.alert import RenderedMessage
from services.notifier.model.metrics import Metrics
from services.notifier.schedule.plan import DigestTerms, OfficePlan, Plans
from shared.contract import StaffContacts
from tests.support.notices import LI
from tests.support.notifier import Keeping, Office, local, one_reminder_due
from tests.support.parts import eventually
from tests.support.providers import Provider
from tests.support.sms import tencent as tencent_at

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    reached = StaffContacts(sms=LI.contact("sms"), email=LI.contact("email"))
    with one_reminder_due(database, reached) as office:
        yield office


@pytest.fixture
def sms(provider: Provider, office: Office) -> SmsChannel:
    return tencent_at(provider.base, office.machine)


async def round_of(office: Office, *channels: Any) -> ListedAlert:
    sender = Dispatcher(
        office.queue, channels, (office.clock, office.machine), office.plans, QUICK, Metrics()
    )
    await sender.tick()
    await sender.drain(90)
    (found,) = [one for one in Listing(office.database).page(Filter(), None, 100) if one.state != "due"]
    return found


def pushed(office: Office, provider: Provider, status: str, sid: str | None = None) -> int:
    """A report of Tencent Cloud on its last message, which knows it by its own number alone."""
    body = {"sid": sid or provider.messages[-1].provider_id, "report_status": status, "errmsg": "MK:0001"}
    at = (office.clock.now(), office.machine.now())
    return Receipts(office.database).put(tencent(json.dumps([body]).encode()), at)


async def while_held(office: Office, provider: Provider, channels: tuple[Any, ...], status: str) -> None:
    """The provider takes the message and reports on it, and answers the call behind that."""
    provider.hold = threading.Event()
    sending = asyncio.create_task(round_of(office, *channels))
    try:
        await asyncio.to_thread(eventually, lambda: len(provider.messages) == 1, "the provider has it")
        pushed(office, provider, status)
    finally:
        provider.hold.set()
    assert (await sending).state == "sent"


async def test_a_failure_that_is_reported_before_the_answer_goes_to_the_next_channel(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """A network that refuses at once is quicker than a slow answer: the report waits for the number it speaks of."""
    other = Keeping("other")
    await while_held(office, provider, (sms, other), "FAIL")
    alert = await round_of(office, sms, other)
    assert (alert.state, alert.reason, len(other.sent)) == ("sent", "by other", 1)
    (logged, *_) = Proof(office.database).log(LogQuery("c1"))
    assert [one.what for one in logged.history].count("reported failed") == 1


async def test_a_delivery_that_is_reported_before_the_answer_is_part_of_the_proof(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """It stands beside its call, once, however often it is pushed."""
    await while_held(office, provider, (sms,), "SUCCESS")
    await round_of(office, sms)
    for _ in range(2):
        (logged, *_) = Proof(office.database).log(LogQuery("c1"))
        assert [one.what for one in logged.history].count("reported delivered") == 1
        pushed(office, provider, "SUCCESS")


class Quick(Keeping):
    """A provider whose report is there before its answer."""

    def __init__(self, office: Office) -> None:
        super().__init__("tencent-sms")
        self.office = office
        self.says = "Ok SerialNo=5000:1"

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        body = {"sid": "5000:1", "report_status": "FAIL", "errmsg": "MK:0001"}
        at = (self.office.clock.now(), self.office.machine.now())
        Receipts(self.office.database).put(tencent(json.dumps([body]).encode()), at)
        return await super().send(notice, destination)


async def test_an_early_report_on_a_message_about_several_is_one_on_each(office: Office) -> None:
    """Each alert that the message told of goes by the next channel."""
    office.hear(office.stream.claim("c2", "li"))
    plans = Plans(OfficePlan(digest=DigestTerms(threshold=2)))
    office.at(local(5, 9))
    sms, other = Quick(office), Keeping("other")
    for _ in range(2):
        clocks = (office.clock, office.machine)
        sender = Dispatcher(office.queue, [sms, other], clocks, plans, QUICK, Metrics())
        await sender.tick()
        await sender.drain(90)
    alerts = [one for one in Listing(office.database).page(Filter(), None, 100) if one.state == "sent"]
    assert {(one.customer, one.state, one.reason) for one in alerts} == {
        ("c1", "sent", "by other"),
        ("c2", "sent", "by other"),
    }


async def test_reports_of_other_applications_are_not_kept(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """An account sends other things too: a number that no call of ours waits for leaves nothing behind."""
    other = Keeping("other")
    other.answers = [NoAnswerError("cut")]
    await round_of(office, other)
    office.machine.ahead += timedelta(minutes=2)
    await round_of(office, sms)
    assert pushed(office, provider, "FAIL", "9000:1") == 0
    with office.database.connection() as connection:
        assert connection.execute("SELECT count(*) FROM early_reports").fetchone() == (0,)


async def test_a_report_on_a_call_whose_answer_was_lost_is_not_one_on_its_repetition(office: Office) -> None:
    """Both have our key; the number of the first is another than that of the second, whose delivery stands."""
    at = (office.clock.now(), office.machine.now())
    sms = Keeping("aliyun-sms")
    alert = await round_of(office, sms)
    with office.database.connection() as connection:
        connection.execute(
            "INSERT INTO attempts (alert, number, channel, destination, message, started_at, business_at, behind,"
            "                      outcome)"
            " SELECT alert, 0, channel, destination, message, started_at, business_at, behind, 'unknown'"
            " FROM attempts"
        )
        connection.execute("UPDATE attempts SET provider_id = 'second' WHERE number = 1")
    report = Report(("aliyun-sms",), alert.id, "first", "failed", "2026-03-04 09:00:05", "MK:0001")
    assert Receipts(office.database).put([report], at) == 1
    alert = await round_of(office, sms, Keeping("other"))
    assert (alert.state, alert.reason) == ("sent", "by aliyun-sms")
