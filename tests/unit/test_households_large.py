"""Joining a large customer costs what is joined to it, not what it is: whichever of them is the first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.rules.domain import facts as f
from shared.rules.domain import long_list
from shared.rules.domain.decide import new_scope
from shared.rules.domain.events import CustomersJoined
from shared.rules.domain.evolve import evolve
from shared.rules.domain.state import Changes, Customer, CustomerRef, Key, Slice
from shared.rules.rulebooks.loading import load
from tests.support.rules import fold_fact

BOOK = load("confirmation")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
LONG = 150
"""Members of a household, more than stand in a plain tuple."""


def changes(size: int, *, large_first: bool = True) -> dict[Key, object]:
    """What changes when a customer of one contact and one of `size` contacts and records are joined."""
    contacts = tuple(f"+86138{n:08d}" for n in range(size))
    at = (1, size + 1) if large_first else (2, 1)
    large = Customer("large", at[0], contacts=contacts, records=tuple(map(str, range(size))))
    small = Customer("small", at[1], contacts=("+8613900000001",), records=("new",))
    held = Slice({Key("customer", one.id): one for one in (large, small)})
    first, other = (large, small) if large_first else (small, large)
    return dict(evolve(held, CustomersJoined(first.id, (other.id,), None, None)))


def test_a_join_writes_what_is_joined_whatever_the_household_is() -> None:
    """The contacts of the customer that stays point to it already: a chain of links writes a few rows a link."""
    few, many = changes(10), changes(5_000)
    assert len(few) == len(many) == 3
    assert many[Key("contact", "+8613900000001")] == CustomerRef("large")
    assert many[Key("customer", "small")] is None
    joined = many[Key("customer", "large")]
    assert isinstance(joined, Customer)
    assert (len(joined.contacts), joined.contacts[-1], joined.records[-1]) == (5_001, "+8613900000001", "new")


def test_a_large_customer_joins_a_small_one_that_was_first_by_a_few_rows() -> None:
    """Its contacts go on pointing to the id that it had, and that one to the customer: the small one's are moved."""
    rows = changes(5_000, large_first=False)
    assert len(rows) == 4
    assert (
        rows[Key("contact", "+8613900000001")]
        == rows[Key("contact", "+8613900000001")]
        == CustomerRef("large")
    )
    assert rows[Key("joined", "large")] == CustomerRef("small")
    joined = rows[Key("customer", "small")]
    assert isinstance(joined, Customer)
    assert (len(joined.contacts), joined.contacts[0], joined.records[0]) == (5_001, "+8613900000001", "new")


class Counted(Slice):
    """A slice that counts the records which are written."""

    written = 0

    def put(self, changes: Changes) -> None:
        self.written += len(changes)
        super().put(changes)


def party(*members: int) -> f.Party:
    return f.Party(None, tuple(f"+86138{member:08d}" for member in members))


def call(*members: int, by: int = 0) -> f.Matter:
    return f.Call(party(*members), f"s{by % 2}", f.Asked())


def link(*members: int) -> f.Matter:
    return f.HouseholdLink(tuple(map(party, members)), "spouse")


CHAINS: dict[str, tuple[list[f.Matter], list[f.Matter]]] = {
    "from its beginning": ([], [link(n, n + 1) for n in range(LONG)]),
    "from its end": ([call(n) for n in range(LONG)], [link(n - 1, n) for n in range(LONG - 1, 0, -1)]),
    "with claims of two": (
        [call(n, by=n) for n in range(LONG)],
        [link(n - 1, n) for n in range(LONG - 1, 0, -1)],
    ),
    "by shared contacts": ([], [call(n, n + 1, by=n) for n in range(LONG)]),
    "by shared contacts from its end": (
        [call(n, by=n) for n in range(LONG)],
        [call(n - 1, n, by=n) for n in range(LONG - 1, 0, -1)],
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_link_makes_few_leaves_of_the_household(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever end it is linked from, with claims or without: no long list is made anew, few records are written."""
    leaves = 0
    init = long_list.Leaf.__init__

    def counted(leaf: Any, items: tuple[Any, ...]) -> None:
        nonlocal leaves
        leaves += 1
        init(leaf, items)

    monkeypatch.setattr(long_list.Leaf, "__init__", counted)
    before, chain = CHAINS[name]
    slice_ = Counted(new_scope("demo", (BOOK.name, BOOK.version), BOOK.timezone.key))
    most = made = 0
    for seq, matter in enumerate((*before, *chain), start=1):
        at, written, leaves = BEGIN + timedelta(seconds=seq), slice_.written, 0
        fact = f.Fact(f"e{seq}", seq, "demo", "hall", at, at, None, matter)
        fold_fact(slice_, fact, {(BOOK.name, BOOK.version): BOOK})
        most, made = max(most, slice_.written - written), max(made, leaves)
    (household,) = (record for record in slice_.values() if isinstance(record, Customer))
    assert len(long_list.leaves_of(household.records)) > 2
    assert 0 < made <= 24
    assert most <= 2 * long_list.SHORT
