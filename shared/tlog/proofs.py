"""Proofs of inclusion and consistency: made from the hashes of full subtrees, verified from the proof alone.

RFC 6962, 2.1.1 and 2.1.2, verified as RFC 9162, 2.1.3.2 and 2.1.4.2 say. A full subtree is named by its level and its
index in that level: it stands over the leaves from `index << level` on, `1 << level` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from shared.i18n import bilingual
from shared.tlog.errors import BadProofError
from shared.tlog.hashing import EMPTY_ROOT, HASH_SIZE, node_hash

Proof: TypeAlias = tuple[bytes, ...]
Subtrees: TypeAlias = Callable[[int, int], bytes]
"""The hash of the full subtree at a level and an index."""
MAX_HASHES: Final = 63
"""A proof in any tree that can be has no more."""


def root_at(size: int, subtrees: Subtrees) -> bytes:
    """The root of the first `size` leaves."""
    return _range_hash(0, size, subtrees) if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, subtrees: Subtrees) -> Proof:
    """That the leaf at `index` is in the tree of the first `size` leaves."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has none at {index}")
    return tuple(_range_hash(start, end, subtrees) for start, end in _beside(index, 0, size))


def prove_consistency(first: int, second: int, subtrees: Subtrees) -> Proof:
    """That the tree of the first `second` leaves goes on from that of the first `first`."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves does not go on from one of {first}")
    if first in (0, second):
        return ()
    return tuple(_range_hash(start, end, subtrees) for start, end in _since(first, 0, second, whole=True))


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `BadProofError` unless the tree of this size and root has this leaf hash at `index`."""
    if not 0 <= index < size:
        raise BadProofError(
            bilingual("a tree of {size} entries has none at index {index}", size=size, index=index)
        )
    _demand_form(proof, leaf, root)
    at, last, found = index, size - 1, leaf
    for hash_ in proof:
        if last == 0:
            raise BadProofError(bilingual("the proof of inclusion is too long"))
        if at & 1 or at == last:
            found = node_hash(hash_, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, hash_)
        at, last = at >> 1, last >> 1
    if last:
        raise BadProofError(bilingual("the proof of inclusion is too short"))
    if found != root:
        raise BadProofError(
            bilingual("the entry at index {index} is not in the tree of this root", index=index)
        )


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Raise `BadProofError` unless the second tree goes on from the first without altering it."""
    if not 0 <= first <= second:
        raise BadProofError(
            bilingual("a tree of {second} entries does not go on from one of {first}", second=second, first=first)
        )  # fmt: skip
    _demand_form(proof, *(() if first == second else (first_root, second_root)))
    if first in (0, second):
        if proof:
            raise BadProofError(bilingual("the proof of consistency is too long"))
        if first == 0:
            second_root = EMPTY_ROOT if second else second_root  # what comes after nothing is not bound by it
            first_root = first_root if first_root == EMPTY_ROOT else b""
        if first_root != second_root:
            raise BadProofError(bilingual("two trees of {size} entries have different roots", size=first))
        return
    old, new = _roots_by(first, second, proof, first_root)
    if old != first_root or new != second_root:
        raise BadProofError(
            bilingual(
                "the tree of {second} entries does not hold the one of {first} that was seen before: something in it "
                "was altered",
                second=second, first=first,
            )
        )  # fmt: skip


def _roots_by(first: int, second: int, proof: Sequence[bytes], first_root: bytes) -> tuple[bytes, bytes]:
    """Both roots, as the proof has them."""
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)  # the whole of the first tree is a subtree of the second
    if not path:
        raise BadProofError(bilingual("the proof of consistency is too short"))
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for hash_ in path[1:]:
        if last == 0:
            raise BadProofError(bilingual("the proof of consistency is too long"))
        if at & 1 or at == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        at, last = at >> 1, last >> 1
    if last:
        raise BadProofError(bilingual("the proof of consistency is too short"))
    return old, new


def _demand_form(proof: Sequence[bytes], *ends: bytes) -> None:
    if len(proof) > MAX_HASHES or any(len(hash_) != HASH_SIZE for hash_ in (*proof, *ends)):
        raise BadProofError(bilingual("a proof has at most {most} hashes of 32 bytes", most=MAX_HASHES))


def _split(size: int) -> int:
    """The largest power of two below `size`, which is 2 at least."""
    return 1 << (size - 1).bit_length() - 1


def _beside(index: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The ranges that stand beside a leaf on its way up, the lowest first."""
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _beside(index, start, middle)
        yield middle, end
    else:
        yield from _beside(index, middle, end)
        yield start, middle


def _since(first: int, start: int, end: int, *, whole: bool) -> Iterator[tuple[int, int]]:
    """The ranges of a proof of consistency, the lowest first; `whole` while the first tree is all that is left of."""
    if first == end:
        if not whole:
            yield start, end
        return
    middle = start + _split(end - start)
    if first <= middle:
        yield from _since(first, start, middle, whole=whole)
        yield middle, end
    else:
        yield from _since(first, middle, end, whole=False)
        yield start, middle


def _range_hash(start: int, end: int, subtrees: Subtrees) -> bytes:
    """The hash over a range that begins where a subtree of at least its size does."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtrees(level, start >> level)
    middle = start + _split(size)
    return node_hash(_range_hash(start, middle, subtrees), _range_hash(middle, end, subtrees))
