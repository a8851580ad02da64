"""The days in an event, wherever they stand: each in the years that the contract knows."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, Final

from msgspec import Struct, inspect

from shared.contract.times import check_date

_MANY: Final = "[]"


def check_days(part: Struct, path: str) -> None:
    """Refuses a day before 2000 or after 2100."""
    for name, shown, many in _places(type(part)):
        value = getattr(part, name)
        if value is None:
            continue
        here = f"{path}.{shown}"
        if not many:
            _check(value, here)
        else:
            for index, each in enumerate(value):
                _check(each, f"{here}[{index}]")


def _check(value: Any, path: str) -> None:
    if isinstance(value, date):
        check_date(value, path)
    else:
        check_days(value, path)


@cache
def _places(model: type[Struct]) -> tuple[tuple[str, str, bool], ...]:
    """The fields that are a day, or a part (a list of parts) that has one: in code, on the wire, whether a list."""
    fields = inspect.type_info(model).fields  # type: ignore[attr-defined]
    return tuple(
        (field.name, field.encode_name, _MANY in kinds)
        for field in fields
        if (kinds := set(_kinds(field.type))) & {"day"}
    )


def _kinds(node: inspect.Type) -> Iterator[str]:
    match node:
        case inspect.DateType():
            yield "day"
        case inspect.Metadata():
            yield from _kinds(node.type)
        case inspect.UnionType():
            for one in node.types:
                yield from _kinds(one)
        case inspect.VarTupleType():
            yield _MANY
            yield from _kinds(node.item_type)
        case inspect.StructType():
            if any("day" in _kinds(field.type) for field in node.fields):
                yield "day"
        case _:
            return
