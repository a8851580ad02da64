"""What the registers hold besides, as the decoder takes and refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contract import BadEvent, FollowUpRecorded, ProfileRecorded, RecordAmended, decode_event
from shared.contract.events import RegisterEntry, profile_items
from tests.support.contract import OTHER, encode, envelope


def refusal(event_type: str, changes: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(BadEvent) as found:
        decode_event(encode(envelope(event_type, data=changes)), recorded=True)
    return found.value.path, found.value.rule


@pytest.mark.parametrize(
    ("event_type", "changes", "path", "rule"),
    [
        ("profile.recorded", {"set": None, "none": None, "cleared": None}, "data", "says_nothing"),
        ("profile.recorded", {"set": {}, "none": [], "cleared": []}, "data", "says_nothing"),
        ("profile.recorded", {"set": {"shoe_size": "42"}}, "data.set.shoe_size", "unknown_field"),
        ("profile.recorded", {"none": ["shoe_size"]}, "data.none[0]", "profile_key"),
        ("profile.recorded", {"none": ["level"]}, "data.none[0]", "key_twice"),
        ("profile.recorded", {"none": ["company"], "cleared": ["company"]}, "data.cleared[0]", "key_twice"),
        ("profile.recorded", {"none": ["company", "company"]}, "data.none[1]", "key_twice"),
        ("profile.recorded", {"set": {"category": "vip"}}, "data.set.category", "one_of"),
        ("profile.recorded", {"set": {"email": "  "}}, "data.set.email", "blank"),
        ("profile.recorded", {"set": {"expected_on": "1926-06-01"}}, "data.set.expected_on", "date"),
        ("profile.recorded", {"customer": {"phones": ["12"]}}, "data.customer.phones[0]", "phone"),
        ("plan.made", {"customer": None}, "data.customer", "required"),
        ("plan.made", {"on": "2101-01-01"}, "data.on", "date"),
        ("plan.made", {"plan": "p 1"}, "data.plan", "id"),
        ("worklog.submitted", {"to": "2026-02-28"}, "data.to", "period"),
        ("worklog.submitted", {"from": "1999-12-31"}, "data.from", "date"),
        ("worklog.submitted", {"done": " "}, "data.done", "blank"),
        ("worklog.submitted", {"counts": {"visits": -1}}, "data.counts.visits", "range"),
        ("feedback.received", {"content": None}, "data.content", "required"),
        ("feedback.answered", {"outcome": "ignored"}, "data.outcome", "one_of"),
        ("opportunity.lost", {"cause": ""}, "data.cause", "blank"),
        ("reservation.made", {"kind": "sold"}, "data.kind", "one_of"),
        ("reservation.made", {"amount": "2万"}, "data.amount", "pattern"),
        (
            "deal.terms_set",
            dict.fromkeys(("amount", "list_price", "area", "unit_kind", "payment", "deposit", "due")),
            "data",
            "terms",
        ),
        ("deal.terms_set", {"due": [{"what": "signed", "on": "1999-03-01"}]}, "data.due[0].on", "date"),
        ("deal.terms_set", {"due": [{"what": "moved_in", "on": "2026-03-01"}]}, "data.due[0].what", "one_of"),
        ("deal.progressed", {"amount": None}, "data.amount", "required"),
        ("deal.progressed", {"what": "refunded", "amount": None}, "data.amount", "required"),
        ("request.submitted", {"customer": None, "record": None, "deal": None}, "data", "about"),
        ("request.submitted", {"record": "r1"}, "data.record", "pattern"),
        ("document.attached", {"customer": None, "record": None, "deal": None}, "data", "about"),
        ("document.attached", {"sha256": "AB" * 32}, "data.sha256", "pattern"),
        ("document.attached", {"media_type": "pdf"}, "data.media_type", "pattern"),
        ("record.amended", {"set": {"received_by": "wang"}}, "data.set.received_by", "ruled_field"),
        ("record.amended", {"set": {"customer": {}}}, "data.set.customer", "ruled_field"),
        ("record.amended", {"set": {"shoe_size": "42"}}, "data.set.shoe_size", "unknown_field"),
        ("record.amended", {"cleared": ["received_by"]}, "data.cleared[0]", "one_of"),
        ("record.amended", {"cleared": ["channel"]}, "data.cleared[0]", "key_twice"),
        ("record.amended", {"set": None, "cleared": None}, "data", "says_nothing"),
        ("check.recorded", {"to": "2025-12-31"}, "data.to", "period"),
        ("check.recorded", {"items": [{"verdict": "fine"}]}, "data.items[0].verdict", "one_of"),
        (
            "check.recorded",
            {"items": [{"verdict": "ok", "customer": {"phones": ["1"]}}]},
            "data.items[0].customer.phones[0]",
            "phone",
        ),
        ("target.set", {"to": "2026-02-28"}, "data.to", "period"),
        ("followup.recorded", {"met": ["x" * 201]}, "data.met[0]", "length"),
        ("followup.recorded", {"with": ["a b"]}, "data.with[0]", "id"),
        (
            "deal.subscribed",
            {"terms": {"due": [{"what": "signed", "on": "1999-03-01"}]}},
            "data.terms.due[0].on",
            "date",
        ),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_by_path_and_rule(
    event_type: str, changes: dict[str, Any], path: str, rule: str
) -> None:
    """What is malformed, missing or contradicts itself is named by the path of the field and the rule."""
    assert refusal(event_type, changes) == (path, rule)


@pytest.mark.parametrize(
    ("event_type", "changes"),
    [
        ("plan.made", {"kind": "work", "customer": None}),
        ("deal.progressed", {"what": "mortgage_submitted", "amount": None}),
        ("deal.progressed", {"what": "balance_paid", "done": False, "amount": None}),
        ("record.amended", {"set": None, "cleared": None, "withdrawn": True}),
        ("profile.recorded", {"set": {"related": "另一行\n第二行"[:3]}}),
        ("profile.recorded", {"set": {"mk20": "前任职\n某公司"}}),
        ("survey.recorded", {"answers": None, "by": "he", "via": "call_back", "visit": "v1"}),
        ("record.approved", {"stage": "returned", "remark": "缺电话"}),
        ("shift.opened", {"duty_manager": "gao"}),
        ("staff.enrolled", {"number": "0164323", "title": "销售经理", "team": "一组"}),
        ("complaint.upheld", {"feedback": "t1"}),
        ("claim.transferred", {"request": "s1"}),
        ("deal.subscribed", {"reservation": "r1", "terms": {"area": "98.50", "payment": "mortgage"}}),
    ],
)
def test_what_may_be_left_out_or_added_is_taken(event_type: str, changes: dict[str, Any]) -> None:
    """The optional fields, and entries that need less."""
    decode_event(encode(envelope(event_type, data=changes)), recorded=True)


def test_what_a_profile_says_is_read_key_by_key() -> None:
    """The keys that are set, in the order of the catalogue, each with its value."""
    event = decode_event(encode(envelope("profile.recorded")), recorded=True)
    assert isinstance(event.data, ProfileRecorded)
    assert [key for key, _ in profile_items(event.data.set)] == [
        "email",
        "wanted_unit",
        "expected_on",
        "level",
    ]
    assert isinstance(event.data, RegisterEntry)


def test_a_field_whose_name_is_a_word_of_the_language_stands_as_the_contract_writes_it() -> None:
    """`with` and `from` are fields like any other; refusals and warnings name them so."""
    event = decode_event(encode(envelope("followup.recorded")), recorded=True)
    assert isinstance(event.data, FollowUpRecorded)
    assert event.data.with_ == ("wang",)


def test_ids_of_events_are_held_in_lower_case() -> None:
    """An amendment, a request and a paper name other events as the journal holds their ids."""
    for event_type in ("record.amended", "request.submitted", "document.attached"):
        event = decode_event(encode(envelope(event_type, data={"record": OTHER.upper()})), recorded=True)
        assert isinstance(event.data, RegisterEntry)
        assert event.data.record == OTHER  # type: ignore[union-attr]
    assert RecordAmended.TYPE == "record.amended"
