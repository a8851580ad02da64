"""What an office would not want, each looked for in one history that was judged step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations, permutations
from typing import Final, Literal, TypeAlias

from shared.ids import StaffId
from shared.rules.domain import events as e
from shared.rules.domain.shares import deal_status
from shared.rules.judge.amounts import WHOLE
from shared.rules.proofs.folding import PlacedStep, Prefix, PrefixJudge
from shared.rules.proofs.steps import CONSULTANTS, HistoryStep, grounds_of

FaultKind: TypeAlias = Literal["conflict", "unpaid", "late", "order"]
FAULTS: Final[tuple[FaultKind, ...]] = ("conflict", "unpaid", "late")
"""What is looked for where nothing else is said: `order` is in every rulebook."""


@dataclass(frozen=True, slots=True)
class HistoryCourse:
    """One way in which a history goes, and what comes of it."""

    steps: tuple[PlacedStep, ...]
    owner: str | None
    shares: dict[StaffId, int] | None
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownFault:
    """A fault, and the courses that show it: the history itself first."""

    fault: FaultKind
    courses: tuple[HistoryCourse, ...]
    who: str | None = None
    """Who gains by entering late."""


@dataclass(slots=True)
class HistoryPath:
    """A history in work: its steps, and what was known before the first and after each."""

    steps: list[PlacedStep]
    judged: list[Prefix]

    @property
    def last(self) -> Prefix:
        return self.judged[-1]


def course(folder: PrefixJudge, judged: Prefix, steps: Sequence[PlacedStep]) -> HistoryCourse:
    """These steps from what was known before them; the clauses of all their decisions, in order."""
    clauses: list[str] = []
    for placed in steps:
        judged = folder.after(judged, placed)
        clauses += [event.clause for event in judged.events if isinstance(event, e.Decided)]
        clauses += [event.deal.clause for event in judged.events if isinstance(event, e.DealDecided)]
    owners = [owner for owner in judged.owners().values() if owner is not None]
    deals = [deal for deal in judged.deals if not deal.cancelled]
    shares = dict(deals[-1].shares) if deals else None
    return HistoryCourse(
        tuple(steps),
        owners[0] if owners else None,
        shares,
        tuple(dict.fromkeys(clauses)),
    )


def conflicts(folder: PrefixJudge, path: HistoryPath, when: datetime) -> Iterator[ShownFault]:
    """One more visit at which two clauses, each by itself, give the customer to different people."""
    for grounds in combinations(grounds_of(folder.book), 2):
        for by, one, other in permutations(CONSULTANTS):
            step = HistoryStep("grounds", by, one, other, grounds=grounds)
            yield from _conflict(folder, path, step, when)


def _conflict(
    folder: PrefixJudge, path: HistoryPath, step: HistoryStep, when: datetime
) -> Iterator[ShownFault]:
    first, second = step.grounds
    alone = (
        replace(step, kind=first, second=None, grounds=()),
        replace(step, kind=second, other=step.second, second=None, grounds=()),
    )
    number = len(path.steps) + 1
    ends = [folder.after(path.last, PlacedStep(one, number, when, when)) for one in alone]
    (was, clause), (is_, other) = ([*_given(end), None, None][:2] for end in ends)
    if was is None or is_ is None or was == is_ or clause == other:
        return
    courses = [
        course(folder, path.judged[0], (*path.steps, PlacedStep(one, number, when, when)))
        for one in (step, *alone)
    ]
    yield ShownFault("conflict", tuple(courses))


def _given(judged: Prefix) -> list[str | None]:
    """Whom the last step made the owner, and by which clause."""
    for event in judged.events:
        if isinstance(event, e.Decided) and event.decision in ("established", "superseded"):
            return [event.owner, event.clause]
    return []


def unpaid(folder: PrefixJudge, path: HistoryPath) -> Iterator[ShownFault]:
    """The last step signed a deal, or fixed its shares, and these do not make a whole."""
    signed = path.steps[-1].step.kind == "signed"
    decided = any(isinstance(event, e.DealDecided) for event in path.last.events)
    if not signed and not decided:
        return
    for customer in path.last.customers:
        for deal in customer.deals:
            if deal.cancelled:
                continue
            total = sum(deal.shares.values())
            pending = deal_status(path.last.slice, customer, deal) == "pending_ruling"
            if (signed and deal.signed and total != WHOLE) or (not pending and total != WHOLE):
                yield ShownFault("unpaid", (course(folder, path.judged[0], path.steps),))
                return


def late(folder: PrefixJudge, path: HistoryPath, instants: Sequence[datetime]) -> Iterator[ShownFault]:
    """A registration that had been recorded later, all else as it was, gives whoever made it more of the deals."""
    if path.steps[-1].step.kind != "subscribed":
        return
    for at, placed in enumerate(path.steps):
        if not placed.step.is_registration:
            continue
        who = placed.step.by
        had = path.last.points(who)
        for when in instants:
            if when > placed.recorded and had < WHOLE:
                other = _delayed(path.steps, at, when)
                if folder.all(path.judged[at], other[at:]).points(who, ruled=True) > had:
                    both = (path.steps, other)
                    courses = [course(folder, path.judged[0], steps) for steps in both]
                    yield ShownFault("late", tuple(courses), who)
                    return


def _delayed(steps: Sequence[PlacedStep], at: int, when: datetime) -> list[PlacedStep]:
    """The steps in recorded order, with this one recorded behind what was recorded by then."""
    others = [*steps[:at], *steps[at + 1 :]]
    place = sum(1 for one in others if one.recorded <= when)
    return [*others[:place], replace(steps[at], recorded=when), *others[place:]]


def order(folder: PrefixJudge, path: HistoryPath) -> Iterator[ShownFault]:
    """The last two steps, recorded at one instant: the other way round somebody else owns, or has the shares."""
    if len(path.steps) < 2:
        return
    one, other = path.steps[-2:]
    if one.recorded != other.recorded or other.step.about == one.number:
        return
    swapped = folder.all(path.judged[-3], (other, one))
    if _standing(swapped) != _standing(path.last):
        steps = (*path.steps[:-2], other, one)
        courses = [course(folder, path.judged[0], each) for each in (tuple(path.steps), steps)]
        yield ShownFault("order", tuple(courses))


def _standing(judged: Prefix) -> object:
    """Who owns whom by contact, and who has which shares."""
    owners = {min(one.contacts, default=""): judged.owners()[one.id] for one in judged.customers}
    return owners, {deal.deal: deal.shares for deal in judged.deals}
