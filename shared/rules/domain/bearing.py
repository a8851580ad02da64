"""Which facts bear on one another: what has no name in common with a customer's records decides nothing of it.

A rule looks at the header of the scope, at the board of the office, and at records that are found by the names which
its fact and the facts before it have in common (`needs`). A board decides whose turn it is, and so flags and penalties,
never who owns. So a customer, a deal or a dispute is judged right from the facts that hang together by names, and from
those that make the header.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from shared.rules.domain import facts as f
from shared.rules.domain.needs import named
from shared.rules.domain.state import SCOPE, Key

HEADER: Final = (f.Enrolment, f.Departure, f.Adoption)
"""What every judgement of a scope looks at: its people and its rulebooks."""
_BY_SYSTEM: Final = "system:"


class Bearing(NamedTuple):
    """What a fact names: whoever has one of the `names` too hangs together with it; `reads` it only looks at."""

    names: tuple[Key, ...]
    reads: tuple[Key, ...] = ()


def bearing(fact: f.Fact) -> Bearing:
    """By what a fact hangs together with others; a shift or an absence by nothing.

    A referrer is looked at and stays as it was: its facts bear on the visit, and the visit does not bear on them.
    """
    reads = _referrers(fact.matter) if isinstance(fact.matter, f.Visit) else ()
    return Bearing(names_in(fact.matter), _once(reads))


def names_in(matter: f.Matter) -> tuple[Key, ...]:
    """The names alone, each once."""
    if isinstance(matter, HEADER):
        return (SCOPE,)
    if isinstance(matter, f.Visit):
        return _once(
            [Key("visit", matter.visit), *[Key("contact", each) for each in matter.customer.contacts]]
        )
    return _once(map(_opener, named(matter)))


def _referrers(visit: f.Visit) -> list[Key]:
    return [Key("contact", each.contact) for each in visit.referred_by if each.contact is not None]


def _opener(key: Key) -> Key:
    """A dispute of the system has no record of its own: it is named by the one that brought it."""
    if key.kind == "dispute" and key.id.startswith(_BY_SYSTEM):
        return Key("record", key.id.removeprefix(_BY_SYSTEM))
    return key


def _once(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Each once; that an id is taken is found with the id."""
    return tuple(dict.fromkeys(key for key in keys if key.kind != "taken"))
