"""Certificates that are not accepted, at a real server: named as what they are, and nothing was sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from services.notifier.channels import Channel, ChannelError, NoAnswerError, TemporaryError
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.robot import Access
from services.notifier.channels.webhook import WebhookChannel
from shared.platform.clock import MachineClock
from tests.support.notices import LI, NOTICE
from tests.support.notifier import ShiftedClock
from tests.support.providers import HOOK_SECRET, SECRET, TOKEN
from tests.support.sms import HERE, aliyun, tencent
from tests.support.tls import handshaking, self_signed

Make = Callable[[int], Channel]


def robot(port: int) -> Channel:
    clock = MachineClock()
    access = Access(f"https://localhost:{port}", TOKEN, SECRET)
    return DingTalkRobot(access, HERE, ProcessLimiter(clock), clock, timeout=60.0)


def hook(port: int) -> Channel:
    return WebhookChannel(f"https://localhost:{port}/hook", HOOK_SECRET, HERE, 60.0)


def mail(port: int) -> Channel:
    return MailChannel(MailServer("localhost", port, "panke@example.com", security="tls"), 60.0)


def mail_by_starttls(port: int) -> Channel:
    return MailChannel(MailServer("localhost", port, "panke@example.com", security="starttls"), 60.0)


def aliyun_sms(port: int) -> Channel:
    return aliyun(f"https://localhost:{port}", ShiftedClock())


def tencent_sms(port: int) -> Channel:
    return tencent(f"https://localhost:{port}", ShiftedClock())


async def refused(channel: Channel) -> ChannelError:
    destination = channel.destination(LI)
    assert destination is not None
    try:
        with pytest.raises(ChannelError) as caught:
            await channel.send(NOTICE, destination)
    finally:
        await channel.close()
    return caught.value


@pytest.mark.parametrize("make", [robot, hook, aliyun_sms, tencent_sms, mail, mail_by_starttls])
async def test_a_certificate_that_is_not_accepted_is_named(make: Make, tmp_path: Path) -> None:
    """Self-signed: the refusal says so in words, it is no lost answer, and it is tried again when that is mended."""
    with handshaking(self_signed(tmp_path), mail=make is mail_by_starttls) as port:
        error = await refused(make(port))
    assert "(the certificate is not accepted: self-signed certificate" in error.answer
    assert isinstance(error, TemporaryError) and not isinstance(error, NoAnswerError)


@pytest.mark.parametrize("make", [robot, hook, aliyun_sms, tencent_sms, mail, mail_by_starttls])
async def test_a_server_that_speaks_no_tls_is_told_as_that(make: Make) -> None:
    """A port without TLS (`http` behind an `https` address): named, and nothing was sent."""
    with handshaking(None, mail=make is mail_by_starttls) as port:
        error = await refused(make(port))
    assert "(TLS failed: " in error.answer
    assert isinstance(error, TemporaryError) and not isinstance(error, NoAnswerError)
