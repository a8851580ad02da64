"""What crosses the topics: names, headers and messages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.contract import StaffContacts
from shared.contract.topics import (
    BadMessageError,
    ClaimMessage,
    DecisionMessage,
    Headers,
    OwnershipMessage,
    StaffMessage,
    Topics,
    dead_headers,
    decode_headers,
    decode_message,
    encode_headers,
    encode_message,
)

AT = datetime(2026, 3, 5, 16, tzinfo=UTC)
MESSAGES: list[OwnershipMessage] = [
    DecisionMessage(
        scope="demo", seq=1, customer="c1", at=AT, clause="shijiazhuang.1", because=("e1",),
        decision="established", owner="li",
    ),
    DecisionMessage(
        scope="demo", seq=2, customer="c1", at=AT, clause="reception.4", because=("e1", "e2"),
        deal="d1", status="final", shares={"li": 7000, "wang": 3000},
    ),
    ClaimMessage(scope="demo", seq=3, customer="c1", generation=4, owner="li", status="owned", expires_at=AT),
    ClaimMessage(
        scope="demo", seq=4, customer="c1", generation=5, owner=None, status="lapsed", expires_at=None,
        replaces=("c2",),
    ),
    StaffMessage(
        scope="demo", seq=5, staff="li", name="李娜", role="consultant",
        contacts=StaffContacts(sms="13900000001"),
    ),
]  # fmt: skip


def test_a_prefix_keeps_deployments_apart() -> None:
    """The names are those of the contract, behind the deployment's prefix."""
    assert Topics().intake == "panke.intake.v1"
    assert Topics().ownership == "panke.ownership.v1"
    assert Topics().dead == "panke.intake.v1.dead"
    assert Topics().intake_watermark == "panke.intake.watermark.v1"
    assert Topics().ownership_watermark == "panke.ownership.watermark.v1"
    assert Topics("t1.").intake == "t1.panke.intake.v1"


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_survive_the_wire(message: OwnershipMessage) -> None:
    """Encoding a message and decoding it gives the same message, of the same kind."""
    assert decode_message(encode_message(message)) == message


def test_a_claim_says_all_that_timers_need() -> None:
    """Every field of a claim stands in the message, null where there is nothing."""
    assert encode_message(MESSAGES[3]) == (
        b'{"kind":"claim","scope":"demo","seq":4,"customer":"c1","generation":5,"owner":null,'
        b'"status":"lapsed","expires_at":null,"replaces":["c2"],"timezone":null}'
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"{}",
        b'{"kind":"rumour","scope":"demo","seq":1}',
        b'{"kind":"claim","scope":"demo","seq":1}',
        encode_message(MESSAGES[2]).replace(b"2026", b"1026"),
        encode_message(MESSAGES[2]).replace(b'"generation":4', b'"generation":"4"'),
        encode_message(MESSAGES[2])[:-1] + b',"extra":1}',
    ],
)
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    """A record that is not of the topic is told apart, whatever it holds."""
    with pytest.raises(BadMessageError):
        decode_message(raw)


@pytest.mark.parametrize(
    "headers",
    [
        Headers(),
        Headers(seq=1),
        Headers(seq=123_456_789, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"),
        Headers(watermark=AT),
        Headers(seq=2, known_at=AT),
        Headers(seq=2, edition=3, restated=True),
        Headers(seq=1, contacts={"１３８ 0000 0001": "+8613800000001"}, default_rulebook="shijiazhuang"),
    ],
)
def test_headers_survive_the_wire(headers: Headers) -> None:
    """Encoding headers and decoding them gives the same headers."""
    assert decode_headers(encode_headers(headers)) == headers


def test_headers_of_others_are_passed_over() -> None:
    """Another's header may hold anything; ours are found beside it."""
    assert decode_headers([("x", b"\xff"), ("seq", b"7"), ("y", None)]) == Headers(seq=7)


@pytest.mark.parametrize(
    "raw",
    [
        [("seq", b"0")],
        [("seq", b"-1")],
        [("seq", b"1.0")],
        [("seq", "１".encode())],
        [("seq", b"9" * 30)],
        [("seq", None)],
        [("seq", b"1"), ("seq", b"2")],
        [("watermark", b"yesterday")],
        [("watermark", b"2026-03-01T10:00:00+08:00")],
        [("traceparent", b"\xff")],
        [("contacts", b"[]")],
        [("contacts", b'{"138":1}')],
    ],
)
def test_wrong_headers_of_ours_are_refused(raw: list[tuple[str, bytes | None]]) -> None:
    """A place in the order or a watermark that cannot be read is never guessed."""
    with pytest.raises(BadMessageError):
        decode_headers(raw)


def test_a_dead_record_says_why_and_where_it_lay() -> None:
    """An operator finds the record again by topic, partition and offset."""
    told = dict(dead_headers("no seq", "panke.intake.v1", 3, 42))
    assert told == {"reason": b"no seq", "topic": b"panke.intake.v1", "partition": b"3", "offset": b"42"}
