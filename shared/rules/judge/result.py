"""The result of judging in the shape of contract.md#result, from a scope's records and history."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from shared.contract import format_instant
from shared.rules.domain import events as e
from shared.rules.domain.case import has_standing_deal, standing
from shared.rules.domain.rotation import next_in
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.shares import deal_status, open_disputes
from shared.rules.domain.state import Board, Customer, Deal, Dispute, Slice
from shared.rules.judge.history import DecisionHistory

Json = dict[str, Any]
PLACE = "place"
Told = Callable[[Json], Any]
"""What becomes of an item of a list: itself, or its bytes, which take a fraction of the memory."""


def as_it_is(item: Json) -> Json:
    """For whoever looks into the result."""
    return item


def instant(at: datetime | None) -> str | None:
    """An instant as the contract writes it, or null."""
    return None if at is None else format_instant(at)


def status(slice_: Slice, customer: Customer) -> str:
    """What a customer is now: a dispute hides a deal, a deal the claim."""
    if open_disputes(slice_, customer):
        return "disputed"
    if has_standing_deal(customer):
        return "closed"
    if customer.claim is None:
        return "unowned"
    return "lapsed" if customer.claim.lapsed else "owned"


def expires_at(customer: Customer) -> datetime | None:
    """When the claim runs out; a customer with a standing deal does not lapse."""
    claim = standing(customer.claim)
    return None if claim is None or has_standing_deal(customer) else claim.expires_at


def decision_row(decision: e.Decided) -> Json:
    """A decision as `in_order` takes it: in the shape of the contract, a lapse with the place of its customer."""
    told = decision_json(decision)
    return told if decision.place is None else told | {PLACE: decision.place}


def decision_json(decision: e.Decided) -> Json:
    """A decision in the shape of the contract."""
    return {
        "at": instant(decision.at),
        "decision": decision.decision,
        "owner": decision.owner,
        "previous": decision.previous,
        "clause": decision.clause,
        "because": list(decision.because),
    }


def customer_json(slice_: Slice, customer: Customer, decisions: Iterable[e.Decided]) -> Json:
    """One customer with all decisions; these come in the order in which they were made."""
    claim = standing(customer.claim)
    ordered = in_order([decision_row(decision) for decision in sorted(decisions, key=attrgetter("at"))])
    return {
        "scope": slice_.scope.name,
        "customer": customer.id,
        "contacts": list(customer.contacts),
        "names": list(customer.names),
        "owner": claim.owner if claim else None,
        "status": status(slice_, customer),
        "basis": claim.basis if claim else None,
        "since": instant(claim.since if claim else None),
        "expires_at": instant(expires_at(customer)),
        "clause": ordered[-1]["clause"] if ordered else None,
        "decisions": ordered,
    }


def in_order(by_time: list[Json]) -> list[Json]:
    """Decisions of a customer by time, those of one time in the order in which they were made, but lapses first.

    When a lapse is appended depends on who looks first, a later fact or the sweep: of two parts that were joined
    and whose claims had run out at the same midnight, either may have been made first. So they go by the first
    records of those customers, which are taken out here (rows that were written before have none).
    """
    places = {id(decision): decision.pop(PLACE) for decision in by_time if PLACE in decision}
    if len({decision["at"] for decision in by_time}) == len(by_time):
        return by_time
    told: list[Json] = []
    for _, tied in groupby(by_time, key=itemgetter("at")):
        told += sorted(tied, key=lambda d: _among_tied(d, places.get(id(d))))
    return told


def _among_tied(decision: Json, place: Sequence[int] | None) -> tuple[int, list[int], list[str]]:
    """What orders decisions of one time: lapses by their customers' first records, others as they come."""
    if decision["decision"] != "lapsed":
        return 1, [], []
    return 0, list(place or ()), decision["because"]


def deal_json(slice_: Slice, customer: Customer, deal: Deal, decisions: Iterable[e.DealDecided]) -> Json:
    return {
        "scope": slice_.scope.name,
        "deal": deal.deal,
        "customer": customer.id,
        "closed_by": deal.closed_by,
        "status": deal_status(slice_, customer, deal),
        "shares": deal.shares,
        "clause": deal.clause,
        "because": list(deal.because),
        "decisions": [
            {
                "at": instant(decision.at),
                "status": decision.status,
                "shares": decision.deal.shares,
                "clause": decision.deal.clause,
                "because": list(decision.deal.because),
            }
            for decision in decisions
        ],
    }


def dispute_json(slice_: Slice, dispute: Dispute) -> Json:
    return {
        "scope": slice_.scope.name,
        "dispute": dispute.dispute,
        "customer": dispute.customers[0],
        "status": "open" if dispute.ruling is None else "ruled",
        "opened_by": dispute.opened_by,
        "clause": dispute.clause,
    }


def board_json(board: Board) -> Json:
    return {
        name: {"queue": list(queue), "next": next_in(board, queue)}
        for name, queue in (("visit", board.visit), ("call", board.call))
    }


def flag_json(flagged: e.Flagged) -> Json:
    return {"event": flagged.event, "flag": flagged.flag}


def penalty_json(penalty: e.Penalised) -> Json:
    return {
        "staff": penalty.staff,
        "clause": penalty.clause,
        "on": penalty.on,
        "event": penalty.event,
        "text": penalty.zh,
    }


def rulebook_json(book: Rulebook) -> Json:
    return {"name": book.name, "version": book.version, "sha256": book.sha256}


@dataclass(slots=True)
class Judged:
    """A scope as it was judged; `places` holds the place in the whole order of each of its facts, by seq from 1."""

    slice: Slice
    history: DecisionHistory
    places: Sequence[int]


LISTS = ("customers", "deals", "disputes", "flags", "penalties")
NTH = 2**24
"""More than the items that one record begins: what its place is multiplied by, so that one number orders all."""


@dataclass(slots=True)
class PlacedItems:
    """Items of a list, and of each the place of the record that it began with and its own within that record."""

    places: array[int] = field(default_factory=lambda: array("Q"))
    items: list[Any] = field(default_factory=list)

    def add(self, place: int, nth: int, item: Any) -> None:
        self.places.append(place * NTH + nth)
        self.items.append(item)

    def extend(self, more: PlacedItems) -> None:
        self.places += more.places
        self.items += more.items

    def in_order(self) -> list[Any]:
        """By place; those of one place as they were added."""
        return [self.items[n] for n in sorted(range(len(self.items)), key=self.places.__getitem__)]


@dataclass(slots=True)
class ScopeResult:
    """What is told of one scope: the items of each list, and the boards of its offices."""

    lists: dict[str, PlacedItems]
    boards: Json


def scope_result(scope: Judged, told: Told = as_it_is) -> ScopeResult:
    """What is told of a scope, for the result of all."""
    lists = {name: PlacedItems() for name in LISTS}
    for name, (place, nth), item in _items(scope):
        lists[name].add(place, nth, told(item))
    return ScopeResult(lists, {r.office: board_json(r) for r in scope.slice.values() if isinstance(r, Board)})


def result(book: Rulebook, as_of: datetime | None, scopes: Iterable[ScopeResult]) -> Json:
    """The whole of contract.md#result; lists go by the place of the record that each item began with."""
    lists = {name: PlacedItems() for name in LISTS}
    boards: Json = {}
    for scope in scopes:
        for name, found in scope.lists.items():
            lists[name].extend(found)
        boards |= scope.boards
    return {
        "rulebook": rulebook_json(book),
        "as_of": instant(as_of),
        "customers": lists["customers"].in_order(),
        "deals": lists["deals"].in_order(),
        "disputes": lists["disputes"].in_order(),
        "boards": dict(sorted(boards.items())),
        "flags": lists["flags"].in_order(),
        "penalties": lists["penalties"].in_order(),
    }


def _items(scope: Judged) -> Iterator[tuple[str, tuple[int, int], Json]]:
    """Every item of the lists, with the list that it belongs to and its place in the whole order."""
    slice_, history, places = scope.slice, scope.history, scope.places
    for record in slice_.values():
        if isinstance(record, Customer):
            found = history.decisions.get(record.id, ())
            told = customer_json(slice_, record, (decision for _, decision in found))
            yield "customers", (places[record.first - 1], record.nth), told
            for deal in record.deals:
                decided = history.deals.get(deal.deal, ())
                yield "deals", (places[deal.seq - 1], 0), deal_json(slice_, record, deal, decided)
        elif isinstance(record, Dispute):
            yield "disputes", (places[record.seq - 1], 0), dispute_json(slice_, record)
    for place, flagged in history.flags:
        yield "flags", (place, 0), flag_json(flagged)
    for place, penalty in history.penalties:
        yield "penalties", (place, 0), penalty_json(penalty)
