"""Receivers that let no connection come about, as behind a firewall that drops what it does not know."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest

from services.notifier.channels import Channel, NoAnswerError, TemporaryError
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.robot import Access
from services.notifier.channels.sms import SmsChannel
from services.notifier.channels.webhook import WebhookChannel
from tests.support.notices import LI, NOTICE
from tests.support.notifier import ShiftedClock
from tests.support.providers import HOOK_SECRET, SECRET, TOKEN
from tests.support.sms import HERE, aliyun, tencent

TIMEOUT = 4.0


@pytest.fixture
def silent() -> Iterator[str]:
    """An address at which nobody takes a connection, and none is refused: its queue is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://localhost:{server.getsockname()[1]}"


def robot(base: str) -> Channel:
    clock = ShiftedClock()
    return FeishuRobot(Access(base, TOKEN, SECRET), HERE, ProcessLimiter(clock), clock, timeout=TIMEOUT)


def hook(base: str) -> Channel:
    return WebhookChannel(f"{base}/hook", HOOK_SECRET, HERE, TIMEOUT)


def sms(make: Callable[..., SmsChannel]) -> Callable[[str], Channel]:
    return lambda base: make(base, ShiftedClock(), timeout=TIMEOUT)


@pytest.mark.parametrize(
    "make", [robot, hook, sms(aliyun), sms(tencent)], ids=["robot", "hook", "aliyun", "tencent"]
)
async def test_what_was_never_reached_leaves_no_doubt(make: Callable[[str], Channel], silent: str) -> None:
    """No connection came about in the time of a call: nothing can have arrived, so it is simply tried again."""
    channel = make(silent)
    with pytest.raises(TemporaryError) as caught:
        async with asyncio.timeout(channel.timeout):  # as the dispatcher makes the call
            await channel.send(NOTICE, channel.destination(LI) or "")
    assert not isinstance(caught.value, NoAnswerError)
    await channel.close()
