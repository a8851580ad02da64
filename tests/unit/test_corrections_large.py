"""Corrections of a customer with many records cost what they change: by steps of the interpreter, not by time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

from shared.rules.domain import facts as f
from shared.rules.domain import long_list
from shared.rules.domain.decide import new_scope
from shared.rules.domain.events import DealDecided
from shared.rules.domain.needs import needs
from shared.rules.domain.state import Customer, Slice
from shared.rules.rulebooks.loading import load
from tests.support.rules import fold_fact

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SHARED = "+8613800000000"
SMALL, LARGE = 80, 320


@dataclass
class Office:
    """A scope in which one number was typed for everybody."""

    book: str
    people: int
    slice_: Slice = field(init=False)
    seq: int = 0

    def __post_init__(self) -> None:
        self.rulebook = load(self.book)
        key = (self.rulebook.name, self.rulebook.version)
        self.books = {key: self.rulebook}
        self.slice_ = new_scope("demo", key, self.rulebook.timezone.key)
        for staff, role in (("li", "consultant"), ("wang", "consultant"), ("bo", "manager")):
            self.fold(f.Enrolment(staff, staff, role, {}))
        for n in range(self.people):
            self.fold(visit(n), f"r{n}")

    def fold(self, matter: f.Matter, name: str | None = None) -> list[Any]:
        self.seq += 1
        at = BEGIN + timedelta(seconds=self.seq)
        fact = f.Fact(name or f"e{self.seq}", self.seq, "demo", "hall", at, at, None, matter)
        return fold_fact(self.slice_, fact, self.books)

    def customer(self) -> Customer:
        pointed = self.slice_.pointed("contact", SHARED)
        assert pointed is not None
        return self.slice_.customer(pointed)

    def correct(self, n: int) -> list[Any]:
        """The record's customer has a number of their own."""
        party = party_of(f"+86139{n:08d}", None)
        return self.fold(f.Correction(f"r{n}", party, "li", ("bo",), ("phones",)))

    def rename(self, n: int) -> list[Any]:
        return self.fold(f.Correction(f"r{n}", f.Party("张伟", ()), "li", ("bo",), ("name",)))

    def deal(self, n: int) -> list[Any]:
        return self.fold(f.Subscription(f"d{n}", party_of(SHARED, None), "li", None))

    def rule(self, dispute: str) -> list[Any]:
        return self.fold(f.Ruling(dispute, "bo", None, {"li": 5000, "wang": 5000}))


def party_of(phone: str, name: str | None) -> f.Party:
    return f.Party(name, (phone,), (phone,))


def visit(n: int) -> f.Visit:
    return f.Visit(
        visit=f"v{n}", customer=party_of(SHARED, f"n{n}"), received_by=("li", "wang")[n % 2],
        capacity="on_turn", on_behalf_of=None, designated=None, asked=f.Asked(), referred_by=(),
        brochure_only=False, present=(), ended_at=None,
    )  # fmt: skip


def steps_of(work: Callable[[], object]) -> int:
    """How many instructions the interpreter runs for it."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("book", ["base", "getian"])
def test_the_records_of_a_customer_are_judged_again_at_one_price_each(book: str) -> None:
    """The first correction of a large customer reads no long list once for each of its records."""
    small, large = (steps_of(partial(Office(book, people).correct, 5)) for people in (SMALL, LARGE))
    assert large < 1.1 * LARGE / SMALL * small


def test_the_next_correction_judges_what_it_changes() -> None:
    """What was judged again once is not judged again where the customer stands as it did."""
    office = Office("base", LARGE)
    first = steps_of(lambda: office.correct(5))
    assert 5 * steps_of(lambda: office.correct(6)) < first
    assert 5 * steps_of(lambda: office.correct(LARGE - 2)) < first


ALL = f.Party(None, (SHARED,), (SHARED,))
SENT = replace(visit(LARGE), referred_by=(f.Referrer("+8613911112222"),))
SOLD = f.Subscription("d", ALL, "li", None)
ASKED = f.DisputeOpening("D", ALL, "li", None)


@pytest.mark.parametrize(
    "matters",
    [
        [f.Transfer(customer=ALL, to="wang", approved_by=("bo",))],
        [f.Complaint(customer=ALL, against="li", decided_by="bo")],
        [SENT],
        [SOLD, f.Signing("d")],
        [SOLD, f.Cancellation("d")],
        [ASKED, f.EvidenceAdding("D", ("a paper",))],
        [ASKED, f.Ruling("D", "bo", "wang", None)],
        [SOLD, ASKED, f.Ruling("D", "bo", "wang", {"li": 5000, "wang": 5000})],
        [f.Concealment(f"v{LARGE // 2}", "bo", "li")],
        [f.Recognition(f"v{LARGE - 1}", "li", "r3", ("seen",), "bo")],
    ],
    ids=lambda matters: "-".join(type(each).__name__ for each in matters),
)
def test_what_was_settled_of_a_large_customer_does_not_make_each_correction_judge_everything(
    matters: list[f.Matter],
) -> None:
    """It concerns the one customer whom it names, or whose deal, dispute or visit, and is judged again alone."""
    office = Office("base", LARGE)
    for matter in matters:
        office.fold(matter)
    assert len(office.customer().records) == LARGE + len(matters)
    first = steps_of(lambda: office.correct(5))
    assert 5 * steps_of(lambda: office.correct(6)) < first
    assert 5 * steps_of(lambda: office.correct(LARGE - 2)) < first
    assert 5 * steps_of(lambda: office.rename(7)) < first


def test_what_a_correction_asks_for_is_asked_for_once() -> None:
    """The records of a customer who was judged again are at hand with all that they name."""
    office = Office("base", LARGE)
    correction = f.Correction("r7", party_of("+8613900000007", None), "li", ("bo",), ("phones",))
    asking = f.Fact("e", office.seq + 1, "demo", "hall", BEGIN, BEGIN, None, correction)
    assert len(needs(asking, office.slice_)) > 2 * LARGE
    office.correct(6)
    assert len(needs(asking, office.slice_)) < LARGE / 4


def test_a_corrected_name_judges_nothing_again() -> None:
    """Where the records go on naming one customer by their contacts, only contacts and names are told anew."""
    office = Office("base", LARGE)
    renamed = steps_of(lambda: office.rename(7))
    assert 3 * renamed < steps_of(lambda: office.correct(8))


def ruled(deals: int, deal: str | None = None) -> int:
    """What a ruling costs over all deals of a customer, or over one of them."""
    office = Office("base", 2)
    for n in range(deals):
        office.deal(n)
    office.fold(f.DisputeOpening("D", party_of(SHARED, None), "li", deal))
    told = []
    cost = steps_of(lambda: told.extend(office.rule("D")))
    assert sum(isinstance(event, DealDecided) for event in told) == (1 if deal else deals)
    return cost


def test_a_ruling_over_many_deals_costs_the_same_for_each_of_them() -> None:
    """Setting the shares of one reads no other, however many the dispute holds."""
    assert ruled(LARGE) < 1.1 * LARGE / SMALL * ruled(SMALL)


def test_a_ruling_copies_no_list_of_deals_for_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies are no steps of the interpreter: of the deals of a customer one leaf is made anew for each."""
    office = Office("base", 2)
    for n in range(LARGE):
        office.deal(n)
    office.fold(f.DisputeOpening("D", party_of(SHARED, None), "li", None))
    copied: list[int] = []
    init = long_list.Leaf.__init__

    def counted(leaf: Any, items: tuple[Any, ...]) -> None:
        copied.append(len(items))
        init(leaf, items)

    monkeypatch.setattr(long_list.Leaf, "__init__", counted)
    office.rule("D")
    assert isinstance(office.customer().deals, long_list.LongList)
    assert [deal.shares for deal in office.customer().deals] == [{"li": 5000, "wang": 5000}] * LARGE
    assert max(copied) <= long_list.LEAF
    assert len(copied) <= 2 * LARGE
