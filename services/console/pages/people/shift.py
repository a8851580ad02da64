"""The day's order: consultants by name, each with a place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from services.console.frame.forms import Form, Wrong
from shared.contract.answers.desk import BoardsAnswer
from shared.contract.answers.lists import StaffMember
from shared.i18n import translated


class ShiftPlace(Struct, frozen=True):
    """A consultant in the form, with the place as it was typed; nothing for who has none that day."""

    member: StaffMember
    place: str


def as_it_stands(boards: BoardsAnswer, people: Iterable[StaffMember]) -> list[ShiftPlace]:
    """The consultants in the order of the board of now, the others behind them by name."""
    rank = {staff: number for number, staff in enumerate(boards.visit.queue, 1)}
    consultants = [one for one in people if one.role == "consultant"]
    first = sorted((one for one in consultants if one.staff in rank), key=lambda one: rank[one.staff])
    others = [one for one in consultants if one.staff not in rank]
    return [ShiftPlace(one, str(rank.get(one.staff, ""))) for one in (*first, *others)]


def typed_places(form: Form, people: Iterable[StaffMember]) -> list[ShiftPlace]:
    """The form as it was typed."""
    return [ShiftPlace(one, form[f"place_{one.staff}"]) for one in people if one.role == "consultant"]


def shift_of(places: Iterable[ShiftPlace], duty_manager: str | None) -> tuple[dict[str, Any], Wrong]:
    """The data of `shift.opened`: by place; who has none is not on the board."""
    wrong = Wrong()
    taken: dict[int, str] = {}
    for one in places:
        if not one.place:
            continue
        name = f"place_{one.member.staff}"
        if not one.place.isdecimal() or not 0 < int(one.place) <= 100:
            wrong.fields[name] = translated("a place is a number from 1 to 100")
        elif int(one.place) in taken:
            wrong.fields[name] = translated("this place is given twice")
        else:
            taken[int(one.place)] = one.member.staff
    if not taken and not wrong:
        wrong.whole.append(translated("give at least one consultant a place"))
    return {"order": [taken[place] for place in sorted(taken)], "duty_manager": duty_manager}, wrong
