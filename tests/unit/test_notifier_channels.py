"""Where alerts may be sent, and how they are signed."""

from __future__ import annotations

import base64
import ipaddress
import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notifier.channels import RefusedError
from services.notifier.channels.address import AddressError, AddressPolicy
from services.notifier.channels.webhook import signed_headers
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.senders import configured
from services.notifier.settings import NotifierSettings, office_hours
from shared.platform.settings import SettingsError, load
from tests.support.notifier import Keeping

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
PUBLIC = AddressPolicy(frozenset({"hooks.example.com"}))
BASE = {"PANKE_DATABASE_URL": "postgresql://localhost/x", "PANKE_KAFKA": "localhost:9092"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://other.example.com/", "not in the list"),
        ("http://hooks.example.com/", "https"),
        ("ftp://hooks.example.com/", "http or https"),
        ("https://user:word@hooks.example.com/", "no user"),
        ("https://hooks.example.com:99999/", "not a URL"),
        ("https://hooks.example.com.evil.example/", "not in the list"),
        ("https://hooks.example.com#x", "fragment"),
        ("", "http or https"),
    ],
)
def test_an_address_off_the_list_is_refused(url: str, why: str) -> None:
    """Hosts that are not listed, plain http, users and fragments in an address are refused, each with its
    reason."""
    with pytest.raises(AddressError, match=why):
        PUBLIC.check(url)


def test_a_listed_address_keeps_its_path_and_query() -> None:
    """What is called is the path and query as given, on the port of the scheme."""
    receiver = PUBLIC.check("https://HOOKS.example.com./a/b?c=d")
    assert (receiver.host, receiver.port, receiver.target) == ("hooks.example.com", 443, "/a/b?c=d")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "64:ff9b::a00:1", "2002:a00:1::", "::",
    ],
)  # fmt: skip
def test_an_inner_address_is_refused(address: str) -> None:
    """A name that leads to loopback, a private, link-local, shared or otherwise special address is not
    called."""
    with pytest.raises(RefusedError, match="not a public address"):
        PUBLIC.choose([ipaddress.ip_address(address)])


def test_one_inner_address_spoils_the_name() -> None:
    """A name with a public and a private address is refused whole."""
    with pytest.raises(RefusedError):
        PUBLIC.choose([ipaddress.ip_address("93.184.216.34"), ipaddress.ip_address("10.0.0.1")])
    assert str(PUBLIC.choose([ipaddress.ip_address("93.184.216.34")])) == "93.184.216.34"


def test_loopback_needs_the_development_setting_and_private_stays_refused() -> None:
    """The development setting opens this machine, nothing else."""
    development = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)
    assert development.choose([ipaddress.ip_address("127.0.0.1")])
    with pytest.raises(RefusedError):
        development.choose([ipaddress.ip_address("192.168.1.1")])


@given(st.text(max_size=200), st.integers(-12, 14))
def test_any_body_is_verified_by_the_published_library(body: str, offset: int) -> None:
    """Whatever the body and whatever zone the clock tells, the library's verifier accepts the headers."""
    text = json.dumps({"text": body}, ensure_ascii=False)
    at = datetime.now(timezone(timedelta(hours=offset)))
    headers = signed_headers(Webhook(SECRET), "key-1", at, text)
    assert Webhook(SECRET).verify(text, headers) == {"text": body}


def test_a_changed_body_is_not_verified() -> None:
    """One character more, and the signature does not hold."""
    headers = signed_headers(Webhook(SECRET), "key-1", datetime.now(UTC), "{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify("{} ", headers)


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"PANKE_NOTIFIER_CHANNELS": "webhook"}, "PANKE_NOTIFIER_WEBHOOK_URL"),
        ({"PANKE_NOTIFIER_CHANNELS": "email"}, "PANKE_NOTIFIER_SMTP_HOST"),
        ({"PANKE_NOTIFIER_CHANNELS": "log,log"}, "PANKE_NOTIFIER_CHANNELS"),
        (
            {
                "PANKE_NOTIFIER_CHANNELS": "webhook",
                "PANKE_NOTIFIER_WEBHOOK_URL": "https://a.example/",
                "PANKE_NOTIFIER_WEBHOOK_SECRET": SECRET,
            },
            "PANKE_NOTIFIER_WEBHOOK_HOSTS",
        ),
        (
            {
                "PANKE_NOTIFIER_CHANNELS": "webhook",
                "PANKE_NOTIFIER_WEBHOOK_URL": "https://a.example/",
                "PANKE_NOTIFIER_WEBHOOK_HOSTS": "a.example",
                "PANKE_NOTIFIER_WEBHOOK_SECRET": "x",
            },
            "PANKE_NOTIFIER_WEBHOOK_SECRET",
        ),
        (
            {
                "PANKE_NOTIFIER_CHANNELS": "email",
                "PANKE_NOTIFIER_SMTP_HOST": "mail.example",
                "PANKE_NOTIFIER_SMTP_SENDER": "a@example.com",
                "PANKE_NOTIFIER_SMTP_SECURITY": "none",
            },
            "PANKE_NOTIFIER_SMTP_SECURITY",
        ),
    ],
)
def test_a_channel_that_is_not_set_up_names_its_variable(given: dict[str, str], variable: str) -> None:
    """The service does not start with half a channel; the message names what is missing or wrong."""
    with pytest.raises(SettingsError, match=variable):
        configured(load(NotifierSettings, BASE | given))


@pytest.mark.parametrize(
    "given",
    [{"PANKE_NOTIFIER_TIMEZONE": "Mars/Olympus"}, {"PANKE_NOTIFIER_OPENING": "17:30"}],
    ids=["zone", "hours"],
)
def test_office_hours_that_cannot_be_name_their_variable(given: dict[str, str]) -> None:
    """A zone that is none, or an opening after the reminders, is told by its variable."""
    with pytest.raises(SettingsError, match=next(iter(given))):
        office_hours(load(NotifierSettings, BASE | given))


def test_a_secret_is_never_shown() -> None:
    """Settings that are printed hold neither the webhook's nor the mail server's secret."""
    given = {"PANKE_NOTIFIER_WEBHOOK_SECRET": "hush-hush", "PANKE_NOTIFIER_SMTP_PASSWORD": "quiet-quiet"}
    shown = repr(load(NotifierSettings, BASE | given))
    assert "hush" not in shown and "quiet" not in shown


@given(st.integers(1, 5), st.lists(st.floats(0.1, 30), min_size=1, max_size=4))
def test_a_lease_outlasts_every_attempt_of_a_round(attempts: int, timeouts: list[float]) -> None:
    """However many channels and attempts, the lease is longer than all calls and waits together."""
    policy = RetryPolicy(attempts=attempts)
    channels = [Keeping(str(n), timeout=timeout) for n, timeout in enumerate(timeouts)]
    waits = (attempts - 1) * len(timeouts) * policy.wait_max
    assert policy.lease(channels).total_seconds() > attempts * sum(timeouts) + waits


@given(st.integers(0, 100))
def test_rounds_are_spread_and_bounded(rounds: int) -> None:
    """The wait between rounds never exceeds its bound by more than a fifth, nor falls under four fifths of
    the first."""
    wait = RetryPolicy().next_round(rounds)
    assert timedelta(seconds=48) <= wait <= timedelta(minutes=36)


def test_settings_are_all_the_notifiers_own() -> None:
    """Every setting that other services do not know carries the notifier's name, but for the number of partitions,
    where people reach the console and what places are called, which are the deployment's."""
    own = {one.name for one in msgspec.structs.fields(NotifierSettings)}
    common = {one.name for one in msgspec.structs.fields(NotifierSettings.__mro__[1])}
    assert all(
        name.startswith("notifier_")
        for name in own - common - {"partitions", "public_address", "place_names"}
    )
