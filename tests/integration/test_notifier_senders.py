"""The chat robots against a server that behaves like their providers."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from deploy.local.ports import free_port
from services.notifier.channels import ChannelError, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.address import AddressError, AddressPolicy
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import Limit, ProcessLimiter
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.robot import Access, Robot, TokenError
from services.notifier.channels.wecom import WeComRobot
from tests.support.notices import CONTACTS, LI, NOTICE, said
from tests.support.notifier import ShiftedClock
from tests.support.parts import eventually
from tests.support.providers import SECRET, TOKEN, Answer, Provider, Trick, code

HERE = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)
ROBOTS = (DingTalkRobot, WeComRobot, FeishuRobot)
SIGNED = (DingTalkRobot, FeishuRobot)
UNLIMITED = (Limit(10_000, timedelta(seconds=1)),)


@pytest.fixture(params=ROBOTS, ids=lambda kind: str(kind.provider))
async def robot(
    request: pytest.FixtureRequest, provider: Provider, clock: ShiftedClock
) -> AsyncIterator[Robot]:
    made = robot_of(request.param, provider, clock)
    yield made
    await made.close()


def robot_of(
    kind: type[Robot], provider: Provider, clock: ShiftedClock, *, secret: str = SECRET, token: str = TOKEN
) -> Robot:
    return kind(Access(provider.base, token, secret), HERE, ProcessLimiter(clock), clock, timeout=60.0)


def contact(robot: Robot) -> str:
    return CONTACTS[robot.contact]


async def refused(robot: Robot, provider: Provider, *tricks: Trick) -> ChannelError:
    """The refusal of one sending that the provider answers so."""
    provider.tricks[:] = tricks
    with pytest.raises(ChannelError) as caught:
        await robot.send(NOTICE, contact(robot))
    return caught.value


async def test_an_alert_is_delivered(robot: Robot, provider: Provider) -> None:
    """The provider takes what is sent, signature and all, and its words are the answer."""
    destination = robot.destination(LI)
    assert destination is not None
    assert await robot.send(NOTICE, destination) in ("0 ok", "0 success")
    (call,) = provider.delivered
    assert NOTICE.case in call.raw.decode()


async def test_every_message_fits_its_provider(robot: Robot, provider: Provider) -> None:
    """However long the words, in bytes and escapes, the provider does not find the message too long."""
    for filling in ("客", "a", '"\\', "👨‍👩‍👧"):
        await robot.send(said(body_zh=filling * 20_000), contact(robot))
    assert len(provider.delivered) == 4


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        (DingTalkRobot, {"errcode": 310000, "errmsg": "sign not match"}, "signature"),
        (
            DingTalkRobot,
            {"errcode": 310000, "errmsg": "机器人发送签名不匹配;请确认时间戳(timestamp)"},
            "signature",
        ),
        (DingTalkRobot, {"errcode": 310000, "errmsg": "keywords not in content"}, "keyword"),
        (DingTalkRobot, {"errcode": 310000, "errmsg": "ip 1.2.3.4 not in whitelist"}, "address"),
        (DingTalkRobot, {"errcode": 400102, "errmsg": "机器人已停用"}, "gone"),
        (WeComRobot, {"errcode": 93000, "errmsg": "invalid webhook url"}, "gone"),
        (WeComRobot, {"errcode": 40058, "errmsg": "exceed max length 2048"}, "content"),
        (FeishuRobot, {"code": 19021, "msg": "sign match fail"}, "signature"),
        (FeishuRobot, {"code": 19022, "msg": "Ip Not Allowed"}, "address"),
        (FeishuRobot, {"code": 19024, "msg": "Key Words Not Found"}, "keyword"),
        (FeishuRobot, {"code": 9499, "msg": "Bad Request"}, "content"),
    ],
)
async def test_an_error_code_inside_http_200_is_a_refusal(
    kind: type[Robot], body: dict[str, object], words: str, provider: Provider, clock: ShiftedClock
) -> None:
    """What the provider will never take is refused for good, with the reason in words and in its own."""
    robot = robot_of(kind, provider, clock)
    refusal = await refused(robot, provider, code(body))
    assert isinstance(refusal, RefusedError)
    assert words in refusal.answer
    assert str(next(iter(body.values()))) in refusal.answer
    await robot.close()


@pytest.mark.parametrize(
    ("kind", "body", "wait"),
    [
        (DingTalkRobot, {"errcode": 130101, "errmsg": "send too fast"}, 600),
        (DingTalkRobot, {"errcode": -1, "errmsg": "系统繁忙"}, 5),
        (WeComRobot, {"errcode": 45009, "errmsg": "api freq out of limit"}, 60),
        (FeishuRobot, {"code": 11232, "msg": "frequency limited"}, 60),
        (FeishuRobot, {"code": 77777, "msg": "of which nobody has heard"}, 60),
    ],
)
async def test_a_code_that_passes_says_how_long(
    kind: type[Robot], body: dict[str, object], wait: int, provider: Provider, clock: ShiftedClock
) -> None:
    """A busy provider and a passed limit mean later, and how much later; so does a code that no table has."""
    robot = robot_of(kind, provider, clock)
    refusal = await refused(robot, provider, code(body))
    assert isinstance(refusal, TryLaterError)
    assert refusal.wait == timedelta(seconds=wait)
    await robot.close()


@pytest.mark.parametrize("kind", SIGNED, ids=lambda kind: str(kind.provider))
async def test_a_wrong_secret_is_told(kind: type[Robot], provider: Provider, clock: ShiftedClock) -> None:
    """The provider's own check of the signature refuses another secret, and nothing is delivered."""
    robot = robot_of(kind, provider, clock, secret="SECanothersecret")
    refusal = await refused(robot, provider)
    assert isinstance(refusal, RefusedError)
    assert "signature" in refusal.answer
    assert provider.delivered == []
    await robot.close()


@pytest.mark.parametrize("kind", SIGNED, ids=lambda kind: str(kind.provider))
async def test_a_keyword_that_is_missing_is_told(
    kind: type[Robot], provider: Provider, clock: ShiftedClock
) -> None:
    """A robot that wants a keyword takes its name for one, and names what it misses otherwise."""
    robot = robot_of(kind, provider, clock)
    provider.keyword = "判客"
    assert await robot.send(NOTICE, contact(robot))
    provider.keyword = "促销"
    assert "keyword" in (await refused(robot, provider)).answer
    await robot.close()


async def test_a_token_that_is_gone_is_told(robot: Robot, provider: Provider, clock: ShiftedClock) -> None:
    """A robot that was removed from its group refuses for good."""
    removed = robot_of(type(robot), provider, clock, token="anothertoken")
    refusal = await refused(removed, provider)
    assert isinstance(refusal, RefusedError)
    assert "gone" in refusal.answer
    await removed.close()


@pytest.mark.parametrize(
    ("trick", "kind"),
    [
        (Answer(200, b"<html>maintenance</html>"), NoAnswerError),
        (Answer(200, b""), NoAnswerError),
        (Answer(200, b"[0]"), NoAnswerError),
        (Answer(200, b'{"ok": true}'), NoAnswerError),
        (Answer(200, b'{"errcode": false, "code": false}'), NoAnswerError),
        (Answer(200, b'{"errcode": "0", "code": "0"}'), NoAnswerError),
        (Answer(200, b"[" * 60_000), NoAnswerError),
        (Answer(200, b"x" * 100, half=True), NoAnswerError),
        ("cut", NoAnswerError),
        (Answer(500, b'{"errcode": 0, "code": 0}'), NoAnswerError),
        (Answer(502, b"bad gateway"), NoAnswerError),
        (Answer(503, b"busy"), TemporaryError),
        (Answer(400, b'{"errcode": 0, "code": 0}'), RefusedError),
        (Answer(403, b"forbidden"), RefusedError),
        (Answer(404, b"not found"), RefusedError),
    ],
    ids=lambda trick: str(trick)[:60],
)
async def test_what_is_no_answer_is_none(
    robot: Robot, provider: Provider, trick: Trick, kind: type[ChannelError]
) -> None:
    """Garbage, half an answer, none, and errors of a gateway: nobody knows, except where the status says."""
    refusal = await refused(robot, provider, trick)
    assert type(refusal) is kind or (kind is TemporaryError and isinstance(refusal, TryLaterError))


async def test_retry_after_is_kept(robot: Robot, provider: Provider) -> None:
    """A status of too many requests holds the robot for as long as it says."""
    refusal = await refused(robot, provider, Answer(429, b"slow down", (("retry-after", "17"),)))
    assert isinstance(refusal, TryLaterError)
    assert refusal.wait == timedelta(seconds=17)
    assert timedelta(0) < await robot.ready_in(contact(robot)) <= timedelta(seconds=17)


async def test_a_slow_answer_is_unknown(provider: Provider, clock: ShiftedClock) -> None:
    """A provider that takes longer than the timeout may have taken the message."""
    provider.hold = threading.Event()
    robot = DingTalkRobot(
        Access(provider.base, TOKEN, SECRET), HERE, ProcessLimiter(clock), clock, timeout=2.0
    )
    with pytest.raises(NoAnswerError, match="ReadTimeout"):
        await robot.send(NOTICE, contact(robot))
    assert len(provider.calls) == 1
    await robot.close()


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
async def test_a_provider_that_is_not_there_is_tried_again(kind: type[Robot], clock: ShiftedClock) -> None:
    """A connection that does not stand has carried nothing: another attempt may succeed."""
    nowhere = Access(f"http://localhost:{free_port()}", TOKEN, SECRET)
    robot = kind(nowhere, HERE, ProcessLimiter(clock), clock, timeout=60.0)
    with pytest.raises(TemporaryError, match="not reached") as caught:
        await robot.send(NOTICE, contact(robot))
    assert not isinstance(caught.value, NoAnswerError)
    await robot.close()


async def test_a_redirect_is_not_followed(robot: Robot, provider: Provider) -> None:
    """A redirect is a refusal, and no second call is made."""
    refusal = await refused(robot, provider, Answer(302, b"", (("location", f"{provider.base}/elsewhere"),)))
    assert isinstance(refusal, RefusedError)
    assert len(provider.calls) == 1


async def test_the_limit_is_kept_before_the_provider_enforces_it(
    robot: Robot, provider: Provider, clock: ShiftedClock
) -> None:
    """Over some minutes of sending as fast as it is let, the provider never finds a limit passed; what is
    over the limit is not called, and says from when it may be."""
    delivered = 0
    while delivered < 130:
        try:
            delivered += bool(await robot.send(NOTICE, contact(robot)))
        except TryLaterError as later:
            assert "limit of the robot" in later.answer
            assert await robot.ready_in(contact(robot)) <= later.wait
            clock.ahead += later.wait
    assert len(provider.calls) == len(provider.delivered) == delivered


async def test_what_the_provider_finds_too_fast_silences_the_robot(
    provider: Provider, clock: ShiftedClock
) -> None:
    """After the provider's own word that it was too much, nothing more is called until its time is over."""
    robot = robot_of(DingTalkRobot, provider, clock)
    await refused(robot, provider, code({"errcode": 130101, "errmsg": "send too fast"}))
    assert "limit of the robot" in (await refused(robot, provider)).answer
    assert len(provider.calls) == 1
    clock.ahead += timedelta(minutes=10, seconds=1)
    assert await robot.send(NOTICE, contact(robot))
    await robot.close()


async def test_a_sender_that_ignores_limits_is_found_out(
    robot: Robot, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider itself counts: without limits of its own a robot meets the provider's."""
    monkeypatch.setattr(type(robot), "limits", UNLIMITED)
    with pytest.raises(TryLaterError, match=r"too fast|freq|frequency"):
        for _ in range(25):
            await robot.send(NOTICE, contact(robot))


async def test_no_secret_is_told_anywhere(
    robot: Robot, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither token nor secret stands in logs at the finest level, in refusals, or in what is printed."""
    caplog.set_level(logging.DEBUG)
    echo = {"errcode": -9, "code": -9, "errmsg": f"{TOKEN} {SECRET} 13800000001", "msg": f"{TOKEN} {SECRET}"}
    told = [await robot.send(NOTICE, contact(robot))]
    tricks = (code(echo), Answer(500, f"{TOKEN} {SECRET}".encode()), "cut", Answer(404, TOKEN.encode()))
    told += [repr(await refused(robot, provider, trick)) for trick in tricks]
    told += [repr(robot), repr(robot._access), caplog.text]
    everything = "\n".join(told)
    assert TOKEN not in everything
    assert SECRET not in everything
    assert "13800000001" not in everything


async def test_a_call_that_is_given_up_is_let_go(provider: Provider, clock: ShiftedClock) -> None:
    """A cancelled call ends at once; the robot sends the next one."""
    provider.hold = threading.Event()
    robot = robot_of(WeComRobot, provider, clock)
    task = asyncio.create_task(robot.send(NOTICE, contact(robot)))
    await asyncio.to_thread(eventually, lambda: bool(provider.calls), "the call arrives")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    provider.hold.set()
    assert await robot.send(NOTICE, contact(robot)) == "0 ok"
    await robot.close()


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
def test_addresses_and_tokens_are_checked_at_the_start(kind: type[Robot], clock: ShiftedClock) -> None:
    """A host off the list, plain http, and a whole address in the place of a token are refused, unrepeated."""
    limiter = ProcessLimiter(clock)
    public = AddressPolicy(frozenset({"robots.example.com"}))
    for base in ("https://elsewhere.example.com", "http://robots.example.com"):
        with pytest.raises(AddressError):
            kind(Access(base, TOKEN), public, limiter, clock, timeout=1.0)
    with pytest.raises(TokenError) as caught:
        kind(Access("https://robots.example.com", f"?key={TOKEN}"), public, limiter, clock, timeout=1.0)
    assert TOKEN not in str(caught.value)


async def test_a_name_that_leads_inside_is_not_called(provider: Provider, clock: ShiftedClock) -> None:
    """Without the development setting, a listed name that resolves to this machine is refused."""
    address = f"https://localhost:{provider.server.server_address[1]}"
    policy = AddressPolicy(frozenset({"localhost"}))
    robot = WeComRobot(Access(address, TOKEN), policy, ProcessLimiter(clock), clock, timeout=1.0)
    with pytest.raises(RefusedError, match="not a public address"):
        await robot.send(NOTICE, contact(robot))
    assert provider.calls == []
    await robot.close()
