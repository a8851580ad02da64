"""Asking the SMS providers what became of messages, by their own SDKs, and storing it as if they had told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import generate_latest

from services.notifier.channels import ChannelError, NoAnswerError, RefusedError
from services.notifier.channels.delivery_status import PROVIDERS_ZONE, DeliveryStatus, StatusQuery
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.sms import SmsChannel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.polling import HORIZON, WAITS, Poller
from services.notifier.history.proof import LogQuery, Proof
from services.notifier.main import create_service
from services.notifier.model.metrics import Metrics
from services.notifier.receipts_http import receipts_app
from services.notifier.settings import NotifierSettings
from shared.platform.settings import load
from tests.support.notices import NOTICE, notice
from tests.support.notifier import Office, ShiftedClock, local
from tests.support.parts import eventually
from tests.support.provider_reports import Sms
from tests.support.providers import KEY_ID, KEY_SECRET, SIGN_NAME, Answer, Provider, Trick, code
from tests.support.reporting import post
from tests.support.sms import NUMBER, Make, aliyun, tencent
from tests.support.tokens import admission

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
BOTH = pytest.mark.parametrize("make", [aliyun, tencent], ids=["aliyun", "tencent"])


@pytest.fixture
def office(database: str, clock: ShiftedClock) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.machine = clock
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant", email="x@example.com"),
        office.stream.claim("c1", "li"),
    )
    with office.database.connection() as connection:
        connection.execute('UPDATE staff SET contacts = \'{"sms": "13800000001"}\'')
    office.at(local(4, 9))
    yield office
    office.close()


def question(sms: SmsChannel, message: Sms) -> StatusQuery:
    """About a message, as its attempt knows it."""
    return StatusQuery(
        sms.name, message.provider_id, message.provider_id, UUID(message.key), NUMBER, message.at
    )


async def test_what_became_of_a_message_is_answered(sms: SmsChannel, provider: Provider) -> None:
    """Nothing while the network has not told; then that it arrived, or that it did not, and when."""
    await sms.send(NOTICE, NUMBER)
    (message,) = provider.messages
    asked = question(sms, message)
    assert await sms.ask(asked) is None
    at = datetime(2026, 3, 4, 9, 0, 5, tzinfo=PROVIDERS_ZONE)
    message.arrives(at)
    assert await sms.ask(asked) == DeliveryStatus("delivered", "2026-03-04 09:00:05", "DELIVERED")
    message.fails(at)
    assert await sms.ask(asked) == DeliveryStatus("failed", "2026-03-04 09:00:05", "MK:0001")


async def test_of_several_messages_the_right_one_is_told(
    sms: SmsChannel, provider: Provider, clock: ShiftedClock
) -> None:
    """Of two messages to one number each is told by the provider's own id of it."""
    for number in (1, 2):
        await sms.send(notice(id=UUID(int=number)), NUMBER)
        clock.ahead += timedelta(seconds=35)
    first, second = provider.messages
    first.fails(clock.now())
    second.arrives(clock.now())
    told = [await sms.ask(question(sms, one)) for one in (first, second)]
    assert [one.status for one in told if one is not None] == ["failed", "delivered"]


async def test_a_message_whose_answer_was_lost_is_found_by_our_key(
    sms: SmsChannel, provider: Provider, clock: ShiftedClock
) -> None:
    """Without the provider's id, the key that we gave finds it, on whichever page it stands."""
    for number in range(1, 121):
        key = str(UUID(int=number))
        plain = NUMBER if sms.name == "tencent-sms" else NUMBER.removeprefix("+86")
        provider.messages.append(Sms(f"m{number}", key, plain, "T1", clock.now()))
    wanted = 99 if sms.name == "tencent-sms" else 120
    provider.messages[wanted - 1].arrives(clock.now())
    for one in provider.messages:
        if one.told is None:
            one.fails(clock.now())
    asked = StatusQuery(sms.name, "x", None, UUID(int=wanted), NUMBER, clock.now())
    told = await sms.ask(asked)
    assert told is not None and told.status == "delivered"
    pages = [call.query.get("CurrentPage") for call in provider.calls]
    assert pages == ([None] if sms.name == "tencent-sms" else ["1", "2", "3"])
    assert await sms.ask(replace(asked, key=UUID(int=999))) is None


@BOTH
@pytest.mark.parametrize(
    ("trick", "kind"),
    [
        (Answer(200, b"<html>maintenance</html>"), NoAnswerError),
        (Answer(200, b"{}"), NoAnswerError),
        (Answer(200, b"[0]"), NoAnswerError),
        (Answer(200, b'{"Response": {"RequestId": "x"}}'), NoAnswerError),
        (Answer(200, b'{"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": ["x"]}}'), NoAnswerError),
        (Answer(200, b'{"Response": {"PullSmsSendStatusSet": ["x"]}}'), NoAnswerError),
        (Answer(200, b"x" * 100, half=True), NoAnswerError),
        ("cut", NoAnswerError),
        (Answer(500, b"oops"), NoAnswerError),
        (Answer(503, b"busy", (("retry-after", "3"),)), TryLaterError),
        (Answer(302, b"", (("location", "http://localhost/elsewhere"),)), RefusedError),
        (
            code({"Code": "isp.RAM_PERMISSION_DENY", "Message": "no",
                  "Response": {"Error": {"Code": "UnauthorizedOperation", "Message": "no"}, "RequestId": "x"}}),
            RefusedError,
        ),
        (
            code({"Code": "Throttling.User", "Message": "flow",
                  "Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "no"}, "RequestId": "x"}}),
            TryLaterError,
        ),
    ],
    ids=lambda trick: str(trick)[:60],
)  # fmt: skip
async def test_what_is_no_answer_tells_nothing(
    make: Make, trick: Trick, kind: type[ChannelError], provider: Provider, clock: ShiftedClock
) -> None:
    """Refusals, limits and garbage are what they are for sending; nothing is taken for a report."""
    sms = make(provider.base, clock)
    provider.tricks.append(trick)
    with pytest.raises(ChannelError) as caught:
        await sms.ask(StatusQuery(sms.name, "m", "m", NOTICE.id, NUMBER, clock.now()))
    assert type(caught.value) is kind
    await sms.close()


@BOTH
async def test_a_wrong_key_tells_nothing_of_itself(
    make: Make, provider: Provider, clock: ShiftedClock
) -> None:
    """A key that the provider does not accept is refused, and not repeated."""
    sms = make(provider.base, clock, secret="anotherkeysecretanother")
    with pytest.raises(RefusedError, match="signature or the key"):
        await sms.ask(StatusQuery(sms.name, "m", "m", NOTICE.id, NUMBER, clock.now()))
    await sms.close()


async def test_questions_have_a_limit(sms: SmsChannel, provider: Provider, clock: ShiftedClock) -> None:
    """Five questions a second, and a margin; whoever asks faster is told to wait, and the provider is not called."""
    asked = StatusQuery(sms.name, "m", "m", NOTICE.id, NUMBER, clock.now())
    for _ in range(5):
        assert await sms.ask(asked) is None
    calls = len(provider.calls)
    with pytest.raises(TryLaterError, match="limit of questions"):
        await sms.ask(asked)
    assert len(provider.calls) == calls


def test_a_message_sent_at_midnight_is_looked_for_on_both_days() -> None:
    """The provider's day may be another than that of the machine that sent."""
    at = datetime(2026, 3, 4, 23, 58, tzinfo=PROVIDERS_ZONE)
    asked = StatusQuery("aliyun-sms", "m", "m", NOTICE.id, NUMBER, at)
    assert asked.days == ("20260304", "20260305")
    assert replace(asked, sent_at=at - timedelta(hours=1)).days == ("20260304",)


async def sent(office: Office, sms: SmsChannel) -> None:
    """The first reminder goes out."""
    clocks = (office.clock, office.machine)
    sender = Dispatcher(office.queue, [sms], clocks, office.plans, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)


def poller(office: Office, sms: SmsChannel, metrics: Metrics | None = None) -> Poller:
    return Poller(office.database, [sms], (office.clock, office.machine), metrics or Metrics())


def reported(office: Office) -> list[tuple[str, str]]:
    first, *_ = Proof(office.database).log(LogQuery("c1"))
    return [(one.what, one.answer or "") for one in first.history if one.what.startswith("reported")]


async def test_a_report_that_was_asked_for_stands_in_the_proof(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """A minute after the sending it is asked, and again later; once it is told, nobody asks any more."""
    await sent(office, sms)
    asking = poller(office, sms)
    assert await asking.look() == 0
    assert len(provider.calls) == 1, "not asked before its time"
    office.machine.ahead += WAITS[0]
    assert await asking.look() == 0
    assert len(provider.calls) == 2
    assert await asking.look() == 0
    assert len(provider.calls) == 2, "not asked again before its time"
    provider.messages[0].arrives(office.machine.now())
    office.machine.ahead += WAITS[1]
    assert await asking.look() == 1
    ((what, answer),) = reported(office)
    assert (what, answer.endswith("DELIVERED (asked)")) == ("reported delivered", True)
    office.machine.ahead += timedelta(hours=1)
    assert await asking.look() == 0
    assert len(provider.calls) == 3


async def test_a_report_that_comes_both_ways_is_one(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """Whichever comes first is kept, and the other adds nothing: one line in the proof."""
    await sent(office, sms)
    (message,) = provider.messages
    message.arrives(office.machine.now())
    app = receipts_app(office.database, office.clock, "s3cret-of-the-address", {})
    body = [
        {
            "out_id": message.key,
            "biz_id": message.provider_id,
            "success": True,
            "report_time": "2026-03-04 09:00:09",
        }
        if sms.name == "aliyun-sms"
        else {
            "sid": message.provider_id,
            "report_status": "SUCCESS",
            "user_receive_time": "2026-03-04 09:00:09",
        }
    ]
    path = f"/receipts/{sms.name.removesuffix('-sms')}?key=s3cret-of-the-address"
    office.machine.ahead += WAITS[0]
    await asyncio.gather(poller(office, sms).look(), post(app, path, body))
    await post(app, path, body)
    assert [what for what, _ in reported(office)] == ["reported delivered"]
    office.machine.ahead += timedelta(days=1)
    assert await poller(office, sms).look() == 0
    assert len(reported(office)) == 1


async def test_several_notifiers_ask_once(office: Office, sms: SmsChannel, provider: Provider) -> None:
    """Of four that look at the same time one puts the question."""
    await sent(office, sms)
    office.machine.ahead += WAITS[0]
    await asyncio.gather(*(poller(office, sms).look() for _ in range(4)))
    assert len(provider.calls) == 2


async def test_a_message_is_not_asked_about_for_ever(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """As often as there are waits, within three days, and then never again."""
    await sent(office, sms)
    asking = poller(office, sms)
    for wait in WAITS:
        office.machine.ahead += wait
        await asking.look()
    assert 6 <= len(provider.calls) - 1 <= len(WAITS)
    office.machine.ahead += HORIZON
    calls = len(provider.calls)
    assert await asking.look() == 0
    assert len(provider.calls) == calls


async def test_what_is_refused_is_asked_again_and_counted(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """A refusal and garbage wait for the next time; a limit, for as long as it says. Each is counted by what it was."""
    await sent(office, sms)
    provider.messages[0].arrives(office.machine.now())
    metrics = Metrics()
    asking = poller(office, sms, metrics)
    tricks = ("cut", Answer(403, b"forbidden"), Answer(503, b"busy", (("retry-after", "3"),)))
    for trick, wait in zip(tricks, (*WAITS[:2], WAITS[2]), strict=True):
        provider.tricks.append(trick)
        office.machine.ahead += wait
        assert await asking.look() == 0
    office.machine.ahead += timedelta(seconds=3)
    assert await asking.look() == 1
    figures = generate_latest(metrics.registry).decode()
    for result in ("unanswered", "refused", "later", "told"):
        assert f'panke_notifier_reports_asked_total{{channel="{sms.name}",result="{result}"}} 1.0' in figures
    assert "13800000001" not in str(reported(office))


async def test_a_call_whose_answer_was_lost_is_asked_about(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """Killed between call and answer: what the provider knows of it by our key stands beside that attempt."""
    await sent(office, sms)
    with office.database.connection() as connection:
        connection.execute("UPDATE attempts SET outcome = 'unknown', provider_id = NULL, answer = NULL")
    provider.messages[0].arrives(office.machine.now())
    office.machine.ahead += WAITS[0]
    assert await poller(office, sms).look() == 1
    assert [what for what, _ in reported(office)] == ["reported delivered"]


async def test_a_defect_of_a_sender_ends_nothing(
    office: Office, sms: SmsChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw is counted as no answer; the question is put again at its next time."""
    await sent(office, sms)
    office.machine.ahead += WAITS[0]
    metrics = Metrics()

    def broken(_question: StatusQuery) -> DeliveryStatus | None:
        raise RuntimeError("of the SDK")

    with monkeypatch.context() as patched:
        patched.setattr(sms, "asked", broken)
        assert await poller(office, sms, metrics).look() == 0
    assert b'result="unanswered"} 1.0' in generate_latest(metrics.registry)


async def test_the_service_asks_where_its_settings_say_so(
    office: Office, provider: Provider, database: str
) -> None:
    """With `PANKE_NOTIFIER_POLL_REPORTS` the running service asks by itself, and without it never."""
    sms = aliyun(provider.base, ShiftedClock())
    await sent(office, sms)
    await sms.close()
    provider.messages[0].arrives(office.machine.now())
    with office.database.connection() as connection:
        connection.execute("UPDATE attempts SET started_at = started_at - interval '2 minutes'")
    given = {
        "PANKE_DATABASE_URL": database,
        "PANKE_KAFKA": "127.0.0.1:1",
        "PANKE_NOTIFIER_CHANNELS": "aliyun-sms",
        "PANKE_NOTIFIER_SMS_SIGN_NAME": SIGN_NAME,
        "PANKE_NOTIFIER_ALIYUN_BASE": provider.base,
        "PANKE_NOTIFIER_ALIYUN_KEY_ID": KEY_ID,
        "PANKE_NOTIFIER_ALIYUN_KEY_SECRET": KEY_SECRET,
        "PANKE_NOTIFIER_ALIYUN_TEMPLATES": "T1,T2,T3",
        "PANKE_NOTIFIER_PROVIDER_HOSTS": "localhost",
        "PANKE_NOTIFIER_ALLOW_LOOPBACK": "true",
        "PANKE_NOTIFIER_POLL_REPORTS": "true",
        **admission().environment(),
    }
    service = create_service(load(NotifierSettings, given))
    async with service.app.router.lifespan_context(service.app):
        await asyncio.to_thread(eventually, lambda: bool(reported(office)), "the report is asked for")
    quiet = create_service(load(NotifierSettings, {**given, "PANKE_NOTIFIER_POLL_REPORTS": "false"}))
    async with quiet.app.router.lifespan_context(quiet.app):
        assert "poller" not in {task.get_name() for task in asyncio.all_tasks()}
