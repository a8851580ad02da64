"""A number typed for everybody and then corrected: a fact costs what it changes, however many records there are."""

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
USUAL = 10
"""Records of a customer as there are many; what a visit costs there, a visit of a large one is held against too."""
ROUNDS = 3
MOST = 1.5
"""For a fact of a customer of one size to that of another; a ruling changes each deal, and is held to it by deal."""
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
        self._visits = visits
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

    def settle(self) -> None:
        """What was sold, signed, cancelled, ruled, found and recognised of the customer."""
        self.fold(f.Subscription(DealId("signed"), _party(SHARED, None), LI, None))
        self.fold(f.Signing(DealId("signed")))
        self.fold(f.Subscription(DealId("cancelled"), _party(SHARED, None), LI, None))
        self.fold(f.Cancellation(DealId("cancelled")))
        self.fold(f.EvidenceAdding(ALL, ("a paper",)))
        self.fold(f.Ruling(ALL, BO, WANG, None))
        last = VisitId(f"v{self._visits - 1}")
        self.fold(f.Concealment(last, BO, LI))
        self.fold(f.Recognition(last, LI, None, ("seen",), BO))

    def rule(self) -> float:
        """A ruling that sets the shares of every deal."""
        return self.fold(f.Ruling(ALL, BO, None, {LI: 5000, WANG: 5000}))


def run(sizes: tuple[int, int] = SIZES) -> Result:
    """A small customer and a large one in turns: by the rules alone, a ruling by deal; and until it is stored."""
    measures: dict[str, Callable[[], float]] = {}
    for size in sizes:
        visited, settled, sold = Office(size, 0), Office(size, 0), Office(1, size // 4)
        settled.settle()
        measures |= {f"leave {size}": visited.leave, f"stay {size}": visited.stay, f"rule {size}": sold.rule}
        measures[f"settled {size}"] = settled.leave
    first = in_turns(1, **measures)
    found = in_turns(2 * ROUNDS + 1, **measures)
    figures = {}
    for name in ("leave", "settled", "stay", "rule"):
        cost = partial(_cost, found, name)
        growth = cost(sizes[1]) / cost(sizes[0])
        figures[name] = {str(size): rounded(cost(size) * 1e3) for size in sizes} | {"times": rounded(growth)}
    by_deal = _cost(found, "rule", sizes[1]) / _cost(found, "rule", sizes[0]) * sizes[0] / sizes[1]
    settling = _cost(found, "settled", sizes[1]) / _cost(found, "leave", sizes[1])
    by_record = _cost(first, "leave", sizes[1]) / _cost(first, "leave", sizes[0]) * sizes[0] / sizes[1]
    goals = [
        at_most(
            f"a ruling over all deals, by deal: of {sizes[1] // 4:,} to of {sizes[0] // 4:,}", by_deal, MOST
        ),
        at_most(
            f"a correction after deals, a ruling, a finding and a recognition: of {sizes[1]:,} records to without",
            settling,
            MOST,
        ),
        at_most(f"the first correction, by record: of {sizes[1]:,} to of {sizes[0]:,}", by_record, MOST),
    ]
    stored, whole = _stored(sizes)
    firsts = {str(size): rounded(_cost(first, "leave", size) * 1e3) for size in sizes}
    return Result(
        "corrections", (*goals, *stored), {"ms": figures, "ms_first": firsts, "ms_until_stored": whole}
    )


def _stored(sizes: tuple[int, int]) -> tuple[list[Goal], dict[str, dict[str, float]]]:
    """Each kind of fact whole, database included, after a first one that judges all records."""
    with postgres() as server, database(server) as dsn, deployment(dsn) as deployed:
        measures: dict[str, Callable[[], float]] = {}
        for size in (USUAL, *sizes):
            customer = LargeCustomer(deployed, f"of-{size}", size)
            measures[f"visit {size}"] = customer.visit
            if size != USUAL:
                measures |= {f"{kind} {size}": getattr(customer, kind) for kind in WHOLE if kind != "visit"}
        in_turns(2, **measures)
        found = in_turns(3 * ROUNDS, **measures)
    goals, figures = [], {}
    for name, what in WHOLE.items():
        known = (USUAL, *sizes) if name == "visit" else sizes
        cost = {size: _cost(found, name, size) for size in known}
        for small, large in ((known[0], sizes[1]), *(((sizes[0], sizes[1]),) if name == "visit" else ())):
            words = f"{what}, until it is stored: of {large:,} records to of {small:,}"
            goals.append(at_most(words, cost[large] / cost[small], MOST))
        figures[name] = {str(size): rounded(each * 1e3) for size, each in cost.items()}
    return goals, figures


WHOLE = {
    "visit": "one more visit",
    "leave": "one record leaves, and of no other a decision changes",
    "stay": "one record gets a number besides",
    "rename": "one record is renamed",
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
