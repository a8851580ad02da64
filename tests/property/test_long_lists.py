"""Long lists of a customer stand in leaves; that they do changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.attribution.store.codec import decode_record, encode_record
from shared.rules.domain import evolve, lists, long_list
from shared.rules.domain.differences import differences
from shared.rules.domain.state import Customer, Key, Slice
from tests.property.test_rules_fold import Guarded, asked, books, facts, fold, known, opened, pure
from tests.support.rules import fold_fact
from tests.support.streams import Move, moves, stream

items = st.lists(st.integers(0, 20).map(lambda n: (n % 5, n)), max_size=9)
steps = st.lists(st.tuples(st.sampled_from(("unite", "before", "add", "append")), items), max_size=12)


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
    monkeypatch.setattr(long_list, "SHORT", request.param)
    monkeypatch.setattr(long_list, "LEAF", request.param + 2)
    monkeypatch.setattr(lists, "LEAF", request.param + 2)
    monkeypatch.setattr(evolve, "FEW", request.param)
    return int(request.param)


def once(items: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))


@pure
@given(steps)
def test_long_lists_are_what_their_items_make(short: int, drawn: list[tuple[str, list[Any]]]) -> None:
    """Each item once where it stood first, or sorted at each union with equal ones in order."""
    long: Any = ()
    sorted_: Any = ()
    plain: tuple[Any, ...] = ()
    plain_sorted: tuple[Any, ...] = ()
    for step, raw in drawn:
        given_ = once(map(Item, raw))
        if step in ("unite", "before"):
            pairs = [(long, given_), (sorted_, given_)]
            parts = [pair if step == "unite" else pair[::-1] for pair in pairs]
            long, sorted_ = lists.united(parts[0]), lists.united_by(parts[1], "by")
            plain = once((*plain, *given_) if step == "unite" else (*given_, *plain))
            joined = (*plain_sorted, *given_) if step == "unite" else (*given_, *plain_sorted)
            plain_sorted = tuple(sorted(joined, key=lambda item: item[0])) if joined else ()
        elif given_ and step == "add":
            long, plain = lists.added(long, given_[0]), once((*plain, given_[0]))
        elif given_ and step == "append":
            sorted_, plain_sorted = lists.appended(sorted_, given_[0]), (*plain_sorted, given_[0])
        assert (long, sorted_) == (plain, plain_sorted)
        assert all(leaf.items for leaf in (*long_list.leaves_of(long), *long_list.leaves_of(sorted_)))


@pure
@given(st.lists(st.tuples(st.sampled_from(("replace", "unite")), items), max_size=12))
def test_a_deal_that_changes_keeps_its_place(short: int, drawn: list[tuple[str, list[Any]]]) -> None:
    """Whatever changed before, or is united with others by order."""
    long: Any = ()
    plain: tuple[Any, ...] = ()
    for number, (step, raw) in enumerate(drawn):
        if step == "unite":
            long, plain = lists.united_by((long,), "by"), tuple(sorted(plain, key=lambda item: item[0]))
        for name, _ in raw if step == "replace" else ():
            item = Item((name, number))
            long = lists.replaced(long, item)
            at = next((at for at, each in enumerate(plain) if each[0] == name), len(plain))
            plain = (*plain[:at], item, *plain[at + 1 :])
        assert long == plain


@pure
@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), items), max_size=4), max_size=8))
def test_a_list_is_what_its_changes_make_of_the_one_before(short: int, drawn: list[list[Any]]) -> None:
    """Cut into leaves or not, and the changes that are told of two lists make one of the other."""
    long: Any = ()
    plain: tuple[Any, ...] = ()
    for raw in drawn:
        splices, at = [], 0
        for step, gone, put in raw:
            at = min(at + step, len(plain))
            splices.append(long_list.Splice(at, min(gone, len(plain) - at), tuple(put)))
            at += splices[-1].gone
        before, changed = plain, list(plain)
        for each in reversed(splices):
            changed[each.at : each.at + each.gone] = each.put
        plain, whole = tuple(changed), long
        long = long_list.spliced(long, splices)
        assert (long, len(long), long[-2:], long[3:7]) == (plain, len(plain), plain[-2:], plain[3:7])
        assert all(long[place] == item for place, item in enumerate(plain))
        assert long_list.spliced(before, differences(before, plain)) == plain
        assert long_list.spliced(whole, differences(whole, long)) == plain
        for item in {*before, *plain}:
            assert (item in long) == (item in plain)
            assert long_list.matching(long, "", item) == [each for each in plain if each == item]


@pure
@given(moves(), books)
def test_a_fact_is_decided_alike_whatever_is_long(short: int, drawn: list[Move], book: str) -> None:
    """Lists in leaves, and contacts that point on, decide nothing: slice, whole and events agree."""
    events = stream(drawn)
    whole, told = opened(book), opened(book)
    decided = []
    for fact in facts(events):
        part = Guarded(whole, asked(fact, whole))
        decided.append(fold_fact(whole, fact, known()))
        assert fold_fact(part, fact, known()) == decided[-1]
        assert all(whole[key] == part[key] for key in part)
        for event in decided[-1]:
            evolve.apply(told, event)
    assert told == whole
    assert all(decode_record(key.kind, encode_record(record)) == record for key, record in whole.items())
    long_list.SHORT = evolve.FEW = 1_000_000
    try:
        plain, expected = fold(events, book)
    finally:
        long_list.SHORT = evolve.FEW = short
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
