"""What is told of a customer who is formed anew: the difference, as much of it as there is."""

from __future__ import annotations

from msgspec.json import encode
from msgspec.structs import replace

from services.attribution.store.codec import encoder
from shared.rules.domain import events as e
from shared.rules.domain.differences import reformed
from shared.rules.domain.evolve import apply
from shared.rules.domain.long_list import Splice, spliced
from shared.rules.domain.state import Customer, Key, Slice
from tests.unit.test_corrections_large import SHARED, Office

PEOPLE = 200


def leaving(office: Office) -> Customer:
    """The customer without a record, its visit, a contact and what it had sold, but with a new name."""
    known = office.customer()
    return replace(
        known,
        records=spliced(known.records, (Splice(7, 1),)),
        receptions=spliced(known.receptions, (Splice(7, 1),)),
        contacts=("+8613999999999",),
        names=spliced(known.names, (Splice(0, 0, ("new",)),)),
        deals=(),
        nth=3,
    )


def test_what_earlier_versions_told_makes_the_same_customer() -> None:
    """A stored event that tells all of a customer does what one does that tells the difference."""
    office = Office("base", PEOPLE)
    office.deal(1)
    known, now = office.customer(), leaving(office)
    here, there = Slice(office.slice_), Slice(office.slice_)
    apply(here, reformed(known, now))
    apply(there, e.CustomersReformed(known.id, (now,), (SHARED,)))
    assert here == there
    assert here.customer(known.id) == now
    assert Key("contact", SHARED) not in here
    assert Key("visit", "v7") not in here
    assert Key("deal", "d1") not in here
    assert here.pointed("contact", "+8613999999999") == known.id


def test_an_event_of_a_large_customer_is_as_long_as_what_changes() -> None:
    """Of two hundred visits one that leaves is not two hundred that stay."""
    office = Office("base", PEOPLE)
    office.correct(5)
    events = [event for event in office.correct(6) if isinstance(event, e.CustomerReformed)]
    assert len(events) == 1
    body = encoder.encode(events[0])
    assert len(body) < len(encode(tuple(office.customer().receptions))) / 20
