"""Who a record names: phones, WeChat ids, and what is hidden of them."""

from __future__ import annotations

import pytest

from shared.contract import (
    Party,
    contact_of,
    contacts_of,
    mask,
    mask_contact,
    normalise_phone,
)


@pytest.mark.parametrize(
    "written",
    [
        "13800000001",
        "138 0000 0001",
        "138-0000-0001",
        "+8613800000001",
        "+86-13800000001",
        "+86 138 0000 0001",
        "0086 13800000001",
        "(+86) 138 0000 0001",
        "１３８００００００01",
        "＋８６１３８００００００01",
        " 13800000001 ",
        "tel:+86-138-0000-0001",
    ],
)
def test_usual_ways_of_writing_a_mobile_are_one_number(written: str) -> None:
    """However a mobile number is typed, it is the same contact."""
    assert normalise_phone(written) == "+8613800000001"


@pytest.mark.parametrize(
    ("written", "contact"),
    [
        ("010-88886666", "+861088886666"),
        ("(0755) 8888 6666", "+8675588886666"),
        ("010-88886666转8001", "+861088886666"),
        ("+852 2345 6789", "+85223456789"),
        ("+1 650-253-0000", "+16502530000"),
    ],
)
def test_other_numbers_are_e164_too(written: str, contact: str) -> None:
    """Landlines take their area, foreign numbers their country; an extension identifies nobody."""
    assert normalise_phone(written) == contact


@pytest.mark.parametrize(
    "written", ["", "12", "hello", "1-800-FLOWERS", "call 13800000001", "1380000000123456", "+999123456789"]
)
def test_what_cannot_be_a_phone_has_no_contact(written: str) -> None:
    """Words, letters that a telephone would dial, and impossible lengths are not phones."""
    assert normalise_phone(written) is None


def test_contacts_are_phones_then_wechat_without_doubles() -> None:
    """Masked phones are left out, doubles stand once, a WeChat id is trimmed and lower-cased."""
    party = Party(
        phones=("138 0000 0001", "138****0001", "+8613800000001", "010-88886666"), wechat=" Zhang_W "
    )
    assert contacts_of(party) == ("+8613800000001", "+861088886666", "wechat:zhang_w")


def test_what_was_stored_goes_before_what_is_read_now() -> None:
    """A phone keeps the number that it was read as when it was recorded."""
    party = Party(phones=("0898-66668888", "13800000001"))
    assert contacts_of(party, {"0898-66668888": "+86999"}) == ("+86999", "+8613800000001")


def test_a_masked_phone_is_no_contact() -> None:
    """Stars, ASCII or full-width, hide a number: it matches nothing."""
    assert contacts_of(Party(name="张伟", phones=("138****0001", "138＊＊＊＊0001"))) == ()


@pytest.mark.parametrize(
    ("typed", "contact"),
    [
        ("138 0000 0001", "+8613800000001"),
        ("WeChat: Zhang_W ", "wechat:zhang_w"),
        ("wechat:", None),
        ("138****0001", None),
        ("张伟", None),
    ],
)
def test_a_typed_contact_is_read_as_a_record_would(typed: str, contact: str | None) -> None:
    """What is looked up at the door is normalised as what was registered."""
    assert contact_of(typed) == contact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 13800000001 now", "call 138****0001 now"),
        ("张13800000001伟", "张138****0001伟"),
        ("phone=+86-138-0000-0001", "phone=138****0001"),
        ("b'a13800000001'", "b'a138****0001'"),
        ("010-88886666", "010****6666"),
        ("8888666", "88****66"),
        ("１３８００００００01", "１３８****００01"),
    ],
)
def test_phones_in_a_text_are_masked(text: str, shown: str) -> None:
    """Whatever looks like a phone number is masked, wherever it stands."""
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "343a3361-1234-4211-8123-123456789012",
        "2026-03-01T10:00:00.123456+08:00",
        "as of 2026-03-01, seq 12345",
        "127.0.0.1:43210",
        "192.168.100.200",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "visit v1 of li",
    ],
)
def test_ids_times_and_addresses_are_not_masked(text: str) -> None:
    """What an operator follows a fact by stays readable."""
    assert mask(text) == text


def test_contacts_are_shown_masked() -> None:
    """A contact can be told to someone who should recognise but not learn it."""
    assert mask_contact("+8613800000001") == "138****0001"
    assert mask_contact("wechat:zhangwei") == "wechat:zh****"
