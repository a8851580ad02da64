"""Frozen records that are quick to make and to copy: the fold makes some twenty of them a fact.

A frozen dataclass sets each field through `object.__setattr__`, and `dataclasses.replace` walks its field objects
besides; together they were half of the time of a fold. A `record` is the same dataclass (slots, equality, repr,
immutable to everybody) whose initialiser and copy are written out for its fields. They fill it in while it is open,
an instance of a twin class with the same slots and no guard, for which a field costs a tenth; then it is sealed.
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
    opened = type(f"Opened{made.__name__}", (), {"__slots__": tuple(names)})
    made.__init__ = _initialiser(made, opened)
    _copiers[made] = _copier(opened, names)
    return cast(type[T], made)


def replace(instance: T, **changes: Any) -> T:
    """A copy of a record with these fields changed; one that it does not have is an `AttributeError`."""
    kind = type(instance)
    copied: Any = _copiers[kind](instance)
    for name, value in changes.items():
        setattr(copied, name, value)
    copied.__class__ = kind
    sealed: T = copied
    return sealed


def _initialiser(made: Any, opened: type) -> Callable[..., None]:
    space: dict[str, Any] = {"open_as": object.__dict__["__class__"].__set__, "opened": opened, "made": made}
    parameters, body = [], ["    open_as(self, opened)"]
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
        body.append(f"    self.{name} = {name}")
    return _written("__init__", ["self", *parameters], [*body, "    self.__class__ = made"], space)


def _copier(opened: type, names: list[str]) -> Callable[..., Any]:
    """What makes an open copy of a record of this kind."""
    body = ["    copy = opened()", *(f"    copy.{name} = self.{name}" for name in names), "    return copy"]
    return _written("copy", ["self"], body, {"opened": opened})


def _written(name: str, parameters: list[str], body: list[str], space: dict[str, Any]) -> Callable[..., Any]:
    """A function from its text, as `dataclasses` writes its own; every name in it is a field's or ours."""
    exec("\n".join([f"def {name}({', '.join(parameters)}):", *body]), space)
    return cast(Callable[..., Any], space[name])
