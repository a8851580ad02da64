"""The bytes of a result: the same from the command, over HTTP and from a worker."""

from __future__ import annotations

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def encode(answer: dict[str, Any]) -> bytes:
    """The bytes of a whole result, with the newline that ends it."""
    return _encode(answer) + b"\n"


def packed(item: dict[str, Any]) -> msgspec.Raw:
    """An item of a result as the bytes that `encode` would make of it."""
    return msgspec.Raw(_encode(item))
