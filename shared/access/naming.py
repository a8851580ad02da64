"""Which fields of events name staff, and whom an event names in them.

A field is written as in the table of permissions: the type of the event and the way to it, `deal.subscribed closed_by`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args, get_type_hints

from msgspec import Struct

from shared.contract import Event
from shared.contract.events import Carried, Data, RecordApproved, Registration
from shared.contract.fields import StaffId

CARRIED: Final = "carried"


def event_key(event: Event) -> str:
    """By what an event stands in the table: its type; of an approval the stage too, since each is another's work."""
    if isinstance(event.data, RecordApproved):
        return f"{event.type}:{event.data.stage}"
    return event.type


def event_keys() -> frozenset[str]:
    """Those of every event of the contract."""
    stages = get_args(get_type_hints(RecordApproved)["stage"])
    types = {type_.TYPE for type_ in get_args(Data)} - {RecordApproved.TYPE}
    return frozenset(types | {f"{RecordApproved.TYPE}:{stage}" for stage in stages})


def staff_fields() -> frozenset[str]:
    """Every field of the contract that names members of staff, but for the actor."""
    registrations = {type_.TYPE for type_ in get_args(Registration)}
    return frozenset(
        f"{type_.TYPE} {way}"
        for type_ in get_args(Data)
        for way in (*_within(type_), *(_carried() if type_.TYPE in registrations else ()))
    )


def is_held(field: str) -> bool:
    """Whether a field can be held against who records it: one of the data itself, or who vouches for a register."""
    way = field.partition(" ")[2]
    return "." not in way or way.startswith(f"{CARRIED}.")


class NamingField:
    """A field of events in which members of staff are named, and where it stands."""

    __slots__ = ("_name", "_of_carried", "_path")

    def __init__(self, way: str) -> None:
        field, _, rest = way.partition(".")
        self._of_carried = field == CARRIED
        self._name = rest if self._of_carried else field
        self._path = way if self._of_carried else f"data.{way}"

    def named(self, event: Event) -> Sequence[tuple[str, str]]:
        """The place in the event and the name of each whom it names there."""
        holder = event.carried if self._of_carried else event.data
        found: str | tuple[str, ...] | None = getattr(holder, self._name, None)
        if not found:
            return ()
        if isinstance(found, str):
            return ((self._path, found),)
        return [(f"{self._path}[{place}]", one) for place, one in enumerate(found)]


def _carried() -> Iterator[str]:
    return (f"{CARRIED}.{way}" for way in _within(Carried))


def _within(model: type[Struct]) -> Iterator[str]:
    hints: Mapping[str, Any] = get_type_hints(model, include_extras=True)
    for name, shown in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True):
        for part in _parts(hints.get(name)):
            if part is StaffId:
                yield shown
            elif isinstance(part, type) and issubclass(part, Struct):
                yield from (f"{shown}.{way}" for way in _within(part))


def _parts(hint: Any) -> Iterator[Any]:
    """The types of which one is made, `StaffId` as one of them."""
    if hint == StaffId:
        yield StaffId
        return
    yield hint
    for inner in get_args(hint):
        yield from _parts(inner)
