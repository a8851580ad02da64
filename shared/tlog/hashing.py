"""Hashes of leaves and nodes, told apart by their first byte: no node is taken for a leaf (RFC 6962, 2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over the hashes of its two sides."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """The right edge of a tree: as much of it as an append needs, which is one hash for each bit of its size.

    `peaks` are the roots of the full subtrees of which the tree is made, the largest first.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_SIZE for peak in peaks):
            raise ValueError("a frontier has a hash for each bit of its size")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Put one more leaf hash to the right."""
        for _ in self.joined(leaf):
            pass

    def joined(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Append, and tell the subtrees that this has filled: level, index in it, and hash."""
        level, index, hash_ = 0, self.size, leaf
        yield level, index, hash_
        while index & 1:
            hash_ = node_hash(self.peaks.pop(), hash_)
            level, index = level + 1, index >> 1
            yield level, index, hash_
        self.peaks.append(hash_)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root
