"""Which texts of an event are personal, read off the types of its fields (privacy.md#personal).

What a field is stands in `fields`, once for all events that use it; here that becomes a plan of each event type, by
which personal texts are found in a document without knowing the event.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import inspect

from shared.contract.events import DATA_TYPES
from shared.contract.fields import PERSONAL

Kind = str | bool
"""What a text says of itself: the kind of a personal one, or False; True where its type says nothing."""


def texts_of(event_type: str) -> dict[str, Kind]:
    """Every free text of an event's data by its path (`[]` for any item of a list), with what its type says of it.

    A text that a pattern or a closed list confines is none.
    """
    return dict(_texts(inspect.type_info(DATA_TYPES[event_type]), {}, "data"))


def personal_texts(event_type: str) -> Mapping[str, str]:
    """The personal texts of an event's data by their paths, with their kinds."""
    return _PERSONAL[event_type]


def _texts(node: inspect.Type, said: dict[str, Any], path: str) -> Iterator[tuple[str, Kind]]:
    match node:
        case inspect.Metadata():
            yield from _texts(node.type, said | (node.extra_json_schema or {}), path)
        case inspect.UnionType():
            for one in node.types:
                yield from _texts(one, said, path)
        case inspect.StructType():
            for field in node.fields:
                yield from _texts(field.type, {}, f"{path}.{field.name}")
        case inspect.VarTupleType():
            yield from _texts(node.item_type, {}, f"{path}[]")
        case inspect.DictType():
            yield from _texts(node.key_type, {}, f"{path}.*")
            yield from _texts(node.value_type, {}, f"{path}.*")
        case inspect.StrType() if node.pattern is None:
            yield path, said.get(PERSONAL, True)
        case _:
            return


_PERSONAL: Final = {
    event_type: {path: kind for path, kind in texts_of(event_type).items() if isinstance(kind, str)}
    for event_type in DATA_TYPES
}
