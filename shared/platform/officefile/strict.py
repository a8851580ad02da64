"""The base of all that a file of an office may hold, as types, and its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct, structs


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown keys are errors: a key that is misspelt would be obeyed by nobody."""


def fields_of(kind: type[Struct]) -> dict[str, Any]:
    """The fields of a struct in order, each with its type."""
    return {field.encode_name: field.type for field in structs.fields(kind)}


def options(kind: Any) -> Iterator[Any]:
    """What a type may be: the members of a union, however they are annotated."""
    if hasattr(kind, "__metadata__"):
        yield from options(kind.__origin__)
    elif get_origin(kind) is Union or type(kind).__name__ == "UnionType":
        for member in get_args(kind):
            yield from options(member)
    else:
        yield kind


def struct_in(kind: Any) -> type[Struct] | None:
    """The struct that a type may be, if there is one."""
    found = (one for one in options(kind) if isinstance(one, type) and issubclass(one, Struct))
    return next(found, None)


def schema_of(kind: type[Struct], name: str, title: str) -> dict[str, Any]:
    """The JSON Schema of a file, by the name under which it is published."""
    (_, parts) = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    top = parts.pop(kind.__name__)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://panke.invalid/schemas/{name}",
    }
    return {**head, **top, "title": title, "$defs": dict(sorted(parts.items()))}


def publish(schema: dict[str, Any], file: Path) -> None:
    """Write a schema where people find it."""
    file.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
