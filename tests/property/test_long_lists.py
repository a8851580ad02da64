"""Long lists of a customer are not copied at each step; that they are not changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attribution.store.codec import decode_record, encode_record
from shared.rules.domain import evolve, united
from shared.rules.domain.decide import decide
from shared.rules.domain.state import Customer, Key, Slice
from tests.property.test_rules_fold import Guarded, asked, books, facts, fold, known, opened, pure
from tests.support.streams import Move, moves, stream

items = st.lists(st.integers(0, 20).map(lambda n: (n % 5, n)), max_size=9)
steps = st.lists(st.tuples(st.sampled_from(("unite", "before", "add", "append", "read")), items), max_size=12)


class Item(tuple[int, int]):
    @property
    def by(self) -> int:
        return self[0]

    @property
    def deal(self) -> int:
        return self[0]


@pytest.fixture(params=[0, 2])
def short(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """As if lists of more than so many items were long."""
    monkeypatch.setattr(united, "SHORT", request.param)
    monkeypatch.setattr(evolve, "FEW", request.param)
    return int(request.param)


def once(items: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


@pure
@given(steps)
def test_united_lists_are_what_their_items_make(short: int, drawn: list[tuple[str, list[Any]]]) -> None:
    """Each item once where it stood first, or sorted at each union with equal ones in order; whenever it is read."""
    lazy: Any = ()
    sorted_: Any = ()
    plain: tuple[Any, ...] = ()
    plain_sorted: tuple[Any, ...] = ()
    for step, raw in drawn:
        given_ = once(map(Item, raw))
        if step in ("unite", "before"):
            pairs = [(lazy, given_), (sorted_, given_)]
            parts = [pair if step == "unite" else pair[::-1] for pair in pairs]
            lazy, sorted_ = united.united(parts[0]), united.united_by(parts[1], "by")
            plain = once((*plain, *given_) if step == "unite" else (*given_, *plain))
            joined = (*plain_sorted, *given_) if step == "unite" else (*given_, *plain_sorted)
            plain_sorted = tuple(sorted(joined, key=lambda item: item[0]))
        elif step == "read":
            assert (tuple(lazy), len(sorted_)) == (plain, len(plain_sorted))
        elif given_ and step == "add":
            lazy, plain = united.added(lazy, given_[0]), once((*plain, given_[0]))
        elif given_:
            sorted_, plain_sorted = united.appended(sorted_, given_[0]), (*plain_sorted, given_[0])
    assert (lazy, sorted_) == (plain, plain_sorted)


@pure
@given(st.lists(st.tuples(st.sampled_from(("replace", "unite", "read")), items), max_size=12))
def test_a_deal_that_changes_keeps_its_place(short: int, drawn: list[tuple[str, list[Any]]]) -> None:
    """Whatever changed before, is united with others by order, or was read in between."""
    lazy: Any = ()
    plain: tuple[Any, ...] = ()
    for number, (step, raw) in enumerate(drawn):
        if step == "read":
            assert tuple(lazy) == plain
        elif step == "unite":
            lazy, plain = united.united_by((lazy,), "by"), tuple(sorted(plain, key=lambda item: item[0]))
        for name, _ in raw if step == "replace" else ():
            item = Item((name, number))
            lazy = united.replaced(lazy, item)
            at = next((at for at, each in enumerate(plain) if each[0] == name), len(plain))
            plain = (*plain[:at], item, *plain[at + 1 :])
    assert lazy == plain


@pure
@given(moves(), books)
def test_a_fact_is_decided_alike_whatever_is_long(short: int, drawn: list[Move], book: str) -> None:
    """Lists that are put in order late, and contacts that point on, decide nothing: slice, whole and events agree."""
    events = stream(drawn)
    whole, told = opened(book), opened(book)
    decided = []
    for fact in facts(events):
        part = Guarded(whole, asked(fact, whole))
        decided.append(decide(whole, fact, known()))
        assert decide(part, fact, known()) == decided[-1]
        assert all(whole[key] == part[key] for key in part)
        for event in decided[-1]:
            evolve.apply(told, event)
    assert told == whole
    assert all(decode_record(key.kind, encode_record(record)) == record for key, record in whole.items())
    united.SHORT = evolve.FEW = 1_000_000
    try:
        plain, expected = fold(events, book)
    finally:
        united.SHORT = evolve.FEW = short
    assert [event for each in decided for event in each] == expected
    assert customers(whole) == customers(plain)
    assert pointed(whole) == pointed(plain)


def customers(slice_: Slice) -> dict[str, Customer]:
    found = [record for record in slice_.values() if isinstance(record, Customer)]
    return {each.id: Customer(**{**fields(each), "root": ""}) for each in found}


def fields(customer: Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in Customer.__struct_fields__}


def pointed(slice_: Slice) -> dict[Key, str | None]:
    """Whose each contact, visit and deal is."""
    return {key: slice_.pointed(*key) for key in slice_ if key.kind in ("contact", "visit", "deal")}
