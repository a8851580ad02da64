"""Small histories judged step by step: each prefix once, whatever comes after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from shared.contract import decode_event, format_instant
from shared.ids import CustomerId, ScopeId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.case import Books
from shared.rules.domain.decide import decide, new_scope
from shared.rules.domain.facts import Fact
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.shares import deal_status
from shared.rules.domain.state import Customer, Deal, Slice
from shared.rules.judge.translate import to_fact
from shared.rules.proofs.instants import before_all
from shared.rules.proofs.steps import SCOPE, HistoryStep, enrolments, event_of


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A step of a history: its number, when it happened and when it was recorded."""

    step: HistoryStep
    number: int
    occurred: datetime
    recorded: datetime

    def line(self) -> bytes:
        """The event, as a line of an export."""
        return msgspec.json.encode(_wire(self))


def _wire(placed: PlacedStep) -> dict[str, object]:
    occurred, recorded = format_instant(placed.occurred), format_instant(placed.recorded)
    return event_of(placed.step, placed.number, occurred, recorded)


@lru_cache(maxsize=200_000)
def _fact(placed: PlacedStep) -> Fact:
    return to_fact(decode_event(placed.line(), recorded=True), placed.number)


@dataclass(slots=True)
class Prefix:
    """A history up to some step: what is known then, and what its last step caused."""

    slice: Slice
    count: int
    events: list[e.DomainEvent] = field(default_factory=list)

    @property
    def customers(self) -> list[Customer]:
        return [record for record in self.slice.values() if isinstance(record, Customer)]

    @property
    def deals(self) -> list[Deal]:
        return [deal for customer in self.customers for deal in customer.deals]

    def owners(self) -> dict[CustomerId, StaffId | None]:
        """Whose each customer is; nobody's where the claim lapsed."""
        return {
            one.id: one.claim.owner if one.claim is not None and not one.claim.lapsed else None
            for one in self.customers
        }

    def points(self, staff: str, *, ruled: bool = False) -> int:
        """What a consultant has of all deals; `ruled`: of those alone on which nobody has to rule."""
        return sum(
            deal.shares.get(StaffId(staff), 0)
            for customer in self.customers
            for deal in customer.deals
            if not ruled or deal_status(self.slice, customer, deal) == "final"
        )


@dataclass(frozen=True, slots=True)
class PrefixJudge:
    """Judges under one rulebook."""

    book: Rulebook
    books: Books

    def begun(self) -> Prefix:
        """Before the first step: who works there is known."""
        at = format_instant(before_all(self.book))
        judged = Prefix(
            new_scope(ScopeId(SCOPE), (self.book.name, self.book.version), self.book.timezone.key), 0
        )
        for wire in enrolments(at):
            fact = to_fact(decode_event(msgspec.json.encode(wire), recorded=True), judged.count + 1)
            judged = self._put(judged, fact)
        return judged

    def after(self, judged: Prefix, placed: PlacedStep) -> Prefix:
        """The same, one step on; what was before stays as it is."""
        return self._put(judged, replace(_fact(placed), seq=judged.count + 1))

    def all(self, judged: Prefix, steps: Sequence[PlacedStep]) -> Prefix:
        """Some steps on."""
        for placed in steps:
            judged = self.after(judged, placed)
        return judged

    def _put(self, judged: Prefix, fact: Fact) -> Prefix:
        outcome = decide(judged.slice, fact, self.books)
        after = Slice(judged.slice)
        after.put(outcome.changes)
        return Prefix(after, judged.count + 1, outcome.events)


def export(book: Rulebook, steps: Sequence[PlacedStep]) -> bytes:
    """A history as `panke judge` takes it."""
    at = format_instant(before_all(book))
    staff = [msgspec.json.encode(wire) for wire in enrolments(at)]
    return b"".join(line + b"\n" for line in (*staff, *(placed.line() for placed in steps)))
