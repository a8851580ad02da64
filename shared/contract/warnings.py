"""What a record says of a scope, an office or people that nobody enrolled: told, and taken all the same.

A slip of the pen in a staff id gives a customer to nobody who works there. It is no bad input, since a record may
come before the enrolment, and it changes no owner (contract.md#warnings).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

from msgspec import Struct

from shared import ids
from shared.contract.events import DATA_TYPES, Data, Event, RulebookAdopted, StaffEnrolled
from shared.contract.fields import StaffId, StaffList
from shared.i18n import bilingual

WarningRule = Literal["unknown_scope", "unknown_office", "unknown_staff", "departed_staff"]

UNKNOWN_SCOPE: Final = "unknown_scope"
UNKNOWN_OFFICE: Final = "unknown_office"
UNKNOWN_STAFF: Final = "unknown_staff"
DEPARTED_STAFF: Final = "departed_staff"

MESSAGES: Final[Mapping[str, str]] = {
    UNKNOWN_SCOPE: bilingual("nobody is enrolled in this scope"),
    UNKNOWN_OFFICE: bilingual("no record of this scope named this office before"),
    UNKNOWN_STAFF: bilingual("nobody of this id is enrolled in this scope"),
    DEPARTED_STAFF: bilingual("this member of staff had left by then"),
}

_BEGIN: Final = (StaffEnrolled, RulebookAdopted)

Placed = tuple[str, ids.StaffId]
"""A member of staff, behind the path at which the record names them."""

Standing = Callable[[ids.StaffId], WarningRule | None]
"""What is wrong with a member of staff at the time of the record: the rule, or None."""


class Warned(NamedTuple):
    """One value of a record, and what is told of it."""

    path: str
    rule: WarningRule
    value: str


class Names(Struct, frozen=True, gc=False):
    """Whom and what a record names; `begins`: by such a record a scope or an office begins."""

    scope: str
    office: str
    staff: tuple[Placed, ...]
    begins: bool


def names_of(event: Event) -> Names:
    begins = isinstance(event.data, _BEGIN)
    return Names(event.scope, event.office, tuple(staff_in(event.data)), begins)


def warnings_of(names: Names, *, anybody: bool, office: bool, standing: Standing) -> list[Warned]:
    """What is told of a record; `anybody`: whether somebody is enrolled, `office`: whether the office is known.

    Enrolments and adoptions are how a scope and an office begin. A value is told once, where it stands first.
    """
    found: dict[tuple[str, str], Warned] = {}
    if not names.begins:
        if not anybody:
            found[UNKNOWN_SCOPE, names.scope] = Warned("scope", UNKNOWN_SCOPE, names.scope)
        if not office:
            found[UNKNOWN_OFFICE, names.office] = Warned("office", UNKNOWN_OFFICE, names.office)
    for path, staff in names.staff:
        rule = standing(staff)
        if rule is not None:
            found.setdefault((rule, staff), Warned(path, rule, staff))
    return list(found.values())


def staff_in(data: Data) -> list[Placed]:
    """Every member of staff whom the data of an event name, with the path, but for one who is enrolled by it."""
    found: list[Placed] = []
    if not isinstance(data, StaffEnrolled):
        _name(data, "data", found)
    return found


def _name(part: Struct, path: str, found: list[Placed]) -> None:
    """Add whom a part of an event names to what was found."""
    for name, shown, kind in _SHAPES[type(part)]:
        value = getattr(part, name)
        if not value:
            continue
        if kind == "one":
            found.append((f"{path}.{shown}", value))
        elif kind == "keys":
            found += [(f"{path}.{shown}", staff) for staff in value]
        elif kind == "many":
            found += [(f"{path}.{shown}[{n}]", staff) for n, staff in enumerate(value)]
        elif kind == "part":
            _name(value, f"{path}.{shown}", found)
        else:
            for n, each in enumerate(value):
                _name(each, f"{path}.{shown}[{n}]", found)


def _kind(hint: Any) -> str | None:
    """How a field names staff: by itself, in a list, as keys, in a part or in a list of parts; else None."""
    if hint == StaffId:
        return "one"
    if hint == StaffList:
        return "many"
    if isinstance(hint, type) and issubclass(hint, Struct):
        return "part" if _shape(hint) else None
    arguments = get_args(hint)
    if get_origin(hint) is dict and arguments[0] == StaffId:
        return "keys"
    if get_origin(hint) is tuple:
        return "parts" if _kind(arguments[0]) == "part" else None
    return next((kind for each in arguments if (kind := _kind(each)) is not None), None)


def _shape(model: type[Struct]) -> tuple[tuple[str, str, str], ...]:
    """The fields that name staff: in code, on the wire, and how."""
    if model not in _SHAPES:
        hints = get_type_hints(model, include_extras=True)
        names = zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
        kinds = ((name, shown, _kind(hints.get(name))) for name, shown in names)
        _SHAPES[model] = tuple((name, shown, kind) for name, shown, kind in kinds if kind is not None)
    return _SHAPES[model]


_SHAPES: Final[dict[type, tuple[tuple[str, str, str], ...]]] = {}
for _model in DATA_TYPES.values():
    _shape(_model)
