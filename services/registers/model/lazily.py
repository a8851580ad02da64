"""Mappings whose values are looked up when they are asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LookedUp(Mapping[K, V], Generic[K, V]):
    """`find` gives the value of a key, None where there is none; `all_of` everything in order, for who walks it."""

    def __init__(self, find: Callable[[K], V | None], all_of: Callable[[], dict[K, V]]) -> None:
        self._find = find
        self._all_of = all_of
        self._found: dict[K, V | None] = {}
        self._all: dict[K, V] | None = None

    def __getitem__(self, key: K) -> V:
        if self._all is not None:
            return self._all[key]
        if key not in self._found:
            self._found[key] = self._find(key)
        value = self._found[key]
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None  # type: ignore[arg-type]  # whatever it is, it is looked for

    def __iter__(self) -> Iterator[K]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def _whole(self) -> dict[K, V]:
        if self._all is None:
            self._all = self._all_of()
            self._found = {}
        return self._all
