"""Makes the files of the tree out of its rows, as many as a larger size needs, and holds them against its root."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import structlog

from services.audit.publishing.files import StaticFiles
from services.audit.sequencing.append import SQL, Connection
from shared.i18n import bilingual
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.hashing import Frontier
from shared.tlog.leaves import FactLeaf, SetAsideLeaf, decode_entry
from shared.tlog.proofs import root_at
from shared.tlog.tiles import (
    HEIGHT,
    WIDTH,
    Tile,
    TileReader,
    encode_bundle,
    split_tile,
    subtree_root,
    tiles_of,
)

log: Final = structlog.get_logger()

AT_ONCE: Final = 16
"""So many bundles of rows are read at once."""


class LogDamagedError(Exception):
    """The rows or the files of the log are not what they were; nothing is signed."""


def lacks_what_was_signed(signed: int, size: int) -> str:
    """What is told where rows are older than a checkpoint, and no files lead to it."""
    return bilingual(
        "a checkpoint of {signed} entries was signed, and the database has {size}: it was restored, and the files "
        "that would give them back are not here",
        signed=signed, size=size,
    )  # fmt: skip


class TreeFiles:
    """Brings the files to a size of the tree."""

    def __init__(self, files: StaticFiles) -> None:
        self.files = files
        self.step: Callable[[], None] = lambda: None
        """Is called as often as work moves on that takes long."""
        self.clear: set[int] = set()
        """The bundles that are kept out of the files."""

    def bring_to(self, connection: Connection, tree: Frontier, since: int) -> None:
        """Write what a tree of this size has and one of `since` had not; all anew where that does not give its root.

        Raises `LogDamagedError` where the rows do not give it either.
        """
        self._write(connection, tree.size, min(since, tree.size))
        if self._root(tree.size, tree.size) == tree.root():
            return
        log.error("log_files_made_anew", size=tree.size)
        self._write(connection, tree.size, 0)
        if self._root(tree.size, tree.size) != tree.root():
            raise LogDamagedError(
                bilingual(
                    "the rows of the log do not give the root of its {size} entries: something in them was altered",
                    size=tree.size,
                )
            )

    def root(self, size: int, of: int) -> bytes:
        """The root of the first entries, by the files of a tree of `of`; raises `LogDamagedError` where these are
        lost.
        """
        found = self._root(size, of)
        if found is None:
            raise LogDamagedError(
                bilingual("files of the log are missing in {folder}", folder=self.files.folder)
            )
        return found

    def gives(self, checkpoint: Checkpoint) -> bool:
        """Whether the files are those of this checkpoint."""
        return self._root(checkpoint.size, checkpoint.size) == checkpoint.root

    def _root(self, size: int, of: int) -> bytes | None:
        try:
            return root_at(size, TileReader(of, self.files.tile).subtree)
        except (OSError, TlogError):
            return None

    def _write(self, connection: Connection, size: int, since: int) -> None:
        self._write_entries(connection, size, since)
        for tile in tiles_of(size, since):
            assert tile.level is not None
            if tile.level:
                self.files.put(tile, b"".join(self._hashes(tile, since)))
        for tile in tiles_of(size, since):
            if tile.width == WIDTH:
                self.files.drop_partial(tile)
                if tile.level == 0:
                    self.files.drop_partial(tile.bundle)

    def _write_entries(self, connection: Connection, size: int, since: int) -> None:
        """Bundles and the hashes over them, some at a time."""
        for first in range(since // WIDTH * WIDTH, size, WIDTH * AT_ONCE):
            end = min(size, first + WIDTH * AT_ONCE)
            self.step()
            rows = connection.execute(SQL["entries_between"], {"first": first, "end": end}).fetchall()
            if len(rows) != end - first:
                raise LogDamagedError(
                    bilingual("rows of the log are missing between {first} and {end}", first=first, end=end)
                )
            for start in range(0, len(rows), WIDTH):
                some = rows[start : start + WIDTH]
                tile = Tile(0, (first + start) // WIDTH, len(some))
                self.files.put(tile, b"".join(bytes(leaf) for leaf, _, _ in some))
                self._put_bundle(connection, tile.bundle, some)

    def _put_bundle(
        self, connection: Connection, bundle: Tile, rows: list[tuple[bytes, bytes, bool]]
    ) -> None:
        """Unless it would show a text in clear."""
        if any(clear for _, _, clear in rows):
            self.clear.add(bundle.index)
            return
        for _, entry, _ in rows:
            if (body := _beside(bytes(entry))) is not None:
                path, digest = body
                found = connection.execute(SQL["body"], {"sha256": digest}).fetchone()
                if found is None:
                    raise LogDamagedError(bilingual("the log lacks the bytes of {path}", path=path))
                self.files.put_body(path, bytes(found[0]))
        self.files.put(bundle, encode_bundle(bytes(entry) for _, entry, _ in rows))

    def _hashes(self, tile: Tile, since: int) -> Iterator[bytes]:
        """Of a tile above the entries: those that it had, then one for each full tile below."""
        assert tile.level is not None
        before = self._before(tile, since)
        yield from before
        for place in range(len(before), tile.width):
            below = Tile(tile.level - 1, (tile.index << HEIGHT) + place)
            yield subtree_root(split_tile(below, self.files.tile(below)))

    def _before(self, tile: Tile, since: int) -> list[bytes]:
        assert tile.level is not None
        width = min(tile.width, (since >> HEIGHT * tile.level) - (tile.index << HEIGHT))
        if width <= 0:
            return []
        old = Tile(tile.level, tile.index, width)
        try:
            return split_tile(old, self.files.tile(old))
        except (OSError, TlogError):
            return []


def _beside(entry: bytes) -> tuple[str, bytes] | None:
    """Path and digest of the bytes that an entry only names."""
    if b"sha256" not in entry[:400]:
        return None
    leaf = decode_entry(entry)
    if isinstance(leaf, FactLeaf | SetAsideLeaf) and leaf.body.raw is None:
        return leaf.body.path, bytes.fromhex(leaf.body.sha256)
    return None
