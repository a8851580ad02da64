"""Whom a record names is found wherever the contract lets it name somebody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contract import decode_event
from shared.contract.warnings import UNKNOWN_STAFF, names_of, staff_in, warnings_of

ENVELOPE = {
    "id": "018f3c5e-0000-7000-8000-000000000001", "scope": "demo", "office": "demo-office", "actor": "desk",
    "occurred_at": "2026-03-02T01:00:00Z",
}  # fmt: skip
VISIT = {
    "visit": "v1", "customer": {"name": "张伟", "phones": ["13800000001"]}, "received_by": "li",
    "capacity": "assist", "on_behalf_of": "wang", "designated": "zhao",
    "asked": {"visited_before": "no", "named_consultant": "chen"},
    "referred_by": [{"phone": "13800000002"}, {"consultant": "sun"}], "present": ["li", "qian"],
}  # fmt: skip
RULING = {"dispute": "x1", "ruled_by": "boss", "reason": "裁定", "shares": {"li": 5000, "wang": 5000}}


def event(type_: str, data: dict[str, Any]) -> Any:
    return decode_event(json.dumps(ENVELOPE | {"type": type_, "data": data}).encode(), recorded=False)


def test_everybody_whom_a_visit_names_is_found_with_the_path() -> None:
    """The receiver, whom it is for, who was asked for, who sent the customer, and who stood by."""
    assert list(staff_in(event("visit.registered", VISIT).data)) == [
        ("data.received_by", "li"),
        ("data.on_behalf_of", "wang"),
        ("data.designated", "zhao"),
        ("data.asked.named_consultant", "chen"),
        ("data.referred_by[1].consultant", "sun"),
        ("data.present[0]", "li"),
        ("data.present[1]", "qian"),
    ]


def test_who_has_shares_is_found_and_who_is_enrolled_is_not() -> None:
    """An enrolment makes its staff known."""
    assert [staff for _, staff in staff_in(event("dispute.ruled", RULING).data)] == ["boss", "li", "wang"]
    enrolment = {"staff": "li", "name": "李娜", "role": "consultant"}
    assert list(staff_in(event("staff.enrolled", enrolment).data)) == []


@pytest.mark.parametrize(
    ("anybody", "office", "told"),
    [
        (True, True, []),
        (True, False, ["office"]),
        (False, True, ["scope"]),
    ],
)
def test_a_scope_or_office_that_nobody_began_is_told(anybody: bool, office: bool, told: list[str]) -> None:
    """Enrolments and adoptions begin them, and are told nothing."""
    known = {"anybody": anybody, "office": office, "standing": lambda _: None}
    assert [one.path for one in warnings_of(names_of(event("deal.signed", {"deal": "d1"})), **known)] == told
    adoption = {"rulebook": "base", "version": 1, "effective_from": "2026-03-02T01:00:00Z"}
    assert warnings_of(names_of(event("rulebook.adopted", adoption)), **known) == []


def test_one_who_stands_in_a_record_twice_is_told_once() -> None:
    """Where the id stands first."""
    told = warnings_of(
        names_of(event("visit.registered", VISIT)),
        anybody=True,
        office=True,
        standing=lambda staff: UNKNOWN_STAFF if staff == "li" else None,
    )
    assert told == [("data.received_by", UNKNOWN_STAFF, "li")]
