"""The chat and SMS channels from their settings: what is missing or wrong is told by its variable."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.notifier.channels import Channel, NoAnswerError
from services.notifier.channels.apprise import AppriseAddressError, AppriseChannel
from services.notifier.senders import configured
from services.notifier.settings import NotifierSettings
from shared.platform.clock import MachineClock
from shared.platform.settings import SettingsError, load
from tests.support.notices import LI, NOTICE
from tests.support.providers import (
    APPLICATION,
    KEY_ID,
    KEY_SECRET,
    SECRET,
    SIGN_NAME,
    TOKEN,
    Answer,
    Provider,
    providing,
)

BASE = {
    "PANKE_DATABASE_URL": "postgresql://localhost/x",
    "PANKE_KAFKA": "localhost:9092",
    "PANKE_NOTIFIER_PROVIDER_HOSTS": "localhost",
    "PANKE_NOTIFIER_ALLOW_LOOPBACK": "true",
}
CHANNELS = {
    "dingtalk": {"TOKEN": TOKEN, "SECRET": SECRET},
    "wecom": {"TOKEN": TOKEN},
    "feishu": {"TOKEN": TOKEN, "SECRET": SECRET},
    "aliyun-sms": {"KEY_ID": KEY_ID, "KEY_SECRET": KEY_SECRET, "TEMPLATES": "T1,T2,T3"},
    "tencent-sms": {
        "KEY_ID": KEY_ID,
        "KEY_SECRET": KEY_SECRET,
        "TEMPLATES": "1001,1002,1003",
        "APPLICATION": APPLICATION,
    },
}
# Apprise imports a module of the standard library that goes with Python 3.13.
APPRISE = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
NAMES = pytest.mark.parametrize("name", sorted(CHANNELS))


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(MachineClock()) as server:
        yield server


def environ(name: str, base: str, **changes: str) -> dict[str, str]:
    """The environment of a deployment with this one channel."""
    stem = f"PANKE_NOTIFIER_{name.removesuffix('-sms').upper()}_"
    given = {f"{stem}{key}": value for key, value in {**CHANNELS[name], "BASE": base, **changes}.items()}
    return {
        **BASE,
        **given,
        "PANKE_NOTIFIER_SMS_SIGN_NAME": SIGN_NAME,
        "PANKE_NOTIFIER_CHANNELS": name,
    }


def channel(given: dict[str, str]) -> Channel:
    (made,) = configured(load(NotifierSettings, given))
    return made


@NAMES
async def test_a_channel_sends_by_its_settings(name: str, provider: Provider) -> None:
    """With what the settings give, and the name that the settings have, the provider takes the alert."""
    made = channel(environ(name, provider.base))
    assert made.name == name
    destination = made.destination(LI)
    assert destination is not None
    assert await made.send(NOTICE, destination)
    assert len(provider.delivered) == 1
    await made.close()


@NAMES
async def test_secrets_come_from_files(name: str, provider: Provider, tmp_path: Path) -> None:
    """Each secret may stand in a file, as container engines mount them."""
    given = environ(name, provider.base)
    for variable in [one for one in given if one.endswith(("_TOKEN", "_SECRET", "_KEY_ID"))]:
        file = tmp_path / variable
        file.write_text(given.pop(variable) + "\n", encoding="utf-8")
        given[f"{variable}_FILE"] = str(file)
    made = channel(given)
    assert await made.send(NOTICE, made.destination(LI) or "")
    await made.close()


@NAMES
def test_what_is_missing_is_told(name: str) -> None:
    """Without its secrets no channel is made, and each variable is named."""
    for key in CHANNELS[name]:
        if key == "SECRET":
            continue
        given = environ(name, "http://localhost:1")
        variable = f"PANKE_NOTIFIER_{name.removesuffix('-sms').upper()}_{key}"
        del given[variable]
        with pytest.raises(SettingsError, match=variable):
            channel(given)


@NAMES
def test_a_base_off_the_list_is_told(name: str) -> None:
    """A mistyped or foreign base address is refused when the service starts."""
    for base in ("https://elsewhere.example.com", "ftp://localhost", "https://user:word@localhost"):
        with pytest.raises(SettingsError, match=r"_BASE: .*PANKE_NOTIFIER_PROVIDER_HOSTS"):
            channel(environ(name, base))


@NAMES
def test_the_providers_own_address_needs_no_list(name: str) -> None:
    """With nothing but the secrets, the provider's own address is called."""
    given = environ(name, "")
    given = {key: value for key, value in given.items() if not key.endswith(("_BASE", "_HOSTS", "_LOOPBACK"))}
    assert channel(given).name == name


@pytest.mark.parametrize(
    ("name", "changes", "variable"),
    [
        ("dingtalk", {"TOKEN": "https://oapi.dingtalk.com/robot/send?access_token=x"}, "DINGTALK_TOKEN"),
        ("aliyun-sms", {"TEMPLATES": "T1,T2"}, "ALIYUN_TEMPLATES"),
        ("aliyun-sms", {"VARIABLES": "customer"}, "ALIYUN_VARIABLES"),
        ("tencent-sms", {"VARIABLES": "case,phone"}, "TENCENT_VARIABLES"),
    ],
)
def test_what_is_wrong_is_told(name: str, changes: dict[str, str], variable: str) -> None:
    """Each mistake by its variable; a secret is not repeated."""
    with pytest.raises(SettingsError, match=variable) as caught:
        channel(environ(name, "http://localhost:1", **changes))
    assert "access_token=x" not in str(caught.value)


@pytest.mark.parametrize("sender", ["panke", "panke@", "a@b.c, d@e.f", "panke@例😀.example"])
def test_a_sender_of_mail_that_is_no_address_stops_the_start(sender: str) -> None:
    """Every mail would be refused for it: it is told by its variable, before anybody waits for one."""
    mail = {"HOST": "127.0.0.1", "SENDER": sender, "SECURITY": "none"}
    given = {**BASE, "PANKE_NOTIFIER_CHANNELS": "email"}
    with pytest.raises(SettingsError, match="PANKE_NOTIFIER_SMTP_SENDER"):
        channel({**given, **{f"PANKE_NOTIFIER_SMTP_{key}": value for key, value in mail.items()}})


def test_no_secret_is_shown_with_the_settings() -> None:
    """Settings that are printed hold no token and no key."""
    for name in CHANNELS:
        shown = repr(load(NotifierSettings, environ(name, "http://localhost:1")))
        assert not any(secret in shown for secret in (TOKEN, SECRET, KEY_ID, KEY_SECRET))


@APPRISE
def test_apprise_takes_what_has_no_sender_here() -> None:
    """Services with a sender of their own are refused, as is what Apprise does not know; no address is
    repeated, since it holds secrets."""
    for address in (
        "dingtalk://hushhush/",
        "json://hushhush/",
        "file://hushhush",
        "nosuch://hushhush/",
        "hushhush",
    ):
        with pytest.raises(AppriseAddressError) as caught:
            AppriseChannel([address], timeout=1.0)
        assert "hushhush" not in str(caught.value)
    given = {**BASE, "PANKE_NOTIFIER_CHANNELS": "apprise", "PANKE_NOTIFIER_APPRISE_URLS": "json://hushhush/"}
    with pytest.raises(SettingsError, match="PANKE_NOTIFIER_APPRISE_URLS"):
        channel(given)


@APPRISE
async def test_apprise_knows_yes_and_no_only(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    """A status of success is a yes, whatever the body says; of anything else nobody knows whether it arrived, since a
    no may be an answer that did not come. No address is logged."""
    caplog.set_level(logging.DEBUG)
    host = provider.base.removeprefix("http://")
    made = AppriseChannel([f"gotify://{host}/hushhush"], timeout=5.0)
    provider.tricks.append(Answer(200, b'{"errcode": 1, "errmsg": "which Apprise does not see"}'))
    assert await made.send(NOTICE, made.destination(LI) or "") == "by HTTP status only: accepted"
    with pytest.raises(NoAnswerError, match="no more than that"):
        await made.send(NOTICE, made.destination(LI) or "")
    assert "hushhush" not in caplog.text
    await made.close()


@APPRISE
async def test_apprise_waits_for_a_slow_service_as_long_as_the_setting_says(provider: Provider) -> None:
    """Of itself it gives up after four seconds, and a message that was taken counts as refused."""
    host = provider.base.removeprefix("http://")
    made = AppriseChannel([f"gotify://{host}/hushhush"], timeout=60.0)
    provider.slow = 4.5
    provider.tricks.append(Answer(200, b"{}"))
    assert await made.send(NOTICE, made.destination(LI) or "") == "by HTTP status only: accepted"
    await made.close()
