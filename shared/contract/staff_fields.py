"""Which fields of records name a member of staff, by the types of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from msgspec import Struct
from msgspec.structs import fields

from shared.contract.events import DATA_TYPES
from shared.contract.field_words import last_name
from shared.ids import StaffId


def _of_staff(kind: Any) -> Iterator[str]:
    """The names of the fields of a type, and of what stands in them, that hold an id of a member of staff."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        for field in fields(kind):
            if _holds_staff(field.type):
                yield field.encode_name
            yield from _of_staff(field.type)
    else:
        for part in get_args(kind):
            yield from _of_staff(part)


def _holds_staff(kind: Any) -> bool:
    return kind is StaffId or any(_holds_staff(part) for part in get_args(kind))


STAFF_FIELDS: Final = frozenset(name for kind in DATA_TYPES.values() for name in _of_staff(kind))


def names_staff(path: str) -> bool:
    """Whether a field names members of staff, by the last name of its path: `present` of `data.present[0]`."""
    return last_name(path) in STAFF_FIELDS
