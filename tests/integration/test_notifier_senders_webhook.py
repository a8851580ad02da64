"""Signed webhooks against a receiver that verifies them, keeps ids, and misbehaves as told."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from deploy.local.ports import free_port
from services.notifier.channels import ChannelError, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.webhook import WebhookChannel
from tests.support.notices import LI, NOTICE
from tests.support.providers import HOOK_SECRET, Answer, Provider, Trick

HERE = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)


@pytest.fixture
async def hook(provider: Provider) -> AsyncIterator[WebhookChannel]:
    made = channel(provider)
    yield made
    await made.close()


def channel(provider: Provider, secret: str = HOOK_SECRET, timeout: float = 60.0) -> WebhookChannel:
    return WebhookChannel(f"{provider.base}/hooks?from=panke", secret, HERE, timeout)


async def refused(hook: WebhookChannel, provider: Provider, *tricks: Trick) -> ChannelError:
    provider.tricks[:] = tricks
    with pytest.raises(ChannelError) as caught:
        await hook.send(NOTICE, hook.destination(LI) or "")
    return caught.value


async def test_a_signed_call_is_taken(hook: WebhookChannel, provider: Provider) -> None:
    """The receiver verifies it by a reckoning of its own, and its words are the answer."""
    assert await hook.send(NOTICE, "x") == '200 {"taken": true}'
    (call,) = provider.delivered
    assert call.headers["webhook-id"] == str(NOTICE.id)


async def test_a_wrong_secret_is_told(provider: Provider) -> None:
    """Another key's signature is refused; it is tried again, since secrets are changed and alerts outlive that."""
    hook = channel(provider, "whsec_" + base64.b64encode(b"another secret of 24 or more").decode())
    refusal = await refused(hook, provider)
    assert type(refusal) is TemporaryError
    assert "401" in refusal.answer
    assert provider.delivered == []
    await hook.close()


async def test_a_repetition_is_told_by_its_id(hook: WebhookChannel, provider: Provider) -> None:
    """A call whose answer was lost goes out again under the same id, and the receiver takes it once."""
    provider.tricks.append("cut after")
    with pytest.raises(NoAnswerError):
        await hook.send(NOTICE, "x")
    assert await hook.send(NOTICE, "x") == '200 {"taken": false}'
    assert len(provider.delivered) == 1


@pytest.mark.parametrize(
    ("trick", "kind"),
    [
        ("cut", NoAnswerError),
        (Answer(200, b"x" * 100, half=True), NoAnswerError),
        (Answer(500, b"oops"), TemporaryError),
        (Answer(502, b"bad gateway"), TemporaryError),
        (Answer(503, b"busy", (("retry-after", "17"),)), TryLaterError),
        (Answer(429, b"slow down", (("retry-after", "17"),)), TryLaterError),
        (Answer(404, b"not found"), TemporaryError),
        (Answer(400, b"bad"), RefusedError),
        (Answer(422, b"bad"), RefusedError),
        (Answer(302, b"", (("location", "http://localhost/elsewhere"),)), RefusedError),
    ],
    ids=lambda trick: str(trick)[:60],
)
async def test_each_answer_is_what_http_means_by_it(
    hook: WebhookChannel, provider: Provider, trick: Trick, kind: type[ChannelError]
) -> None:
    """Refused for good, later and how much later, or unknown; one call each, and no redirect is followed."""
    refusal = await refused(hook, provider, trick)
    assert type(refusal) is kind
    assert not isinstance(refusal, TryLaterError) or refusal.wait == timedelta(seconds=17)
    assert len(provider.calls) == 1


async def test_a_slow_answer_is_unknown(provider: Provider) -> None:
    """A receiver that takes longer than the timeout may have taken it."""
    provider.hold = threading.Event()
    hook = channel(provider, timeout=2.0)
    assert type(await refused(hook, provider)) is NoAnswerError
    await hook.close()


async def test_a_receiver_that_is_not_there_is_tried_again() -> None:
    """Nothing was carried."""
    hook = WebhookChannel(f"http://localhost:{free_port()}/", HOOK_SECRET, HERE, 60.0)
    with pytest.raises(TemporaryError, match="not reached") as caught:
        await hook.send(NOTICE, "x")
    assert not isinstance(caught.value, NoAnswerError)
    await hook.close()


async def test_a_name_that_leads_inside_is_not_called(provider: Provider) -> None:
    """Without the development setting, a listed name that resolves to this machine is refused."""
    address = f"https://localhost:{provider.server.server_address[1]}/hooks"
    hook = WebhookChannel(address, HOOK_SECRET, AddressPolicy(frozenset({"localhost"})), 60.0)
    with pytest.raises(RefusedError, match="not a public address"):
        await hook.send(NOTICE, "x")
    assert provider.calls == []
    await hook.close()


async def test_a_proxy_of_the_environment_is_not_asked(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls go where the policy has looked, whatever the environment says of proxies."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://localhost:{free_port()}")
    hook = channel(provider)
    assert await hook.send(NOTICE, "x")
    await hook.close()


async def test_neither_secret_nor_phone_is_told_anywhere(
    hook: WebhookChannel, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in logs at the finest level, in refusals, in answers or in what is printed, also where it is repeated."""
    caplog.set_level(logging.DEBUG)
    echo = f"{HOOK_SECRET} {HOOK_SECRET.removeprefix('whsec_')} 13800000001".encode()
    told = [repr(await refused(hook, provider, Answer(status, echo))) for status in (500, 400, 302)]
    provider.tricks.append(Answer(200, echo))
    told += [await hook.send(NOTICE, "x"), repr(hook), caplog.text]
    everything = "\n".join(told)
    assert HOOK_SECRET.removeprefix("whsec_") not in everything
    assert "from=panke" not in everything, "an address may hold a secret too"
    assert "13800000001" not in everything
