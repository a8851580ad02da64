"""Whom the facts of a scope erase."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct


class _Erased(Struct):
    people: tuple[str, ...] = ()


class _ErasureFact(Struct):
    type: str
    data: _Erased


_erasure: Final = msgspec.json.Decoder(_ErasureFact).decode


def erased_in(line: bytes) -> set[str]:
    """Whom a fact erases."""
    if b'"person.erased"' not in line:
        return set()
    try:
        said = _erasure(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return set()
    return set(said.data.people) if said.type == "person.erased" else set()


def all_erased(lines: Iterable[bytes]) -> set[str]:
    """Whom these facts erase, whenever that was recorded."""
    return set[str]().union(*map(erased_in, lines))
