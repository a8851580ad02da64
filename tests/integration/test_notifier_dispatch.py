"""Sending for real: a local HTTP receiver that checks signatures, a local mail server, failures and
crashes."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from deploy.local.ports import free_port
from services.notifier.channels import Channel, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.model.metrics import Metrics
from tests.support.notifier import END, Keeping, Office, local
from tests.support.patience import PATIENCE
from tests.support.receiver import Receiver, receiving

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 24 or more").decode()
QUICK = RetryPolicy(attempts=2, wait_initial=0.001, wait_max=0.002, rounds=2, round_wait=timedelta(minutes=1))
LOOPBACK = AddressPolicy(frozenset({"localhost", "127.0.0.1"}), allow_loopback=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(SECRET) as receiver:
        yield receiver


@dataclass
class Mailbox:
    """A mail server that keeps what it was given, and refuses what it is told to."""

    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 kept"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    kept = Mailbox()
    kept.port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    yield kept
    controller.stop()


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant", email="li@office.example"),
        office.stream.staff("sun", "supervisor"),
        office.stream.claim("c1", "li", traceparent="00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"),
    )
    office.at(local(4, 9))
    yield office
    office.close()


@pytest.fixture
async def webhook(receiver: Receiver) -> AsyncIterator[WebhookChannel]:
    channel = WebhookChannel(receiver.url, SECRET, LOOPBACK, 60.0)
    yield channel
    await channel.close()


def dispatcher(office: Office, *channels: Channel, policy: RetryPolicy = QUICK) -> Dispatcher:
    clocks = (office.clock, office.machine)
    return Dispatcher(office.queue, channels, clocks, office.plans, policy, Metrics())


async def round_of(office: Office, *channels: Channel, policy: RetryPolicy = QUICK) -> list[ListedAlert]:
    """One tick, until everything that it began is settled; all alerts that are not waiting for their day."""
    sender = dispatcher(office, *channels, policy=policy)
    await sender.tick()
    await sender.drain(90)
    return listed(office)


def listed(office: Office) -> list[ListedAlert]:
    alerts = Listing(office.database).page(Filter(), None, 200)
    return sorted((a for a in alerts if a.state != "due"), key=lambda alert: alert.due_at)


async def test_a_webhook_is_signed_and_tells_no_customer(
    office: Office, receiver: Receiver, webhook: WebhookChannel
) -> None:
    """The receiver verifies the signature by the published library; the trace of the fact goes on."""
    (alert,) = await round_of(office, webhook)
    assert alert.state == "sent"
    (told,) = receiver.taken
    assert (told["type"], told["data"]["to"], told["data"]["step"]) == ("claim.expiring", "li", "day_before")
    assert told["data"]["deadline"] == "2026-03-05T16:00:00Z"
    assert "3月5日（周四）24:00" in told["data"]["zh"]["text"]
    assert "1天15小时" in told["data"]["zh"]["text"]
    assert receiver.ids == [str(alert.id)]
    assert receiver.headers[0]["traceparent"].split("-")[1] == "ab" * 16
    assert [(a.channel, a.outcome, a.answer) for a in alert.attempts] == [("webhook", "sent", "200 taken")]


async def test_a_receiver_that_is_down_for_a_moment_gets_the_same_key(
    office: Office, receiver: Receiver, webhook: WebhookChannel
) -> None:
    """A 503 is followed by another attempt in the same round, under the same id; both are stored."""
    receiver.statuses = [503]
    (alert,) = await round_of(office, webhook)
    assert [a.outcome for a in alert.attempts] == ["temporary", "sent"]
    assert receiver.ids == [str(alert.id)] * 2


async def test_rounds_follow_until_the_alert_is_dead(
    office: Office, receiver: Receiver, webhook: WebhookChannel
) -> None:
    """At the deadline the alert is dead with the receiver's words, and a retry by hand is no use any more."""
    receiver.statuses = [503, 503, 500, 500]
    (alert,) = await round_of(office, webhook)
    assert (alert.state, alert.reason) == ("failed", "webhook: 503 taken")
    office.machine.ahead = timedelta(minutes=2)
    (alert,) = await round_of(office, webhook)
    assert (alert.state, alert.reason, len(alert.attempts)) == ("failed", "webhook: 500 taken", 4)
    office.clock.at = END
    office.machine.ahead = timedelta(hours=1)
    alerts = await round_of(office, webhook)
    (dead,) = (one for one in alerts if one.id == alert.id)
    assert (dead.state, dead.reason) == ("dead", "deadline passed: webhook: 500 taken")


async def test_what_was_given_up_can_be_tried_again_by_hand(
    office: Office, receiver: Receiver, webhook: WebhookChannel
) -> None:
    """A refusal for good ends an alert; when the receiver is mended, a retry by hand delivers it."""
    receiver.statuses = [422]
    (alert,) = await round_of(office, webhook)
    Listing(office.database).retry(alert.id, office.machine.now())
    (alert,) = await round_of(office, webhook)
    assert (alert.state, len(alert.attempts)) == ("sent", 2)


async def test_a_refusal_of_the_message_is_final(
    office: Office, receiver: Receiver, webhook: WebhookChannel
) -> None:
    """A receiver that reads the message and does not want it has the last word: one call, then dead."""
    receiver.statuses = [422]
    (alert,) = await round_of(office, webhook)
    assert (alert.state, len(receiver.ids)) == ("dead", 1)


@pytest.mark.parametrize("status", [307, 410])
async def test_no_redirect_is_followed_and_whoever_moved_may_mend_it(
    office: Office, receiver: Receiver, webhook: WebhookChannel, status: int
) -> None:
    """A redirect and a `gone` are of the address, not of the message: it goes on waiting, and nobody else is called."""
    receiver.statuses = [status] * 9
    (alert,) = await round_of(office, webhook)
    assert alert.state == "failed"
    assert {attempt.outcome for attempt in alert.attempts} == {"refused"}
    assert len(receiver.ids) == len(alert.attempts)


async def test_a_receiver_that_cannot_be_reached_is_tried_again(office: Office) -> None:
    """A refused connection fails the round, with a time for the next."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        channel = WebhookChannel(url, SECRET, LOOPBACK, 60.0)
        (alert,) = await round_of(office, channel)
        await channel.close()
    assert (alert.state, [a.outcome for a in alert.attempts]) == ("failed", ["temporary", "temporary"])


async def test_mail_reaches_the_enrolled_address(office: Office, mailbox: Mailbox) -> None:
    """The mail goes to the address in the staff's contacts, in Chinese first, under an id made of the
    alert's."""
    server = MailServer("127.0.0.1", mailbox.port, "panke@office.example", security="none")
    (alert,) = await round_of(office, MailChannel(server, 60.0))
    assert alert.state == "sent"
    (message,) = mailbox.messages
    text = message.get_content()
    assert mailbox.recipients == ["li@office.example"]
    assert message["subject"].startswith("【判客】客户 ")
    assert text.index("还剩1天15小时") < text.index("1 day 15 hours left")
    assert str(alert.id) in message["message-id"]


async def test_mail_codes_are_read_as_smtp_means_them(office: Office, mailbox: Mailbox) -> None:
    """4xx is tried again in the same round; 5xx is final."""
    mailbox.answers = ["451 later", "550 no such person"]
    server = MailServer("127.0.0.1", mailbox.port, "panke@office.example", security="none")
    (alert,) = await round_of(office, MailChannel(server, 60.0))
    assert (alert.state, [a.outcome for a in alert.attempts]) == ("dead", ["temporary", "refused"])


async def test_the_next_channel_is_taken_when_one_fails(office: Office) -> None:
    """A person whom the first channel cannot reach now is told by the second, in the same round."""
    first, second = Keeping("first"), Keeping("second")
    first.answers = [RefusedError("closed")]
    (alert,) = await round_of(office, first, second)
    assert (alert.state, alert.reason, len(second.sent)) == ("sent", "by second", 1)


async def test_a_person_without_a_way_is_listed_dead(office: Office, mailbox: Mailbox) -> None:
    """Whom no channel reaches has a dead alert that says so, and nothing is called."""
    office.hear(office.stream.claim("c2", "wu"))
    server = MailServer("127.0.0.1", mailbox.port, "panke@office.example", security="none")
    alerts = await round_of(office, MailChannel(server, 60.0))
    assert {(a.customer, a.state) for a in alerts} == {("c1", "sent")}
    office.at(local(5, 9))
    alerts = await round_of(office, MailChannel(server, 60.0))
    assert ("c2", "dead", "no channel reaches the person") in {
        (a.customer, a.state, a.reason) for a in alerts
    }


async def test_behind_the_watermark_the_words_say_so(office: Office) -> None:
    """What is sent after a minute without watermark says as known at which time, and is stored as such."""
    channel = Keeping()
    await round_of(office, channel)
    office.at(local(5, 9), watermark=False)
    await round_of(office, channel)
    assert len(channel.sent) == 1
    office.machine.ahead = timedelta(seconds=61)
    alerts = await round_of(office, channel)
    assert "截至3月4日（周三）09:00已知" in channel.sent[1].words.body_zh
    assert "As known at 09:00 on Wednesday 4 March" in channel.sent[1].words.body_en
    assert alerts[-1].attempts[0].behind


async def test_what_is_late_says_so(office: Office) -> None:
    """A reminder that goes out an hour after its time names the time at which it was due."""
    channel = Keeping()
    office.at(local(4, 10))
    await round_of(office, channel)
    assert "本提醒应于3月4日（周三）09:00发出" in channel.sent[0].words.body_zh


class Cut(Keeping):
    """A channel whose process is killed between the call and its answer."""

    def __init__(self, during: Callable[[], None]) -> None:
        super().__init__("keeping")
        self.during = during

    async def send(self, notice: Any, destination: str) -> str:
        self.sent.append(notice)
        self.during()
        await asyncio.Event().wait()
        return "never"


async def test_killed_between_call_and_answer_it_is_sent_again_under_the_same_key(office: Office) -> None:
    """The second notifier finds the attempt unknown when the lease is over, and sends with the same id."""
    called = asyncio.Event()
    killed = dispatcher(office, cut := Cut(called.set))
    await killed.tick()
    async with asyncio.timeout(PATIENCE):
        await called.wait()
    # The process is gone: nothing of it runs on, and nothing was written after the call.
    with office.database.connection() as connection:
        assert connection.execute("SELECT outcome FROM attempts").fetchall() == [(None,)]
    office.pass_time(timedelta(seconds=31))
    kept = Keeping()
    (alert,) = await round_of(office, kept)
    assert (alert.state, [a.outcome for a in alert.attempts]) == ("sent", ["unknown", "sent"])
    assert kept.sent[0].id == cut.sent[0].id
    await killed.drain(0)


async def test_an_unanswered_call_is_held_where_repetitions_are_not_told_apart(office: Office) -> None:
    """A channel that holds is called once; the alert is unknown and left to a person."""
    holding = Keeping("holding")
    holding.after_crash = "hold"
    holding.answers = [NoAnswerError("cut off"), TemporaryError("must not be asked")]
    (alert,) = await round_of(office, holding)
    assert (alert.state, alert.reason, len(alert.attempts)) == ("unknown", "holding: cut off", 1)
    assert holding.answers != []


async def test_a_channel_that_hangs_is_cut_off(office: Office) -> None:
    """A call that does not answer within the channel's time is unknown, and not repeated at once."""
    hanging = Cut(lambda: None)
    hanging.timeout = 0.05
    (alert,) = await round_of(office, hanging)
    assert (alert.state, [a.outcome for a in alert.attempts]) == ("failed", ["unknown"])


async def test_a_defect_of_a_channel_is_one_alerts_own(office: Office) -> None:
    """An exception that no channel may raise fails that alert with its name; the next one is sent."""
    broken = Keeping()
    broken.answers = [ZeroDivisionError("a defect")]
    office.hear(office.stream.claim("c2", "li", END - timedelta(days=1)))
    office.at(local(4, 16))
    alerts = await round_of(office, broken, policy=RetryPolicy(attempts=1, concurrency=1))
    alerts = await round_of(office, broken)
    assert sorted(a.state for a in alerts if a.attempts) == ["failed", "sent"]
    assert any("defect: ZeroDivisionError" in (a.reason or "") for a in alerts)


class Counting(Keeping):
    """A channel that tells when it has sent so many."""

    def __init__(self, wanted: int, reached: asyncio.Event) -> None:
        super().__init__()
        self.wanted, self.reached = wanted, reached

    async def send(self, notice: Any, destination: str) -> str:
        answer = await super().send(notice, destination)
        if len(self.sent) >= self.wanted:
            self.reached.set()
        return answer


@pytest.mark.parametrize("says", ["a\0b", "\ud800", "x" * 100_000], ids=["NUL", "surrogate", "endless"])
async def test_an_answer_that_cannot_be_stored_does_not_undo_the_alert(office: Office, says: str) -> None:
    """Whatever a receiver says, the alert is sent once and some of its words are kept."""
    channel = Keeping()
    channel.says = says
    (alert,) = await round_of(office, channel)
    assert (alert.state, len(channel.sent), len(alert.attempts)) == ("sent", 1, 1)


async def test_a_call_that_is_cancelled_is_unknown_like_a_killed_one(office: Office) -> None:
    """A stop that does not wait for the answer leaves the attempt open; the lease tells that it is unknown."""
    called = asyncio.Event()
    stopped = dispatcher(office, Cut(called.set))
    await stopped.tick()
    async with asyncio.timeout(PATIENCE):
        await called.wait()
    await stopped.drain(0.01)
    office.pass_time(timedelta(seconds=31))
    (alert,) = await round_of(office, Keeping())
    assert [attempt.outcome for attempt in alert.attempts] == ["unknown", "sent"]


async def test_two_dispatchers_send_each_alert_once(office: Office) -> None:
    """Sixty alerts, two notifiers that run side by side: sixty calls with sixty ids."""
    office.hear(*(office.stream.claim(f"d{n}", "li", END + timedelta(days=1)) for n in range(59)))
    office.at(local(5, 9))
    all_sent = asyncio.Event()
    kept = Counting(60, all_sent)
    pair = [dispatcher(office, kept, policy=RetryPolicy(concurrency=7, longest_sleep=0.05)) for _ in range(2)]
    stop = asyncio.Event()
    running = [asyncio.create_task(one.run(stop)) for one in pair]
    async with asyncio.timeout(PATIENCE):
        await all_sent.wait()
    stop.set()
    await asyncio.gather(*running)
    for one in pair:
        await one.drain(90)
    assert len({notice.id for notice in kept.sent}) == len(kept.sent) == 60


async def test_a_renewal_stops_the_attempts_that_are_left(office: Office) -> None:
    """When the claim changes between two attempts of a round, the second is not made."""

    def renew() -> None:
        office.hear(office.stream.claim("c1", "li", END + timedelta(days=4)))

    class Renewed(Keeping):
        async def send(self, notice: Any, destination: str) -> str:
            await asyncio.to_thread(renew)
            raise TemporaryError("busy")

    alerts = await round_of(office, Renewed())
    assert [(a.state, len(a.attempts)) for a in alerts if a.attempts] == [("superseded", 1)]


async def test_no_phone_leaves_with_an_alert(
    office: Office, receiver: Receiver, webhook: WebhookChannel
) -> None:
    """Nothing that was sent holds eleven digits in a row."""
    import re

    await round_of(office, webhook)
    sent = json.dumps(receiver.taken[0]["data"]["zh"]) + json.dumps(receiver.taken[0]["data"]["en"])
    assert re.search(r"\d{11}", sent) is None
