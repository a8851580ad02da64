"""One sound event of every type, to begin from."""

from __future__ import annotations

import copy
import json
from typing import Any

JSON_BODY = {"content-type": "application/json"}
"""What a client of a test says of every body that it sends."""

ID = "018f3a5e-7c1d-7b64-9f0e-3f1f5a9c2d10"
OTHER = "018f3a5e-7c1d-7b64-9f0e-3f1f5a9c2d11"
PARTY = {"name": "张伟", "phones": ["138 0000 0001"], "wechat": "Zhang_Wei"}

DATA: dict[str, dict[str, Any]] = {
    "staff.enrolled": {
        "staff": "li",
        "name": "李娜",
        "role": "consultant",
        "contacts": {"sms": "13900000001", "email": "li@example.com"},
    },
    "staff.departed": {"staff": "li"},
    "rulebook.adopted": {
        "rulebook": "shijiazhuang",
        "version": 1,
        "effective_from": "2026-03-01T00:00:00+08:00",
    },
    "shift.opened": {"order": ["li", "wang"]},
    "staff.away": {"staff": "li", "reason": "personal"},
    "staff.back": {"staff": "li"},
    "visit.registered": {
        "visit": "v1",
        "customer": PARTY,
        "received_by": "li",
        "capacity": "assist",
        "on_behalf_of": "wang",
        "designated": "wang",
        "asked": {"visited_before": "unsure", "named_consultant": "wang", "contacted_by": "li"},
        "referred_by": [{"phone": "010-88886666"}, {"consultant": "zhao"}],
        "brochure_only": True,
        "present": ["wang", "zhao"],
        "started_at": "2026-03-01T10:00:00+08:00",
        "ended_at": "2026-03-01T10:40:00+08:00",
        "companions": [{"name": "王芳", "relation": "妻"}],
        "channel": "路过",
        "purpose": "自住",
        "notes": "两居\n预算 200 万",
        "level": "A",
        "category": "promising",
        "next_on": "2026-03-04",
    },
    "call.registered": {"customer": PARTY, "answered_by": "li", "asked": {"visited_before": "no"}},
    "outreach.registered": {"customer": PARTY, "by": "li", "method": "field"},
    "followup.recorded": {
        "customer": PARTY,
        "by": "li",
        "method": "phone",
        "subject": "回访",
        "content": "周末再来",
        "reached": False,
    },
    "customer.recognised": {
        "visit": "v1",
        "by": "wang",
        "registration": OTHER,
        "evidence": ["通话记录"],
        "confirmed_by": "gao",
    },
    "household.linked": {"members": [PARTY, {"phones": ["13800000002"]}], "relation": "spouse"},
    "complaint.upheld": {"customer": PARTY, "against": "li", "decided_by": "gao", "reason": "态度"},
    "concealment.found": {"visit": "v1", "decided_by": "gao", "rightful": "wang", "reason": "隐瞒"},
    "claim.transferred": {
        "customer": PARTY,
        "to": "wang",
        "requested_by": "li",
        "approved_by": ["gao"],
        "reason": "休假",
    },
    "deal.subscribed": {
        "deal": "d1",
        "customer": PARTY,
        "closed_by": "li",
        "project": "花园",
        "unit": "1-101",
        "amount": "1280000.00",
    },
    "deal.signed": {"deal": "d1"},
    "deal.cancelled": {"deal": "d1", "reason": "贷款未批"},
    "dispute.opened": {"dispute": "q1", "customer": PARTY, "opened_by": "li", "deal": "d1", "reason": "异议"},
    "dispute.evidence_added": {"dispute": "q1", "by": "li", "evidence": ["登记本照片"]},
    "dispute.ruled": {
        "dispute": "q1",
        "ruled_by": "gao",
        "owner": "li",
        "shares": {"li": 6000, "wang": 4000},
        "reason": "查实",
    },
    "record.corrected": {
        "record": OTHER,
        "customer": PARTY,
        "reason": "号码写错",
        "requested_by": "li",
        "approved_by": ["gao"],
    },
    "record.approved": {"record": OTHER, "stage": "filed", "by": "he"},
    "survey.recorded": {
        "customer": PARTY,
        "consultant": "li",
        "answers": {"greeted": 1, "introduced": 1, "patient": 0, "clear": 1, "would_recommend": 1},
        "score": 4,
    },
    "person.erased": {
        "people": ["p:0123456789abcdefghijklmnop", "n:vutsrqponmlkjihgfedcba9876"],
        "reason": "本人要求删除",
        "asked_by": "本人,凭身份证",
        "by": "zhou",
        "despite_by": "gao",
    },
}


def envelope(event_type: str = "visit.registered", **changes: Any) -> dict[str, Any]:
    """A sound recorded event; `data` in `changes` replaces fields of the data, None takes one away."""
    document: dict[str, Any] = {
        "id": ID,
        "type": event_type,
        "scope": "demo",
        "office": "demo-office",
        "actor": "li",
        "occurred_at": "2026-03-01T10:00:00+08:00",
        "recorded_at": "2026-03-01T02:02:00Z",
        "data": copy.deepcopy(DATA[event_type]),
    }
    document["data"] |= changes.pop("data", {})
    document |= changes
    document["data"] = {key: value for key, value in document["data"].items() if value is not None}
    return {key: value for key, value in document.items() if value is not None}


def encode(document: Any) -> bytes:
    """As a client would write it."""
    return json.dumps(document, ensure_ascii=False).encode()
