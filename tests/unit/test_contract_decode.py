"""What an event is and what it is not: every refusal names the field and the rule."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.contract import (
    DATA_TYPES,
    MAX_EVENT_BYTES,
    RULES,
    BadEvent,
    FollowUpRecorded,
    VisitRegistered,
    decode_event,
)
from tests.support.contract import DATA, encode, envelope


def refusal(raw: bytes, *, recorded: bool = True, imported: bool = False) -> tuple[str, str]:
    with pytest.raises(BadEvent) as caught:
        decode_event(raw, recorded=recorded, imported=imported)
    assert caught.value.message
    return caught.value.path, caught.value.rule


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_every_type_is_decoded(event_type: str) -> None:
    """Each of the contract's event types is read into the model of its name."""
    event = decode_event(encode(envelope(event_type)), recorded=True)
    assert type(event.data) is DATA_TYPES[event_type]
    assert event.type == event_type


def test_the_samples_cover_the_contract() -> None:
    """There are 41 event types, and a sample of each."""
    assert len(DATA_TYPES) == 41
    assert set(DATA) == set(DATA_TYPES)


def test_times_are_held_in_utc() -> None:
    """All times of an event are plain datetimes in UTC, those of its data too."""
    event = decode_event(encode(envelope()), recorded=True)
    assert event.occurred_at == datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    assert isinstance(event.data, VisitRegistered)
    assert event.data.started_at == datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    assert type(event.data.started_at) is datetime
    assert event.data.started_at.tzinfo is UTC
    assert event.data.next_on == date(2026, 3, 4)


def test_reached_is_true_where_it_is_left_out() -> None:
    """A follow-up reached the customer unless it says otherwise."""
    event = decode_event(encode(envelope("followup.recorded", data={"reached": None})), recorded=True)
    assert isinstance(event.data, FollowUpRecorded)
    assert event.data.reached is True


def test_fields_that_state_their_default_are_accepted() -> None:
    """`reached: true` and empty lists say what leaving them out says."""
    raw = encode(envelope("followup.recorded", data={"reached": True}))
    left_out = encode(envelope("followup.recorded", data={"reached": None}))
    assert decode_event(raw, recorded=True) == decode_event(left_out, recorded=True)
    visit = decode_event(encode(envelope(data={"present": [], "companions": []})), recorded=True)
    assert isinstance(visit.data, VisitRegistered)
    assert visit.data.present == ()


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"id": "not-a-uuid"}, "id", "pattern"),
        ({"id": None}, "id", "required"),
        ({"type": "visit.imagined"}, "type", "unknown_type"),
        ({"type": 3}, "type", "type"),
        ({"scope": "Demo"}, "scope", "pattern"),
        ({"scope": "x" * 65}, "scope", "pattern"),
        ({"office": "demo_office"}, "office", "pattern"),
        ({"actor": ""}, "actor", "blank"),
        ({"actor": "  "}, "actor", "blank"),
        ({"actor": " li"}, "actor", "padded"),
        ({"actor": "li "}, "actor", "padded"),
        ({"actor": "l\x00i"}, "actor", "control"),
        ({"actor": "x" * 65}, "actor", "id"),
        ({"actor": "li\u200b"}, "actor", "id"),
        ({"actor": "l i"}, "actor", "id"),
        ({"actor": "li\u3164"}, "actor", "id"),
        ({"actor": "li/wang"}, "actor", "id"),
        ({"carried": {"register": "r", "row": 1, "attested_by": "li\ufeff"}}, "carried.attested_by", "id"),
        ({"data": {"visit": "v" * 65}}, "data.visit", "id"),
        ({"data": {"visit": "v\u202e1"}}, "data.visit", "id"),
        ({"data": {"on_behalf_of": "李 娜"}}, "data.on_behalf_of", "id"),
        ({"data": {"present": ["li", "wang\u2060"]}}, "data.present[1]", "id"),
        (
            {"data": {"asked": {"visited_before": "yes", "contacted_by": "a#b"}}},
            "data.asked.contacted_by",
            "id",
        ),
        ({"data": {"referred_by": [{"consultant": "zhao\u200d"}]}}, "data.referred_by[0].consultant", "id"),
        ({"occurred_at": "2026-03-01T10:00:00"}, "occurred_at", "instant"),
        ({"occurred_at": "2026-03-01T02:07:00.000001Z"}, "occurred_at", "future"),
        ({"recorded_at": None}, "recorded_at", "required"),
        ({"recorded_at": "2026-03-01T10:02:00+08:00"}, "recorded_at", "utc"),
        ({"extra": 1}, "extra", "unknown_field"),
        ({"data": {"extra": 1}}, "data.extra", "unknown_field"),
        ({"data": {"received_by": None}}, "data.received_by", "required"),
        ({"data": {"received_by": 7}}, "data.received_by", "type"),
        ({"data": {"capacity": "boss"}}, "data.capacity", "one_of"),
        ({"data": {"capacity": "on_turn"}}, "data.on_behalf_of", "with_assist"),
        ({"data": {"started_at": "2026-02-30T10:00:00+08:00"}}, "data.started_at", "instant"),
        ({"data": {"started_at": 1767225600}}, "data.started_at", "type"),
        ({"data": {"next_on": "2026-2-3"}}, "data.next_on", "date"),
        ({"data": {"next_on": "1926-02-03"}}, "data.next_on", "date"),
        ({"data": {"notes": "bell\x07"}}, "data.notes", "control"),
        ({"data": {"level": "A\n"}}, "data.level", "control"),
        ({"data": {"notes": "字" * 4001}}, "data.notes", "length"),
        ({"data": {"present": "li"}}, "data.present", "type"),
        ({"data": {"present": ["li"] * 101}}, "data.present", "length"),
        ({"data": {"present": ["li", ""]}}, "data.present[1]", "blank"),
        ({"data": {"customer": {"phones": ["13800000001", "12"]}}}, "data.customer.phones[1]", "phone"),
        ({"data": {"customer": {"phones": ["hello"]}}}, "data.customer.phones[0]", "phone"),
        ({"data": {"customer": {"name": "x" * 201}}}, "data.customer.name", "length"),
        ({"data": {"customer": {"wechat": "李娜"}}}, "data.customer.wechat", "wechat"),
        ({"data": {"companions": [{"wechat": "微信"}]}}, "data.companions[0].wechat", "wechat"),
        ({"data": {"companions": [{}, {"phones": ["1"]}]}}, "data.companions[1].phones[0]", "phone"),
        ({"data": {"referred_by": [{"phone": "1"}]}}, "data.referred_by[0].phone", "phone"),
        ({"data": {"asked": {"visited_before": "maybe"}}}, "data.asked.visited_before", "one_of"),
    ],
)
def test_a_wrong_visit_is_refused_by_path_and_rule(changes: dict[str, Any], path: str, rule: str) -> None:
    """What is wrong with a registration is named by the path of the field and the rule that it broke."""
    assert refusal(encode(envelope(**changes))) == (path, rule)


@pytest.mark.parametrize(
    ("event_type", "changes", "path", "rule"),
    [
        ("followup.recorded", {"content": "   "}, "data.content", "blank"),
        ("followup.recorded", {"content": ""}, "data.content", "blank"),
        ("followup.recorded", {"reached": "yes"}, "data.reached", "type"),
        ("household.linked", {"members": [{"phones": ["13800000001"]}]}, "data.members", "length"),
        (
            "household.linked",
            {"members": [{"phones": ["13800000001"]}, {"name": "王芳"}]},
            "data.members[1]",
            "contact",
        ),
        ("dispute.ruled", {"shares": {"li": 6000, "wang": 4001}}, "data.shares", "shares"),
        ("dispute.ruled", {"shares": {"li": -1, "wang": 10001}}, "data.shares", "range"),
        ("dispute.ruled", {"shares": {"li": 9999.5, "wang": 0.5}}, "data.shares", "type"),
        ("dispute.ruled", {"shares": {"": 10000}}, "data.shares", "blank"),
        ("dispute.ruled", {"shares": {"li ": 10000}}, "data.shares", "padded"),
        ("dispute.ruled", {"shares": {"li\u200b": 10000}}, "data.shares", "id"),
        ("dispute.ruled", {"dispute": "q\ufeff"}, "data.dispute", "id"),
        ("deal.signed", {"deal": "d\u2066"}, "data.deal", "id"),
        ("deal.subscribed", {"deal": "d" * 65}, "data.deal", "id"),
        ("shift.opened", {"order": ["li", "wang!"]}, "data.order[1]", "id"),
        ("claim.transferred", {"approved_by": ["gao\u200b"]}, "data.approved_by[0]", "id"),
        ("staff.enrolled", {"staff": "李\u200b娜"}, "data.staff", "id"),
        (
            "household.linked",
            {"members": [{"phones": ["13800000001"]}, {"phones": ["无"], "wechat": "-"}]},
            "data.members[1]",
            "contact",
        ),
        ("survey.recorded", {"score": 6}, "data.score", "range"),
        ("survey.recorded", {"score": True}, "data.score", "type"),
        ("survey.recorded", {"answers": {"greeted": 2}}, "data.answers.greeted", "one_of"),
        ("deal.subscribed", {"amount": "-1"}, "data.amount", "pattern"),
        ("deal.subscribed", {"amount": "1e6"}, "data.amount", "pattern"),
        ("deal.subscribed", {"amount": 1280000}, "data.amount", "type"),
        ("rulebook.adopted", {"version": 0}, "data.version", "range"),
        ("rulebook.adopted", {"version": 1.0}, "data.version", "type"),
        ("rulebook.adopted", {"effective_from": "2026-03-01"}, "data.effective_from", "instant"),
        ("shift.opened", {"order": ["li", "wang", "li"]}, "data.order", "repeated"),
        ("record.corrected", {"record": "r1"}, "data.record", "pattern"),
        ("staff.enrolled", {"contacts": {"sms": "12"}}, "data.contacts.sms", "phone"),
        ("staff.enrolled", {"role": "boss"}, "data.role", "one_of"),
    ],
)
def test_a_wrong_field_of_other_types_is_refused(
    event_type: str, changes: dict[str, Any], path: str, rule: str
) -> None:
    """The other types are held to their fields in the same way."""
    assert refusal(encode(envelope(event_type, data=changes))) == (path, rule)


@pytest.mark.parametrize(
    ("raw", "path", "rule"),
    [
        (b"", "", "empty"),
        (b" \n", "", "empty"),
        (b"{", "", "json"),
        (b"nonsense", "", "json"),
        (b"[]", "", "type"),
        (b"null", "", "null"),
        (b"\xef\xbb\xbf" + encode(envelope()), "", "encoding"),
        (encode(envelope()).decode().encode("gb18030"), "", "encoding"),
        (encode(envelope()).decode().encode("utf-16"), "", "encoding"),
        (b" " * (MAX_EVENT_BYTES + 1), "", "too_large"),
        (b"[" * 60_000, "", "depth"),
        (b'{"data":' * 7_000, "", "depth"),
        (encode(envelope())[:-1] + b',"carried":' + b"[" * 9 + b"]" * 9 + b"}", "", "depth"),
        (encode(envelope()) + b"{}", "", "json"),
    ],
)
def test_a_document_that_is_no_event_is_refused(raw: bytes, path: str, rule: str) -> None:
    """Empty, cut, foreign, huge and deep documents are refused before their fields are looked at."""
    assert refusal(raw) == (path, rule)


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('"actor": "li"', '"actor": "li", "actor": "li"', "actor"),
        ('"actor": "li"', '"actor" : "li", "\\u0061ctor": "wang"', "actor"),
        ('"name": "张伟"', '"name": "王芳", "name": "张伟"', "data.customer.name"),
        ('"name": "张伟"', '"name": ":::", "name": "张伟"', "data.customer.name"),
        ('"data": {', '"data": {}, "data": {', "data"),
        ('"consultant": "zhao"', '"consultant": "a", "consultant": "b"', "data.referred_by[1].consultant"),
    ],
)
def test_a_key_given_twice_is_refused_at_any_depth(before: str, after: str, path: str) -> None:
    """Two readers of a document with a key given twice may disagree on what it says, so nobody reads it."""
    text = encode(envelope()).decode()
    assert before in text
    assert refusal(text.replace(before, after, 1).encode()) == (path, "duplicate_key")


def test_a_share_given_twice_is_refused() -> None:
    """A member of staff stands once among the shares."""
    text = encode(envelope("dispute.ruled")).decode().replace('"wang": 4000', '"li": 4000')
    assert refusal(text.encode()) == ("data.shares.li", "duplicate_key")


@pytest.mark.parametrize("field", ["actor", "carried", "recorded_at"])
def test_null_is_refused_in_the_envelope(field: str) -> None:
    """There is one way of saying nothing: leaving the field out."""
    document = envelope() | {field: None}
    assert refusal(json.dumps(document).encode()) == (field, "null")


def test_null_is_refused_in_the_data() -> None:
    """An optional field of the data is left out, not null."""
    document = envelope()
    document["data"]["designated"] = None
    assert refusal(encode(document)) == ("data.designated", "null")


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_none_are_refused(text: bytes) -> None:
    """No reading of NaN or infinity reaches a field."""
    raw = encode(envelope("survey.recorded")).replace(b'"score": 4', b'"score": ' + text)
    assert refusal(raw)[1] in {"json", "number", "type"}


@pytest.mark.parametrize("escape", ["\\u0000", "\\u001b", "\\u007f", "\\u0085", "\\ud800"])
def test_escaped_control_characters_are_refused(escape: str) -> None:
    """An escape hides nothing: NUL, controls and lone surrogates are refused however they are written."""
    raw = encode(envelope()).decode().replace("张伟", f"张{escape}伟").encode()
    path, rule = refusal(raw)
    assert (path, rule) in {("data.customer.name", "control"), ("", "json")}


def test_an_escaped_sound_text_is_accepted() -> None:
    """Escapes as such are JSON: the event is the same."""
    escaped = json.dumps(envelope()).encode()
    assert b"\\u5f20" in escaped
    assert decode_event(escaped, recorded=True) == decode_event(encode(envelope()), recorded=True)


def test_white_space_between_tokens_is_accepted() -> None:
    """An event may be written over several lines."""
    pretty = json.dumps(envelope(), indent=2, ensure_ascii=False).encode() + b"\r\n"
    assert decode_event(pretty, recorded=True) == decode_event(encode(envelope()), recorded=True)


def test_recorded_at_is_never_taken_from_a_client() -> None:
    """Over HTTP `recorded_at` must be absent; intake stamps it."""
    assert refusal(encode(envelope()), recorded=False) == ("recorded_at", "stamped")
    event = decode_event(encode(envelope(recorded_at=None)), recorded=False)
    assert event.recorded_at is None


CARRIED = {"register": "来访登记本", "row": 3, "attested_by": "gao"}


def test_carried_entries_are_registrations() -> None:
    """Only what can stand in a register of customers can be carried over from one."""
    event = decode_event(encode(envelope(carried=CARRIED)), recorded=True)
    assert event.carried is not None
    assert event.carried.row == 3
    assert refusal(encode(envelope("deal.signed", carried=CARRIED))) == ("carried", "carried_type")
    assert refusal(encode(envelope(carried=CARRIED | {"row": 0}))) == ("carried.row", "range")


def test_carried_entries_come_by_an_import() -> None:
    """A client cannot say of a single event that it was carried over."""
    raw = encode(envelope(carried=CARRIED, recorded_at=None))
    assert refusal(raw, recorded=False) == ("carried", "carried_import")
    assert decode_event(raw, recorded=False, imported=True).carried is not None


def test_a_ruling_that_names_nothing_is_of_the_contract() -> None:
    """It is kept, and judged as one that does not count."""
    raw = encode(envelope("dispute.ruled", data={"owner": None, "shares": None}))
    assert decode_event(raw, recorded=True).type == "dispute.ruled"


def test_a_masked_member_of_a_household_is_of_the_contract() -> None:
    """A masked phone names nobody; the record is kept and flagged when it is judged."""
    members = [{"phones": ["13800000001"]}, {"phones": ["138****0002"]}]
    assert decode_event(encode(envelope("household.linked", data={"members": members})), recorded=True)


def test_refusals_never_repeat_the_value() -> None:
    """A refused value may be a phone number; the message leaves it out."""
    for changes in ({"capacity": "13800000001"}, {"13800000001": 1}, {"started_at": "13800000001"}):
        with pytest.raises(BadEvent) as caught:
            decode_event(encode(envelope(data=changes)), recorded=True)
        assert "13800000001" not in caught.value.message


@pytest.mark.parametrize(
    ("event_type", "changes", "values"),
    [
        ("visit.registered", {"capacity": "boss"}, "on_turn, assist"),
        ("visit.registered", {"asked": {"visited_before": "maybe"}}, "yes, no, unsure"),
        ("visit.registered", {"category": "x"}, "prospect, interested, promising, general"),
        ("survey.recorded", {"answers": {"greeted": 2}}, "0, 1"),
        ("staff.away", {"reason": "tired"}, "personal, business, company_task, brief"),
    ],
)
def test_a_value_that_is_not_allowed_is_told_with_those_that_are(
    event_type: str, changes: dict[str, Any], values: str
) -> None:
    """Who sent a wrong value sees the right ones in the message."""
    with pytest.raises(BadEvent) as caught:
        decode_event(encode(envelope(event_type, data=changes)), recorded=True)
    assert all(value in caught.value.message for value in values.split(", "))


def test_broken_json_is_told_with_its_place() -> None:
    """The message says at which character a document breaks off."""
    with pytest.raises(BadEvent, match=r"\[8\]"):
        decode_event(b'{"id": x}', recorded=True)


def test_every_rule_is_told_in_both_languages() -> None:
    """No rule lacks its words in Chinese or in English."""
    assert all(text.zh != text.en for text in RULES.values())


@pytest.mark.parametrize("raw", [b"9" * 10_000, b'{"id":' + b"9" * 10_000 + b"}"])
def test_a_number_of_any_length_is_refused_like_any_other(raw: bytes) -> None:
    """Python itself will not read more than some thousand digits; that is no defect to the sender."""
    with pytest.raises(BadEvent):
        decode_event(raw, recorded=False)


@pytest.mark.parametrize(
    ("event_type", "field"),
    [("survey.recorded", "score"), ("rulebook.adopted", "version"), ("deal.subscribed", "amount")],
)
@pytest.mark.parametrize("number", ["1e999", "-1e999", "1E+400"])
def test_a_number_beyond_all_bounds_is_told_as_one(event_type: str, field: str, number: str) -> None:
    """The message says that the number is too large, and not that it should be `…`."""
    raw = encode(envelope(event_type, data={field: "@"})).replace(b'"@"', number.encode())
    with pytest.raises(BadEvent) as caught:
        decode_event(raw, recorded=True)
    assert (caught.value.path, caught.value.rule) == (f"data.{field}", "number")
    assert "too large" in caught.value.message
