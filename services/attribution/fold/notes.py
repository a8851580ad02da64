"""What facts of a few kinds add besides what their events do: who is there, what was signed, what was corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias, get_args

from services.attribution.fold.projecting import FactChanges, project_staff
from services.attribution.store.table_rows import (
    CancellationWritten,
    PresenceWritten,
    RemarkWritten,
    SigningWritten,
)
from shared.contract.events import Role
from shared.ids import OfficeId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.facts import (
    Absence,
    Approval,
    Cancellation,
    Correction,
    Matter,
    Return,
    ShiftOpening,
    Signing,
)

Note: TypeAlias = Callable[[FactChanges, Any, Sequence[e.DomainEvent]], None]


def note(rows: FactChanges, matter: Matter, events: Sequence[e.DomainEvent]) -> None:
    """What a fact adds by its kind; most kinds add nothing."""
    add = _NOTES.get(type(matter))
    if add is not None:
        add(rows, matter, events)


def _away(rows: FactChanges, absence: Absence, _events: Sequence[e.DomainEvent]) -> None:
    """Who is away, and why, for whoever plans messages and for the list of staff.

    Absences decide nothing but turns, so no event of the domain tells of those who have no place on a board.
    """
    _project_presence(rows, absence.staff, away=True)
    _note_presence(rows, (absence.staff,), absence.reason)


def _back(rows: FactChanges, return_: Return, _events: Sequence[e.DomainEvent]) -> None:
    _project_presence(rows, return_.staff, away=False)
    _note_presence(rows, (return_.staff,), None)


def _shift(rows: FactChanges, shift: ShiftOpening, _events: Sequence[e.DomainEvent]) -> None:
    """A shift that names somebody has them back.

    Who stood on the board before, and was not away, has not been away.
    """
    board = rows.work.slice.board(rows.cause.office or OfficeId(""))
    if board is not None:
        there = frozenset(board.visit) - board.away.keys()
        for staff in dict.fromkeys(shift.order):
            if staff not in there:
                _project_presence(rows, staff, away=False)
    _note_presence(rows, dict.fromkeys(shift.order), None)


def _project_presence(rows: FactChanges, staff: StaffId, *, away: bool) -> None:
    member = rows.records.scope.staff.get(staff)
    if member is not None and not member.departed and member.role in get_args(Role):
        project_staff(rows, staff, member.role, away=away)


def _note_presence(rows: FactChanges, moved: Iterable[StaffId], reason: str | None) -> None:
    """In the list of staff; who has left is not away."""
    since = rows.cause.at if reason is not None else None
    for staff in moved:
        if not rows.records.scope.departed(staff):
            rows.rows.append(PresenceWritten(rows.work.scope, staff, reason, since))


def _signed(rows: FactChanges, signing: Signing, events: Sequence[e.DomainEvent]) -> None:
    if _changed(signing, events):
        rows.rows.append(SigningWritten(rows.work.scope, signing.deal, rows.cause.seq))


def _cancelled(rows: FactChanges, cancellation: Cancellation, events: Sequence[e.DomainEvent]) -> None:
    if _changed(cancellation, events):
        rows.rows.append(CancellationWritten(rows.work.scope, cancellation.deal, rows.cause.seq))


def _changed(matter: Signing | Cancellation, events: Sequence[e.DomainEvent]) -> bool:
    """Whether a fact signed or cancelled its deal; one that changed nothing did neither."""
    deals = (event.deal for event in events if isinstance(event, e.DealChanged | e.DealDecided))
    return any(deal.deal == matter.deal for deal in deals)


def _remark(rows: FactChanges, matter: Correction | Approval, events: Sequence[e.DomainEvent]) -> None:
    """A correction or an approval stands in the history of whoever its record names."""
    flags = {event.flag for event in events if isinstance(event, e.Flagged)}
    if "unknown_record" not in flags:
        taken = "unapproved" not in flags
        rows.rows.append(RemarkWritten(rows.work.scope, matter.record, rows.cause.seq, taken))


_NOTES: Final[dict[type[Any], Note]] = {
    Absence: _away,
    Return: _back,
    ShiftOpening: _shift,
    Signing: _signed,
    Cancellation: _cancelled,
    Correction: _remark,
    Approval: _remark,
}
