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
    Party,
    canonical,
    contact_of,
    contacts_of,
    content_digest,
    decode_event,
    format_instant,
    is_masked,
    mask,
    normalise_phone,
    parse_instant,
    stamp,
    to_wire,
    wechat_contact,
)
from shared.contract.contacts import wechat_fault
from shared.contract.phones import phone_fault
from shared.contract.plain import says_nothing
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
    """What phonenumbers alone says of a phone without an extension."""
    try:
        number = phonenumbers.parse(phone, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


signs = st.text("0123456789+-() .", max_size=20)
landlines = st.sampled_from(["010", "021", "0755", "0571"]).flatmap(
    lambda area: st.from_regex(r"[2-8][0-9]{7}", fullmatch=True).map(lambda rest: f"{area}-{rest}")
)
unseen = st.text("\u200b\u200d\ufeff\u202a\u202c\u2060\u00ad", max_size=3)
wechat_ids = st.from_regex(r"[a-wyzA-WYZ][a-zA-Z0-9_-]{1,19}", fullmatch=True)


@given(
    st.sampled_from(["", "+86", "+86-", "+86 ", "0086", "0086 ", "86", "86 ", "0", "+86 0", "(+86) "]),
    mobiles,
    st.sampled_from(["", "-", " ", "."]),
    st.sampled_from(["", "-", " "]),
)
def test_a_mobile_is_one_number_however_it_is_written(prefix: str, phone: str, one: str, two: str) -> None:
    """Country codes, a trunk zero, blanks and hyphens change nothing, known to the library or not."""
    assert normalise_phone(f"{prefix}{phone[:3]}{one}{phone[3:7]}{two}{phone[7:]}") == "+86" + phone


@given(signs)
@example("86 138 0000 0001")
@example("+86138000000012")
@example("5301232")
@example("13800000001.0")
def test_a_number_of_digits_is_what_the_library_says(phone: str) -> None:
    """What is read of digits and signs is, but for mobiles and extensions, valid to the library, and the same."""
    found = normalise_phone(phone)
    if found is not None and ";ext=" not in found and not re.fullmatch(r"\+861[3-9]\d{9}", found):
        assert found == by_the_library(phone)
    assert (found is None) == (phone_fault(phone) is not None or is_masked(phone) or says_nothing(phone))


@given(signs | st.text(max_size=20) | mobiles | landlines)
def test_normalising_twice_is_normalising_once(phone: str) -> None:
    """The E.164 form of a number is its own, extension and all."""
    once = normalise_phone(phone)
    assert once is None or (normalise_phone(once), phone_fault(once)) == (once, None)


@given(
    landlines, st.from_regex(r"[0-9]{1,6}", fullmatch=True), st.sampled_from(["转", " ext ", "x", ";ext="])
)
def test_an_extension_is_one_contact_however_it_is_written(phone: str, digits: str, mark: str) -> None:
    """Number and extension are one contact, which the number alone is not."""
    alone = normalise_phone(phone)
    if alone is not None:
        assert normalise_phone(f"{phone}{mark}{digits}") == f"{alone};ext={digits}"


@given(mobiles, st.sampled_from([";", ",", "/", " ", "、", "，", "|", "或", "  "]), mobiles | landlines)
def test_two_numbers_are_never_one(one: str, between: str, other: str) -> None:
    """Whatever stands between two numbers, neither is lost: the field is refused."""
    assert phone_fault(f"{one}{between}{other}") == "phone_several"


@given(
    mobiles.filter(lambda phone: not phone.startswith("179")), st.from_regex(r"[0-9]{1,4}", fullmatch=True)
)
def test_a_digit_too_many_or_too_few_is_nobodys_number(phone: str, more: str) -> None:
    """A mobile of another length than eleven is refused.

    No mobile begins with 179: that dials a carrier of calls over the internet, and a landline may follow.
    """
    assert normalise_phone(phone + more) is None
    assert normalise_phone(phone[:-1]) is None


@given(mobiles | wechat_ids, st.data())
def test_characters_that_nobody_sees_make_nobody_else(contact: str, data: st.DataObject) -> None:
    """Zero width, marks of direction and of byte order change no contact, wherever they stand."""
    at = data.draw(st.integers(0, len(contact)))
    typed = contact[:at] + data.draw(unseen) + contact[at:]
    assert wechat_contact(typed) == wechat_contact(contact)
    assert normalise_phone(typed) == normalise_phone(contact)


@given(st.text(max_size=30) | wechat_ids | mobiles)
def test_a_wechat_id_is_read_once_and_for_all(wechat: str) -> None:
    """What an id was read as is read as itself, and is an id, a phone, or nothing with its reason."""
    found = wechat_contact(wechat)
    if found is None:
        assert wechat_fault(wechat) is not None or is_masked(wechat) or says_nothing(wechat)
    else:
        assert wechat_fault(wechat) is None
        assert wechat_contact(found.removeprefix("wechat:")) == found == contact_of(found)


@given(st.text(max_size=20) | signs | wechat_ids)
def test_a_look_up_answers_a_contact_or_a_refusal(typed: str) -> None:
    """Whatever is typed at the desk is a contact that a record could have, or is refused with a rule."""
    try:
        found = contact_of(typed)
    except BadEvent as refusal:
        assert refusal.path == "contact"
    else:
        assert contacts_of(Party(phones=(found,)) if found[0] == "+" else Party(wechat=found[7:])) == (found,)


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
    assert content_digest(stored) == content_digest(sent)
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
@settings(max_examples=100)
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
@settings(max_examples=100)
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
