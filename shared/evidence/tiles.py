"""The files of a log, read through once: entries, hashes, the root that was signed, and the order of every scope.

What is held at a time is one bundle, the right edge of the tree and one place for each scope, whatever the size.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from shared.contract import MAX_SEALED_BYTES, BadEvent
from shared.contract.set_aside import decode_set_aside
from shared.evidence.log import Trust, check_checkpoint
from shared.evidence.scope_order import ScopeOrder
from shared.evidence.verdict import Discrepancy, Kind, UnverifiableError, Verdict
from shared.i18n import Text, translated
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.hashing import HASH_SIZE, Frontier, leaf_hash
from shared.tlog.leaves import FactLeaf, Leaf, SetAsideLeaf, decode_entry
from shared.tlog.notes import MAX_NOTE
from shared.tlog.tiles import ENTRIES, HEIGHT, MAX_ENTRY, WIDTH, Tile, decode_bundle

CHECKPOINT: Final = "checkpoint"
VOUCHERS: Final = "key"
_voucher: Final = re.compile(r"[0-9a-f]{8}").fullmatch
MOST_BUNDLE: Final = WIDTH * (MAX_ENTRY + 2)


class Entry(NamedTuple):
    """An entry of the log: its place, what it says, its hash, and the bytes that a fact or a line has."""

    place: int
    leaf: Leaf
    hash: bytes
    body: bytes


class LogFiles:
    """A folder that holds a log as tlog-tiles lays it out. Nothing but plain files is read: a pipe would never end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str, limit: int) -> bytes | None:
        """A file; None where there is none, or one that is larger than it can be."""
        try:
            with open(self.folder / path, "rb", opener=_without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return None
                data = file.read(limit + 1)
        except OSError:
            return None
        return data if len(data) <= limit else None

    def checkpoint(self) -> bytes:
        """The head; raises `UnverifiableError`."""
        found = self.read(CHECKPOINT, MAX_NOTE)
        if found is None:
            raise UnverifiableError(translated("{path} holds no checkpoint of a log", path=self.folder))
        return found

    def vouchers(self) -> list[bytes]:
        """What the log says of keys that followed others, by their numbers."""
        folder = self.folder / VOUCHERS
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        found = (self.read(f"{VOUCHERS}/{name}", MAX_NOTE) for name in names if _voucher(name))
        return [raw for raw in found if raw is not None]

    def tile(self, tile: Tile, limit: int) -> bytes | None:
        """A tile or a bundle; of a full one where the partial one is gone, as much as was asked for."""
        found = self.read(tile.path, limit)
        if found is None and tile.width < WIDTH:
            return self.read(Tile(tile.level, tile.index).path, limit)
        return found


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def body_in(files: LogFiles, leaf: Leaf) -> bytes | None:
    """The bytes that an entry is about, which may lie beside it; none of one that has none, None where they lack."""
    if not isinstance(leaf, FactLeaf | SetAsideLeaf):
        return b""
    return leaf.body.raw if leaf.body.raw is not None else files.read(leaf.body.path, MAX_SEALED_BYTES)


@dataclass(slots=True)
class TilesCheck:
    """Reads the files of a log; `roots` are sizes at which the root is kept on the way."""

    files: LogFiles
    checkpoint: Checkpoint
    verdict: Verdict
    sizes: frozenset[int] = frozenset()
    roots: dict[int, bytes] = field(default_factory=dict)
    _rows: dict[int, list[bytes]] = field(default_factory=dict)
    _wrong: list[tuple[int, Discrepancy]] = field(default_factory=list)
    _order: ScopeOrder = field(init=False)

    def __post_init__(self) -> None:
        self._order = ScopeOrder(self.verdict)

    def entries(self) -> Iterator[Entry]:
        """Every entry up to the checkpoint. What is wrong is found on the way, and the root at the end."""
        frontier = Frontier()
        self._keep_root(frontier)
        for index in range((self.checkpoint.size + WIDTH - 1) // WIDTH):
            width = min(WIDTH, self.checkpoint.size - index * WIDTH)
            bundle = self._bundle(Tile(None, index, width))
            if bundle is None:
                return
            hashes = [leaf_hash(entry) for entry in bundle]
            self._hold_against_tile(Tile(0, index, width), hashes, bundle)
            for place, (entry, hash_) in enumerate(zip(bundle, hashes, strict=True), index * WIDTH):
                self._append(frontier, hash_)
                found = self._entry(place, entry, hash_, Tile(None, index, width).path)
                if found is not None:
                    yield found
        self._check_upper_tiles(frontier.size)
        self._check_root(frontier)

    def _bundle(self, tile: Tile) -> list[bytes] | None:
        raw = self.files.tile(tile, MOST_BUNDLE)
        if raw is None:
            self._find("tile.missing", translated("the entries are missing"), tile.path)
            return None
        full = len(raw) and tile.width < WIDTH and self.files.read(tile.path, MOST_BUNDLE) is None
        try:
            entries = decode_bundle(Tile(None, tile.index) if full else tile, raw)
        except TlogError as error:
            self._find(
                "tile.altered", translated("the entries cannot be read: {error}", error=error), tile.path
            )
            return None
        return entries[: tile.width]

    def _hold_against_tile(self, tile: Tile, hashes: list[bytes], bundle: list[bytes]) -> None:
        """Where entry and hash differ, one of them was altered: which, the root says at the end."""
        raw = self.files.tile(tile, WIDTH * HASH_SIZE)
        if raw is None:
            self._find("tile.missing", translated("the hashes are missing"), tile.path)
            return
        self._demand_length(tile, raw)
        for number, hash_ in enumerate(hashes):
            if raw[number * HASH_SIZE : (number + 1) * HASH_SIZE] != hash_:
                index = tile.index * WIDTH + number
                self._wrong.append((index, _altered(index, bundle[number], tile.bundle.path)))

    def _append(self, frontier: Frontier, hash_: bytes) -> None:
        for level, index, subtree in frontier.joined(hash_):
            if level and level % HEIGHT == 0:
                self._put(level // HEIGHT, index, subtree)
        self._keep_root(frontier)

    def _put(self, level: int, index: int, hash_: bytes) -> None:
        row = self._rows.setdefault(level, [])
        row.append(hash_)
        if len(row) == WIDTH:
            self._check_tile(Tile(level, index // WIDTH), row)
            row.clear()

    def _check_upper_tiles(self, size: int) -> None:
        for level, row in self._rows.items():
            if row:
                self._check_tile(Tile(level, (size >> HEIGHT * level) // WIDTH, len(row)), row)

    def _check_tile(self, tile: Tile, row: list[bytes]) -> None:
        raw = self.files.tile(tile, WIDTH * HASH_SIZE)
        if raw is None:
            self._find("tile.missing", translated("the hashes are missing"), tile.path)
        elif raw[: len(row) * HASH_SIZE] != b"".join(row):
            self._find("tile.altered", translated("the hashes are not those of the entries"), tile.path)
        else:
            self._demand_length(tile, raw)

    def _demand_length(self, tile: Tile, raw: bytes) -> None:
        """A tile has as many hashes as its name says, or all where it was filled since; fewer are found elsewhere."""
        if len(raw) > tile.width * HASH_SIZE and len(raw) != WIDTH * HASH_SIZE:
            told = translated("the tile has more bytes than its hashes")
            self._find("tile.altered", told, tile.path)

    def _keep_root(self, frontier: Frontier) -> None:
        if frontier.size in self.sizes:
            self.roots[frontier.size] = frontier.root()

    def _check_root(self, frontier: Frontier) -> None:
        self.verdict.leaves = frontier.size
        if frontier.root() == self.checkpoint.root:
            for index, finding in self._wrong:
                told = translated("the hash of the entry at {index} was altered", index=index)
                self._find("tile.altered", told, finding.file.replace(ENTRIES, "0"), index)
            return
        for _, finding in self._wrong:
            self.verdict.find(finding)
        if not self._wrong:
            told = translated(
                "the entries do not give the root that was signed: some were altered, or cut off"
            )
            self._find("proof.broken", told, CHECKPOINT)

    def _entry(self, index: int, raw: bytes, hash_: bytes, path: str) -> Entry | None:
        try:
            leaf = decode_entry(raw)
        except TlogError as error:
            told = translated("the entry cannot be read: {error}", error=error)
            self._find("leaf.unreadable", told, path, index)
            return None
        body = self._body(leaf, index)
        if isinstance(leaf, FactLeaf):
            self.verdict.facts += 1
            self._order.check(leaf, body, index, path)
        elif isinstance(leaf, SetAsideLeaf) and body is not None:
            self._check_set_aside(body, index, path)
        return Entry(index, leaf, hash_, body or b"")

    def _check_set_aside(self, body: bytes, index: int, path: str) -> None:
        try:
            decode_set_aside(body)
        except BadEvent as error:
            told = translated("the entry sets nothing aside: {path}", path=error.path or "-")
            self._find("set_aside.altered", told, path, index)

    def _body(self, leaf: Leaf, index: int) -> bytes | None:
        raw = body_in(self.files, leaf)
        if not isinstance(leaf, FactLeaf | SetAsideLeaf):
            return b""
        if raw is None:
            self._find(
                "tile.missing", translated("the bytes of the entry are missing"), leaf.body.path, index
            )
        elif not leaf.body.holds(raw):
            told = translated("the bytes are not those of which the entry has the digest")
            self._find("leaf.altered", told, leaf.body.path, index)
        return raw

    def _find(self, kind: Kind, text: Text, path: str, index: int | None = None) -> None:
        self.verdict.find(Discrepancy(kind, text, path, index=index))


def _altered(index: int, entry: bytes, path: str) -> Discrepancy:
    told = translated(
        "the entry at {index} is not the one that was signed: something in it was altered", index=index
    )
    try:
        leaf = decode_entry(entry)
    except TlogError:
        return Discrepancy("leaf.altered", told, path, index=index)
    scope, seq = getattr(leaf, "scope", None), getattr(leaf, "seq", None)
    return Discrepancy("leaf.altered", told, path, scope=scope, seq=seq, index=index)


def verify_tiles(folder: Path, trust: Trust, seen: Callable[[Entry], None] | None = None) -> Verdict:
    """All that is wrong with the files of a log. Raises `UnverifiableError`."""
    verdict = Verdict("tiles", str(folder))
    files = LogFiles(folder)
    trust.take_vouchers(files.vouchers(), verdict, VOUCHERS)
    checkpoint = check_checkpoint(files.checkpoint(), trust, verdict, CHECKPOINT)
    if checkpoint is None:
        return verdict
    scopes: dict[str, None] = {}
    for entry in checked_entries(files, checkpoint, trust, verdict):
        if isinstance(entry.leaf, FactLeaf):
            scopes[entry.leaf.scope] = None
        if seen is not None:
            seen(entry)
    verdict.scopes = sorted(scopes)
    return verdict


def checked_entries(
    files: LogFiles,
    checkpoint: Checkpoint,
    trust: Trust,
    verdict: Verdict,
    also: dict[int, Checkpoint] | None = None,
) -> Iterator[Entry]:
    """The entries up to the checkpoint, which is also held against the trusted one, and against those in `also`."""
    note_checkpoint(checkpoint, verdict)
    held = dict(also or {})
    trusted = None
    if trust.checkpoint is not None:
        trusted = check_checkpoint(trust.checkpoint, trust, verdict, "--checkpoint", checkpoint.origin)
    sizes = {one.size for one in (*held.values(), *([trusted] if trusted else ()))}
    check = TilesCheck(files, checkpoint, verdict, frozenset(sizes))
    yield from check.entries()
    if trusted is not None:
        _compare(trusted, checkpoint, check, verdict, "--checkpoint")
    for one in held.values():
        _compare(one, checkpoint, check, verdict, CHECKPOINT)


def note_checkpoint(checkpoint: Checkpoint, verdict: Verdict) -> None:
    """Which head it was that all was held against."""
    verdict.origin, verdict.size, verdict.root = checkpoint.origin, checkpoint.size, checkpoint.root.hex()


def _compare(
    other: Checkpoint, checkpoint: Checkpoint, check: TilesCheck, verdict: Verdict, file: str
) -> None:
    if other.size > checkpoint.size:
        told = translated(
            "the log is shorter than it was: {size} entries, and the trusted checkpoint has {other}",
            size=checkpoint.size, other=other.size,
        )  # fmt: skip
        verdict.find(Discrepancy("checkpoint.cut", told, file))
    elif other.size in check.roots and check.roots[other.size] != other.root:
        told = translated(
            "the log was forked or altered: its first {size} entries have another root than the checkpoint that was "
            "signed for them",
            size=other.size,
        )  # fmt: skip
        verdict.find(Discrepancy("checkpoint.fork", told, file))
