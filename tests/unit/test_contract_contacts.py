"""Who a record names: phones, WeChat ids, and what is hidden of them."""

from __future__ import annotations

import pytest

from shared.contract import (
    BadEvent,
    Party,
    can_be_seen,
    contact_of,
    contacts_of,
    is_masked,
    mask,
    mask_contact,
    normalise_phone,
    wechat_contact,
)
from shared.contract.contacts import wechat_fault
from shared.contract.phones import phone_fault


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
        "8613800000001",
        "86-138 0000 0001",
        "013800000001",
        "+86 0138 0000 0001",
        "138.0000.0001",
        "138–0000–0001",
        "\u200b138\ufeff00000001\u202c",
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
        ("2987388888", "+862987388888"),
        ("022-22222222", "+862222222222"),
        ("400-800-1234", "+864008001234"),
        ("800-820-1234", "+868008201234"),
        ("+852 2345 6789", "+85223456789"),
        ("+1 650-253-0000", "+16502530000"),
    ],
)
def test_other_numbers_are_e164_too(written: str, contact: str) -> None:
    """Landlines take their area, foreign numbers their country; 400 and 800 numbers are numbers."""
    assert normalise_phone(written) == contact


@pytest.mark.parametrize(
    "written",
    [
        "010-88886666转8001",
        "010-88886666 转 8001",
        "010-88886666转分机8001",
        "010-88886666分机8001",
        "010-88886666 ext. 8001",
        "010-88886666 EXT8001",
        "010-88886666x8001",
        "010-88886666 X 8001",
        "010-88886666-8001",
        "(010) 8888 6666-8001",
        "010-8888-6666-8001",
        "０１０－８８８８６６６６－８００１",
        "+861088886666;ext=8001",
        "tel:+86-10-8888-6666;ext=8001",
    ],
)
def test_an_extension_is_part_of_the_number(written: str) -> None:
    """However an extension is written, it makes one contact with the number, another than the number alone."""
    assert normalise_phone(written) == "+861088886666;ext=8001"


def test_an_extension_behind_a_mobile_is_told_by_a_word() -> None:
    """A hyphen behind a mobile begins no extension: only landlines have those."""
    assert normalise_phone("13800000001转8001") == "+8613800000001;ext=8001"
    assert normalise_phone("13800000001-8001") is None


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("12", "phone"),
        ("hello", "phone"),
        ("张伟", "phone"),
        ("1-800-FLOWERS", "phone_beside"),
        ("call 13800000001", "phone_beside"),
        ("13800000001 (2)", "phone_beside"),
        ("13800000001.0", "phone_beside"),
        ("13800000001/2", "phone_beside"),
        ("13800000001（微信同号）", "phone_beside"),
        ("13800000001#2", "phone_beside"),
        ("010-88886666#8001", "phone_beside"),
        ("010-88886666转8001234", "phone_several"),
        ("010-88886666转", "phone_beside"),
        ("138000000011", "phone_length"),
        ("1380000001", "phone_length"),
        ("+86 1380000001", "phone_length"),
        ("84664163", "phone_area"),
        ("8466416", "phone_area"),
        ("53012320", "phone_area"),
        ("12345", "phone"),
        ("95588", "phone"),
        ("110", "phone"),
        ("+8612345", "phone"),
        ("11111111111", "phone"),
        ("00000000000", "phone"),
        ("2222222222", "phone"),
        ("13800000001;13900000002", "phone_several"),
        ("13800000001,88886666", "phone_several"),
        ("13800000001、13900000002", "phone_several"),
        ("13800000001 13900000002", "phone_several"),
        ("13800000001/010-88886666", "phone_several"),
        ("13800000001*13900000002", "phone_several"),
        ("13800000001 … 010-88886666", "phone_several"),
        ("13800000001x010-88886666", "phone_several"),
        ("1380000000113900000002", "phone_several"),
        ("1380000000123456", "phone_several"),
        ("+999123456789", "phone"),
    ],
)
def test_what_is_no_phone_breaks_a_rule(written: str, rule: str) -> None:
    """A digit too many, a second number, a word beside it, no area code: each is told as what it is."""
    assert phone_fault(written) == rule
    assert normalise_phone(written) is None
    assert not is_masked(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "\u200b",
        "无",
        " 没有 ",
        "暂无",
        "Ｎ/Ａ",
        "NULL",
        "None",
        "-",
        "－",
        "—",
        "／",
        ".",
        "同手机号",
    ],
)
def test_words_that_say_nothing_are_as_if_not_there(written: str) -> None:
    """What a desk types into the field when there is no number is neither a contact nor a mistake."""
    assert contacts_of(Party(phones=(written, "13800000001"), wechat=written)) == ("+8613800000001",)
    assert phone_fault(written) is None
    assert wechat_fault(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "138****0001",
        "138＊＊＊＊0001",
        "138••••0001",
        "138●●●●0001",
        "138××××0001",
        "138…0001",
        "138...0001",
        "138xxxx0001",
        "138 XXXX 0001",
        "138x0001",
        "010-8888xxxx8",
    ],
)
def test_something_left_out_matches_nobody(written: str) -> None:
    """A masked phone or WeChat id is kept as written: no contact, and no mistake."""
    assert contacts_of(Party(phones=(written,), wechat=written)) == ()
    assert phone_fault(written) is None
    assert wechat_fault(written) is None
    with pytest.raises(BadEvent) as caught:
        contact_of(written)
    assert caught.value.rule == "masked"


@pytest.mark.parametrize(
    ("written", "contact"),
    [
        ("zhang_w", "wechat:zhang_w"),
        ("\u200bZhang_W\ufeff", "wechat:zhang_w"),
        ("ｚｈａｎｇ_ｗ", "wechat:zhang_w"),
        ("na1x2", "wechat:na1x2"),
        ("a-b.c_1", "wechat:a-b.c_1"),
        ("13800000001", "+8613800000001"),
        ("+86 138 0000 0001", "+8613800000001"),
        ("zh****", None),
        ("1x2", None),
        ("同手机号", None),
    ],
)
def test_a_wechat_id_is_an_id_a_phone_or_nothing(written: str, contact: str | None) -> None:
    """Full-width and invisible characters make no other id; a mobile by its form is that phone."""
    assert wechat_contact(written) == contact
    assert wechat_fault(written) is None


@pytest.mark.parametrize(
    "written", ["李娜", "z", "12345678", "_-.", "zhang w", "wx:abc", "a" * 65, "010-88886666"]
)
def test_a_wechat_id_has_a_grammar(written: str) -> None:
    """2 to 64 of `a-z 0-9 _ - .` with a letter among them; all else is a mistake."""
    assert wechat_contact(written) is None
    assert wechat_fault(written) == "wechat"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("张伟", True),
        ("a", True),
        ("7", True),
        ("", False),
        ("?", False),
        ("\u200b", False),
        ("\u3164", False),
    ],
)
def test_a_name_that_nobody_sees_is_blank(name: str, seen: bool) -> None:
    """A name says something where a letter or a digit of it can be seen."""
    assert can_be_seen(name) is seen


def test_a_phone_given_as_wechat_too_stands_once() -> None:
    """微信同号: the WeChat id that is the phone adds no contact."""
    assert contacts_of(Party(phones=("138 0000 0001",), wechat="13800000001")) == ("+8613800000001",)


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


@pytest.mark.parametrize(
    ("typed", "contact"),
    [
        ("138 0000 0001", "+8613800000001"),
        ("010-88886666转8001", "+861088886666;ext=8001"),
        ("WeChat: Zhang_W ", "wechat:zhang_w"),
        ("微信号：Zhang_W", "wechat:zhang_w"),
        ("wx_abc", "wechat:wx_abc"),
        ("\u200bＷＸ_abc", "wechat:wx_abc"),
        ("wechat:13800000001", "+8613800000001"),
    ],
)
def test_a_typed_contact_is_read_as_a_record_would(typed: str, contact: str) -> None:
    """What is looked up at the door is normalised as what was registered."""
    assert contact_of(typed) == contact


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("wechat:", "blank_contact"),
        ("无", "blank_contact"),
        ("138****0001", "masked"),
        ("wechat:zh****", "masked"),
        ("张伟", "phone"),
        ("84664163", "phone_area"),
        ("13800000001 13900000002", "phone_several"),
        ("zhang wei", "wechat"),
        ("wechat:李娜", "wechat"),
    ],
)
def test_a_look_up_of_no_contact_says_why(typed: str, rule: str) -> None:
    """Who looks up what matches nobody is told what to type instead."""
    with pytest.raises(BadEvent) as caught:
        contact_of(typed)
    assert (caught.value.path, caught.value.rule) == ("contact", rule)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 13800000001 now", "call 138****0001 now"),
        ("张13800000001伟", "张138****0001伟"),
        ("phone=+86-138-0000-0001", "phone=138****0001"),
        ("b'a13800000001'", "b'a138****0001'"),
        ("010-88886666", "010****6666"),
        ("8888666", "88****66"),
        ("内线 123-4567", "内线 12****67"),
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
    assert mask_contact("+861088886666;ext=8001") == "10****66;ext=****"
