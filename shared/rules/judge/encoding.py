"""The bytes of a result: the same from the command, over HTTP and from a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
_encode = msgspec.json.Encoder().encode
_AT_ONCE: Final = 1_000
"""Items of a list that are encoded as one piece."""


def encode(answer: msgspec.Struct) -> bytes:
    """The bytes of a whole result, or of one customer of it, with the newline that ends it."""
    return _encode(answer) + b"\n"


def pieces(answer: msgspec.Struct) -> Iterator[bytes]:
    """What `encode` gives, piece by piece: that of a million facts is never held twice."""
    opening = b"{"
    for name in answer.__struct_fields__:
        value = getattr(answer, name)
        yield opening + _encode(name) + b":"
        if isinstance(value, list):
            yield from _listed(value)
        else:
            yield _encode(value)
        opening = b","
    yield b"}\n"


def _listed(items: list[Any]) -> Iterator[bytes]:
    opening = b"["
    for start in range(0, len(items), _AT_ONCE):
        yield opening + _encode(items[start : start + _AT_ONCE])[1:-1]
        opening = b","
    yield b"]" if items else b"[]"


def packed(item: msgspec.Struct) -> msgspec.Raw:
    """An item of a result as the bytes that `encode` would make of it."""
    return msgspec.Raw(_encode(item))


def unpacked(items: Iterable[Any], kind: type[T]) -> Iterator[T]:
    """Items of a result, be they packed or not."""
    for item in items:
        yield msgspec.json.decode(item, type=kind) if isinstance(item, msgspec.Raw) else item
