"""Tiles: the tree as files that never change once they are full (C2SP tlog-tiles, height 8).

A tile of level L holds 256 hashes of the tree's level 8·L; the levels between are hashed out of it. Entries lie in
bundles beside the tiles of level 0.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.i18n import bilingual
from shared.tlog.errors import BadTileError
from shared.tlog.hashing import HASH_SIZE, node_hash

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAX_ENTRY: Final = 65_535
ENTRIES: Final = "entries"
MOST_TILES: Final = 512
"""So many tiles a reader keeps at most: 4 MB of hashes."""

_path: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5]\d|6[0-3])/(?P<n>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?"
).fullmatch


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, or with `level` None a bundle of entries; `width` is less than 256 of a partial one."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served, behind the prefix of the log."""
        level = ENTRIES if self.level is None else str(self.level)
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{suffix}"

    @property
    def bundle(self) -> Tile:
        """The bundle beside a tile of level 0."""
        return Tile(None, self.index, self.width)


TileSource: TypeAlias = Callable[[Tile], bytes]
"""The bytes of a tile."""


def parse_path(path: str) -> Tile | None:
    """The tile that a path names; None for a path that names none, or not in the one right form."""
    found = _path(path)
    if found is None:
        return None
    level = None if found["level"] == ENTRIES else int(found["level"])
    index = int(found["n"].replace("x", "").replace("/", ""))
    tile = Tile(level, index, WIDTH if found["width"] is None else int(found["width"]))
    return tile if tile.path == path else None


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """The tiles of a tree of `size` leaves, without those that one of `since` leaves has alike."""
    level = 0
    while size >> HEIGHT * level:
        here, before = size >> HEIGHT * level, since >> HEIGHT * level
        if here != before:
            for index in range(before >> HEIGHT, here >> HEIGHT):
                yield Tile(level, index)
            if here % WIDTH:
                yield Tile(level, here >> HEIGHT, here % WIDTH)
        level += 1


def tile_holding(level: int, index: int, size: int) -> tuple[Tile, int, int]:
    """The tile of a tree of `size` leaves out of which a subtree's hash is made, and the hashes in it from where to
    where.
    """
    tile_level, above = divmod(level, HEIGHT)
    first = index << above
    tile_index = first >> HEIGHT
    width = min(WIDTH, (size >> HEIGHT * tile_level) - (tile_index << HEIGHT))
    start = first % WIDTH
    if width < start + (1 << above):
        raise ValueError(f"a tree of {size} leaves has no full subtree {index} of level {level}")
    return Tile(tile_level, tile_index, width), start, start + (1 << above)


def split_tile(tile: Tile, raw: bytes) -> list[bytes]:
    """The hashes in a tile."""
    if len(raw) != tile.width * HASH_SIZE:
        raise BadTileError(
            bilingual("{path}: has {bytes} bytes instead of {wanted}", path=tile.path, bytes=len(raw),
                      wanted=tile.width * HASH_SIZE)
        )  # fmt: skip
    return [raw[at : at + HASH_SIZE] for at in range(0, len(raw), HASH_SIZE)]


class TileReader:
    """The subtrees of a tree of `size` leaves, from its tiles; `reader.subtree` is what proofs are made of.

    What the tiles hold is taken as it is: hold the root that comes out against a checkpoint.
    """

    def __init__(self, size: int, source: TileSource) -> None:
        self.size = size
        self._source = source
        self._kept: OrderedDict[Tile, list[bytes]] = OrderedDict()

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a full subtree."""
        tile, start, end = tile_holding(level, index, self.size)
        return subtree_root(self._hashes(tile)[start:end])

    def leaf(self, index: int) -> bytes:
        """The hash of the leaf at `index`."""
        return self.subtree(0, index)

    def _hashes(self, tile: Tile) -> list[bytes]:
        found = self._kept.get(tile)
        if found is None:
            found = self._kept[tile] = split_tile(tile, self._source(tile))
            if len(self._kept) > MOST_TILES:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(tile)
        return found


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """The root of a full subtree over its hashes of one level; there are a power of two of them."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle has them, each behind its length."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"an entry has at most {MAX_ENTRY} bytes, not {len(entry)}")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(tile: Tile, raw: bytes) -> list[bytes]:
    """The entries of a bundle, which has as many as its place asks for."""
    entries: list[bytes] = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw) or at + 2 > len(raw):
            raise BadTileError(bilingual("{path}: ends within an entry", path=tile.path))
        entries.append(raw[at + 2 : end])
        at = end
    if len(entries) != tile.width:
        raise BadTileError(
            bilingual("{path}: has {entries} entries instead of {wanted}", path=tile.path, entries=len(entries),
                      wanted=tile.width)
        )  # fmt: skip
    return entries


def _index_path(index: int) -> str:
    """In groups of three digits, all but the last behind an `x`."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))
