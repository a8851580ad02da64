"""The level board with its movements (R7), and the work list of who is to be contacted (R8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

from msgspec import Struct

from services.registers.answering.answers import (
    BoardCustomer,
    BoardLevel,
    BoardMovement,
    DueCustomer,
    LevelBoard,
    PlannedWork,
    RowCustomer,
    WorkList,
    WorkTotals,
)
from services.registers.answering.exchange import CallerSight, EncodedAnswer
from services.registers.answering.presenting import Presenting
from services.registers.answering.question import ScopeQuestion, encoded
from services.registers.lists.reach import RowReach
from services.registers.model.records import PostedRecord
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.basis import ReportBasis
from services.registers.reports.due import DueContact, due_contact, due_contacts
from services.registers.reports.kept import is_carried_out
from services.registers.reports.levels import NEW, levels, obstacle_of, on_board
from shared.contract import PlanMade
from shared.ids import CustomerId, StaffId


class BoardAsked(Struct, frozen=True):
    """The board over a period, of one owner or all."""

    first: date | None = None
    last: date | None = None
    staff: str | None = None


class WorkAsked(Struct, frozen=True):
    """The work list of a day and some days ahead, of one owner or all; `limit` customers of each part at most."""

    day: date | None = None
    ahead: int = 7
    staff: str | None = None
    limit: int = 500


def level_board(scope: KnownScope, sight: CallerSight, asked: BoardAsked) -> EncodedAnswer:
    """Open customers by level at the last day, and how they moved since the first."""
    question = ScopeQuestion(scope, sight)
    basis = question.basis(question.period(asked.first, asked.last))
    taken = _owned(basis, question.reach(basis), asked.staff)
    stands = {one: code for one, code in on_board(basis, basis.until).items() if taken(one)}
    shown = question.presenting(basis, stands)
    told = [
        BoardLevel(
            terms.code,
            terms.every,
            [_on_board(basis, shown, one) for one, code in stands.items() if code == terms.code],
        )
        for terms in basis.scheme.levels
        if terms.pipeline
    ]
    body = LevelBoard(
        office=sight.office or "", first=basis.period.first.isoformat(), last=basis.period.last.isoformat(),
        levels=told, movements=_movements(basis, taken), scheme=_scheme(basis), **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(stands), detail="level board")


def work_list(scope: KnownScope, sight: CallerSight, asked: WorkAsked) -> EncodedAnswer:
    """Who is to be contacted, the longest overdue first; and what is planned for the day."""
    question = ScopeQuestion(scope, sight)
    period = question.period(asked.day, asked.day)
    sealed, on = question.basis(period), period.last
    reach = question.reach(sealed)
    taken = _owned(sealed, reach, asked.staff)
    due = [one for one in due_contacts(sealed, sealed.until) if taken(one.customer) and one.due is not None]
    due.sort(key=lambda one: (one.due or on, sealed.known.customers[one.customer].number))
    parts = _parts(due, on, on + timedelta(days=asked.ahead))
    listed = {part: found[: asked.limit] for part, found in parts.items()}
    of = {one.customer: None for found in listed.values() for one in found}
    known = sealed.known
    said = (record for customer in of for record in known.by_customer.get(customer, ()))
    known = question.with_words_of([*said, *(plan for plan in known.of(PlanMade) if plan.data.on == on)])
    basis = question.basis(period, known)
    plans = _planned(basis, reach, on, asked.staff)
    shown = question.presenting(basis, [*of, *(plan.customer for plan in plans)])
    told = {part: [_due_customer(basis, shown, one) for one in found] for part, found in listed.items()}
    body = WorkList(
        office=sight.office or "", day=on.isoformat(),
        staff=shown.staff(StaffId(asked.staff)) if asked.staff is not None else None,
        totals=WorkTotals(*map(len, parts.values())),
        overdue=told["overdue"], due=told["due"], coming=told["coming"],
        plans=_shown_plans(shown, plans), scheme=_scheme(basis), **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(of), detail="work list")


def _parts(due: Iterable[DueContact], on: date, until: date) -> dict[str, list[DueContact]]:
    """Who was due before the day, is due on it, and will be by the last day ahead."""
    parts: dict[str, list[DueContact]] = {"overdue": [], "due": [], "coming": []}
    for one in due:
        if one.due is not None and one.due <= until:
            parts["overdue" if one.due < on else "due" if one.due == on else "coming"].append(one)
    return parts


def _scheme(basis: ReportBasis) -> str:
    return f"{basis.scheme.name} {basis.scheme.version}"


def _owned(basis: ReportBasis, reach: RowReach, staff: str | None) -> Callable[[CustomerId], bool]:
    """Whether a customer is within reach, and owned by whom is asked for."""

    def taken(customer: CustomerId) -> bool:
        return reach.customer(customer) and staff in (None, basis.known.owner_at(customer, basis.until))

    return taken


def _on_board(basis: ReportBasis, shown: Presenting, customer: CustomerId) -> BoardCustomer:
    owner = basis.known.owner_at(customer, basis.until)
    whom, name = _whom(shown, customer), shown.staff(owner)
    assert owner is not None and name is not None, "who is on the board is owned"
    contact = due_contact(basis, customer, owner, basis.until)
    codes = [code for code, _ in basis.levels_of(customer, basis.until)]
    return BoardCustomer(
        customer=whom,
        owner=name,
        before=next((code for code in reversed(codes) if code != codes[-1]), None),
        last_on=_day(contact.last),
        due_on=_day(contact.due),
        overdue=contact.overdue(basis.day),
        obstacle=_said(shown, obstacle_of(basis, customer, basis.until), customer),
    )


def _movements(basis: ReportBasis, taken: Callable[[CustomerId], bool]) -> list[BoardMovement]:
    """Those of the report R7, of the customers that are asked for."""
    table = levels(basis).table("movements")
    found = []
    for line in table.lines:
        counted = {
            column.removeprefix("level_"): sum(1 for row in parts if taken(CustomerId(row)))
            for column, parts in line.figures.items()
        }
        start = counted.pop("start", 0)
        level = None if line.key == (NEW,) else line.key[0]
        found.append(BoardMovement(level, start, {name: count for name, count in counted.items() if count}))
    return found


def _due_customer(basis: ReportBasis, shown: Presenting, one: DueContact) -> DueCustomer:
    steps = [
        entry.data.next_step
        for entry in basis.known.conversations(one.customer)
        if entry.occurred_at <= basis.until and entry.data.next_step
    ]
    owner = shown.staff(one.owner)
    assert owner is not None, "who is due is owned"
    return DueCustomer(
        customer=_whom(shown, one.customer),
        owner=owner,
        level=one.level,
        last_on=_day(one.last),
        due_on=_day(one.due),
        by_level=_day(one.by_level),
        by_claim=_day(one.by_claim),
        by_plan=_day(one.by_plan),
        overdue=one.overdue(basis.day),
        next_step=_said(shown, steps[-1], one.customer) if steps else None,
        rows=[str(row) for row in one.rows],
    )


def _planned(
    basis: ReportBasis, reach: RowReach, day: date, staff: str | None
) -> list[PostedRecord[PlanMade]]:
    """The plans of the day that nobody has carried out."""
    return [
        plan
        for plan in basis.known.of(PlanMade, basis.office)
        if plan.data.on == day
        and staff in (None, plan.data.by)
        and reach.entry(plan)
        and not is_carried_out(basis, plan)
    ]


def _shown_plans(shown: Presenting, plans: Iterable[PostedRecord[PlanMade]]) -> list[PlannedWork]:
    found = []
    for plan in plans:
        data, doer = plan.data, shown.staff(plan.data.by)
        assert doer is not None, "a plan names its doer"
        found.append(
            PlannedWork(
                row=plan.id, plan=data.plan, staff=doer, kind=data.kind,
                purpose=shown.said(data.purpose, plan.customer), customer=shown.customer(plan.customer),
                place=_said(shown, data.place, plan.customer),
            )
        )  # fmt: skip
    return found


def _whom(shown: Presenting, customer: CustomerId) -> RowCustomer:
    found = shown.customer(customer)
    assert found is not None, "the customer is known"
    return found


def _said(shown: Presenting, words: str | None, customer: CustomerId | None) -> str | None:
    return shown.said(words, customer) if words else words


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
