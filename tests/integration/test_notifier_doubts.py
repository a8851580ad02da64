"""What may have arrived: asked about, sent again once at most, by the next channel first; on a real database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.channels import Channel, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.delivery_status import DeliveryStatus, StatusQuery
from services.notifier.channels.provider_verdict import Reason, TryLaterError
from services.notifier.delivery.breaker import BreakerTerms, StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.queue import RoundResult, SendAttempt
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.history.proof import LogQuery, Proof
from services.notifier.history.receipts import Receipts, Report
from services.notifier.model.alert import AttemptOutcome, RenderedMessage, State
from services.notifier.model.metrics import Metrics
from services.notifier.schedule.plan import Plans
from tests.support.notifier import END, Keeping, Office, local, one_reminder_due

QUICK = RetryPolicy(attempts=3, wait_initial=0.001, wait_max=0.002, round_wait=timedelta(minutes=1))


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    with one_reminder_due(database) as office:
        yield office


def dispatcher(office: Office, *channels: Channel) -> Dispatcher:
    breaker = StoredBreaker(office.database, office.machine, BreakerTerms(threshold=1000))
    clocks = (office.clock, office.machine)
    return Dispatcher(office.queue, channels, clocks, Plans(), QUICK, Metrics(), breaker)


async def round_of(office: Office, *channels: Channel) -> list[ListedAlert]:
    sender = dispatcher(office, *channels)
    await sender.tick()
    await sender.drain(90)
    return [one for one in Listing(office.database).page(Filter(), None, 100) if one.state != "due"]


async def for_hours(office: Office, hours: int, *channels: Channel) -> list[ListedAlert]:
    """As much machine time, a look every twenty seconds at first and every five minutes then."""
    found: list[ListedAlert] = []
    begun = office.machine.ahead
    for second in [*range(0, 300, 20), *range(300, hours * 3600, 300)]:
        office.machine.ahead = begun + timedelta(seconds=second)
        found = await round_of(office, *channels)
    return found


class Taking(Keeping):
    """A provider that takes what it is given and whose first answers are lost."""

    def __init__(self, name: str, lost: int = 1) -> None:
        super().__init__(name)
        self.lost = lost

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        await super().send(notice, destination)
        if len(self.sent) <= self.lost:
            raise NoAnswerError("cut off")
        return self.says


class Findable(Taking):
    """One that can be asked by the key."""

    def __init__(self, name: str, lost: int = 1, *, knows_all: bool = True) -> None:
        super().__init__(name, lost)
        self.knows_all = knows_all
        self.knows: DeliveryStatus | None = None
        self.questions: list[StatusQuery] = []
        self.refusal: Exception | None = None

    async def find(self, question: StatusQuery) -> DeliveryStatus | None:
        self.questions.append(question)
        if self.refusal is not None:
            raise self.refusal
        return self.knows


class TakenAndFailed(Taking):
    """A robot that posts what it is given, and answers that it failed."""

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        try:
            return await super().send(notice, destination)
        except NoAnswerError:
            raise NoAnswerError("500 oops", server_failed=True) from None


class FailedAfterwards(Findable):
    """One whose gateway says of the first call that the server behind it has failed."""

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        try:
            return await super().send(notice, destination)
        except NoAnswerError:
            raise NoAnswerError("502 bad gateway", server_failed=True) from None


async def test_a_lost_answer_makes_one_repetition_by_the_next_channel(office: Office) -> None:
    """What may have arrived is not sent again by the same channel where there is another: one message more."""
    first, second = Taking("first"), Keeping("second")
    (alert,) = await for_hours(office, 2, first, second)
    assert (alert.state, alert.reason) == ("sent", "by second")
    assert (len(first.sent), len(second.sent)) == (1, 1)
    assert first.sent[0].id == second.sent[0].id


async def test_a_channel_whose_answers_are_always_lost_is_left_in_growing_peace(office: Office) -> None:
    """One repetition in the first half hour where there were nine messages; each further one waits twice as long."""
    only = Taking("only", lost=1000)
    for second in range(0, 1500, 20):
        office.machine.ahead = timedelta(seconds=second)
        (alert,) = await round_of(office, only)
    assert len(only.sent) == 2
    assert (alert.state, {one.outcome for one in alert.attempts}) == ("failed", {"unknown"})
    office.machine.ahead = timedelta(seconds=1500)
    await for_hours(office, 12, only)
    assert len(only.sent) <= 6


async def test_a_provider_that_has_the_message_is_asked_and_nothing_is_repeated(office: Office) -> None:
    """By the key that was given: it is on its way, so it was told, by one message."""
    sms, other = Findable("sms"), Keeping("other")
    sms.knows = DeliveryStatus("taken", "", "")
    (alert,) = await for_hours(office, 1, sms, other)
    assert (alert.state, alert.reason, len(sms.sent), len(other.sent)) == ("sent", "by sms", 1, 0)
    assert [one.key for one in sms.questions] == [alert.id]
    assert Proof(office.database).log(LogQuery("c1"))[0].told_before_deadline


async def test_a_provider_that_does_not_know_the_message_is_given_it_again(office: Office) -> None:
    """Asked until half a minute is over, one that knows all that it took has not taken it: it is sent anew."""
    sms, other = Findable("sms"), Keeping("other")
    (alert,) = await for_hours(office, 1, sms, other)
    assert (alert.state, len(sms.sent), len(other.sent)) == ("sent", 2, 0)
    assert len(sms.questions) >= 2
    assert [one.outcome for one in alert.attempts] == ["temporary", "sent"]


@pytest.mark.parametrize(
    "refusal",
    [None, RefusedError("no permission"), NoAnswerError("cut"), TryLaterError("busy", timedelta(seconds=1))],
)
async def test_a_provider_that_cannot_say_leaves_it_to_the_next_channel(
    office: Office, refusal: Exception | None
) -> None:
    """One that knows only what its network has told of, or that does not answer: one repetition, by another way."""
    sms, other = Findable("sms", knows_all=False), Keeping("other")
    sms.refusal = refusal
    (alert,) = await for_hours(office, 1, sms, other)
    assert (alert.state, len(sms.sent), len(other.sent)) == ("sent", 1, 1)


async def test_a_provider_that_says_it_failed_leaves_it_to_the_next_channel(office: Office) -> None:
    """Asked about a lost answer, it says that the message did not get through: the next channel tells it."""
    sms, other = Findable("sms"), Keeping("other")
    sms.knows = DeliveryStatus("failed", "2026-03-04 09:00:05", "MK:0001")
    (alert,) = await for_hours(office, 1, sms, other)
    assert (alert.state, alert.reason, len(sms.sent), len(other.sent)) == ("sent", "by other", 1, 1)


async def test_a_server_that_says_it_failed_is_tried_again_when_it_has_had_its_peace(office: Office) -> None:
    """Whoever hears 5xx twice may have been told twice: the third call waits, and loses nothing."""
    only = Keeping("only")
    only.answers = [NoAnswerError("500 oops", server_failed=True) for _ in range(3)]
    (alert,) = await for_hours(office, 4, only)
    assert (alert.state, len(only.sent)) == ("sent", 1)


async def test_a_server_that_takes_a_message_and_says_it_failed_repeats_it_once(office: Office) -> None:
    """A robot that posts the message and then answers 5xx cannot be asked: it has the message twice in the first half
    hour, and not once more each round."""
    only = TakenAndFailed("only", lost=1000)
    for second in range(0, 1500, 20):
        office.machine.ahead = timedelta(seconds=second)
        (alert,) = await round_of(office, only)
    assert (alert.state, len(only.sent)) == ("failed", 2)
    office.machine.ahead = timedelta(seconds=1500)
    await for_hours(office, 12, only)
    assert len(only.sent) <= 6


async def test_behind_a_server_that_says_it_failed_the_next_channel_is_taken(office: Office) -> None:
    """One message by each: what may have arrived is not given to the same robot again while another way is left."""
    first, second = TakenAndFailed("first", lost=1000), Keeping("second")
    (alert,) = await for_hours(office, 2, first, second)
    assert (alert.state, alert.reason, len(first.sent), len(second.sent)) == ("sent", "by second", 1, 1)


async def test_two_robots_that_take_and_say_they_failed_repeat_no_more_than_once_each(office: Office) -> None:
    """By turns, and then in growing peace, both."""
    first, second = TakenAndFailed("first", lost=1000), TakenAndFailed("second", lost=1000)
    for second_of in range(0, 1500, 20):
        office.machine.ahead = timedelta(seconds=second_of)
        await round_of(office, first, second)
    assert (len(first.sent), len(second.sent)) == (2, 2)


@pytest.mark.parametrize("refusal", [TemporaryError("refused"), TryLaterError("503", timedelta(seconds=1))])
async def test_a_clear_refusal_is_no_doubt(office: Office, refusal: Exception) -> None:
    """Not reached, or told to come later: nothing was taken, and the channel is tried each round as before."""
    only = Keeping("only")
    only.answers = [refusal] * 4
    (alert,) = await for_hours(office, 1, only)
    assert (alert.state, len(only.sent)) == ("sent", 1)


async def test_a_server_that_took_the_message_and_says_it_failed_is_asked(office: Office) -> None:
    """A gateway that answers 502 for what stands behind it: a provider that can be asked has the message, and it is not
    sent again, by this channel or the next."""
    sms, other = FailedAfterwards("sms"), Keeping("other")
    sms.knows = DeliveryStatus("taken", "", "")
    (alert,) = await for_hours(office, 1, sms, other)
    assert (alert.state, alert.reason, len(sms.sent), len(other.sent)) == ("sent", "by sms", 1, 0)


@pytest.mark.parametrize("refusal", [None, NoAnswerError("500 oops", server_failed=True)])
async def test_a_server_that_did_not_take_the_message_keeps_nobody_from_it(
    office: Office, refusal: Exception | None
) -> None:
    """It says that it failed, and knows nothing of the message or does not answer that either: the next channel."""
    sms, other = FailedAfterwards("sms", knows_all=False), Keeping("other")
    sms.refusal = refusal
    (alert,) = await for_hours(office, 1, sms, other)
    assert (alert.state, alert.reason, len(sms.sent), len(other.sent)) == ("sent", "by other", 1, 1)


async def test_killed_in_a_call_it_is_asked_about_first(office: Office) -> None:
    """What another process had under way when it was killed is not sent again where the provider has it."""
    (alert,) = office.queue.claim(1, office.clock.now(), office.machine.now())
    at = (office.clock.now(), office.machine.now())
    office.queue.begin_attempt(alert, SendAttempt("sms", "keep:li", "words", "li"), at)
    office.pass_time(timedelta(seconds=31))
    sms = Findable("sms")
    sms.knows = DeliveryStatus("delivered", "2026-03-04 09:00:05", "DELIVERED")
    (found,) = await round_of(office, sms)
    assert (found.state, len(sms.sent), len(sms.questions)) == ("sent", 0, 1)


async def test_what_a_robot_left_unknown_goes_on_when_the_robot_has_another_name(office: Office) -> None:
    """After a kill and a change of the policy no channel has the old name: the alert is sent by what there is."""
    (alert,) = office.queue.claim(1, office.clock.now(), office.machine.now())
    at = (office.clock.now(), office.machine.now())
    office.queue.begin_attempt(alert, SendAttempt("dingtalk/east", "keep:li", "words", "li"), at)
    office.pass_time(timedelta(seconds=31))
    west = Keeping("west")
    (found,) = await round_of(office, west)
    assert (found.state, len(west.sent)) == ("sent", 1)


async def test_a_reminder_is_tried_until_its_deadline(office: Office) -> None:
    """Away for ten hours, a channel is given the reminder when it is back, however many rounds there were."""
    only = Keeping("only")
    for hour in range(30):
        office.at(local(4, 9) + timedelta(minutes=20 * hour))
        office.machine.ahead = timedelta(minutes=20 * hour)
        only.answers = [TemporaryError("503")] * 3
        (alert,) = await round_of(office, only)
    assert (alert.state, alert.rounds > 6) == ("failed", True)
    only.answers = []
    office.machine.ahead += timedelta(minutes=40)
    (alert,) = await round_of(office, only)
    assert (alert.state, len(only.sent)) == ("sent", 1)


async def test_the_last_tries_come_before_the_deadline(office: Office) -> None:
    """With the deadline two minutes away, the next round is no half hour away; behind it, the alert is dead."""
    only = Keeping("only")
    office.at(local(5, 16))
    only.answers = [TemporaryError("503")] * 100
    await round_of(office, only)
    with office.database.connection() as connection:
        connection.execute("UPDATE alerts SET rounds = 9, retry_at = %s", [office.machine.now()])
    office.at(END - timedelta(minutes=2))
    await round_of(office, only)
    with office.database.connection() as connection:
        row: Any = connection.execute("SELECT max(retry_at) FROM alerts WHERE state = 'failed'").fetchone()
    assert row[0] - office.machine.now() < timedelta(minutes=2)
    office.at(END)
    office.machine.ahead += timedelta(minutes=3)
    alerts = await round_of(office, only)
    assert "dead" in {one.state for one in alerts}


async def test_a_channel_that_refuses_everything_is_waited_for(office: Office) -> None:
    """A secret that is no longer accepted is no end of the alert: it goes out when the channel takes it again."""
    only = Keeping("only")
    only.answers = [RefusedError("sign", Reason.SIGNATURE)]
    (alert,) = await round_of(office, only)
    assert (alert.state, alert.reason) == ("failed", "only: sign")
    assert Listing(office.database).waiting() == {"signature": 1}
    office.machine.ahead = timedelta(minutes=6)
    (alert,) = await round_of(office, only)
    assert (alert.state, len(only.sent)) == ("sent", 1)


async def test_when_a_channel_does_its_work_again_what_waited_goes_out_at_once(office: Office) -> None:
    """Another message gets through: the one that waited does not wait for its step."""
    only = Keeping("only")
    only.answers = [TemporaryError("503")] * 3
    await round_of(office, only)
    office.clock.at = local(1, 10)
    office.hear(office.stream.claim("c2", "li"))
    with office.database.connection() as connection:
        connection.execute("UPDATE alerts SET due_at = %s WHERE state = 'due'", [local(4, 9)])
        connection.execute(
            "DELETE FROM alerts WHERE state = 'due' AND (customer = 'c1' OR audience <> 'owner')"
        )
        connection.execute("DELETE FROM alerts WHERE state = 'due' AND rung <> 'last_morning'")
    office.at(local(4, 9))
    assert Counter(one.state for one in await round_of(office, only)) == {"failed": 1, "sent": 1}
    assert Counter(one.state for one in await round_of(office, only)) == {"sent": 2}


async def test_a_start_tries_what_channels_had_refused(office: Office) -> None:
    """A secret is rotated by a restart: whoever waited is told at once, without waiting for a step."""
    only = Keeping("only")
    only.answers = [RefusedError("sign", Reason.SIGNATURE)]
    await round_of(office, only)
    office.queue.history.start_afresh([], office.machine.now(), office.clock.now())
    (alert,) = await round_of(office, only)
    assert (alert.state, len(only.sent)) == ("sent", 1)


async def test_a_receiver_that_asks_for_longer_than_the_claim_runs_is_not_waited_for(office: Office) -> None:
    """`Retry-After` beyond the deadline: the next channel at once, which is tried in steps of its own."""
    first, second = Keeping("first"), Keeping("second")
    first.answers = [TryLaterError("503", timedelta(days=3), everyone=True)]
    second.answers = [TemporaryError("busy")] * 3
    (alert,) = await round_of(office, first, second)
    office.machine.ahead = timedelta(minutes=2)
    (alert,) = await round_of(office, first, second)
    assert (alert.state, alert.reason, len(first.sent)) == ("sent", "by second", 0)


def report(channel: str, status: Any, key: Any) -> Report:
    return Report((channel,), key, None, status, "2026-03-04 09:00:05", "MK:0001")


async def test_a_failed_report_goes_to_the_next_channel(office: Office) -> None:
    """Taken by a provider and reported as failed: nobody was told, and the next channel tells it."""
    sms, other = Keeping("sms"), Keeping("other")
    (alert,) = await round_of(office, sms, other)
    assert Proof(office.database).log(LogQuery("c1"))[0].told_before_deadline
    at = (office.clock.now(), office.machine.now())
    Receipts(office.database).put([report("sms", "failed", alert.id)], at)
    assert not Proof(office.database).log(LogQuery("c1"))[0].told_before_deadline
    (alert,) = await round_of(office, sms, other)
    assert (alert.state, alert.reason, len(sms.sent), len(other.sent)) == ("sent", "by other", 1, 1)
    assert Proof(office.database).log(LogQuery("c1"))[0].told_before_deadline
    Receipts(office.database).put([report("sms", "failed", alert.id)], at)
    (alert,) = await round_of(office, sms, other)
    assert (alert.state, len(other.sent)) == ("sent", 1)


async def test_a_failed_report_without_another_channel_is_listed(office: Office) -> None:
    """Who cannot be reached otherwise is listed as dead, with what the provider said."""
    sms = Keeping("sms")
    (alert,) = await round_of(office, sms)
    Receipts(office.database).put(
        [report("sms", "failed", alert.id)], (office.clock.now(), office.machine.now())
    )
    (alert,) = await round_of(office, sms)
    assert (alert.state, len(sms.sent)) == ("dead", 1)
    assert "reported failed by sms" in (alert.reason or "")
    Listing(office.database).retry(alert.id, office.machine.now())
    (alert,) = await round_of(office, sms)
    assert (alert.state, len(sms.sent)) == ("sent", 2)


async def test_a_report_that_it_arrived_settles_what_nobody_knew(office: Office) -> None:
    """A lost answer and then a report of the delivery: told, and not sent again."""
    only = Taking("only")
    (alert,) = await round_of(office, only)
    at = (office.clock.now(), office.machine.now())
    Receipts(office.database).put([report("only", "delivered", alert.id)], at)
    (alert,) = await for_hours(office, 1, only)
    assert (alert.state, len(only.sent)) == ("sent", 1)
    assert Proof(office.database).log(LogQuery("c1"))[0].told_before_deadline


async def test_a_failed_report_that_comes_while_its_round_ends_is_not_lost(office: Office) -> None:
    """Reported before the round is settled: the report is looked at afterwards."""
    (leased,) = office.queue.claim(1, office.clock.now(), office.machine.now())
    at = (office.clock.now(), office.machine.now())
    begun = office.queue.begin_attempts([leased], SendAttempt("sms", "keep:li", "words", "li"), at)
    office.queue.end_attempts(begun, AttemptOutcome.SENT, "OK", at)
    Receipts(office.database).put([report("sms", "failed", leased.id)], at)
    sms, other = Keeping("sms"), Keeping("other")
    await round_of(office, sms, other)
    office.queue.settle(leased, RoundResult(State.SENT, "by sms"), office.clock.now())
    (alert,) = await round_of(office, sms, other)
    assert (alert.state, alert.reason, len(sms.sent)) == ("sent", "by other", 0)
