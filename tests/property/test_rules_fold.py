"""What holds of the fold itself: a slice is enough, the moment of a sweep is nothing, and events tell it all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contract import decode_event
from shared.rules.domain.case import Books, Case
from shared.rules.domain.decide import RULES, decide, new_scope, release_some, sweep
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.evolve import apply
from shared.rules.domain.facts import Departure, Fact
from shared.rules.domain.needs import HELD, needs
from shared.rules.domain.rejudgement import identified, judge_again
from shared.rules.domain.state import Changes, Customer, CustomerRef, Key, Record, Slice
from shared.rules.judge.history import DecisionHistory
from shared.rules.judge.result import Judged, result, scope_result
from shared.rules.judge.translate import to_fact
from shared.rules.rulebooks.loading import load, shipped
from tests.support.rules import fold_fact
from tests.support.streams import BOOKS, Data, Move, lines, moves, stream

pure = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
books = st.sampled_from(BOOKS)
ROUNDS = 12


@cache
def known() -> Books:
    return {(book.name, book.version): book for book in map(load, shipped())}


def facts(events: list[Data]) -> list[Fact]:
    return [
        to_fact(decode_event(line, recorded=True), number)
        for number, line in enumerate(lines(events), start=1)
    ]


def opened(book: str) -> Slice:
    return new_scope("demo", (book, 1), "Asia/Shanghai")


def fold(events: list[Data], book: str) -> tuple[Slice, list[DomainEvent]]:
    """The whole scope in memory, and all that was decided."""
    slice_, decided = opened(book), []
    for fact in facts(events):
        decided += fold_fact(slice_, fact, known())
    return slice_, decided


class Guarded(Slice):
    """Holds what was asked for, and fails when a rule looks at something else that exists."""

    def __init__(self, whole: Slice, keys: Iterable[Key]) -> None:
        super().__init__({key: whole[key] for key in keys if key in whole})
        self._outside = set(whole) - set(self)

    def _may(self, key: object) -> None:
        assert key not in self._outside, f"{key} was not asked for"

    def __setitem__(self, key: Key, record: Record) -> None:
        """What is written whole need not have been read."""
        self._outside.discard(key)
        super().__setitem__(key, record)

    def put(self, changes: Changes) -> None:
        self._outside -= changes.keys()
        super().put(changes)

    def pop(self, key: Key, *default: Any) -> Any:
        self._outside.discard(key)
        return super().pop(key, *default)

    def __getitem__(self, key: Key) -> Record:
        self._may(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._may(key)
        return super().__contains__(key)

    def get(self, key: Key, default: Any = None) -> Any:
        self._may(key)
        return super().get(key, default)


def asked(fact: Fact, whole: Slice) -> set[Key]:
    """The keys that a fact asks for, asked until it wants nothing new."""
    keys: set[Key] = set()
    for _ in range(ROUNDS):
        held = {name for kind, name in keys if kind == HELD}
        loaded = {key for key in keys if key in whole}
        loaded |= {
            k for k, r in whole.items() if isinstance(r, Customer) and r.claim and r.claim.owner in held
        }
        wanted = set(needs(fact, Slice({key: whole[key] for key in loaded})))
        if wanted <= keys:
            return loaded
        keys |= wanted
    raise AssertionError(f"{fact} asks without end")


@pure
@given(moves(), books)
def test_a_slice_is_enough(drawn: list[Move], book: str) -> None:
    """What a fact asked for is all that its rule looks at: the slice is decided as the whole scope is."""
    whole = opened(book)
    for fact in facts(stream(drawn)):
        part = Guarded(whole, asked(fact, whole))
        before = set(part)
        here = fold_fact(part, fact, known())
        there = fold_fact(whole, fact, known())
        assert here == there
        assert all(whole[key] == part[key] for key in part)
        assert not any(key in whole for key in before - part.keys())


@pure
@given(moves(), books)
def test_judging_changes_nothing_that_its_caller_sees(drawn: list[Move], book: str) -> None:
    """The slice is as it was, and judging it again comes to the same, until the changes are put into it."""
    slice_ = opened(book)
    for fact in facts(stream(drawn)):
        before = dict(slice_)
        outcome = decide(slice_, fact, known())
        assert slice_ == before
        assert decide(slice_, fact, known()) == outcome
        until = fact.recorded_at + timedelta(days=40)
        sweep(slice_, fact, known(), _customers(slice_), until)
        if isinstance(fact.matter, Departure):
            release_some(slice_, fact, known(), [held.id for held in slice_.owned_by(fact.matter.staff)])
        assert slice_ == before
        slice_.put(outcome.changes)


@pure
@given(moves(), books)
def test_events_tell_it_all(drawn: list[Move], book: str) -> None:
    """The records are built again from the domain events alone."""
    slice_, decided = fold(stream(drawn), book)
    again = opened(book)
    for event in decided:
        apply(again, event)
    assert again == slice_


@pure
@given(moves(), st.sampled_from(("shijiazhuang", "getian")), st.lists(st.integers(0, 100), max_size=30))
def test_the_moment_of_a_sweep_is_nothing(drawn: list[Move], book: str, shares: list[int]) -> None:
    """Lapses that a sweep finds between two facts are those that the next fact would have found."""
    events = stream(drawn)
    plain, swept = opened(book), opened(book)
    told, told_swept = DecisionHistory(), DecisionHistory()
    all_facts = facts(events)
    for number, fact in enumerate(all_facts):
        told.add(number, fold_fact(plain, fact, known()))
        told_swept.add(number, fold_fact(swept, fact, known()))
        last = number + 1 == len(all_facts)
        if not last and number < len(shares):
            gap = all_facts[number + 1].recorded_at - fact.recorded_at
            until = fact.recorded_at + gap * (shares[number] / 100)
            told_swept.add(number, _sweep(swept, fact, until))
    end = all_facts[-1].recorded_at + timedelta(days=40)
    for slice_, history in ((plain, told), (swept, told_swept)):
        history.add(len(all_facts), _sweep(slice_, all_facts[-1], end))
    places = list(range(len(all_facts)))
    tell = [
        result(load(book), end, [scope_result(Judged(slice_, history, places))])
        for slice_, history in ((plain, told), (swept, told_swept))
    ]
    assert tell[0] == tell[1]


@pure
@given(moves(), books)
def test_records_that_name_one_customer_by_their_contacts_are_judged_to_be_that_one(
    drawn: list[Move], book: str
) -> None:
    """What a correction tells without judging anything again is what judging all records again would tell."""
    slice_ = opened(book)
    for fact in facts(stream(drawn)):
        fold_fact(slice_, fact, known())
        for customer in [record for record in slice_.values() if isinstance(record, Customer)]:
            case = Case(
                SliceDraft(slice_),
                fact,
                known(),
                None,
                lambda case: RULES[type(case.fact.matter)](case, case.fact.matter),
            )
            formed = identified(case, customer)
            if formed is not None:
                judged = judge_again(case, customer).slice.changed_customers()
                assert [_identity(one) for one in judged] == [_identity(formed)]


def _identity(customer: Customer) -> tuple[object, ...]:
    return tuple(customer.contacts), tuple(customer.names), customer.place


def _sweep(slice_: Slice, fact: Fact, until: datetime) -> list[DomainEvent]:
    swept = sweep(slice_, fact, known(), _customers(slice_), until)
    slice_.put(swept.changes)
    return swept.events


def _customers(slice_: Slice) -> list[str]:
    return [record.id for record in slice_.values() if isinstance(record, Customer)]


@pure
@given(moves(), books)
def test_pointers_agree_with_customers(drawn: list[Move], book: str) -> None:
    """Every contact, visit and deal points to the customer that has it, and to no other."""
    slice_, _ = fold(stream(drawn), book)
    expected = {}
    for record in slice_.values():
        if isinstance(record, Customer):
            names = [("contact", c) for c in record.contacts]
            names += [("visit", r.visit) for r in record.receptions]
            names += [("deal", d.deal) for d in record.deals]
            for kind, name in names:
                assert Key(kind, name) not in expected, (kind, name)
                expected[Key(kind, name)] = record.id
    pointers = {key: record.customer for key, record in slice_.items() if isinstance(record, CustomerRef)}
    assert pointers == expected
