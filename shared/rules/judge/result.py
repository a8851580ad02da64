"""The result of judging in the shape of contract.md#result, from a scope's records and history."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from shared.contract import format_instant
from shared.contract.answers.result import (
    BoardResult,
    BothBoards,
    CustomerResult,
    DealDecision,
    DealResult,
    DisputeResult,
    FlagResult,
    JudgementResult,
    OwnershipDecision,
    PenaltyResult,
    RulebookDigest,
)
from shared.contract.sealed import without_erased
from shared.contract.topics import ClaimStatus
from shared.rules.domain import events as e
from shared.rules.domain.case import has_standing_deal, standing
from shared.rules.domain.rotation import next_in
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.shares import deal_status, open_disputes
from shared.rules.domain.state import Board, Customer, Deal, Dispute, Records, Slice
from shared.rules.judge.history import DecisionHistory

EncodeItem: TypeAlias = Callable[[Struct], Any]
"""Makes of an item of a list what the result holds: itself, or its bytes, which take a fraction of the memory."""


def identity(item: Struct) -> Struct:
    """For whoever looks into the result."""
    return item


def instant(at: datetime | None) -> str | None:
    """An instant as the contract writes it, or null."""
    return None if at is None else format_instant(at)


def status(records: Records, customer: Customer) -> ClaimStatus:
    """What a customer is now: a dispute hides a deal, a deal the claim."""
    if open_disputes(records, customer):
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


def ownership_decision(made: e.Decided) -> OwnershipDecision:
    """A decision in the shape of the contract."""
    return OwnershipDecision(
        format_instant(made.at), made.decision, made.owner, made.previous, made.clause, made.because
    )


class StoredDecision(OwnershipDecision, frozen=True, gc=False, omit_defaults=True):
    """A decision as a row has it: a lapse with the place of its customer, by which those of one time are ordered."""

    place: tuple[int, ...] | None = None

    def answer(self) -> OwnershipDecision:
        """In the shape of the contract."""
        return OwnershipDecision(self.at, self.decision, self.owner, self.previous, self.clause, self.because)


def stored_decision(made: e.Decided) -> StoredDecision:
    """A decision as it is stored."""
    return StoredDecision(
        format_instant(made.at),
        made.decision,
        made.owner,
        made.previous,
        made.clause,
        made.because,
        made.place,
    )


class PlacedDecision(Protocol):
    """What orders decisions: of those that the rules made, and of those that are read from rows."""

    @property
    def at(self) -> Any: ...
    @property
    def decision(self) -> str: ...
    @property
    def because(self) -> tuple[str, ...]: ...
    @property
    def place(self) -> tuple[int, ...] | None: ...


D = TypeVar("D", bound=PlacedDecision)


def in_order(by_time: list[D]) -> list[D]:
    """Decisions of a customer by time, those of one time in the order in which they were made, but lapses first.

    When a lapse is appended depends on who looks first, a later fact or the sweep: of two parts that were joined
    and whose claims had run out at the same midnight, either may have been made first. So they go by the first
    records of those customers (rows that were written before have none).
    """
    if len({decision.at for decision in by_time}) == len(by_time):
        return by_time
    ordered: list[D] = []
    for _, tied in groupby(by_time, key=attrgetter("at")):
        ordered += sorted(tied, key=_among_tied)
    return ordered


def _among_tied(decision: PlacedDecision) -> tuple[int, tuple[int, ...], tuple[str, ...]]:
    """What orders decisions of one time: lapses by their customers' first records, others as they come."""
    if decision.decision != "lapsed":
        return 1, (), ()
    return 0, decision.place or (), decision.because


def customer_result(
    slice_: Slice, customer: Customer, decisions: list[OwnershipDecision], clause: str | None
) -> CustomerResult:
    """One customer with these decisions, of which the last cites the clause."""
    claim = standing(customer.claim)
    return CustomerResult(
        slice_.scope.name,
        customer.id,
        tuple(customer.contacts),  # those of a large customer are put in order as they are read
        tuple(customer.names),
        claim.owner if claim else None,
        status(slice_, customer),
        claim.basis if claim else None,
        instant(claim.since if claim else None),
        instant(expires_at(customer)),
        clause,
        decisions,
    )


def decisions_of(history: DecisionHistory, customer: Customer) -> list[e.Decided]:
    """What was decided of a customer, in the order of the contract."""
    found = history.decisions.get(customer.id, ())
    return in_order(sorted((made for _, made in found), key=attrgetter("at")))


def customer_judged(slice_: Slice, history: DecisionHistory, customer: Customer) -> CustomerResult:
    """One customer with everything that was decided of it."""
    decisions = [ownership_decision(made) for made in decisions_of(history, customer)]
    return customer_result(slice_, customer, decisions, decisions[-1].clause if decisions else None)


def deal_judged(slice_: Slice, history: DecisionHistory, customer: Customer, deal: Deal) -> DealResult:
    """One deal with everything that was decided of it."""
    decided = [deal_decision(made) for made in history.deals.get(deal.deal, ())]
    return deal_result(slice_, customer, deal, decided)


def _without_erased(customer: CustomerResult, erased: Set[str]) -> CustomerResult:
    """The customer as it reads for whoever has no key of these people."""
    contacts, names = (without_erased(texts, erased) for texts in (customer.contacts, customer.names))
    return replace(customer, contacts=contacts, names=names)


def deal_result(slice_: Slice, customer: Customer, deal: Deal, decisions: list[DealDecision]) -> DealResult:
    return DealResult(
        slice_.scope.name,
        deal.deal,
        customer.id,
        deal.closed_by,
        deal_status(slice_, customer, deal),
        deal.shares,
        deal.clause,
        deal.because,
        decisions,
    )


def deal_decision(made: e.DealDecided) -> DealDecision:
    """A decision on a deal in the shape of the contract."""
    deal = made.deal
    return DealDecision(format_instant(made.at), made.status, deal.shares, deal.clause, deal.because)


def dispute_result(slice_: Slice, dispute: Dispute) -> DisputeResult:
    return DisputeResult(
        slice_.scope.name,
        dispute.dispute,
        dispute.customers[0],
        "open" if dispute.ruling is None else "ruled",
        dispute.opened_by,
        dispute.clause,
    )


def both_boards(board: Board) -> BothBoards:
    return BothBoards(*(BoardResult(queue, next_in(board, queue)) for queue in (board.visit, board.call)))


def flag_result(flagged: e.Flagged) -> FlagResult:
    return FlagResult(flagged.event, flagged.flag)


def penalty_result(penalty: e.Penalised) -> PenaltyResult:
    return PenaltyResult(penalty.staff, penalty.clause, penalty.on, penalty.event, penalty.zh)


@dataclass(slots=True)
class Judged:
    """A scope as it was judged; `places` holds the place in the whole order of each of its facts, by seq from 1."""

    slice: Slice
    history: DecisionHistory
    places: Sequence[int]
    erased: Set[str] = frozenset()


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
    """What came of one scope: the items of each list, and the boards of its offices."""

    lists: dict[str, PlacedItems]
    boards: dict[str, BothBoards]


def scope_result(scope: Judged, encode_item: EncodeItem = identity) -> ScopeResult:
    """What came of a scope, for the result of all."""
    lists = {name: PlacedItems() for name in LISTS}
    for name, (place, nth), item in _items(scope):
        lists[name].add(place, nth, encode_item(item))
    return ScopeResult(
        lists, {r.office: both_boards(r) for r in scope.slice.values() if isinstance(r, Board)}
    )


def result(book: Rulebook, as_of: datetime | None, scopes: Iterable[ScopeResult]) -> JudgementResult:
    """The whole of contract.md#result; lists go by the place of the record that each item began with."""
    lists = {name: PlacedItems() for name in LISTS}
    boards: dict[str, BothBoards] = {}
    for scope in scopes:
        for name, found in scope.lists.items():
            lists[name].extend(found)
        boards |= scope.boards
    return JudgementResult(
        rulebook=RulebookDigest(book.name, book.version, book.sha256),
        as_of=instant(as_of),
        boards=dict(sorted(boards.items())),
        **{name: items.in_order() for name, items in lists.items()},
    )


def _items(scope: Judged) -> Iterator[tuple[str, tuple[int, int], Struct]]:
    """Every item of the lists, with the list that it belongs to and its place in the whole order."""
    slice_, history, places = scope.slice, scope.history, scope.places
    for record in slice_.values():
        if isinstance(record, Customer):
            customer = customer_judged(slice_, history, record)
            if scope.erased:
                customer = _without_erased(customer, scope.erased)
            yield "customers", (places[record.first - 1], record.nth), customer
            for deal in record.deals:
                yield "deals", (places[deal.seq - 1], 0), deal_judged(slice_, history, record, deal)
        elif isinstance(record, Dispute):
            yield "disputes", (places[record.seq - 1], 0), dispute_result(slice_, record)
    for place, flagged in history.flags:
        yield "flags", (place, 0), flag_result(flagged)
    for place, penalty in history.penalties:
        yield "penalties", (place, 0), penalty_result(penalty)
