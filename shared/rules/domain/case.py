"""One fact before the rules: what is at hand, what was decided so far, and the few acts that every rule shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import replace

from shared.ids import CustomerId, EventId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.calendar import midnight_after
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.facts import Basis, Fact
from shared.rules.domain.precedent import NO_PRECEDENT, Precedent
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId, Claim, ClaimOrigin, Customer, Scope

Books = Mapping[BookId, Rulebook]
Step = Callable[[], None]
"""What hears of each part of a long judgement, for whoever must know that it moves."""


def unheard() -> None:
    """Nobody waits for it."""


class Case:
    """A fact that is being judged: `effective` is its effective time, `clock` where a follow-up clock starts.

    `turn_past` tells that the turn was taken when the record was made: in an older register that a manager vouches
    for, or before a correction completed it. `record` is the record that is judged, `id` what triggers: the same, but
    where a correction completes a record. `precedent` is what binds it of earlier decisions. `step` hears of each
    record that a correction judges again.
    """

    __slots__ = (
        "_in_force",
        "books",
        "clock",
        "customer",
        "effective",
        "events",
        "fact",
        "flags",
        "horizon",
        "id",
        "judge",
        "precedent",
        "record",
        "seq",
        "slice",
        "step",
        "timezone",
        "turn_past",
    )  # fmt: skip

    def __init__(
        self,
        draft: SliceDraft,
        fact: Fact,
        books: Books,
        horizon: datetime | None,
        judge: Callable[[Case], None],
        step: Step = unheard,
        precedent: Precedent = NO_PRECEDENT,
    ) -> None:
        self.slice = draft
        self.customer = draft.customer  # asked more than anything else, and so without a call between
        self.timezone = draft.scope.timezone
        self.fact = fact
        self.id: EventId = fact.id
        self.record: EventId = fact.id
        self.judge = judge
        self.step = step
        self.precedent = precedent
        self.seq = fact.seq
        self.books = books
        self.horizon = horizon
        self.effective = fact.occurred_at
        self.clock = fact.occurred_at
        self._in_force: tuple[datetime, BookId] | None = None
        self.turn_past = False
        self.events: list[e.DomainEvent] = []
        self.flags: list[str] = []

    # What is at hand

    @property
    def scope(self) -> Scope:
        return self.slice.scope

    @property
    def book(self) -> Rulebook:
        """The rulebook in force at the event."""
        return self.books[self.book_id]

    @property
    def book_id(self) -> BookId:
        known = self._in_force
        if known is None or known[0] is not self.effective:
            known = self._in_force = self.effective, book_at(self.scope, self.effective)
        return known[1]

    def book_of(self, claim: Claim | None) -> Rulebook:
        """The rulebook that the claim began under; without a claim, the one in force."""
        return self.book if claim is None else self.books[claim.book]

    @property
    def limit(self) -> datetime:
        """Up to where the claims that this event meets have lapsed."""
        latest = max(self.effective, self.fact.recorded_at)
        return latest if self.horizon is None else min(latest, self.horizon)

    def knows(self, customer: CustomerId) -> bool:
        return self.slice.find_customer(customer) is not None

    # Acts

    def emit(self, event: e.DomainEvent) -> None:
        """Make it so for the rest of the judging, and keep it for the history."""
        self.slice.apply(event)
        self.events.append(event)

    def flag(self, flag: str) -> None:
        """What the flag says did not happen; the event is kept and shown."""
        if flag not in self.flags:
            self.flags.append(flag)
            self.emit(e.Flagged(self.record, flag))

    def penalise(self, on: str, staff: StaffId, book: Rulebook) -> None:
        """Record the penalty that the rulebook threatens, if it does."""
        penalty = book.penalties.get(on)
        if penalty is not None:
            self.emit(e.Penalised(staff, penalty.clause, on, self.id, penalty.text.zh, penalty.text.en))

    def decide(
        self,
        customer: CustomerId,
        decision: e.DecisionKind,
        claim: Claim | None,
        clause: str,
        because: tuple[EventId, ...],
        at: datetime | None = None,
        *,
        owner: StaffId | None = None,
        previous: StaffId | None = None,
    ) -> None:
        """Make a decision of the contract; what it rests on stands once each, the trigger last.

        `previous` is the last holder, where nobody else is said to be.
        """
        if owner is None and claim is not None and not claim.lapsed:
            owner = claim.owner
        rests = resting_on(*because)
        if previous is None:
            previous = self.customer(customer).holder
        when = self.effective if at is None else at
        place = self.customer(customer).place if decision == "lapsed" else None
        self.emit(e.Decided(customer, when, decision, owner, previous, clause, rests, claim, place))

    def settle(self, customer: CustomerId) -> None:
        """Let the customer's claim lapse as far as its time has come."""
        lapse(self, customer, self.limit)

    # Claims

    def new_claim(self, owner: StaffId, basis: Basis, registration: ClaimOrigin) -> Claim:
        """A claim that begins with this event, under the rulebook in force."""
        return Claim(
            owner=owner,
            basis=basis,
            since=self.effective,
            book=self.book_id,
            registration=registration,
            registered=self.effective,
            contact_at=self.clock,
            contact=self.id,
            expires_at=self._expiry(self.book_id, basis, self.clock),
        )

    def clocked(self, claim: Claim) -> Claim:
        """The claim with the expiry that its last contact gives it."""
        return replace(claim, expires_at=self._expiry(claim.book, claim.basis, claim.contact_at))

    def contacted(self, claim: Claim, at: datetime | None = None) -> Claim:
        """The claim after a counting contact by this event: it stands, and its clock never goes back."""
        when = self.clock if at is None else at
        if claim.lapsed and claim.expires_at is not None:
            claim = replace(claim, lapsed=False, gaps=(*claim.gaps, (claim.expires_at, self.effective)))
        if when < claim.contact_at:
            return self.clocked(claim)
        expires_at = self._expiry(claim.book, claim.basis, when)
        return replace(claim, contact_at=when, contact=self.id, expires_at=expires_at)

    def _expiry(self, book: BookId, basis: Basis, contact_at: datetime) -> datetime | None:
        """The midnight at which a claim of this basis ends that nobody keeps up after a contact, if it ever ends."""
        days = self.books[book].follow_up.days(basis)
        return None if days is None else midnight_after(contact_at, days, self.timezone)


def book_at(scope: Scope, at: datetime) -> BookId:
    """The rulebook in force at an instant: the latest adoption, else the default (procedure.md#claims-adopted)."""
    best = None
    for adopted in scope.adoptions:
        if adopted.effective_from <= at and (best is None or adopted.effective_from >= best.effective_from):
            best = adopted
    return scope.default if best is None else best.book


def resting_on(*events: EventId) -> tuple[EventId, ...]:
    """Each event once; the last is the trigger, wherever else it stands (procedure.md#clauses-because)."""
    found = dict.fromkeys(events)
    trigger = events[-1]
    del found[trigger]
    return (*found, trigger)


def standing(claim: Claim | None) -> Claim | None:
    """The claim if it has not lapsed."""
    return claim if claim is not None and not claim.lapsed else None


def has_standing_deal(customer: Customer) -> bool:
    return bool(customer.deals) and any(not deal.cancelled for deal in customer.deals)


def lapse(case: Case, customer: CustomerId, until: datetime) -> None:
    """A claim that nobody kept up ends at its expiry (procedure.md#lapse-date), but not while a deal stands."""
    known = case.customer(customer)
    claim = known.claim
    if claim is None or claim.lapsed or claim.expires_at is None or claim.expires_at > until:
        return
    if has_standing_deal(known):
        return
    clause = case.books[claim.book].follow_up.clause
    because = (claim.registration.event, claim.contact)
    case.decide(customer, "lapsed", replace(claim, lapsed=True), clause, because, claim.expires_at)
