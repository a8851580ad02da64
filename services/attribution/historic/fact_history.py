"""Fact by fact what was decided when it was folded, and what later facts changed of it (contract.md#history)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from services.attribution.historic.facts import KnownFact
from services.attribution.historic.refold import Books, FoldedFact, Refolded
from shared.contract.answers import DealDecision, FlagResult, OwnershipDecision, PenaltyResult
from shared.ids import CustomerId, DealId, EventId
from shared.rules.domain import events as e
from shared.rules.domain import facts as f
from shared.rules.domain.case import book_at
from shared.rules.domain.rulebook import Clause
from shared.rules.domain.state import BookId, Claim, Customer, Scope
from shared.rules.judge.result import (
    deal_decision,
    decisions_of,
    flag_result,
    ownership_decision,
    penalty_result,
)

Change: TypeAlias = Literal["corrected", "approved", "joined", "parted", "decided", "lapsed"]
IN_FORCE: Final = frozenset({"revoked", "released", "transferred", "ruled", "disputed"})
"""Decisions that go by the rulebook in force; the others by that of the claim that stood."""


@dataclass(frozen=True, slots=True)
class MadeDecision:
    """A decision on a customer, or on a deal, with the rulebook by which it was made."""

    decision: OwnershipDecision | DealDecision
    book: BookId
    customer: CustomerId
    deal: DealId | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class ChangeSince:
    """What changed of a fact later: by which fact, None where only time went by, and how."""

    change: Change
    by: int | None
    made: MadeDecision | None = None
    customer: CustomerId | None = None


@dataclass(slots=True)
class HistoryFact:
    """One fact of a customer: what it brought, and what was changed of that."""

    seq: int
    body: bytes
    made: list[MadeDecision] = field(default_factory=list)
    flags: list[FlagResult] = field(default_factory=list)
    penalties: list[PenaltyResult] = field(default_factory=list)
    later: list[ChangeSince] = field(default_factory=list)


class Brief(NamedTuple):
    """What tells a fact apart."""

    event: EventId
    type: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class FactHistory:
    """The history of one customer as it was known at a moment."""

    customer: CustomerId
    timezone: str
    facts: list[HistoryFact]
    decisions: list[MadeDecision]
    by: dict[int, Brief]
    names: dict[str, str]


def history_of(found: Refolded, customer: Customer, books: Books) -> FactHistory:
    """What is to be told of a customer; `found` kept every fact."""
    told = _Gathering(found, customer, books)
    for folded in found.facts:
        told.hear(folded)
    told.sweep(found.swept)
    decisions = [told.of[id(made)] for made in decisions_of(found.history, customer) if id(made) in told.of]
    wanted = told.concerned(decisions)
    each = [folded.known for folded in found.facts]
    by_seq = {
        known.stored.seq: Brief(known.fact.id, known.event.type, known.fact.recorded_at) for known in each
    }
    facts = [told.facts[seq] for seq in sorted(wanted)]
    return FactHistory(customer.id, found.slice.scope.timezone, facts, decisions, by_seq, dict(found.names))


class _Gathering:
    """Goes through the facts once more, and notes of each what the later ones do to it."""

    def __init__(self, found: Refolded, customer: Customer, books: Books) -> None:
        self._customer = customer
        self._books = books
        self._scope: Scope = found.slice.scope
        self._claims: dict[CustomerId, Claim | None] = {}
        self._holder: dict[EventId, CustomerId] = {}
        self._records = frozenset(customer.records)
        self._seqs: dict[EventId, int] = {}
        self._last = 0
        self.facts: dict[int, HistoryFact] = {}
        self.of: dict[int, MadeDecision] = {}

    def hear(self, folded: FoldedFact) -> None:
        """The next fact."""
        known = folded.known
        self._last = seq = known.stored.seq
        self._seqs[known.fact.id] = seq
        self.facts[seq] = HistoryFact(seq, known.stored.body)
        self._note_remark(known, folded.events)
        for event in folded.events:
            self._note(event, seq, known.fact.id)

    def sweep(self, events: Iterable[e.DomainEvent]) -> None:
        """What lapsed since the last fact."""
        for event in events:
            if isinstance(event, e.Decided):
                self._note_decision(event, self._last, None)

    def concerned(self, decisions: Iterable[MadeDecision]) -> set[int]:
        """The facts that are of the customer, what corrects or approves them, and what its decisions rest on."""
        wanted = {self._seqs[name] for name in self._records if name in self._seqs}
        wanted |= {
            self._seqs[name] for made in decisions for name in made.decision.because if name in self._seqs
        }
        for seq in sorted(self.facts):
            if seq in wanted:
                wanted |= {
                    c.by for c in self.facts[seq].later if c.by and c.change in ("corrected", "approved")
                }
        return wanted

    def _note_remark(self, known: KnownFact, events: list[e.DomainEvent]) -> None:
        matter = known.fact.matter
        if isinstance(matter, f.Correction | f.Approval) and matter.record in self._seqs:
            change: Change = "corrected" if isinstance(matter, f.Correction) else "approved"
            self._add(matter.record, ChangeSince(change, known.stored.seq))

    def _note(self, event: e.DomainEvent, seq: int, trigger: EventId) -> None:
        match event:
            case e.Decided():
                self._note_decision(event, seq, trigger)
            case e.ClaimChanged():
                self._claims[event.customer] = event.claim
            case e.DealDecided():
                made = MadeDecision(
                    deal_decision(event), event.deal.book, event.customer, event.deal.deal, seq
                )
                self._note_made(made, seq, trigger)
            case e.Flagged():
                self.facts[self._seqs.get(event.event, seq)].flags.append(flag_result(event))
            case e.Penalised():
                self.facts[seq].penalties.append(penalty_result(event))
            case e.RecordFiled(filed=filed, customer=customer) if customer is not None:
                self._hold(filed.fact.id, customer, seq)
            case e.CustomerNamed() | e.CustomerTouched():
                self._hold(event.event, event.customer, seq)
            case e.CustomersJoined():
                self._join(event, seq)

    def _hold(self, record: EventId, customer: CustomerId, seq: int) -> None:
        """A record is of this customer now: one that was another's was parted from it."""
        before = self._holder.get(record)
        self._holder[record] = customer
        if before is not None and before != customer and self._seqs.get(record) != seq:
            self._add(record, ChangeSince("parted", seq, customer=customer))

    def _join(self, event: e.CustomersJoined, seq: int) -> None:
        parts = {event.customer, *event.gone}
        self._claims[event.customer] = event.claim
        for record, holder in self._holder.items():
            if holder in parts:
                self._holder[record] = event.customer
                if self._seqs.get(record) != seq:
                    self._add(record, ChangeSince("joined", seq, customer=event.customer))

    def _note_decision(self, event: e.Decided, seq: int, trigger: EventId | None) -> None:
        book = self._book(event, self._claims.get(event.customer))
        made = MadeDecision(ownership_decision(event), book, event.customer, None, seq)
        self._claims[event.customer] = event.claim
        self.of[id(event)] = made
        self._note_made(made, seq, None if event.decision == "lapsed" else trigger)

    def _note_made(self, made: MadeDecision, seq: int, trigger: EventId | None) -> None:
        """Of the fact that brought it, and of those on which it rests."""
        if trigger is not None:
            self.facts[seq].made.append(made)
        change: Change = "decided" if trigger is not None else "lapsed"
        for record in made.decision.because:
            if record != trigger:
                self._add(record, ChangeSince(change, seq if trigger is not None else None, made))

    def _add(self, record: EventId, changed: ChangeSince) -> None:
        seq = self._seqs.get(record)
        if seq is not None and changed not in self.facts[seq].later:
            self.facts[seq].later.append(changed)

    def _book(self, event: e.Decided, before: Claim | None) -> BookId:
        """The rulebook whose clause is cited: of one name several versions may have it, each in its own words."""
        in_force = book_at(self._scope, event.at)
        claims = [claim.book for claim in (before, event.claim) if claim is not None]
        order = [in_force, *claims] if event.decision in IN_FORCE else [*claims, in_force]
        return next((book for book in order if Clause(event.clause) in self._books[book].clauses), in_force)
