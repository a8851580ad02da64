"""The providers of the demonstration, called by the real senders: what they take, refuse, and show to a reader."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.demo.alerting import CHANNELS, notifier_settings, write_policy
from deploy.demo.providers.message import DeliveredMessage
from deploy.demo.providers.secrets import Secrets, drawn
from deploy.demo.providers.server import Providers, providing
from deploy.demo.scenario.office import ABSENT_DATE, EVERYBODY, FIRST_DAY, ZONE
from services.notifier.channels import Channel, ChannelError, RefusedError, TemporaryError
from services.notifier.channels.limits import ZERO, Limit
from services.notifier.model.alert import Person
from services.notifier.model.kinds import Language
from services.notifier.senders import configured
from services.notifier.settings import NotifierSettings, office_plans
from shared.platform.settings import load
from tests.support.notices import CASE, WORDS, notice, numbered

PEOPLE = {one.staff: Person(one.staff, one.name, one.role, one.contacts) for one in EVERYBODY}
NOON = datetime(2026, 3, 4, 12, tzinfo=ZONE).astimezone(UTC)


class Office:
    """The time of the office, and the providers that it has."""

    def __init__(self) -> None:
        self.now = NOON
        self.secrets = drawn(1)

    def clock(self) -> datetime:
        return self.now


class NoLimits:
    """A limiter that stops nobody: what the provider itself does is then seen."""

    async def take(self, key: str, limits: Sequence[Limit]) -> timedelta:
        return ZERO

    async def wait(self, key: str, limits: Sequence[Limit]) -> timedelta:
        return ZERO

    async def hold(self, key: str, wait: timedelta) -> None:
        """Nothing is held."""


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def providers(office: Office) -> Iterator[Providers]:
    with providing(office.secrets, office.clock, ABSENT_DATE) as found:
        yield found


def settings(providers: Providers, secrets: Secrets, directory: Path) -> NotifierSettings:
    """As the notifier of the demonstration reads them."""
    policy = write_policy(directory / "alerts.yaml")
    given = {"PANKE_DATABASE_URL": "postgresql:///x", "PANKE_KAFKA": "localhost:1"}
    return load(NotifierSettings, given | notifier_settings(policy, providers, secrets))


def send(found: NotifierSettings, channel: str, staff: str = "li", times: int = 1) -> str:
    """Have the real sender send one reminder, or several; what the provider answered to the last one."""
    return asyncio.run(_send(configured(found, NoLimits()), channel, PEOPLE[staff], times))


async def _send(channels: Sequence[Channel], name: str, person: Person, times: int) -> str:
    channel = next(one for one in channels if one.name == name)
    destination = channel.destination(person)
    assert destination is not None
    answer = ""
    try:
        for number in range(1, times + 1):
            answer = await channel.send(
                replace(numbered(number), to=person, words=replace(WORDS, language=Language.ZH)), destination
            )
    finally:
        for one in channels:
            await one.close()
    return answer


def seen(providers: Providers) -> DeliveredMessage:
    (message,) = providers.arrivals.messages
    return message


@pytest.mark.parametrize(
    ("channel", "staff", "mention"),
    [
        ("dingtalk", "li", "@138****0001"),
        ("wecom", "wang", "@138****0002"),
        ("wecom", "zhou", "@zhou"),
        ("feishu", "wu", "@ou_demo_wu"),
        ("aliyun-sms", "sun", "138****0005"),
        ("email", "zheng", "zheng@office.invalid"),
        ("webhook", "lin", "@lin"),
    ],
)
def test_each_sender_s_message_is_taken_and_seen_as_its_reader_sees_it(
    providers: Providers, office: Office, tmp_path: Path, channel: str, staff: str, mention: str
) -> None:
    """The right person, at the office's time, with the case number; no markup is left, and no number is whole."""
    send(settings(providers, office.secrets, tmp_path), channel, staff)
    message = seen(providers)
    assert (message.channel, message.to, message.mention, message.at) == (channel, staff, mention, NOON)
    assert CASE in message.text and "【判客】" in message.text and "还剩15小时" in message.text
    assert not any(mark in message.text for mark in ("#", "**", "<", "13800"))
    if channel != "aliyun-sms":
        told = [line for line in WORDS.body_zh.split("\n") if line]
        assert message.lines[-len(told) :] == tuple(told)
        assert message.headline == WORDS.subject_zh


def test_an_sms_is_the_approved_text_behind_its_signature(
    providers: Providers, office: Office, tmp_path: Path
) -> None:
    """One line: signature, case number, deadline, what is left; nothing of who the customer is."""
    send(settings(providers, office.secrets, tmp_path), "aliyun-sms")
    assert seen(providers).lines == (
        f"【判客】您的客户（编号{CASE}）归属将于3月5日24:00到期，还剩15小时，请及时跟进并登记。",
    )


@pytest.mark.parametrize(
    ("channel", "wrong", "code"),
    [
        ("dingtalk", "key", "310000"),
        ("dingtalk", "token", "300005"),
        ("wecom", "token", "93000"),
        ("feishu", "key", "19021"),
        ("feishu", "token", "19001"),
        ("aliyun-sms", "key", "SignatureDoesNotMatch"),
        ("aliyun-sms", "key_id", "InvalidAccessKeyId"),
    ],
)
def test_a_wrong_secret_is_refused_by_the_provider_s_own_code(
    providers: Providers, office: Office, tmp_path: Path, channel: str, wrong: str, code: str
) -> None:
    """Signatures are checked, not taken for granted; what is refused is counted and shown to nobody."""
    other = replace(office.secrets, **{wrong: getattr(drawn(2), wrong)})
    with pytest.raises(RefusedError, match=code):
        send(settings(providers, other, tmp_path), channel)
    assert providers.arrivals.messages == []
    (refused,) = providers.arrivals.refusals
    assert refused.channel == channel and refused.code.startswith(code)


def test_a_webhook_with_another_signature_is_refused(
    providers: Providers, office: Office, tmp_path: Path
) -> None:
    """401, and nothing arrives."""
    other = replace(office.secrets, webhook=drawn(2).webhook)
    with pytest.raises(TemporaryError, match="401"):
        send(settings(providers, other, tmp_path), "webhook")
    assert providers.arrivals.messages == []


@pytest.mark.parametrize(
    ("channel", "most", "code"), [("dingtalk", 20, "130101"), ("wecom", 20, "45009"), ("feishu", 5, "11232")]
)
def test_who_sends_too_fast_is_refused(
    providers: Providers, office: Office, tmp_path: Path, channel: str, most: int, code: str
) -> None:
    """A provider counts for itself: beyond its limit it says so, by a code inside of HTTP 200."""
    with pytest.raises(ChannelError, match=code):
        send(settings(providers, office.secrets, tmp_path), channel, times=most + 1)
    assert len(providers.arrivals.messages) == most


def test_a_robot_that_was_removed_from_its_group_refuses_on_that_day_alone(
    providers: Providers, office: Office, tmp_path: Path
) -> None:
    """On the day of the first reminders WeCom's robot is missing: whoever prefers it must be told another way."""
    found = settings(providers, office.secrets, tmp_path)
    office.now = NOON + (ABSENT_DATE - FIRST_DAY - timedelta(days=2))
    with pytest.raises(RefusedError, match="93000"):
        send(found, "wecom", "wang")
    office.now += timedelta(days=1)
    send(found, "wecom", "wang")
    assert seen(providers).to == "wang"


def test_the_office_s_policy_is_one_that_the_notifier_takes(
    providers: Providers, office: Office, tmp_path: Path
) -> None:
    """Consultants prefer different channels and languages, each with another to fall back on."""
    found = settings(providers, office.secrets, tmp_path)
    plans = office_plans(found)
    consultants = [one for one in EVERYBODY if one.role == "consultant"]
    preferred = [plans.channels("demo", one.staff, one.role) or () for one in consultants]
    assert {names[0] for names in preferred} == set(CHANNELS)
    assert all(len(names) > 1 for names in preferred)
    assert {plans.language("demo", one.staff) for one in consultants} == {Language.ZH, Language.EN}
    assert plans.of("demo").digest.gathers(2, opening=False)


def test_the_same_message_twice_is_kept_once(providers: Providers, office: Office, tmp_path: Path) -> None:
    """Where the provider is given a key, a repetition is told by it."""
    found = settings(providers, office.secrets, tmp_path)
    for _ in range(2):
        send(found, "email", "zheng")
    assert seen(providers).key == str(notice(id=numbered(1).id).id)
