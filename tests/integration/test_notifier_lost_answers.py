"""Answers that are lost twice, by every channel: the real senders, on a real database, at providers that took it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.channels import Channel
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.robot import Access, Robot
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.channels.wecom import WeComRobot
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, Listing
from services.notifier.model.metrics import Metrics
from shared.contract import StaffContacts
from tests.support.notices import LI
from tests.support.notifier import Office, one_reminder_due
from tests.support.providers import CUT_AFTER, HOOK_SECRET, SECRET, TOKEN, Provider
from tests.support.sms import HERE, aliyun, tencent
from tests.support.smtp import PASSWORD, USER, Post, posting

POLICY = RetryPolicy(wait_initial=0.001, wait_max=0.002)
LOST = 2
Make = Callable[[Provider, Post, Office], Channel]


def robot(kind: type[Robot]) -> Make:
    def make(provider: Provider, post: Post, office: Office) -> Channel:
        limiter = ProcessLimiter(office.machine)
        return kind(Access(provider.base, TOKEN, SECRET), HERE, limiter, office.machine, timeout=60.0)

    return make


def mail(provider: Provider, post: Post, office: Office) -> Channel:
    server = MailServer("127.0.0.1", post.port, "panke@office.example", USER, PASSWORD, "none")
    return MailChannel(server, 60.0)


def hook(provider: Provider, post: Post, office: Office) -> Channel:
    return WebhookChannel(f"{provider.base}/hook", HOOK_SECRET, HERE, 60.0)


CHANNELS: dict[str, Make] = {
    "dingtalk": robot(DingTalkRobot),
    "feishu": robot(FeishuRobot),
    "wecom": robot(WeComRobot),
    "email": mail,
    "webhook": hook,
    "aliyun-sms": lambda provider, post, office: aliyun(provider.base, office.machine),
    "tencent-sms": lambda provider, post, office: tencent(provider.base, office.machine),
}
# What one lost answer may repeat: a receiver that is asked, or that knows the key, has each message once.
REPEATED = {"webhook": 0, "aliyun-sms": 0}


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    kinds = ("sms", "dingtalk", "wecom", "feishu", "email")
    reached = StaffContacts(**{kind: LI.contact(kind) for kind in kinds})
    with one_reminder_due(database, reached) as office:
        yield office


@pytest.mark.parametrize("name", CHANNELS)
async def test_two_lost_answers_make_two_repetitions_at_most(
    name: str, office: Office, provider: Provider
) -> None:
    """Of a channel without another beside it: each answer that does not come back costs one message more at most, and
    none where the provider can be asked or tells a repetition by its key; in the end the person counts as told."""
    provider.tricks += [CUT_AFTER] * LOST
    provider.clock = office.machine
    with ExitStack() as stack:
        post = stack.enter_context(posting())
        post.lost = LOST
        channel = CHANNELS[name](provider, post, office)
        alert: Any = None
        for second in [*range(0, 120, 10), *range(120, 7200, 300)]:
            office.machine.ahead = timedelta(seconds=second)
            clocks = (office.clock, office.machine)
            sender = Dispatcher(office.queue, [channel], clocks, office.plans, POLICY, Metrics())
            await sender.tick()
            await sender.drain(90)
            (alert,) = [one for one in Listing(office.database).page(Filter(), None, 9) if one.state != "due"]
        taken = len(provider.delivered) + len(post.received)
        await channel.close()
    assert alert.state == "sent"
    assert taken <= 1 + REPEATED.get(name, 1) * LOST, [one.outcome for one in alert.attempts]
