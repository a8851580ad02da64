"""How many calls each kind of channel may have under way at once, and how a deployment says otherwise."""

from __future__ import annotations

import base64

import pytest

from services.notifier.channels.limits import ProcessLimiter
from services.notifier.delivery.send_slots import lanes_of
from services.notifier.own_senders import own
from services.notifier.schedule.plan import RobotTerms, SecretPlace
from services.notifier.senders import configured
from services.notifier.settings import NotifierSettings, channel_lanes
from shared.platform.clock import MachineClock
from shared.platform.settings import SettingsError, load
from tests.support.providers import KEY_ID, KEY_SECRET, SIGN_NAME, TOKEN

GIVEN = {
    "PANKE_DATABASE_URL": "postgresql://localhost/x",
    "PANKE_KAFKA": "localhost:9092",
    "PANKE_NOTIFIER_CHANNELS": "wecom,aliyun-sms,webhook,email,log",
    "PANKE_NOTIFIER_WECOM_TOKEN": TOKEN,
    "PANKE_NOTIFIER_WEBHOOK_URL": "https://hook.example/",
    "PANKE_NOTIFIER_WEBHOOK_HOSTS": "hook.example",
    "PANKE_NOTIFIER_WEBHOOK_SECRET": base64.b64encode(b"a secret of the tests, 24 or more").decode(),
    "PANKE_NOTIFIER_ALIYUN_KEY_ID": KEY_ID,
    "PANKE_NOTIFIER_ALIYUN_KEY_SECRET": KEY_SECRET,
    "PANKE_NOTIFIER_ALIYUN_TEMPLATES": "T1,T2,T3",
    "PANKE_NOTIFIER_SMS_SIGN_NAME": SIGN_NAME,
    "PANKE_NOTIFIER_SMTP_HOST": "mail.example",
    "PANKE_NOTIFIER_SMTP_SENDER": "panke@office.example",
}


def lanes(text: str) -> dict[str, int]:
    settings = load(NotifierSettings, {**GIVEN, "PANKE_NOTIFIER_LANES": text} if text else GIVEN)
    given = channel_lanes(settings)
    return {channel.name: lanes_of(channel, given) for channel in configured(settings)}


async def test_one_call_at_a_time_unless_the_receiver_drops_repetitions() -> None:
    """By default every channel has one lane, and a webhook, whose receiver knows its ids, eight."""
    assert lanes("") == {"wecom": 1, "aliyun-sms": 1, "webhook": 8, "email": 1, "log": 1}


async def test_the_settings_give_a_channel_other_lanes() -> None:
    """What is named has the number given, the others keep that of their kind."""
    assert lanes("email=5,webhook=1") == {"wecom": 1, "aliyun-sms": 1, "webhook": 1, "email": 5, "log": 1}


async def test_the_robots_of_the_policy_have_the_lanes_of_their_provider() -> None:
    """What the settings give to webhooks holds for each receiver that an office has of its own."""
    settings = load(NotifierSettings, {**GIVEN, "PANKE_NOTIFIER_LANES": "webhook=3"})
    terms = RobotTerms("webhook", "east", "https://hook.example/", secret=SecretPlace(env="EAST"))
    secret = {"EAST": GIVEN["PANKE_NOTIFIER_WEBHOOK_SECRET"]}
    channel = own(terms, settings, ProcessLimiter(MachineClock()), secret)
    assert (channel.name, lanes_of(channel, channel_lanes(settings))) == ("webhook/east", 3)


@pytest.mark.parametrize(
    "text", ["email", "email=0", "email=x", "email=-1", "fax=2", "email=1,email=2", "=3"]
)
def test_lanes_that_cannot_be_are_refused(text: str) -> None:
    """No number, none at all, a channel that the deployment has not, one given twice: the variable is named."""
    with pytest.raises(SettingsError, match="PANKE_NOTIFIER_LANES"):
        lanes(text)
