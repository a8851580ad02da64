"""Frozen records that are quick to make and to copy: the fold makes some twenty of them a fact.

A frozen dataclass sets each field through `object.__setattr__`, and `dataclasses.replace` walks its field objects
besides; together they were half of the time of a fold. A `record` is the same dataclass (slots, equality, repr,
immutable to everybody) whose initialiser and copy are written out for its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")

_KEEP = object()
_copiers: dict[type, Callable[..., Any]] = {}


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class a frozen, slotted dataclass with a quick initialiser and a place in `replace`."""
    made: Any = dataclass(frozen=True, slots=True)(cls)
    names = [field.name for field in fields(made)]
    setters = {f"set_{name}": made.__dict__[name].__set__ for name in names}
    made.__init__ = _initialiser(made, names, setters)
    _copiers[made] = _copier(made, names, setters)
    return cast(type[T], made)


def replace(instance: T, **changes: Any) -> T:
    """A copy of a record with these fields changed; one that it does not have is a `TypeError`."""
    return cast(T, _copiers[type(instance)](instance, **changes))


def _initialiser(made: Any, names: list[str], setters: dict[str, Any]) -> Callable[..., None]:
    space: dict[str, Any] = dict(setters)
    parameters, body = [], []
    for field in fields(made):
        name = field.name
        if field.default is not MISSING:
            space[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        elif field.default_factory is not MISSING:
            space[f"make_{name}"], space["keep"] = field.default_factory, _KEEP
            parameters.append(f"{name}=keep")
            body.append(f"    if {name} is keep: {name} = make_{name}()")
        else:
            parameters.append(name)
        body.append(f"    set_{name}(self, {name})")
    return _written("__init__", ["self", *parameters], body, space)


def _copier(made: Any, names: list[str], setters: dict[str, Any]) -> Callable[..., Any]:
    space: dict[str, Any] = {**setters, "new": object.__new__, "made": made, "keep": _KEEP}
    body = ["    copy = new(made)"]
    body += [f"    set_{name}(copy, self.{name} if {name} is keep else {name})" for name in names]
    return _written("copy", ["self", *(f"{name}=keep" for name in names)], [*body, "    return copy"], space)


def _written(name: str, parameters: list[str], body: list[str], space: dict[str, Any]) -> Callable[..., Any]:
    """A function from its text, as `dataclasses` writes its own; every name in it is a field's or ours."""
    exec("\n".join([f"def {name}({', '.join(parameters)}):", *body]), space)
    return cast(Callable[..., Any], space[name])
