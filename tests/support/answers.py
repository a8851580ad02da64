"""Answers over HTTP held to the types of the contract: what a type does not name is not answered, and vice versa."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contract import answers, decode_set_aside, set_aside
from shared.rules.judge.judge import judge


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


def plain(answer: Any) -> Any:
    """An answer as a client reads it."""
    return msgspec.json.decode(msgspec.json.encode(answer))


def result_of(*given: Any, **options: Any) -> dict[str, Any]:
    """What `panke judge` prints of these lines, as a client reads it."""
    result: dict[str, Any] = plain(judge(*given, **options))
    return result
