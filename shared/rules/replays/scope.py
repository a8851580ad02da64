"""One scope replayed: its facts as they were, its facts as they are to be, both judged, and the difference.

The one function behind `panke replay`, replays over HTTP and Spark: it takes the lines of a scope in their order and
plain data, and returns plain data, so it may run in any process and on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from shared.contract import DealSubscribed, Event, PersonErased, RulebookAdopted
from shared.contract.answers.result import CustomerResult, DealResult
from shared.i18n import bilingual
from shared.ids import DealId
from shared.rules.judge.judge import Judging
from shared.rules.judge.reading import BadInputError, EventReader, in_order, recorded
from shared.rules.judge.result import ScopeResult
from shared.rules.judge.translate import StoredContacts
from shared.rules.judge.workers import Progress
from shared.rules.replays.change import ReplaySetup
from shared.rules.replays.difference import ScopeDifference, Way, compare_customers, compare_deals

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class ScopeReplay:
    """What came of a scope; items of lists as the bytes of the contract, which take a fraction of the memory."""

    scope: str
    customers: list[bytes] = field(default_factory=list)
    deals: list[bytes] = field(default_factory=list)
    moved: dict[Way, tuple[int, int, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    offices: list[str] = field(default_factory=list)
    ids: bytes = b""
    """Of every fact the sixteen bytes of its id, by which one that stands in two scopes is found."""


class UnknownFactError(BadInputError):
    """A fact that is to be left out, or was set aside, and that stands nowhere in the input."""

    @classmethod
    def of(cls, path: str, id_: str) -> UnknownFactError:
        return cls(0, path, bilingual("no event {id} stands in the input", id=id_))


class KnownFactError(BadInputError):
    """A fact that is to be put in has the id of one that is there."""

    @classmethod
    def of(cls, id_: str) -> KnownFactError:
        return cls(0, "add", bilingual("an event {id} stands in the input already", id=id_))


def replay_scope(
    name: str,
    lines: Sequence[bytes],
    setup: ReplaySetup,
    contacts: Mapping[str, StoredContacts] | None = None,
    progress: Progress = lambda done: None,
) -> ScopeReplay:
    """Judge a scope as it was and as it is to be. Raises `BadInputError` and `KnownFactError`."""
    events, found = _read(name, lines, setup)
    change = setup.change
    after = [event for event in events if event.id not in change.drop]
    found.dropped = [event.id for event in events if event.id in change.drop]
    added = setup.added.get(name, [])
    if added:
        after = sorted([*after, *added], key=recorded)
    found.counts = {"facts": len(events), "facts_dropped": len(found.dropped), "facts_added": len(added)}
    if change.rulebook is not None:
        after = [event for event in after if not isinstance(event.data, RulebookAdopted)]
    erased = {one for event in events if isinstance(event.data, PersonErased) for one in event.data.people}
    sides = [
        Judging(book, setup.books, setup.as_of, contacts or {}, erased).scope(
            name, enumerate(facts), progress=progress
        )
        for book, facts in ((setup.opening, events), (change.rulebook or setup.opening, after))
    ]
    return _compared(found, sides, _amounts([*events, *added]), setup)


def _read(name: str, lines: Sequence[bytes], setup: ReplaySetup) -> tuple[list[Event], ScopeReplay]:
    """The facts that count in recorded order, and what of them is told for the whole input."""
    aside = _ids_in(lines) & setup.aside if setup.aside else set()
    reader = EventReader(setup.books, aside=dict.fromkeys(aside, 0))
    events = in_order(reader.events(lines), setup.known_at)
    found = ScopeReplay(name, aside=sorted(aside), offices=sorted(reader.scopes))
    found.ids = b"".join(UUID(id_).bytes for id_ in reader.seen)
    for event in setup.added.get(name, []):
        if event.id in reader.seen:
            raise KnownFactError.of(event.id)
    return events, found


class _Id(msgspec.Struct, gc=False):
    id: str


_id_of = msgspec.json.Decoder(_Id).decode


def _ids_in(lines: Iterable[bytes]) -> set[str]:
    return {_id_of(line).id.lower() for line in lines if line.strip()}


def _amounts(events: Iterable[Event]) -> dict[DealId, str]:
    """What each deal states; the first record of a deal has its id."""
    amounts: dict[DealId, str] = {}
    for event in events:
        data = event.data
        if isinstance(data, DealSubscribed) and data.amount is not None:
            amounts.setdefault(DealId(data.deal), data.amount)
    return amounts


def _compared(
    found: ScopeReplay, sides: Sequence[ScopeResult], amounts: Mapping[DealId, str], setup: ReplaySetup
) -> ScopeReplay:
    difference, only = ScopeDifference(), setup.change.customers
    were, are = (_customers(side) for side in sides)
    deals_were, deals_are = (_deals(side) for side in sides)
    compare_customers(difference, were, are, only)
    compare_deals(difference, deals_were, deals_are, amounts, only)
    found.customers = [_encode(one) for one in difference.customers]
    found.deals = [_encode(one) for one in difference.deals]
    found.moved = {way: (m.customers, m.basis_points, m.cents) for way, m in difference.moved.items()}
    found.counts |= {
        "customers": len(were),
        "customers_changed": len(difference.customers),
        "owners_changed": difference.owners_changed,
        "deals": len(deals_were),
        "deals_changed": len(difference.deals),
    }
    return found


def _customers(side: ScopeResult) -> list[CustomerResult]:
    return side.lists["customers"].in_order()


def _deals(side: ScopeResult) -> list[DealResult]:
    return side.lists["deals"].in_order()
