"""The SMS senders as the tests have them: at the local provider, with its templates."""

from __future__ import annotations

from collections.abc import Callable

from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.aliyun import AliyunSms
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.sms import Account, SmsChannel
from services.notifier.channels.sms_templates import Templates
from services.notifier.channels.tencent import TencentSms
from tests.support.notifier import SHANGHAI, ShiftedClock
from tests.support.providers import APPLICATION, KEY_ID, KEY_SECRET, SIGN_NAME

HERE = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)
NUMBER = "+8613800000001"
BY_NAME = Templates.usual(("T1", "T2", "T3"), ("case", "deadline", "left"), 35)
BY_PLACE = Templates.usual(("1001", "1002", "1003"), ("case_a", "case_b", "day", "time", "left"), 6)
Make = Callable[..., SmsChannel]


def aliyun(
    base: str, clock: ShiftedClock, policy: AddressPolicy = HERE, *, timeout: float = 60.0, **given: str
) -> SmsChannel:
    account = Account(base, KEY_ID, given.get("secret", KEY_SECRET), given.get("sign_name", SIGN_NAME))
    return AliyunSms(account, BY_NAME, policy, ProcessLimiter(clock), SHANGHAI, timeout=timeout)


def tencent(
    base: str, clock: ShiftedClock, policy: AddressPolicy = HERE, *, timeout: float = 60.0, **given: str
) -> SmsChannel:
    account = Account(base, KEY_ID, given.get("secret", KEY_SECRET), given.get("sign_name", SIGN_NAME))
    limiter = ProcessLimiter(clock)
    return TencentSms(account, APPLICATION, BY_PLACE, policy, limiter, SHANGHAI, timeout=timeout)
