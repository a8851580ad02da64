"""Facts of offices as they could be, any number of them: seeded, so that each run measures the same.

Every scope lives at the same pace under one of the rulebooks that ship, with visits, calls, follow-ups and deals
in the proportions of an office, and some of what is rare and costs most: recognitions, corrections, households and
disputes. Facts come in the order in which an intake service would have recorded them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any
from uuid import UUID

import msgspec

SHIPPED = ("shijiazhuang", "reception", "getian", "confirmation", "handbook")
BEGINNING = datetime(2025, 3, 1, 1, 0, tzinfo=UTC)
"""Nine in the morning in the offices."""
PER_DAY = 40
"""Facts of a scope in a day."""
STEP = timedelta(minutes=12)
CONSULTANTS = ("li", "wang", "zhao", "chen")
OPENING = 2 + len(CONSULTANTS)
"""Facts with which a scope begins: an adoption, a manager, the consultants."""

Json = dict[str, Any]


@dataclass(slots=True)
class Known:
    """A customer as the office knows it."""

    phone: str
    name: str
    owner: str
    visit: str
    record: str


@dataclass(slots=True)
class Office:
    """One scope with one office, and what its facts may refer to."""

    number: int
    rulebook: str
    chance: random.Random
    customers: list[Known] = field(default_factory=list)
    deals: list[str] = field(default_factory=list)
    disputes: list[tuple[str, str]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=count)

    @property
    def scope(self) -> str:
        return f"scope-{self.number:04d}"

    def name_of(self, kind: str) -> str:
        return f"{kind}-{self.number}-{next(self.ids)}"

    def staff(self, name: str) -> str:
        return f"{name}-{self.number}"

    def somebody(self) -> str:
        return self.staff(self.chance.choice(CONSULTANTS))

    def phone(self) -> str:
        """A number that no other customer has."""
        return f"13{self.number % 1000:03d}{next(self.ids) % 1_000_000:06d}"

    def written(self, phone: str) -> str:
        """As people write it: mostly plain, now and then with spaces or the country."""
        way = self.chance.random()
        if way < 0.9:
            return phone
        return f"{phone[:3]} {phone[3:7]} {phone[7:]}" if way < 0.97 else f"+86-{phone}"

    def party(self, customer: Known) -> Json:
        return {"name": customer.name, "phones": [self.written(customer.phone)]}

    def opening(self, step: int) -> tuple[str, Json]:
        """The first facts: which rulebook, and who works here."""
        if step == 0:
            effective = (BEGINNING - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            adopted = {"rulebook": self.rulebook, "version": 1, "effective_from": effective}
            return "rulebook.adopted", adopted
        if step == 1:
            return "staff.enrolled", {"staff": self.staff("ma"), "name": "马经理", "role": "manager"}
        name = CONSULTANTS[step - 2]
        return "staff.enrolled", {"staff": self.staff(name), "name": name, "role": "consultant"}

    def fact(self, step: int, event_id: str) -> tuple[str, Json]:
        """The type and data of the next fact."""
        if step < OPENING:
            return self.opening(step)
        if step % PER_DAY == OPENING % PER_DAY:
            order = [self.staff(name) for name in CONSULTANTS]
            self.chance.shuffle(order)
            return "shift.opened", {"order": order}
        if not self.customers:
            return _visit(self, event_id)
        (make,) = self.chance.choices(MAKERS, WEIGHTS)
        return make(self, event_id)


def _visit(office: Office, event_id: str) -> tuple[str, Json]:
    visit, by = office.name_of("v"), office.somebody()
    if office.customers and office.chance.random() < 0.4:
        customer = office.chance.choice(office.customers)
        by = customer.owner if office.chance.random() < 0.7 else by
        customer.visit, customer.record = visit, event_id
    else:
        customer = Known(office.phone(), "张伟", by, visit, event_id)
        office.customers.append(customer)
    asked = {"visited_before": office.chance.choice(("yes", "no", "unsure"))}
    return "visit.registered", {
        "visit": visit,
        "customer": office.party(customer),
        "received_by": by,
        "capacity": "on_turn",
        "asked": asked,
        "channel": "路过",
        "level": "B",
        "notes": "看了三居室，关心学区和交房时间",
    }


def _call(office: Office, event_id: str) -> tuple[str, Json]:
    if office.chance.random() < 0.5:
        by = office.somebody()
        customer = Known(office.phone(), "李娜", by, "", event_id)
        office.customers.append(customer)
    else:
        customer = office.chance.choice(office.customers)
        by = customer.owner
    return "call.registered", {"customer": office.party(customer), "answered_by": by, "notes": "问价格"}


def _follow_up(office: Office, event_id: str) -> tuple[str, Json]:
    customer = office.chance.choice(office.customers[-60:])
    return "followup.recorded", {
        "customer": office.party(customer),
        "by": customer.owner,
        "method": office.chance.choice(("phone", "phone", "invitation", "sms", "web_chat")),
        "subject": "回访",
        "content": "客户在比较两个户型，约周末再来",
    }


def _outreach(office: Office, event_id: str) -> tuple[str, Json]:
    customer = office.chance.choice(office.customers)
    return "outreach.registered", {
        "customer": office.party(customer), "by": office.somebody(), "method": "sms"
    }  # fmt: skip


def _deal(office: Office, event_id: str) -> tuple[str, Json]:
    customer, deal = office.chance.choice(office.customers), office.name_of("d")
    office.deals.append(deal)
    return "deal.subscribed", {
        "deal": deal,
        "customer": office.party(customer),
        "closed_by": office.somebody(),
        "project": "east",
        "unit": office.name_of("unit"),
        "amount": "1880000.00",
    }


def _deal_goes_on(office: Office, event_id: str) -> tuple[str, Json]:
    if not office.deals:
        return _deal(office, event_id)
    deal = office.deals.pop(office.chance.randrange(len(office.deals)))
    if office.chance.random() < 0.8:
        return "deal.signed", {"deal": deal}
    return "deal.cancelled", {"deal": deal, "reason": "贷款未批"}


def _recognised(office: Office, event_id: str) -> tuple[str, Json]:
    customer = office.chance.choice(office.customers[-60:])
    if not customer.visit:
        return _follow_up(office, event_id)
    evidence = ["当时的来访登记"]
    return "customer.recognised", {"visit": customer.visit, "by": office.somebody(), "evidence": evidence}


def _corrected(office: Office, event_id: str) -> tuple[str, Json]:
    customer = office.chance.choice(office.customers[-60:])
    return "record.corrected", {
        "record": customer.record,
        "customer": office.party(customer),
        "reason": "姓名有误",
        "requested_by": customer.owner,
        "approved_by": [office.staff("ma")],
    }


def _household(office: Office, event_id: str) -> tuple[str, Json]:
    one, other = (office.chance.choice(office.customers[-20:]) for _ in range(2))
    members = [office.party(one), office.party(other)]
    return "household.linked", {"members": members, "relation": "spouse"}


def _dispute(office: Office, event_id: str) -> tuple[str, Json]:
    if office.disputes:
        dispute, owner = office.disputes.pop()
        ruling = {"dispute": dispute, "ruled_by": office.staff("ma"), "owner": owner, "reason": "登记在先"}
        return "dispute.ruled", ruling
    customer, dispute = office.chance.choice(office.customers), office.name_of("x")
    office.disputes.append((dispute, customer.owner))
    return "dispute.opened", {
        "dispute": dispute,
        "customer": office.party(customer),
        "opened_by": office.somebody(),
        "reason": "两人都接待过",
    }


def _away_or_back(office: Office, event_id: str) -> tuple[str, Json]:
    staff = office.somebody()
    if office.chance.random() < 0.5:
        return "staff.back", {"staff": staff}
    return "staff.away", {"staff": staff, "reason": "business"}


_MIX: dict[Callable[[Office, str], tuple[str, Json]], float] = {
    _visit: 36,
    _call: 14,
    _follow_up: 36,
    _outreach: 3,
    _deal: 3,
    _deal_goes_on: 2,
    _recognised: 1,
    _corrected: 1,
    _household: 0.5,
    _dispute: 1.5,
    _away_or_back: 2,
}
MAKERS = tuple(_MIX)
WEIGHTS = tuple(_MIX.values())


@dataclass(frozen=True, slots=True)
class Made:
    """One fact: its scope, its place in the scope, and its envelope as the journal holds it."""

    scope: str
    seq: int
    recorded_at: datetime
    body: bytes


def facts(scopes: int, seed: int = 1, rulebooks: tuple[str, ...] = SHIPPED) -> Iterator[Made]:
    """Facts without end, one of each scope in turn."""
    # Not a secret: a seed is what makes two runs measure the same.
    offices = [Office(n, rulebooks[n % len(rulebooks)], random.Random(f"{seed}/{n}")) for n in range(scopes)]
    encode = msgspec.json.Encoder().encode
    for step in count():
        day, slot = divmod(step, PER_DAY)
        at = BEGINNING + timedelta(days=day) + slot * STEP
        for office in offices:
            event_id = str(UUID(int=(seed << 96) | (office.number << 64) | (8 << 60) | step, version=4))
            kind, data = office.fact(step, event_id)
            recorded_at = at + timedelta(milliseconds=office.number)
            envelope = {
                "id": event_id,
                "type": kind,
                "scope": office.scope,
                "office": f"office-{office.number:04d}",
                "actor": "desk",
                "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "recorded_at": recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "data": data,
            }
            yield Made(office.scope, step + 1, recorded_at, encode(envelope))


def take(number: int, scopes: int, seed: int = 1, rulebooks: tuple[str, ...] = SHIPPED) -> list[Made]:
    """The first facts."""
    return list(islice(facts(scopes, seed, rulebooks), number))
