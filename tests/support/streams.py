"""Streams of events of every kind, made so that their records collide: what property tests of the rules feed on.

A stream is drawn as a list of moves (a kind and a few small numbers), so that it shrinks well. Few phones, few
consultants and short gaps make records meet: aliases, corrections, households, late and carried entries,
disputes, complaints, concealments, transfers, departures, absences, cancelled deals, adoptions mid-way; and what
only such meetings bring about: corrections of a field alone and back again, records of one instant, a desk clock
that runs fast, duplicates of what named nobody, second findings, heirs who are barred.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

Data = dict[str, Any]
START = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
CONSULTANTS = ("li", "wang", "zhao")
STAFF = {
    "li": "consultant", "wang": "consultant", "zhao": "consultant", "sun": "supervisor", "gao": "manager",
    "ding": "director", "adm": "admin_manager", "gm": "general_manager",
}  # fmt: skip
BOOKS = ("base", "reception", "getian", "shijiazhuang", "confirmation", "handbook")
APPROVERS = (["gao", "adm", "gm"], ["gao", "adm", "gm"], ["sun"])


@dataclass(slots=True)
class Stream:
    """The stream so far: its events, and what later ones can name."""

    scope: str
    now: datetime = START
    events: list[Data] = field(default_factory=list)
    named: dict[str, list[str]] = field(default_factory=dict)

    def pick(self, kind: str, number: int) -> str:
        """A name that was given before, or one that nobody knows."""
        known = self.named.get(kind, [])
        return known[number % len(known)] if known else str(uuid.uuid5(uuid.NAMESPACE_URL, f"none {kind}"))

    def add(self, type_: str, data: Data, *, back: int = 0, carried: str | None = None) -> Data:
        """Record an event now that happened `back` minutes before."""
        number = len(self.events)
        event: Data = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.scope} {number}")),
            "type": type_,
            "scope": self.scope,
            "office": f"{self.scope}-office",
            "actor": "desk",
            "occurred_at": _text(self.now - timedelta(minutes=back)),
            "recorded_at": _text(self.now),
            "data": data,
        }
        if carried is not None:
            event["carried"] = {"register": "book", "row": 1, "attested_by": carried}
        self.events.append(event)
        self.named.setdefault("record", []).append(event["id"])
        return event

    def name(self, kind: str) -> str:
        """A new id of a visit, a deal or a dispute."""
        known = self.named.setdefault(kind, [])
        known.append(f"{kind}{len(known)}")
        return known[-1]


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def party(number: int) -> Data:
    """One of few phones, at times two, at times without a name or without a contact."""
    phones = [f"1380000000{number % 4}"]
    if number == 7:
        return {"name": "无"}
    if number == 6:
        return {"phones": phones}
    if number == 5:
        phones.append("13800000002")
    if number == 4:
        return {"name": "客户4", "phones": phones, "wechat": "wx_4"}
    return {"name": f"客户{number}", "phones": phones}


def _who(number: int) -> str:
    return CONSULTANTS[number % len(CONSULTANTS)]


_WHEN: tuple[Data, ...] = (
    {}, {}, {"back": -4}, {"back": 300}, {"back": 30}, {"back": 2000}, {"back": 9000, "carried": "gao"},
    {"back": 4000, "carried": "sun"},
)  # fmt: skip
_EXTRAS: tuple[Callable[[int], Data], ...] = (
    lambda c: {},
    lambda c: {},
    lambda c: {"designated": _who(c)},
    lambda c: {"capacity": "assist", "on_behalf_of": _who(c)},
    lambda c: {"asked": {"visited_before": "no", "named_consultant": _who(c)}},
    lambda c: {"asked": {"visited_before": "no"}, "present": [_who(c)]},
    lambda c: {"referred_by": [{"phone": f"1380000000{c % 4}"}], "present": [_who(c // 2)]},
    lambda c: {
        "brochure_only": True,
        "referred_by": [{"consultant": _who(c)}, {"consultant": "li"}][: c % 3],
    },
)


def _visit(s: Stream, a: int, b: int, c: int) -> None:
    name = s.pick("visit", a) if b == 3 and a in (3, 7) else s.name("visit")
    data = {"visit": name, "customer": party(a), "received_by": _who(c // 2), "capacity": "on_turn"}
    s.add("visit.registered", {**data, **_EXTRAS[b](c)}, **_WHEN[(a + 3 * b + c) % 8])


def _call(s: Stream, a: int, b: int, c: int) -> None:
    asked = {"asked": {"visited_before": "no"}} if c > 5 else {}
    s.add("call.registered", {"customer": party(a), "answered_by": _who(b), **asked}, **_WHEN[c])


def _outreach(s: Stream, a: int, b: int, c: int) -> None:
    s.add("outreach.registered", {"customer": party(a), "by": _who(b), "method": "sms"}, **_WHEN[c])


def _follow(s: Stream, a: int, b: int, c: int) -> None:
    data = {"customer": party(a), "by": _who(b), "method": "phone", "subject": "s", "content": "c"}
    s.add("followup.recorded", data, back=2000 if c == 7 else 0)


def _recognise(s: Stream, a: int, b: int, c: int) -> None:
    data: Data = {
        "visit": s.pick("visit", a),
        "by": _who(b),
        "evidence": ["e"] if c else [],
        "confirmed_by": "sun",
    }
    if c % 2:
        data["registration"] = s.pick("record", a + c)
    s.add("customer.recognised", data)


def _deal(s: Stream, a: int, b: int, c: int) -> None:
    name = s.pick("deal", a) if c == 7 else s.name("deal")
    data = {"deal": name, "customer": party(a), "closed_by": _who(b), "project": "p", "unit": "u"}
    s.add("deal.subscribed", data)


def _dispute(s: Stream, a: int, b: int, c: int) -> None:
    deal = {"deal": s.pick("deal", c)} if c > 4 else {}
    data = {"dispute": s.name("dispute"), "customer": party(a), "opened_by": _who(b), "reason": "r", **deal}
    s.add("dispute.opened", data)


def _disputed(s: Stream, number: int) -> str:
    """A dispute that somebody opened, or one that the system may have."""
    return s.pick("dispute", number) if number % 2 else f"system:{s.pick('record', -number)}"


def _rule(s: Stream, a: int, b: int, c: int) -> None:
    said: Data = {"owner": _who(b)} if c < 6 else {}
    if c > 4:
        said["shares"] = {_who(b): 10000, _who(b + 1): 0} if a == 7 else {_who(b): 2501, _who(b + 1): 7499}
    data = {
        "dispute": _disputed(s, a),
        "ruled_by": ("sun", "gao", "ding", "li")[b % 4],
        "approved_by": APPROVERS[a % 3],
        "reason": "r",
        **said,
    }
    s.add("dispute.ruled", data)


_PARTS: tuple[Data, ...] = (
    {"phones": []}, {"wechat": ""}, {"name": "改"}, {"phones": ["13800000001"]}, {"wechat": "wx_4"},
)  # fmt: skip


def _correct(s: Stream, a: int, b: int, c: int) -> None:
    """Mostly of an early record, so that records are corrected again, and customers parted and joined again."""
    whole = a < 4
    data = {
        "record": s.pick("record", len(STAFF) + (b if a % 2 else a * 3 + b)),
        "customer": party(c) if whole else _PARTS[c % len(_PARTS)], "reason": "r", "requested_by": "li",
        "approved_by": APPROVERS[b % 3],
    }  # fmt: skip
    s.add("record.corrected", data)


def _conceal(s: Stream, a: int, b: int, c: int) -> None:
    visit = s.pick("visit", a)
    receivers = [
        e["data"]["received_by"]
        for e in s.events
        if e["data"].get("visit") == visit and "received_by" in e["data"]
    ]
    rightful = {"rightful": _who(b)} if c % 2 and _who(b) not in receivers else {}
    data = {"visit": visit, "decided_by": "gao", "reason": "r", **rightful}
    s.add("concealment.found", data)
    if c == 7:
        s.add("concealment.found", {**data, "rightful": "sun"})


def _household(s: Stream, a: int, b: int, c: int) -> None:
    members = [party(a % 4), party(b % 4), *([party(c % 4)] if c % 2 else [])]
    relation = ("spouse", "other", "parent_child")[c % 3]
    s.add("household.linked", {"members": members, "relation": relation})


def _transfer(s: Stream, a: int, b: int, c: int) -> None:
    data = {
        "customer": party(a),
        "to": _who(b),
        "requested_by": "li",
        "approved_by": APPROVERS[c % 3],
        "reason": "r",
    }
    s.add("claim.transferred", data)


def _adopt(s: Stream, a: int, b: int, c: int) -> None:
    at = s.now + timedelta(hours=c - 2)
    s.add("rulebook.adopted", {"rulebook": BOOKS[a % 6], "version": 1, "effective_from": _text(at)})


_ENTRIES: tuple[tuple[str, Data], ...] = (
    ("profile.recorded", {"by": "li", "set": {"level": "A"}}),
    ("plan.made", {"by": "li", "kind": "follow_up", "on": "2026-03-09", "purpose": "p"}),
    ("opportunity.lost", {"by": "li", "cause": "price"}),
    ("reservation.made", {"by": "li", "project": "p", "kind": "queue"}),
)
"""What no rule reads; a plan and a reservation have an id of their own."""


def _enter(s: Stream, a: int, b: int, c: int) -> None:
    type_, data = _ENTRIES[b % len(_ENTRIES)]
    own = {"plan.made": "plan", "reservation.made": "reservation"}.get(type_)
    named = {} if own is None else {own: s.pick(own, a) if c == 3 else s.name(own)}
    s.add(type_, {**data, **named, "customer": party(a)}, back=(0, 300, 2000)[c % 3])


def _amend(s: Stream, a: int, b: int, c: int) -> None:
    changed = {"withdrawn": True} if b % 2 else {"set": {"channel": "c"}}
    approved = APPROVERS[c % 3]
    told = {"record": s.pick("record", a), "reason": "r", "requested_by": "li", "approved_by": approved}
    s.add("record.amended", {**told, **changed})


Maker = Callable[[Stream, int, int, int], Any]
KINDS: dict[str, Maker] = {
    "visit": _visit, "call": _call, "outreach": _outreach, "follow": _follow, "recognise": _recognise,
    "deal": _deal, "dispute": _dispute, "rule": _rule, "correct": _correct, "conceal": _conceal,
    "household": _household, "transfer": _transfer, "adopt": _adopt,
    "enter": _enter, "amend": _amend,
    "complain": lambda s, a, b, c: s.add(
        "complaint.upheld", {"customer": party(a), "against": _who(b), "decided_by": "gao", "reason": "r"}
    ),
    "sign": lambda s, a, b, c: s.add("deal.signed", {"deal": s.pick("deal", a)}),
    "cancel": lambda s, a, b, c: s.add("deal.cancelled", {"deal": s.pick("deal", a), "reason": "r"}),
    "evidence": lambda s, a, b, c: s.add(
        "dispute.evidence_added", {"dispute": _disputed(s, a), "by": "li", "evidence": ["e"]}
    ),
    "depart": lambda s, a, b, c: s.add("staff.departed", {"staff": _who(a)}),
    "return": lambda s, a, b, c: s.add(
        "staff.enrolled", {"staff": _who(a), "name": "n", "role": "consultant"}
    ),
    "shift": lambda s, a, b, c: s.add("shift.opened", {"order": sorted(CONSULTANTS, key=lambda n: (n < _who(a), n))}),
    "away": lambda s, a, b, c: s.add(
        "staff.away", {"staff": _who(a), "reason": ("personal", "business", "company_task", "brief")[b % 4]}
    ),
    "back": lambda s, a, b, c: s.add("staff.back", {"staff": _who(a)}),
    "survey": lambda s, a, b, c: s.add("survey.recorded", {
        "customer": party(a), "consultant": "li", "score": 3,
        "answers": dict.fromkeys(("greeted", "introduced", "patient", "clear", "would_recommend"), 1),
    }),
    "approve": lambda s, a, b, c: s.add(
        "record.approved", {"record": s.pick("record", a), "stage": "filed", "by": "gao"}
    ),
    "erase": lambda s, a, b, c: s.add("person.erased", {
        "people": [f"p:{a:026d}"], "reason": "r", "asked_by": "a", "by": "gao",
    }),
}  # fmt: skip
OFTEN = ["visit"] * 6 + ["call"] * 2 + ["deal"] * 3 + ["follow"] * 2 + ["recognise", "rule", "correct"] * 2

Move = tuple[str, int, int, int, int]
small = st.integers(0, 7)
gap = st.sampled_from((0, 1, 5, 60, 480, 600, 1500, 4000, 8000))


def moves(*, without: tuple[str, ...] = (), most: int = 22) -> st.SearchStrategy[list[Move]]:
    """Lists of moves, each a kind with three small numbers and the minutes since the move before."""
    kinds = [kind for kind in (*OFTEN, *KINDS) if kind not in without]
    return st.lists(st.tuples(st.sampled_from(kinds), small, small, small, gap), min_size=3, max_size=most)


def stream(drawn: list[Move], scope: str = "demo") -> list[Data]:
    """The events of a list of moves, the enrolments first, in the order of recording."""
    made = Stream(scope)
    for name, role in STAFF.items():
        made.add("staff.enrolled", {"staff": name, "name": name, "role": role})
    made.now += timedelta(days=7)
    for kind, a, b, c, minutes in drawn:
        made.now += timedelta(minutes=minutes)
        KINDS[kind](made, a, b, c)
    return made.events


def lines(events: list[Data]) -> list[bytes]:
    """The events as the lines of a file."""
    return [json.dumps(event, ensure_ascii=False).encode() for event in events]
