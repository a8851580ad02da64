"""That many leaves stand in one log, in a form that grows with what lies between them (evidence.md#proofs).

Of the tree of RFC 6962 the hashes are given of the largest subtrees that hold none of the leaves, from left to right.
With the hashes of the leaves that is the root: a scope that is alone in its log needs no hash at all, and one leaf as
many as its audit path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from shared.tlog.hashing import HASH_SIZE, node_hash

LeafAt = tuple[int, bytes | None]
"""Where a leaf stands, and its hash; None for what is none."""


class BrokenProofError(Exception):
    """Leaves and hashes that do not make a tree of the size."""


def between(size: int, indexes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The largest subtrees, as ranges of leaves, that hold none of the leaves at these places, in order."""
    at = 0

    def walk(low: int, high: int) -> Iterator[tuple[int, int]]:
        nonlocal at
        if at == len(indexes) or indexes[at] >= high:
            yield low, high
        elif high - low == 1:
            at += 1
        else:
            middle = low + split(high - low)
            yield from walk(low, middle)
            yield from walk(middle, high)

    if size:
        yield from walk(0, size)


def root_of(size: int, leaves: Iterator[LeafAt], nodes: bytes) -> bytes:
    """The root of the tree that has these leaves, in order, and these subtrees between them.

    Raises `BrokenProofError`.
    """
    reading = _ProofReading(leaves, nodes)
    root = reading.subtree(0, size) if size else reading.nothing()
    reading.demand_end()
    return root


def split(size: int) -> int:
    """The greatest power of two below a size of at least two."""
    return 1 << (size - 1).bit_length() - 1


class _ProofReading:
    def __init__(self, leaves: Iterator[LeafAt], nodes: bytes) -> None:
        self._leaves = leaves
        self._next = next(leaves, None)
        self._nodes = nodes
        self._at = 0

    def nothing(self) -> bytes:
        raise BrokenProofError("a log without leaves")

    def subtree(self, low: int, high: int) -> bytes:
        if self._next is None or self._next[0] >= high:
            return self._node()
        if high - low == 1:
            return self._leaf(low)
        middle = low + split(high - low)
        return node_hash(self.subtree(low, middle), self.subtree(middle, high))

    def demand_end(self) -> None:
        if self._next is not None or self._at != len(self._nodes):
            raise BrokenProofError("more than the tree has")

    def _node(self) -> bytes:
        found = self._nodes[self._at : self._at + HASH_SIZE]
        if len(found) != HASH_SIZE:
            raise BrokenProofError("fewer hashes than the tree has")
        self._at += HASH_SIZE
        return found

    def _leaf(self, index: int) -> bytes:
        assert self._next is not None, "a subtree without a leaf is a node"
        at, found = self._next
        if at != index or found is None or len(found) != HASH_SIZE:
            raise BrokenProofError("leaves out of order")
        self._next = next(self._leaves, None)
        return found


HashOf = Callable[[int, int], bytes]
"""The hash of the subtree over a range of leaves."""


def proof(size: int, indexes: Sequence[int], hash_of: HashOf) -> bytes:
    """The hashes that `root_of` takes with the leaves at these places."""
    return b"".join(hash_of(low, high) for low, high in between(size, indexes))
