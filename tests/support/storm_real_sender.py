"""A notifier's dispatcher as a process of its own, over the real senders: for kills under a slow provider.

    python -m tests.support.storm_real_sender DSN BASE MAIL_PORT

What the providers have taken is on record in the process that plays them, which is not killed.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta

from services.notifier.channels import Channel
from services.notifier.channels.aliyun import AliyunSms
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import DatabaseLimiter
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.robot import Access
from services.notifier.channels.sms import Account
from services.notifier.channels.sms_templates import Templates
from services.notifier.channels.tencent import TencentSms
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.channels.wecom import WeComRobot
from services.notifier.delivery.breaker import StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.queue import Queue, Terms
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.main import LEASE
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.clock import MachineClock
from shared.platform.officefile.document import parse
from shared.platform.postgres.database import Database
from tests.support.notifier import SHANGHAI
from tests.support.providers import APPLICATION, HOOK_SECRET, KEY_ID, KEY_SECRET, SECRET, SIGN_NAME, TOKEN
from tests.support.sms import HERE
from tests.support.smtp import PASSWORD, USER
from tests.support.storm_sender import Standing

TIMEOUT = 10.0
NAMES = ("feishu", "wecom", "webhook", "aliyun-sms", "tencent-sms", "email")
# Each role prefers another channel; mail takes what the others do not.
POLICY = b"""
version: 1
defaults:
  digest: {threshold: 3}
  channels:
    consultant: [feishu, email]
    supervisor: [aliyun-sms, email]
    manager: [webhook, email]
    director: [wecom, email]
    back_office: [tencent-sms, email]
"""
BY_NAME = Templates.usual(("T1", "T2", "T3", "T4"), ("case", "deadline", "left"), 35)
BY_PLACE = Templates.usual(("1001", "1002", "1003", "1004"), ("case_a", "case_b", "day", "time", "left"), 6)


def plans() -> Plans:
    return plans_of(parse(POLICY, "storm.yaml"), OfficeHours(), NAMES)


def channels(base: str, mail_port: int, limiter: DatabaseLimiter, clock: MachineClock) -> list[Channel]:
    account = Account(base, KEY_ID, KEY_SECRET, SIGN_NAME)
    access = Access(base, TOKEN, SECRET)
    post = MailServer("127.0.0.1", mail_port, "panke@office.example", USER, PASSWORD, "none")
    return [
        FeishuRobot(access, HERE, limiter, clock, timeout=TIMEOUT),
        WeComRobot(access, HERE, limiter, clock, timeout=TIMEOUT),
        WebhookChannel(f"{base}/hook", HOOK_SECRET, HERE, TIMEOUT),
        AliyunSms(account, BY_NAME, HERE, limiter, SHANGHAI, timeout=TIMEOUT),
        TencentSms(account, APPLICATION, BY_PLACE, HERE, limiter, SHANGHAI, timeout=TIMEOUT),
        MailChannel(post, TIMEOUT),
    ]


async def run(dsn: str, base: str, mail_port: int) -> None:
    machine = MachineClock()
    with Database(dsn, schema="notifier", name="storm", max_size=12) as database:
        senders = channels(base, mail_port, DatabaseLimiter(database, machine), machine)
        queue = Queue(database, Terms(LEASE))
        policy = RetryPolicy(round_wait=timedelta(seconds=5), longest_sleep=0.2)
        breaker = StoredBreaker(database, machine)
        clocks = (Standing(), machine)
        sender = Dispatcher(queue, senders, clocks, plans(), policy, Metrics(), breaker)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await sender.run(stop)
        await sender.drain(TIMEOUT)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
