"""Delivery reports end to end: pushed to `panke serve receipts` over HTTP, or asked for by the notifier's poller."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.ports import free_port
from deploy.local.service import ServiceProcess
from services.notifier.channels.sms import SmsChannel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.history.polling import WAITS, Poller
from services.notifier.history.proof import LogQuery, Proof
from services.notifier.model.metrics import Metrics
from shared.contract import StaffContacts
from tests.support.contract import JSON_BODY
from tests.support.notices import LI
from tests.support.notifier import Keeping, Office, one_reminder_due
from tests.support.parts import eventually
from tests.support.providers import Provider
from tests.support.reporting import SECRET, signed

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
STRANGER = "whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2VyMTI="
KEY = "s3cret-of-the-address"


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    reached = StaffContacts(sms=LI.contact("sms"), email=LI.contact("email"))
    with one_reminder_due(database, reached) as office:
        yield office


@pytest.fixture
def served(office: Office, database: str, tmp_path: Path) -> Iterator[str]:
    """The address of a `panke serve receipts` that runs as a process of its own."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PANKE_DATABASE_URL": database,
        "PANKE_KAFKA": "127.0.0.1:1",
        "PANKE_NOTIFIER_RECEIPTS_SECRET": KEY,
        "PANKE_NOTIFIER_WEBHOOK_SECRET": SECRET,
    }
    port = free_port()
    environment["PANKE_NOTIFIER_RECEIPTS_PORT"] = str(port)
    process = ServiceProcess("receipts", tmp_path / "receipts", port, environment)
    process.launch()
    try:
        eventually(lambda: answers(process.address), "the address answers")
        yield process.address
    finally:
        process.stop()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", trust_env=False, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


async def round_of(office: Office, *channels: Any) -> ListedAlert:
    """One look of the dispatcher; the alert of the first reminder behind it."""
    clocks = (office.clock, office.machine)
    sender = Dispatcher(office.queue, channels, clocks, office.plans, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    (found,) = [one for one in Listing(office.database).page(Filter(), None, 100) if one.state != "due"]
    return found


def told_in_time(office: Office) -> bool:
    return Proof(office.database).log(LogQuery("c1"))[0].told_before_deadline


def failed(sms: SmsChannel, provider: Provider) -> list[dict[str, Any]]:
    """The report of a failure as that provider pushes it."""
    (message,) = provider.messages
    if sms.name == "aliyun-sms":
        body = {"out_id": message.key, "biz_id": message.provider_id, "success": False}
        return [{**body, "err_code": "MK:0001", "report_time": "2026-03-04 09:00:09"}]
    body = {"sid": message.provider_id, "report_status": "FAIL", "errmsg": "MK:0001"}
    return [{**body, "user_receive_time": "2026-03-04 09:00:09"}]


async def test_a_failure_that_is_pushed_goes_to_the_next_channel(
    office: Office, served: str, sms: SmsChannel, provider: Provider
) -> None:
    """Taken by the provider, reported as failed at the address: the next channel tells it, and the proof says so."""
    other = Keeping("other")
    assert (await round_of(office, sms, other)).reason == f"by {sms.name}"
    assert told_in_time(office)
    path = f"{served}/receipts/{sms.name.removesuffix('-sms')}"
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=JSON_BODY) as client:
        assert (await client.post(path, json=failed(sms, provider))).status_code == 404  # without the key
        for _ in range(2):  # providers report twice, too
            answer = await client.post(path, params={"key": KEY}, json=failed(sms, provider))
            assert answer.status_code == 200, answer.text
    assert not told_in_time(office)
    alert = await round_of(office, sms, other)
    assert (alert.state, alert.reason, len(other.sent)) == ("sent", "by other", 1)
    assert len(provider.messages) == 1
    assert told_in_time(office)


async def test_a_failure_that_is_asked_for_goes_to_the_next_channel(
    office: Office, sms: SmsChannel, provider: Provider
) -> None:
    """The poller is told by the provider that the message failed: the next channel tells it."""
    other = Keeping("other")
    await round_of(office, sms, other)
    provider.messages[0].fails(office.machine.now())
    asking = Poller(office.database, [sms], (office.clock, office.machine), Metrics())
    office.machine.ahead += WAITS[0]
    assert await asking.look() == 1
    assert not told_in_time(office)
    alert = await round_of(office, sms, other)
    assert (alert.state, alert.reason, len(other.sent)) == ("sent", "by other", 1)
    assert len(provider.messages) == 1


async def test_a_receiver_of_webhooks_reports_a_failure_by_its_signature(office: Office, served: str) -> None:
    """Signed as its webhooks are: the next channel tells it. A stranger, another body or garbage do nothing."""
    hook, other = Keeping("webhook"), Keeping("other")
    alert = await round_of(office, hook, other)
    body = {"alert": str(alert.id), "status": "failed", "at": "2026-03-04T09:05:00+08:00"}
    path = f"{served}/receipts/webhook"
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=JSON_BODY) as client:
        for content, headers in hostile(body):
            with contextlib.suppress(UnicodeEncodeError):
                assert (await client.post(path, content=content, headers=headers)).status_code in (404, 413)
        assert (await round_of(office, hook, other)).reason == "by webhook"
        answer = await client.post(path, content=json.dumps(body), headers=signed(SECRET, body))
        assert answer.status_code == 204, answer.text
    assert (await round_of(office, hook, other)).reason == "by other"


def hostile(body: dict[str, Any]) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Requests that no receiver of ours makes."""
    good = signed(SECRET, body)
    raw = json.dumps(body).encode()
    yield raw, {}
    yield raw, signed(STRANGER, body)
    yield raw.replace(b"failed", b"read"), good
    for name in ("webhook-timestamp", "webhook-signature", "webhook-id"):
        for value in ("", "nan", "inf", "1e400", "-1", "v1,", "v1,AAAA", "v1", "é", "9" * 5000):
            yield raw, {**good, name: value}
    yield b"\xff\xfe" * 100, good
    yield b"[" * 100_000, good
