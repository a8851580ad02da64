"""Joining a large customer costs what is joined to it, not what it is."""

from __future__ import annotations

from services.attribution.domain.events import CustomersJoined
from services.attribution.domain.evolve import evolve
from services.attribution.domain.state import Customer, Key, Pointer, Slice


def changes(size: int) -> dict[Key, object]:
    """What changes when a customer of one contact is joined to one of `size` contacts and records."""
    contacts = tuple(f"+86138{n:08d}" for n in range(size))
    large = Customer("large", 1, contacts=contacts, records=tuple(map(str, range(size))))
    small = Customer("small", size + 1, contacts=("+8613900000001",), records=("new",))
    held = Slice({Key("customer", one.id): one for one in (large, small)})
    return dict(evolve(held, CustomersJoined("large", ("small",), None, None)))


def test_a_join_writes_what_is_joined_whatever_the_household_is() -> None:
    """The contacts of the customer that stays point to it already: a chain of links writes a few rows a link."""
    few, many = changes(10), changes(5_000)
    assert len(few) == len(many) == 3
    assert many[Key("contact", "+8613900000001")] == Pointer("large")
    assert many[Key("customer", "small")] is None
    joined = many[Key("customer", "large")]
    assert isinstance(joined, Customer)
    assert (len(joined.contacts), joined.contacts[-1], joined.records[-1]) == (5_001, "+8613900000001", "new")
