"""What holds for every event, phone and document, not just for those thought of."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.contract import (
    DATA_TYPES,
    BadEvent,
    canonical,
    content_digest,
    decode_event,
    format_instant,
    mask,
    normalise_phone,
    parse_instant,
    stamp,
    to_wire,
)
from shared.contract.scrutiny import scrutinise
from tests.support.contract import encode, envelope

instants = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=st.just(UTC))
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40).filter(
    lambda t: t.strip() == t
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def by_the_library(phone: str) -> str | None:
    """What phonenumbers alone says of a phone."""
    try:
        number = phonenumbers.parse(phone, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(mobiles)
def test_the_quick_way_reads_mobiles_as_the_library_does(phone: str) -> None:
    """A plain Chinese mobile number is what phonenumbers makes of it."""
    assert normalise_phone(phone) == by_the_library(phone) == "+86" + phone


@given(
    st.sampled_from(["", "+86", "+86-", "+86 ", "0086", "0086 ", "0086-"]),
    mobiles,
    st.sampled_from(["", "-", " "]),
    st.sampled_from(["", "-", " "]),
)
def test_written_mobiles_are_read_as_the_library_does(prefix: str, phone: str, one: str, two: str) -> None:
    """Country codes, blanks and hyphens change nothing, by either way of reading."""
    written = f"{prefix}{phone[:3]}{one}{phone[3:7]}{two}{phone[7:]}"
    assert normalise_phone(written) == by_the_library(written) == "+86" + phone


@given(st.text("0123456789+-() .", max_size=20))
@example("86 138 0000 0001")
@example("+86138000000012")
def test_all_digits_are_read_as_the_library_does(phone: str) -> None:
    """What holds no letter is a phone exactly where the library says so."""
    assert normalise_phone(phone) == by_the_library(phone)


@given(mobiles)
def test_normalising_twice_is_normalising_once(phone: str) -> None:
    """The E.164 form of a number is its own."""
    once = normalise_phone(phone)
    assert once is not None
    assert normalise_phone(once) == once


@given(st.text(st.sampled_from("说电话:, \n'\"()[]{}=/abcxyz_-"), max_size=10), mobiles)
def test_no_mobile_is_left_in_a_masked_text(around: str, phone: str) -> None:
    """Whatever stands around a mobile number, it does not stay readable."""
    assert phone not in mask(f"{around}{phone}{around}")


@given(instants, st.integers(-14 * 60, 14 * 60))
def test_an_instant_is_the_same_in_every_zone(instant: datetime, minutes: int) -> None:
    """Reading what was written gives the instant back, whichever offset it was written with."""
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    local = (instant + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat() + offset
    assert parse_instant(local) == instant
    assert parse_instant(format_instant(instant)) == instant


@given(instants)
def test_an_instant_is_told_without_idle_zeros(instant: datetime) -> None:
    """What is written is the ISO form with a Z, and decimals only as far as there are any."""
    whole, _, decimals = instant.isoformat().removesuffix("+00:00").partition(".")
    fraction = f".{decimals.rstrip('0')}" if decimals else ""
    assert format_instant(instant) == f"{whole}{fraction}Z"


@given(st.sampled_from(sorted(DATA_TYPES)), texts, mobiles, instants)
def test_events_survive_stamp_and_wire(event_type: str, name: str, phone: str, instant: datetime) -> None:
    """What was sent, stamped, stored and read again is the same event with the same content."""
    document = envelope(event_type, occurred_at=format_instant(instant), recorded_at=None)
    if "customer" in document["data"]:
        document["data"]["customer"] = {"name": name, "phones": [phone]}
    raw = encode(document)
    sent = decode_event(raw, recorded=False)
    stamped = stamp(raw, instant)
    stored = decode_event(stamped, recorded=True)
    assert (stored.id, stored.data, stored.occurred_at) == (sent.id, sent.data, sent.occurred_at)
    assert stored.recorded_at == instant
    assert content_digest(stamped) == content_digest(raw)
    assert decode_event(to_wire(stored), recorded=True) == stored
    assert canonical(canonical(raw)) == canonical(raw)


@given(st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()), st.booleans())
@example(b'{"data":' * 9000, True)
@example(b'{"id":"' + b"\xc3" + b'"}', True)
def test_bytes_are_an_event_or_a_bad_event(raw: bytes, recorded: bool) -> None:
    """Nothing that is sent raises anything but `BadEvent`."""
    with contextlib.suppress(BadEvent):
        decode_event(raw, recorded=recorded)


@given(st.sampled_from(sorted(DATA_TYPES)), st.data())
@settings(max_examples=300)
def test_mutated_events_are_an_event_or_a_bad_event(event_type: str, data: st.DataObject) -> None:
    """A sound event with any value at any place raises nothing but `BadEvent`, whose path begins in it."""
    document = envelope(event_type)
    target: dict[str, Any] = data.draw(st.sampled_from([document, document["data"]]))
    target[data.draw(st.sampled_from(sorted(target)) | st.text(max_size=8))] = data.draw(json_values)
    with contextlib.suppress(BadEvent):
        decode_event(json.dumps(document).encode(), recorded=True)


@given(st.sampled_from(sorted(DATA_TYPES)), st.data())
def test_mutated_bytes_are_an_event_or_a_bad_event(event_type: str, data: st.DataObject) -> None:
    """A sound event with bytes overwritten raises nothing but `BadEvent`."""
    raw = bytearray(encode(envelope(event_type)))
    start = data.draw(st.integers(0, len(raw) - 1))
    raw[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with contextlib.suppress(BadEvent):
        decode_event(bytes(raw), recorded=True)


@given(st.sampled_from(sorted(DATA_TYPES)), st.data())
@settings(max_examples=300)
def test_the_quick_clearance_agrees_with_the_exact_look(event_type: str, data: st.DataObject) -> None:
    """A member written a second time, anywhere and with whatever text, is found as by the exact look."""
    text = encode(envelope(event_type)).decode()
    members = list(re.finditer(r'"[a-z_]+": (?:"[^"]*"|\d+|true|false)', text))
    member = data.draw(st.sampled_from(members))
    key = member.group().split(":", 1)[0]
    value = data.draw(st.just(member.group().split(":", 1)[1]) | texts.map(json.dumps))
    doubled = f"{text[: member.start()]}{key}:{value}, {text[member.start() :]}"
    try:
        scrutinise(doubled)
    except BadEvent as exact:
        assert exact.rule == "duplicate_key"
    try:
        decode_event(doubled.encode(), recorded=True)
    except BadEvent as found:
        assert found.rule == "duplicate_key"
    else:
        raise AssertionError("a document with a key given twice was read")
