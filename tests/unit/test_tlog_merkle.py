"""The tree of the log: hashes, proofs and tiles agree with what others have published, and with another library."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from pymerkle import InmemoryTree

from shared.tlog.checkpoints import open_checkpoint
from shared.tlog.errors import BadProofError, BadTileError
from shared.tlog.hashing import EMPTY_ROOT, Frontier, leaf_hash, root_of
from shared.tlog.notes import read_vkey
from shared.tlog.proofs import (
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from shared.tlog.tiles import (
    Tile,
    TileReader,
    decode_bundle,
    encode_bundle,
    parse_path,
    split_tile,
    subtree_root,
    tiles_of,
)

VECTORS: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "tlog_vectors.json").read_text())
ENTRIES: Final = [
    b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]  # fmt: skip
ROOTS: Final = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Over the first so many of the entries, as the tests of Certificate Transparency have them."""


def grown(size: int) -> tuple[list[bytes], dict[Tile, bytes]]:
    """The leaf hashes of a log of so many entries, and its tiles."""
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    levels = [leaves]
    while len(levels[-1]) >= 256:
        below = levels[-1]
        levels.append([subtree_root(below[at : at + 256]) for at in range(0, len(below) - 255, 256)])
    tiles = {}
    for tile in tiles_of(size):
        assert tile.level is not None
        start = tile.index * 256
        tiles[tile] = b"".join(levels[tile.level][start : start + tile.width])
    return leaves, tiles


def test_roots_are_those_of_certificate_transparency() -> None:
    """The eight entries that its implementations are tested with have the published roots."""
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    assert [root_of(leaves[:size]).hex() for size in range(1, 9)] == ROOTS
    assert root_of([]) == EMPTY_ROOT


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_proofs_are_judged_as_the_published_vectors_say(kind: str) -> None:
    """What they take for a proof is one, and what they refuse is refused: cut, swapped, lengthened, of another tree."""
    verdicts = [(vector["desc"], _refused(kind, vector)) for vector in VECTORS[kind]]
    wanted = [(vector["desc"], bool(vector["wantErr"])) for vector in VECTORS[kind]]
    assert verdicts == wanted


def _refused(kind: str, vector: dict[str, Any]) -> bool:
    proof = [b64decode(hash_ or "") for hash_ in vector["proof"] or ()]
    try:
        if kind == "inclusion":
            leaf, root = _hash(vector["leafHash"]), _hash(vector["root"])
            verify_inclusion(vector["leafIdx"], vector["treeSize"], leaf, proof, root)
        else:
            roots = _hash(vector["root1"]), _hash(vector["root2"])
            verify_consistency(vector["size1"], vector["size2"], proof, *roots)
    except BadProofError:
        return True
    return False


def _hash(text: str | None) -> bytes:
    return b64decode(text or "")


def test_a_log_that_another_program_wrote_is_read() -> None:
    """Checkpoints, tiles and bundles of a log of Tessera: its signatures hold, and its tiles lead to its roots."""
    verifier = read_vkey(VECTORS["log"]["vkey"])
    for written in VECTORS["log"]["sizes"]:
        signed = open_checkpoint(written["checkpoint"].encode(), [verifier], "example.com/log/testdata")
        size = signed.checkpoint.size
        assert bytes(signed.note).decode() == written["checkpoint"]
        if size:
            tile = Tile(0, 0, size)
            entries = decode_bundle(tile.bundle, bytes.fromhex(written["bundle"]))
            assert encode_bundle(entries).hex() == written["bundle"]
            assert [leaf_hash(entry) for entry in entries] == split_tile(tile, bytes.fromhex(written["tile"]))
            reader = TileReader(size, lambda _, raw=written["tile"]: bytes.fromhex(raw))
            assert root_at(size, reader.subtree) == signed.checkpoint.root
        else:
            assert signed.checkpoint.root == EMPTY_ROOT


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64, 65, 255, 256, 257, 600])
def test_proofs_are_those_of_another_library(size: int) -> None:
    """Roots and proofs of inclusion lead to what pymerkle computes over the same entries."""
    other = InmemoryTree(algorithm="sha256")
    for number in range(size):
        other.append_entry(b"%d" % number)
    leaves, tiles = grown(size)
    reader = TileReader(size, tiles.__getitem__)
    assert root_at(size, reader.subtree) == other.get_root() == root_of(leaves)
    for index in sorted({0, size // 3, size // 2, size - 1}):
        theirs = other.prove_inclusion(index + 1, size)
        ours = prove_inclusion(index, size, reader.subtree)
        assert list(ours) == [hash_ for hash_ in theirs.path if hash_ != leaves[index]] or size == 1
        verify_inclusion(index, size, leaves[index], ours, other.get_root())
    for first in sorted({1, size // 3 or 1, size // 2 or 1, size}):
        verify_consistency(
            first, size, prove_consistency(first, size, reader.subtree), other.get_root(first), other.get_root()
        )  # fmt: skip


def test_every_alteration_of_a_proof_is_found() -> None:
    """One bit, one hash less or more, another index, size or leaf: none of them proves anything."""
    leaves, tiles = grown(300)
    subtree = TileReader(300, tiles.__getitem__).subtree
    root = root_at(300, subtree)
    proof = prove_inclusion(77, 300, subtree)
    flipped = bytes([proof[3][0] ^ 1]) + proof[3][1:]
    wrong: list[Callable[[], None]] = [
        lambda: verify_inclusion(77, 300, leaves[77], (*proof[:3], flipped, *proof[4:]), root),
        lambda: verify_inclusion(77, 300, leaves[77], proof[:-1], root),
        lambda: verify_inclusion(77, 300, leaves[77], (*proof, proof[0]), root),
        lambda: verify_inclusion(76, 300, leaves[77], proof, root),
        lambda: verify_inclusion(77, 600, leaves[77], proof, root),
        lambda: verify_inclusion(77, 300, leaves[76], proof, root),
        lambda: verify_inclusion(300, 300, leaves[77], proof, root),
        lambda: verify_consistency(
            100, 300, prove_consistency(99, 300, subtree), root_of(leaves[:100]), root
        ),
        lambda: verify_consistency(
            100, 300, prove_consistency(100, 300, subtree), root_of(leaves[1:101]), root
        ),
    ]
    for one in wrong:
        with pytest.raises(BadProofError):
            one()


def test_the_frontier_goes_on_from_where_it_was_kept() -> None:
    """Size and peaks are all that an append needs; what it fills is told level by level."""
    leaves, tiles = grown(520)
    whole = Frontier()
    filled = [joined for leaf in leaves for joined in whole.joined(leaf)]
    reader = TileReader(520, tiles.__getitem__)
    assert all(reader.subtree(level, index) == hash_ for level, index, hash_ in filled)
    first = Frontier()
    for leaf in leaves[:333]:
        first.append(leaf)
    kept = Frontier(first.size, first.peaks)
    for leaf in leaves[333:]:
        kept.append(leaf)
    assert (kept.size, kept.root()) == (520, whole.root())


def test_tiles_are_named_and_counted_as_the_specification_says() -> None:
    """Its examples: index 1234067, and the tiles of a tree of 70,000 and of one of 256."""
    assert Tile(1, 1234067).path == "tile/1/x001/x234/067"
    assert Tile(None, 273, 112).path == "tile/entries/273.p/112"
    found = list(tiles_of(70_000))
    full = [sum(tile.level == level and tile.width == 256 for tile in found) for level in range(3)]
    partial = [(tile.level, tile.width) for tile in found if tile.width != 256]
    assert (full, partial) == ([273, 1, 0], [(0, 112), (1, 17), (2, 1)])
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []
    assert list(tiles_of(258, since=257)) == [Tile(0, 1, 2)]


def test_only_the_one_right_path_names_a_tile() -> None:
    """What is written in another way is nobody's path."""
    for tile in [Tile(0, 0), Tile(0, 0, 1), Tile(None, 1234067, 255), Tile(63, 999)]:
        assert parse_path(tile.path) == tile
    for path in [
        "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/x000/000",
        "tile/0/000/", "tile/entries/000.p/01", "/tile/0/000", "tile/0/../000", "tile/0/001/000",
    ]:  # fmt: skip
        assert parse_path(path) is None, path


def test_a_tile_or_bundle_of_another_size_is_refused() -> None:
    """Neither is read as far as it goes."""
    bundle = encode_bundle([b"one", b"two"])
    for raw in (bundle[:-1], bundle[:6], bundle + b"\x00", encode_bundle([b"one"])):
        with pytest.raises(BadTileError, match=r"tile/entries/000\.p/2"):
            decode_bundle(Tile(None, 0, 2), raw)
    with pytest.raises(BadTileError):
        split_tile(Tile(0, 0, 2), bytes(63))
