"""A number typed for everybody and then corrected: each record is judged again at one price, however many there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from bench.folding import deployment
from bench.large_customer import LargeCustomer
from bench.measure import Goal, Result, at_most, in_turns, rounded
from bench.parts import database, postgres
from shared.ids import Contact, DealId, DisputeId, EventId, OfficeId, ScopeId, StaffId, VisitId
from shared.rules.domain import facts as f
from shared.rules.domain.decide import decide, new_scope
from shared.rules.rulebooks.loading import load

SIZES = (1_000, 8_000)
ROUNDS = 3
MOST = 1.5
"""For the price of one record or deal; what a correction or a ruling costs whole is among the figures."""
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SHARED = "+8613800000000"

DEMO, HALL, ALL = ScopeId("demo"), OfficeId("hall"), DisputeId("all")
LI, WANG, BO = StaffId("li"), StaffId("wang"), StaffId("bo")


class Office:
    """One customer with so many visits and deals."""

    def __init__(self, visits: int, deals: int) -> None:
        self._book = load("base")
        self._id = self._book.name, self._book.version
        self._slice = new_scope(DEMO, self._id, self._book.timezone.key)
        self._seq = self._corrected = 0
        for staff, role in ((LI, "consultant"), (WANG, "consultant"), (BO, "manager")):
            self.fold(f.Enrolment(staff, staff, role, {}))
        for n in range(visits):
            self.fold(_visit(n), f"r{n}")
        for n in range(deals):
            self.fold(f.Subscription(DealId(f"d{n}"), _party(SHARED, None), LI, None))
        self.fold(f.DisputeOpening(ALL, _party(SHARED, None), LI, None))

    def fold(self, matter: f.Matter, name: str | None = None) -> float:
        """The processor time of one fact."""
        self._seq += 1
        at = BEGIN + timedelta(seconds=self._seq)
        fact = f.Fact(EventId(name or f"e{self._seq}"), self._seq, DEMO, HALL, at, at, None, matter)
        begun = time.process_time()
        self._slice.put(decide(self._slice, fact, {self._id: self._book}).changes)
        return time.process_time() - begun

    def leave(self) -> float:
        """The next record gets a number of its own: its customer is somebody else."""
        self._corrected += 1
        party = _party(f"+86139{self._corrected:08d}", None)
        return self.fold(f.Correction(EventId(f"r{self._corrected}"), party, LI, (BO,), ("phones",)))

    def stay(self) -> float:
        """A record gets another name: the customer stays whole."""
        name = f.Party(f"name {self._seq}", ())
        return self.fold(f.Correction(EventId("r0"), name, LI, (BO,), ("name",)))

    def rule(self) -> float:
        """A ruling that sets the shares of every deal."""
        return self.fold(f.Ruling(ALL, BO, None, {LI: 5000, WANG: 5000}))


def run(sizes: tuple[int, int] = SIZES) -> Result:
    """A small customer and a large one in turns: corrections over visits, rulings over deals."""
    measures: dict[str, Callable[[], float]] = {}
    for size in sizes:
        visited, sold = Office(size, 0), Office(1, size // 4)
        measures |= {f"leave {size}": visited.leave, f"stay {size}": visited.stay, f"rule {size}": sold.rule}
    found = in_turns(ROUNDS, **measures)
    goals, figures = [], {}
    for name, what in KINDS.items():
        cost = partial(_cost, found, name)
        small, large = sizes
        growth = cost(large) / cost(small)
        goals.append(
            at_most(f"{what}: price of one at {large:,} to that at {small:,}", growth * small / large, MOST)
        )
        figures[name] = {str(size): rounded(cost(size) * 1e3) for size in sizes} | {"times": rounded(growth)}
    stored, whole = _stored(sizes)
    return Result("corrections", (*goals, *stored), {"ms": figures, "ms_until_stored": whole})


def _stored(sizes: tuple[int, int]) -> tuple[list[Goal], dict[str, dict[str, float]]]:
    """The whole correction, database included, after a first one that judges all records."""
    with postgres() as server, database(server) as dsn, deployment(dsn) as deployed:
        measures: dict[str, Callable[[], float]] = {}
        for size in sizes:
            customer = LargeCustomer(deployed, f"of-{size}", size)
            measures |= {f"leave {size}": customer.leave, f"stay {size}": customer.stay}
        in_turns(1, **measures)
        found = in_turns(2 * ROUNDS + 1, **measures)
    goals, figures = [], {}
    for name, what in WHOLE.items():
        small, large = (_cost(found, name, size) for size in sizes)
        words = f"{what}, until it is stored: of {sizes[1]:,} records to of {sizes[0]:,}"
        goals.append(at_most(words, large / small, MOST))
        figures[name] = {str(sizes[0]): rounded(small * 1e3), str(sizes[1]): rounded(large * 1e3)}
    return goals, figures


WHOLE = {"leave": "one record leaves, and of no other a decision changes", "stay": "one record is renamed"}


KINDS = {
    "leave": "a record leaves its customer, by record",
    "stay": "a record is corrected and stays, by record",
    "rule": "a ruling over all deals, by deal",
}


def _cost(found: dict[str, list[float]], name: str, size: int) -> float:
    return median(found[f"{name} {size}"])


def _party(phone: str, name: str | None) -> f.Party:
    return f.Party(name, (Contact(phone),), (Contact(phone),))


def _visit(n: int) -> f.Visit:
    return f.Visit(
        visit=VisitId(f"v{n}"), customer=_party(SHARED, f"n{n}"), received_by=(LI, WANG)[n % 2],
        capacity="on_turn", on_behalf_of=None, designated=None, asked=f.Asked(), referred_by=(),
        brochure_only=False, present=(), ended_at=None,
    )  # fmt: skip
