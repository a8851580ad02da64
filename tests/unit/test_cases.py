"""Case numbers and codes: what people read back to us, and what is not hidden from them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.faults import reached_not
from services.notifier.channels.pinned_http import Reply
from services.notifier.channels.robot import Robot
from services.notifier.channels.wecom import WeComRobot
from services.notifier.receipts_http import receipts_app
from shared.contract.case_numbers import case_digest, case_number
from shared.contract.contacts import mask
from shared.platform.postgres.database import Database
from tests.support.notifier import SetClock
from tests.unit.test_notifier_hostile_texts import robot


@given(st.text(max_size=40))
def test_a_case_number_is_read_as_it_is_written(customer: str) -> None:
    """Also in small letters, without the hyphen, with the letters that are misread for digits, as a Chinese keyboard
    types it (full width, another dash), and as a chat has it pasted (with marks that nobody sees)."""
    number = case_number(customer)
    digest = case_digest(number)
    assert digest is not None and len(digest) == 5
    for written in (
        number.lower(),
        number.replace("-", ""),
        f" {number} ",
        number.replace("1", "I").replace("0", "O"),
        number.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
        number.replace("-", "—"),
        f"\u2068{number}\u2069\u200b",
        f"\u3000{number[:4]} – {number[5:]}",
    ):
        assert case_digest(written) == digest


@pytest.mark.parametrize("text", ["", "K7QF", "K7QF-2M9", "K7QF-2M9DX", "K7QF-2MUD", "客户"])
def test_what_is_no_case_number_is_none(text: str) -> None:
    """Nothing is looked up for it."""
    assert case_digest(text) is None


@pytest.mark.parametrize("code", [40035, 310000, 4001001, 99991400, 999914001, 9999140012, 99991400123])
def test_a_providers_code_is_shown_whole(code: int) -> None:
    """A code of five to eleven digits is what somebody looks up; it is not masked for looking like a number."""
    made: Robot = robot(WeComRobot)
    told = made.reading(_reply(code))
    assert str(code) in told.answer
    assert f"errcode {code}" in mask(f"refused: errcode {code}, call 13800000001")
    assert "13800000001" not in mask(f"refused: errcode {code}, call 13800000001")


def _reply(code: int) -> Reply:
    return Reply(200, None, f'{{"errcode": {code}, "errmsg": "no 13800000001"}}'.encode())


def test_a_phone_in_a_code_is_masked_all_the_same() -> None:
    """Whatever stands in the place of a code: a mobile number is not shown."""
    assert "13800000001" not in robot(WeComRobot).reading(_reply(13800000001)).answer
    assert "13800000001" not in mask("code 13800000001")


def test_a_certificate_that_is_not_accepted_is_named() -> None:
    """An operator reads what is wrong with it, and not that nobody was reached."""
    inner = ssl.SSLCertVerificationError(1, "x")
    inner.verify_message = "certificate has expired"
    outer = httpx.ConnectError("x")
    outer.__cause__ = inner
    assert "certificate has expired" in reached_not(outer)
    assert reached_not(httpx.ConnectError("x")) == "not reached: ConnectError"


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/readyz", "/v1/alerts"])
async def test_the_receipts_address_serves_receipts_alone(path: str) -> None:
    """It is reached from outside: neither figures nor a description of itself are behind it."""
    database = Database("postgresql:///none", schema="notifier", name="test", max_size=1)
    app = receipts_app(database, SetClock(datetime(2026, 3, 1, tzinfo=UTC)), "a secret of the tests", {})
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.get("/healthz")).status_code == 200
