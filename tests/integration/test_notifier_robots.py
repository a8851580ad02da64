"""Several robots of one provider at work: each office by its own, each with its own limit, told apart in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from services.notifier.channels import Channel
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.limits import DatabaseLimiter, ProcessLimiter
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.robot import Access
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.cli import alerts
from services.notifier.delivery.breaker import StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.receipts_http import receipts_app
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.officefile.document import parse
from shared.platform.postgres.database import Database
from tests.support.notices import CONTACTS, NOTICE
from tests.support.notifier import Keeping, Office, ShiftedClock, local
from tests.support.providers import Provider, providing
from tests.support.reporting import SECRET, post, signed

HERE = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)
QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
POLICY = """
version: 1
robots:
  dingtalk: {east: {token: {env: E}}, west: {token: {env: W}}}
defaults: {channels: {default: [dingtalk]}, robots: {dingtalk: west}}
scopes: {demo: {robots: {dingtalk: east}}}
"""
KEYS = {"easttoken": "SECeast", "westtoken": "SECwest"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(ShiftedClock()) as server:
        server.robots = dict(KEYS)
        yield server


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    plans = plans_of(parse(POLICY.encode(), "p"), OfficeHours(), ())
    office = Office(database, local(1, 10), plans)
    for scope, owner in (("demo", "li"), ("other", "wang")):
        office.hear(office.stream.staff(owner, "consultant", email="x@example.com", scope=scope))
        office.hear(office.stream.claim("c1", owner, scope=scope))
    office.at(local(4, 9))
    yield office
    office.close()


def robot(
    name: str, provider: Provider, limiter: DatabaseLimiter | ProcessLimiter, called: str | None = None
) -> DingTalkRobot:
    access = Access(provider.base, f"{name}token", KEYS[f"{name}token"])
    clock = ShiftedClock()
    return DingTalkRobot(access, HERE, limiter, clock, timeout=60.0, name=f"dingtalk/{called or name}")


async def round_of(office: Office, plans: Plans, *channels: Channel) -> None:
    clocks = (office.clock, office.machine)
    breaker = StoredBreaker(office.database, office.machine)
    sender = Dispatcher(office.queue, channels, clocks, plans, QUICK, Metrics(), breaker)
    await sender.tick()
    await sender.drain(90)


def enrol_by_mobile(office: Office) -> None:
    """Everybody is in DingTalk by their mobile number."""
    with office.database.connection() as connection:
        connection.execute('UPDATE staff SET contacts = \'{"dingtalk": "13800000001"}\'')


async def test_each_office_speaks_by_its_own_robot(office: Office, provider: Provider, database: str) -> None:
    """One alert in each of two offices: each group gets its own, signed with its own key, and `panke alerts log` names
    the robot of each call."""
    enrol_by_mobile(office)
    limiter = DatabaseLimiter(office.database, office.machine)
    channels = [robot(name, provider, limiter) for name in ("east", "west")]
    await round_of(office, office.plans, *channels)
    assert sorted(call.query["access_token"] for call in provider.delivered) == ["easttoken", "westtoken"]
    for scope, name in (("demo", "east"), ("other", "west")):
        asked = ["log", "--customer", "c1", "--scope", scope, "--database-url", database]
        told = CliRunner().invoke(alerts, asked).output
        assert f"call  by dingtalk/{name}  to " in told
        assert f"answer sent  by dingtalk/{name}  0 ok" in told
    for channel in channels:
        await channel.close()


async def test_each_robot_has_a_limit_of_its_own_in_all_processes(office: Office, provider: Provider) -> None:
    """Two notifiers, two robots: together twenty a minute by each, and the provider finds nothing to refuse."""
    clock = ShiftedClock()
    limiters = [DatabaseLimiter(office.database, clock) for _ in range(2)]
    robots = [robot(name, provider, limiter) for name in ("east", "west") for limiter in limiters]
    sending = [one.send(NOTICE, CONTACTS["dingtalk"]) for one in robots for _ in range(15)]
    done = await asyncio.gather(*sending, return_exceptions=True)
    assert [sum(isinstance(one, str) for one in half) for half in (done[:30], done[30:])] == [20, 20]
    assert all(isinstance(one, str | TryLaterError) for one in done)
    assert len(provider.calls) == len(provider.delivered) == 40
    for one in robots:
        await one.close()


def test_a_test_counts_into_the_limit_that_the_notifiers_keep(
    office: Office, provider: Provider, database: str, tmp_path: Path
) -> None:
    """`panke alerts test` shuts no robot out: what the notifiers have sent is counted in, and it counts itself."""
    policy = tmp_path / "alerts.yaml"
    policy.write_text("version: 1\nrobots: {wecom: {east: {token: {env: EAST}}}}\n", encoding="utf-8")
    environ = {
        "PANKE_DATABASE_URL": database,
        "PANKE_KAFKA": "none:1",
        "PANKE_NOTIFIER_POLICY": str(policy),
        "PANKE_NOTIFIER_WECOM_BASE": provider.base,
        "PANKE_NOTIFIER_PROVIDER_HOSTS": "localhost",
        "PANKE_NOTIFIER_ALLOW_LOOPBACK": "true",
        "EAST": "easttoken",
    }
    command = ["test", "wecom/east", "--to", "wecom=13800000001"]
    assert CliRunner().invoke(alerts, command, env=environ).exit_code == 0
    with office.database.connection() as connection:
        connection.execute("UPDATE send_limits SET stamps = array_fill(stamps[1], ARRAY[20])")
    done = CliRunner().invoke(alerts, command, env=environ)
    assert (done.exit_code, "the limit of the robot is reached" in done.output) == (1, True)
    assert len(provider.calls) == 1


async def test_two_names_for_one_robot_share_its_limit(provider: Provider) -> None:
    """A robot that the policy names twice is one robot to its provider."""
    limiter = ProcessLimiter(ShiftedClock())
    once, again = robot("east", provider, limiter), robot("east", provider, limiter, "east-again")
    for number in range(20):
        await (once, again)[number % 2].send(NOTICE, CONTACTS["dingtalk"])
    with pytest.raises(TryLaterError, match="limit of the robot is reached"):
        await again.send(NOTICE, CONTACTS["dingtalk"])
    assert len(provider.calls) == 20
    await asyncio.gather(once.close(), again.close())


async def test_a_robot_that_fails_silences_no_other(office: Office, provider: Provider) -> None:
    """A robot that was removed from its group does not stop another office's; what is for it waits until it is back."""
    enrol_by_mobile(office)
    del provider.robots["easttoken"]
    limiter = ProcessLimiter(office.machine)
    channels = [robot(name, provider, limiter) for name in ("east", "west")]
    await round_of(office, office.plans, *channels)
    assert dict(_states(office)) == {"demo": "failed", "other": "sent"}
    await asyncio.gather(*(one.close() for one in channels))


def _states(office: Office) -> list[tuple[str, str]]:
    with office.database.connection() as connection:
        rows = connection.execute("SELECT scope, state FROM alerts WHERE rung = 'day_before'").fetchall()
    return [(str(scope), str(state)) for scope, state in rows]


async def test_a_receiver_reports_of_its_own_messages_alone(office: Office, database: str) -> None:
    """Of two receivers of webhooks each has its secret: one's signature says nothing of what went to the other."""
    east, west = Keeping("webhook/east"), Keeping("webhook")
    by = plans_of(
        parse(b"version: 1\ndefaults: {channels: {default: [webhook/east]}}", "p"),
        OfficeHours(),
        ("webhook/east",),
    )
    await round_of(office, by, east, west)
    key = next(notice.id for notice in east.sent if notice.scope == "demo")
    other = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cywgMjQgb3IgbW9yZQ=="
    with Database(database, schema="notifier", name="receipts-test", max_size=2) as opened:
        app = receipts_app(
            opened, office.clock, "s3cret-of-the-address", {"webhook": SECRET, "webhook/east": other}
        )
        body = {"alert": str(key), "status": "read", "at": "2026-03-04T09:05:00+08:00"}
        for secret, count in ((SECRET, 0), (other, 1)):
            answer: httpx.Response = await post(app, "/receipts/webhook", body, signed(secret, body))
            assert answer.status_code == 204
            with office.database.connection() as connection:
                assert connection.execute("SELECT count(*) FROM receipts").fetchone() == (count,)


def test_a_webhook_has_the_name_that_it_is_given() -> None:
    """A receiver of an office is told apart from that of the settings."""
    policy = AddressPolicy(frozenset({"hooks.example.com"}))
    made = WebhookChannel("https://hooks.example.com/east", SECRET, policy, 1.0, "webhook/east")
    assert made.name == "webhook/east"
