"""Answers over HTTP held to the types of the contract: what a type does not name is not answered, and vice versa."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contract import answers, decode_set_aside, set_aside


def type_of(schema: dict[str, Any]) -> type[msgspec.Struct]:
    """The struct of the contract that an OpenAPI schema refers to."""
    name = schema["$ref"].rpartition("/")[2]
    found: type[msgspec.Struct] = getattr(answers, name, None) or getattr(set_aside, name)
    return found


class _RawSetAsides(msgspec.Struct):
    set_asides: list[msgspec.Raw]


def said_by(kind: type[msgspec.Struct], body: bytes) -> bytes:
    """The same answer said by its type: the same bytes where the type has every member, in its order."""
    if kind is set_aside.SetAside:
        return decode_set_aside(body).line()
    if kind is set_aside.SetAsidesAnswer:
        lines = [
            decode_set_aside(bytes(one)).line()
            for one in msgspec.json.decode(body, type=_RawSetAsides).set_asides
        ]
        return msgspec.json.encode(_RawSetAsides([msgspec.Raw(line) for line in lines]))
    return msgspec.json.encode(msgspec.json.decode(body, type=kind))
