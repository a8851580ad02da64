"""Long lists of a customer in leaves: a change makes few leaves anew, and an event tells little more than it."""

from __future__ import annotations

from typing import Any

from shared.rules.domain.differences import differences
from shared.rules.domain.lists import added, appended, replaced, united, united_by
from shared.rules.domain.long_list import LEAF, SHORT, Items, LongList, Splice, leaves_of, listed, spliced
from shared.rules.domain.state import Deal

MANY = 40 * LEAF


def names(count: int, first: int = 0) -> tuple[str, ...]:
    return tuple(f"e{number:06d}" for number in range(first, first + count))


def made_anew(before: Items[Any], after: Items[Any]) -> int:
    """How many leaves one list has that the other had not."""
    return len(set(map(id, leaves_of(after))) - set(map(id, leaves_of(before))))


def test_a_list_grows_by_full_leaves() -> None:
    """As a customer's records do, one by one: what is full is never written again."""
    records: Items[str] = ()
    written: list[str] = []
    for name in names(SHORT + 3 * LEAF):
        before, records = records, appended(records, name)
        written.append(name)
        assert records == tuple(written)
        assert made_anew(before, records) <= 1
    assert [len(leaf.items) for leaf in leaves_of(records)[:-1]] == [LEAF] * (len(leaves_of(records)) - 1)


def test_a_list_of_few_is_a_tuple() -> None:
    """Also one that was long, when nearly all have left it."""
    long = listed(names(SHORT + 1))
    assert isinstance(long, LongList)
    assert type(listed(names(SHORT))) is tuple
    assert type(spliced(long, (Splice(0, 1),))) is tuple


def test_a_change_in_the_middle_makes_one_leaf_anew() -> None:
    """The others are the same objects before and after."""
    before = listed(names(MANY))
    without = spliced(before, (Splice(700, 1),))
    assert without == names(700) + names(MANY - 701, 701)
    assert made_anew(before, without) == 1
    assert made_anew(before, spliced(before, (Splice(700, 0, ("new",)),))) <= 2
    assert made_anew(before, spliced(before, (Splice(1, 1), Splice(MANY, 0, ("new",))))) <= 3


def test_leaves_out_of_which_nearly_all_went_are_one() -> None:
    """Lists that shrink from everywhere do not end as a leaf for each item."""
    rest = listed(names(MANY))
    while len(rest) > MANY // 8:
        every = range(0, len(rest), 2)
        rest = spliced(rest, tuple(Splice(place, 1) for place in every))
    assert len(leaves_of(rest)) <= 4 * MANY // 8 // (LEAF // 4)


def test_differences_are_told_without_a_look_at_what_is_the_same() -> None:
    """A leaf of both lists is passed over, whatever stands in it."""
    before = listed(names(MANY))
    after = spliced(before, (Splice(5, 1), Splice(900, 0, ("new",)), Splice(MANY, 0, ("last",))))
    assert differences(before, after) == (Splice(5, 1), Splice(900, 0, ("new",)), Splice(MANY, 0, ("last",)))
    assert differences(before, tuple(after))[0].at == 5
    assert differences(before, before) == ()


def test_a_small_list_is_united_with_a_long_one_where_it_comes() -> None:
    """From either side, each item once where it stood first."""
    long = listed(names(MANY))
    front = united((("new", "e000700"), long))
    assert front == ("new", "e000700", *names(700), *names(MANY - 701, 701))
    assert made_anew(long, front) <= 3
    behind = united((long, ("new", "e000700", "new")))
    assert behind == (*names(MANY), "new")
    assert made_anew(long, behind) <= 1
    assert united((long, listed(names(MANY, 10)))) == names(MANY + 10)


def test_what_is_looked_up_is_found_after_every_change() -> None:
    """Whether it was looked up before the list grew or not."""
    records: Items[str] = listed(names(SHORT + 1))
    for name in names(3 * LEAF, SHORT + 1):
        assert name not in records
        records = added(records, name)
        assert name in records
        assert added(records, name) is records


def deal(name: str, seq: int) -> Any:
    return Deal(name, name, seq, None, ("base", 1), "li", None, {}, "c", ())  # type: ignore[arg-type]


def test_deals_of_equal_places_keep_the_order_of_their_lists() -> None:
    """As if they had been sorted all at once."""
    long = listed(tuple(deal(f"d{number}", number // 3) for number in range(MANY)))
    few = tuple(deal(f"x{number}", number) for number in (5, 300, 300, 7))
    for lists in ((few, long), (long, few), (few[:2], long, few[2:])):
        plain = sorted([each for items in lists for each in items], key=lambda each: each.seq)
        united_ = united_by(lists, "seq")
        assert united_ == tuple(plain)
        assert made_anew(long, united_) <= 9
    assert replaced(long, deal("d700", 1))[700].seq == 1


def test_what_was_appended_before_its_place_is_put_there_alone() -> None:
    """A join finds out an earlier claim and appends it: the next join sorts that in, and nothing else."""
    long = appended(
        listed(tuple(deal(f"d{number}", number) for number in range(MANY))), deal("early", MANY // 2)
    )
    few = (deal("new", 3),)
    for lists in ((few, long), (long, few)):
        plain = sorted([each for items in lists for each in items], key=lambda each: each.seq)
        united_ = united_by(lists, "seq")
        assert united_ == tuple(plain)
        assert made_anew(long, united_) <= 6
