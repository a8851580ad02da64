"""Answers that mean "later" or "never" by their words, waits that receivers ask for, and keys of webhooks."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address

import aiosmtplib
import pytest

from services.notifier.channels import RefusedError, TemporaryError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.pinned_http import Reply
from services.notifier.channels.provider_verdict import Rejected, RetryLater, TryLaterError
from services.notifier.channels.robot import Access, Robot
from services.notifier.channels.webhook import _read
from services.notifier.channels.wecom import WeComRobot
from services.notifier.delivery.steps import is_mendable, is_of_channel
from services.notifier.model.kinds import Audience, Rung
from services.notifier.own_senders import admitted
from services.notifier.provider_senders import hook
from services.notifier.settings import NotifierSettings
from shared.platform.clock import MachineClock
from shared.platform.settings import SettingsError
from tests.support.notices import NOTICE, notice
from tests.support.notifier import ShiftedClock
from tests.support.sms import NUMBER, tencent

KEY = base64.b64encode(bytes(range(24))).decode()


def robot(kind: type[Robot]) -> Robot:
    clock = MachineClock()
    access = Access("https://robots.example.com", "tokentoken", "secretsecret")
    policy = AddressPolicy(frozenset({"robots.example.com"}))
    return kind(access, policy, ProcessLimiter(clock), clock, timeout=30.0, form="rich")


def settings() -> NotifierSettings:
    return NotifierSettings(
        database_url="postgresql:///none",
        kafka="none:1",
        notifier_webhook_hosts=("hooks.example.com",),
    )


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "words", ["too many request", "Too Many Requests", "frequency limited", "请求过于频繁"]
)
def test_feishu_s_9499_is_a_limit_where_the_words_say_so(status: int, words: str) -> None:
    """Too many requests are sent again later, and the robot is silent meanwhile, as for 11232."""
    body = json.dumps({"code": 9499, "msg": words, "data": {}}, ensure_ascii=False).encode()
    reading = robot(FeishuRobot).reading(Reply(status, None, body))
    assert isinstance(reading, RetryLater)
    assert (reading.hold, reading.wait) == (True, timedelta(minutes=1))


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize(
    ("kind", "key", "code"), [(DingTalkRobot, "errcode", 130101), (FeishuRobot, "code", 11232)]
)
def test_the_longer_wait_of_code_and_header_is_kept(
    kind: type[Robot], key: str, code: int, status: int
) -> None:
    """A gateway says in `Retry-After` from when it may be called, beside the provider's code in the body."""
    body = json.dumps({key: code, "errmsg": "too fast"}).encode()
    reading = robot(kind).reading(Reply(status, "7200", body))
    assert isinstance(reading, RetryLater)
    assert (reading.hold, reading.wait) == (True, timedelta(hours=2))
    shorter = robot(kind).reading(Reply(status, "1", body))
    assert isinstance(shorter, RetryLater)
    assert shorter.wait >= timedelta(minutes=1)


@pytest.mark.parametrize("status", [301, 302, 405, 410, 501])
def test_a_receiver_that_was_moved_or_switched_off_is_waited_for(status: int) -> None:
    """Somebody may mend that while there is time: what it refuses is not given up at once, unlike a bad message."""
    with pytest.raises(RefusedError) as moved:
        _read(Reply(status, None, b""), "answer")
    assert is_mendable(moved.value)
    assert is_of_channel(moved.value)
    with pytest.raises(RefusedError) as bad:
        _read(Reply(422, None, b""), "answer")
    assert not is_mendable(bad.value)


def test_a_name_that_leads_inside_is_waited_for() -> None:
    """Whoever answers for the name may mend it."""
    policy = AddressPolicy(frozenset({"hooks.example.com"}))
    with pytest.raises(RefusedError) as inside:
        policy.choose([ip_address("10.0.0.1")])
    assert is_mendable(inside.value)


@pytest.mark.parametrize(
    ("said", "mendable"),
    [
        ("550 5.1.1 no such user", False),
        ("552 5.2.2 mailbox full", True),
        ("554 5.7.1 relay access denied", True),
    ],
)
def test_a_mailbox_that_is_full_or_not_served_here_is_waited_for(said: str, mendable: bool) -> None:
    """Only an address that does not exist is refused for good; and none of them tells of the whole channel."""
    mail = MailChannel(MailServer("127.0.0.1", 25, "panke@example.com"), 1.0)
    code, _, words = said.partition(" ")
    refused = aiosmtplib.SMTPRecipientRefused(int(code), words, "li@example.com")
    error = mail._not_taken(aiosmtplib.SMTPRecipientsRefused([refused]))
    assert isinstance(error, RefusedError)
    assert (is_mendable(error), is_of_channel(error)) == (mendable, False)


@pytest.mark.parametrize(
    "words", ["Bad Request", "Bad Request: body exceeds the size limit", "too many fields"]
)
def test_feishu_s_9499_is_the_content_otherwise(words: str) -> None:
    """A body that was not understood is refused for good."""
    body = json.dumps({"code": 9499, "msg": words}).encode()
    assert isinstance(robot(FeishuRobot).reading(Reply(400, None, body)), Rejected)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FeishuRobot, {"code": 9499, "msg": "Bad Request"}),
        (FeishuRobot, {"code": 230020, "msg": "This operation triggers the frequency limit."}),
        (DingTalkRobot, {"errcode": 43004, "errmsg": "slow down"}),
        (WeComRobot, {"errcode": 45047, "errmsg": "slow down"}),
    ],
)
def test_too_many_requests_hold_the_robot_whatever_the_code(
    kind: type[Robot], body: dict[str, object]
) -> None:
    """The status says that a limit was passed: what else waits for this robot would be refused likewise."""
    reading = robot(kind).reading(Reply(429, None, json.dumps(body).encode()))
    assert isinstance(reading, RetryLater)
    assert (reading.hold, reading.wait) == (True, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("invalid timestamp, more: [https://example.com]", RetryLater),
        (
            "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;",
            RetryLater,
        ),
        ("sign not match, more: [https://example.com]", Rejected),
        (
            "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳(timestamp)都放在了网址中;",
            Rejected,
        ),
        ("keywords not in content", Rejected),
    ],
)
def test_dingtalk_s_310000_is_read_by_its_words(words: str, kind: type) -> None:
    """A signature that is too old may be right the next time; one that does not match will not."""
    body = json.dumps({"errcode": 310000, "errmsg": words}, ensure_ascii=False).encode()
    assert isinstance(robot(DingTalkRobot).reading(Reply(200, None, body)), kind)


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_receiver_of_webhooks_says_when_by_date_or_seconds(status: int) -> None:
    """Both forms of `Retry-After` are kept, also beyond an hour."""
    at = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    for header in (at, "7200"):
        with pytest.raises(TryLaterError) as caught:
            _read(Reply(status, header, b""), "answer")
        assert timedelta(hours=1, minutes=50) < caught.value.wait <= timedelta(hours=2)


@pytest.mark.parametrize("secret", [KEY, f"whsec_{KEY}", base64.b64encode(bytes(64)).decode()])
def test_a_key_of_24_to_64_bytes_is_taken(secret: str) -> None:
    """Base64, with or without `whsec_` before it."""
    hook("https://hooks.example.com/x", secret, settings(), ("URL", "SECRET"))
    assert admitted({"webhook": secret}, lambda *_: None) == {"webhook": secret}


@pytest.mark.parametrize(
    "secret",
    [
        f"v1,whsec_{KEY}",
        f"whsec_whsec_{KEY}",
        "my-very-secret-key",
        "whsec_xyz!",
        "ab",
        f" {KEY}",
        f"{KEY}\n",
        f"{KEY}=",
        KEY[:-4],
        base64.b64encode(bytes(65)).decode(),
        base64.urlsafe_b64encode(b"\xff" * 24).decode(),
        "",
    ],
)
def test_any_other_secret_stops_the_start_with_the_name_of_its_variable(secret: str) -> None:
    """Neither the sender nor the address of the receipts goes by a key that is shorter or other than it looks."""
    with pytest.raises(SettingsError, match=r"^SECRET: .*base64") as caught:
        hook("https://hooks.example.com/x", secret, settings(), ("URL", "SECRET"))
    assert not secret or secret not in str(caught.value)
    told: list[str] = []
    assert admitted({"webhook": secret}, lambda channel, _: told.append(channel)) == {}
    assert told == ["webhook"]


async def test_tencent_s_limits_are_a_number_s_whatever_is_sent_to_it(clock: ShiftedClock) -> None:
    """A second message within thirty seconds waits, also when it is another template's."""
    sms = tencent("http://localhost:9", clock)
    with pytest.raises(TemporaryError):
        await sms.send(NOTICE, NUMBER)
    with pytest.raises(TryLaterError, match="limit of the number"):
        await sms.send(notice(rung=Rung.LAPSED, audience=Audience.SUPERVISOR), NUMBER)
    assert await sms.ready_in(NUMBER) > timedelta(seconds=20)
    assert await sms.ready_in("+8613800000002") == timedelta(0)
    await sms.close()


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()
