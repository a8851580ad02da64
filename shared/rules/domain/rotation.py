"""Rotation boards (轮序): whose turn the next new customer is (procedure.md#boards)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from shared.ids import StaffId
from shared.rules.domain import events as e
from shared.rules.domain.case import Case
from shared.rules.domain.facts import Absence, Return, ShiftOpening, Visit
from shared.rules.domain.state import Board

Queue = Literal["visit", "call"]


def next_in(board: Board, queue: Sequence[StaffId]) -> StaffId | None:
    """The first in the queue who is available."""
    return next((staff for staff in queue if staff not in board.away), None)


def open_shift(case: Case, opening: ShiftOpening) -> None:
    """The boards of the day: the call board is the same order, or reversed (procedure.md#boards-shift)."""
    order = tuple(staff for staff in dict.fromkeys(opening.order) if not case.scope.departed(staff))
    calls = order[::-1] if case.book.rotation.calls == "reversed" else order
    case.emit(e.BoardChanged(Board(case.fact.office, order, calls)))


def leave(case: Case, absence: Absence) -> None:
    """Somebody goes away: to the tail, holding the place, or risking the turn (procedure.md#boards-away)."""
    board = case.slice.board(case.fact.office)
    if board is None or not _on(board, absence.staff):
        return
    policy = case.book.rotation.away[absence.reason]
    away = {**board.away, absence.staff: policy}
    if policy == "to_tail":
        board = without(board, absence.staff)
    case.emit(e.BoardChanged(replace(board, away=away)))


def come_back(case: Case, back: Return) -> None:
    """Somebody is back: at the end, if the place was given up, else where it was kept."""
    board = case.slice.board(case.fact.office)
    if board is None or back.staff not in board.away:
        return
    away = {staff: policy for staff, policy in board.away.items() if staff != back.staff}
    board = replace(board, away=away)
    if back.staff not in board.visit:
        board = replace(board, visit=(*board.visit, back.staff))
    if back.staff not in board.call:
        board = replace(board, call=(*board.call, back.staff))
    case.emit(e.BoardChanged(board))


def depart(case: Case, staff: StaffId) -> None:
    """A departed consultant leaves both queues, in every office (procedure.md#boards-departed)."""
    for office in case.scope.offices:
        board = case.slice.board(office)
        if board is not None and _on(board, staff):
            away = {name: policy for name, policy in board.away.items() if name != staff}
            case.emit(e.BoardChanged(replace(without(board, staff), away=away)))


def _on(board: Board, staff: StaffId) -> bool:
    return staff in board.visit or staff in board.away  # both queues hold the same people


def without(board: Board, staff: StaffId) -> Board:
    """The board with this consultant in neither queue."""
    visit = tuple(name for name in board.visit if name != staff)
    call = tuple(name for name in board.call if name != staff)
    return replace(board, visit=visit, call=call)


def visit_turn(case: Case, visit: Visit, asked_for: StaffId | None, *, may_receive: bool) -> None:
    """A new customer's visit uses a turn; whose, the first row that applies (procedure.md#boards-whose).

    `asked_for` is the consultant to whom the visit went by step 1. A receiver who is barred or has left (not
    `may_receive`) is never out of turn.
    """
    board = case.slice.board(case.fact.office)
    if board is None or case.turn_past or "late_entry" in case.flags:
        return
    if asked_for is not None:
        if next_in(board, board.visit) == asked_for:
            take(case, board, "visit", asked_for)
    elif visit.capacity == "assist":
        if visit.on_behalf_of is not None and board.visit[:1] == (visit.on_behalf_of,):
            take(case, board, "visit", visit.on_behalf_of)
    else:
        if next_in(board, board.visit) != visit.received_by and may_receive:
            case.flag("out_of_turn")
            case.penalise("out_of_turn", visit.received_by, case.book)
        take(case, board, "visit", visit.received_by)


def call_turn(case: Case, staff: StaffId) -> None:
    """A new customer's call uses the answerer's turn, without a flag (procedure.md#boards-call)."""
    board = case.slice.board(case.fact.office)
    if board is None or case.turn_past:
        return
    take(case, board, "call", staff)


def take(case: Case, board: Board, queue: Queue, staff: StaffId) -> None:
    """Use the turn: those who lost theirs go to the back, then who took it (procedure.md#boards-skip)."""
    order: tuple[StaffId, ...] = getattr(board, queue)
    if staff not in order:
        return
    before = order[: order.index(staff)]
    lost = tuple(name for name in before if board.away.get(name) == "skip")
    rest = tuple(name for name in order if name != staff and name not in lost)
    changed = (*rest, *lost, staff)
    case.emit(
        e.BoardChanged(replace(board, visit=changed) if queue == "visit" else replace(board, call=changed))
    )
