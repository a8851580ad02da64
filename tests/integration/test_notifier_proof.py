"""Proof: every step of an alert with both times, and what providers report later, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from fastapi import FastAPI

from services.notifier.channels import TemporaryError
from services.notifier.cli import alerts
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Listing
from services.notifier.history.proof import LoggedAlert, LogQuery, Proof
from services.notifier.history.receipts import BadReportError, aliyun, tencent
from services.notifier.messages.words import case_number
from services.notifier.model.metrics import Metrics
from services.notifier.receipts_http import receipts_app
from shared.platform.postgres.database import Database
from tests.support.notifier import END, Keeping, Office, local, one_reminder_due
from tests.support.reporting import SECRET, post, signed

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    with one_reminder_due(database) as office:
        yield office


async def round_of(office: Office, kept: Keeping) -> list[LoggedAlert]:
    clocks = (office.clock, office.machine)
    sender = Dispatcher(office.queue, [kept], clocks, office.plans, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    return Proof(office.database).log(LogQuery("c1"))


def reached(alert: LoggedAlert) -> list[tuple[str, str | None]]:
    """What happened, in order, with the answer or the reason."""
    return [(one.what, one.answer or one.reason) for one in alert.history]


async def test_the_log_has_every_step_with_both_times(office: Office) -> None:
    """An alert that failed and was then sent shows when it was made, both calls, both answers, both states."""
    kept = Keeping()
    kept.answers = [TemporaryError("busy")]
    first, *_ = await round_of(office, kept)
    Listing(office.database).retry(first.id, office.machine.now())
    first, *_ = await round_of(office, kept)
    assert reached(first) == [
        ("made", None),
        ("call", None),
        ("answer temporary", "busy"),
        ("failed", "keeping: busy"),
        ("call", None),
        ("answer sent", "kept"),
        ("sent", "by keeping"),
    ]
    assert first.told_before_deadline
    assert {one.business_at for one in first.history[1:]} == {local(4, 9)}
    assert all(one.at is not None and one.at.year == datetime.now(UTC).year for one in first.history)
    assert (first.history[1].recipient, first.history[1].destination) == ("li", "keep:li")


async def test_a_renewal_a_second_later_is_on_record_and_does_not_unsend(office: Office) -> None:
    """What was sent stays sent; the change of the claim stands behind it, with its business time."""
    await round_of(office, Keeping())
    office.at(local(4, 9, 0, 1))
    office.hear(office.stream.claim("c1", "li", END + timedelta(days=3)))
    first, *_ = Proof(office.database).log(LogQuery("c1", claim_seq=2))
    assert first.state == "sent"
    assert reached(first)[-2:] == [("sent", "by keeping"), ("sent", "claim changed")]
    assert first.history[-1].business_at == local(4, 9, 0, 1)


async def test_a_crash_is_on_record(office: Office) -> None:
    """An alert whose dispatcher was killed between call and answer shows the call and the state unknown."""
    (alert,) = office.queue.claim(1, office.clock.now(), office.machine.now())
    from services.notifier.delivery.queue import SendAttempt

    office.queue.begin_attempt(
        alert, SendAttempt("keeping", "k", "w", "li"), (office.clock.now(), office.machine.now())
    )
    office.pass_time(timedelta(seconds=31))
    office.queue.recover(office.machine.now(), [], office.clock.now())
    first, *_ = Proof(office.database).log(LogQuery("c1"))
    assert reached(first)[-1] == ("unknown", "stopped between call and answer")
    assert first.history[-1].business_at == local(4, 9)


def test_the_command_tells_what_was_sent_before_the_lapse(office: Office, database: str) -> None:
    """`panke alerts log` names case, claim, person and whether they were told in time, and each step in a line."""
    import asyncio

    asyncio.run(round_of(office, Keeping()))
    done = CliRunner().invoke(alerts, ["log", "--claim", "demo/c1@2", "--database-url", database])
    lines = done.output.splitlines()
    assert done.exit_code == 0
    assert lines[0] == f"{case_number('c1')}  demo  claim 2  day_before to li: told before the deadline"
    assert "2026-03-04 09:00:00+08:00 (machine " in lines[2]
    assert lines[2].endswith("call  by keeping  to li at keep:li")
    done = CliRunner().invoke(alerts, ["log", "--customer", "c1", "--json", "--database-url", database])
    assert json.loads(done.output.splitlines()[0])["told_before_deadline"] is True
    done = CliRunner().invoke(alerts, ["log", "--claim", "demo-c1", "--database-url", database])
    assert (done.exit_code, "SCOPE/CUSTOMER@CLAIM_SEQ" in done.output) == (2, True)


class Sms(Keeping):
    """A channel that answers as an SMS provider's sender does."""


@pytest.fixture
def app(office: Office, database: str) -> Iterator[FastAPI]:
    opened = Database(database, schema="notifier", name="receipts-test", max_size=2)
    opened.open()
    yield receipts_app(opened, office.clock, "s3cret-of-the-address", {"webhook": SECRET})
    opened.close()


async def test_an_aliyun_report_is_kept_beside_the_attempt(office: Office, app: FastAPI) -> None:
    """The report by `out_id` is answered as Aliyun wants it, stored once, and holds no phone number."""
    sms = Sms("aliyun-sms")
    sms.says = "OK BizId=9006^0 RequestId=R1"
    await round_of(office, sms)
    report = [
        {
            "phone_number": "13800000001", "send_time": "2026-03-04 09:00:01", "report_time": "2026-03-04 09:00:05",
            "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功 13800000001", "sms_size": "1",
            "biz_id": "9006^0", "out_id": str(sms.sent[0].id),
        }
    ]  # fmt: skip
    for _ in range(2):
        answer = await post(app, "/receipts/aliyun?key=s3cret-of-the-address", report)
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "成功"})
    first, *_ = Proof(office.database).log(LogQuery("c1"))
    told = [one for one in first.history if one.what == "reported delivered"]
    assert [(one.channel, one.business_at) for one in told] == [("aliyun-sms", local(4, 9))]
    assert (told[0].answer or "").startswith("2026-03-04 09:00:05 DELIVERED")
    assert "13800000001" not in str(first)


async def test_a_tencent_report_is_found_by_its_serial_number(office: Office, app: FastAPI) -> None:
    """A failure that Tencent reports by `sid` stands beside the attempt whose answer had that number."""
    sms = Sms("tencent-sms")
    sms.says = "Ok SerialNo=2640:1234"
    await round_of(office, sms)
    report = [
        {
            "user_receive_time": "2026-03-04 09:00:08", "nationcode": "86", "mobile": "13800000001",
            "report_status": "FAIL", "errmsg": "MK:0001", "description": "空号", "sid": "2640:1234",
        }
    ]  # fmt: skip
    answer = await post(app, "/receipts/tencent?key=s3cret-of-the-address", report)
    assert answer.json() == {"result": 0, "errmsg": "OK"}
    first, *_ = Proof(office.database).log(LogQuery("c1"))
    assert reached(first)[-1] == ("reported failed", "2026-03-04 09:00:08 MK:0001 空号")


async def test_a_receiver_of_webhooks_may_report_that_it_was_read(office: Office, app: FastAPI) -> None:
    """A signed report of an alert's id is kept; without a right signature there is nothing at that address."""
    hook = Sms("webhook")
    await round_of(office, hook)
    body = {"alert": str(hook.sent[0].id), "status": "read", "at": "2026-03-04T09:05:00+08:00"}
    headers = signed(SECRET, body)
    assert (await post(app, "/receipts/webhook", body)).status_code == 404
    assert (await post(app, "/receipts/webhook", {**body, "status": "failed"}, headers)).status_code == 404
    assert (await post(app, "/receipts/webhook", body, headers)).status_code == 204
    first, *_ = Proof(office.database).log(LogQuery("c1"))
    assert reached(first)[-1] == ("reported read", "2026-03-04T09:05:00+08:00")


@pytest.mark.parametrize(
    "path", ["/receipts/aliyun", "/receipts/aliyun?key=no", "/receipts/pigeon?key=s3cret-of-the-address"]
)
async def test_without_the_secret_there_is_nothing(app: FastAPI, path: str) -> None:
    """A wrong secret and an unknown provider are answered alike."""
    assert (await post(app, path, [])).status_code == 404


async def test_while_the_database_is_away_a_report_is_to_be_sent_again(office: Office) -> None:
    """A report that cannot be stored is answered with 503, so that the provider sends it again."""
    away = Database("postgresql://127.0.0.1:1/none", schema="notifier", name="receipts-test", wait=0.1)
    away.open()
    app = receipts_app(away, office.clock, "s3cret-of-the-address", {})
    report = [{"out_id": "x"}]
    assert (await post(app, "/receipts/aliyun?key=s3cret-of-the-address", report)).status_code == 503
    away.close()


@pytest.mark.parametrize("body", [b"", b"[", b"1", b'["x"]', b"[" * 5000, json.dumps([{}] * 1001).encode()])
def test_a_report_in_another_form_is_refused(body: bytes) -> None:
    """What is no list of objects raises `BadReportError`, whatever else it is."""
    for reader in (aliyun, tencent):
        with pytest.raises(BadReportError):
            reader(body)


def test_a_report_of_a_stranger_finds_nothing() -> None:
    """Fields of other types than the provider's become no key, no id and no text."""
    (report,) = aliyun(b'[{"out_id": 5, "biz_id": {"a": 1}, "success": "no", "report_time": []}]')
    assert (report.key, report.provider_id, report.status, report.told_at) == (None, None, "failed", "")
