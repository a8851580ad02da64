"""One scope out of the files of a log, with the proof that it stands there: what a pack of any customer begins with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from shared.evidence.form import LeafLine
from shared.evidence.making import ScopeInLog
from shared.evidence.multiproof import proof, split
from shared.evidence.tiles import MOST_BUNDLE, Entry, LogFiles, body_in
from shared.evidence.verdict import UnverifiableError
from shared.i18n import translated
from shared.rules.domain.state import BookId
from shared.tlog.checkpoints import Checkpoint, encode_hash
from shared.tlog.hashing import HASH_SIZE, leaf_hash, node_hash
from shared.tlog.leaves import FactLeaf, KeyLeaf, Leaf, RulebookLeaf, SetAsideLeaf, decode_entry
from shared.tlog.tiles import WIDTH, Tile, TileReader, decode_bundle


class _IdOfFact(Struct):
    id: str


class _AsideOf(Struct):
    set_aside: str


@dataclass(slots=True)
class ScopeOfLog(ABC):
    """The entries of a scope up to a checkpoint; its facts are read again each time."""

    checkpoint: Checkpoint
    scope: str
    leaves: list[LeafLine] = field(default_factory=list)
    set_asides: list[bytes] = field(default_factory=list)
    adopted: dict[BookId, str] = field(default_factory=dict)
    """The rulebooks of the scope with the digests of their texts."""
    begun_under: BookId | None = None
    """What the scope is judged by until it adopts one, once the log says it."""

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """Those of the scope, in the order of the log. Raises `UnverifiableError` where something of it lacks."""

    @abstractmethod
    def tile(self, tile: Tile) -> bytes:
        """A tile of hashes. Raises `UnverifiableError`."""

    def look_through(self) -> None:
        """Read the scope once."""
        for entry in self.entries():
            self._take(entry)

    def facts(self) -> Iterator[bytes]:
        """The facts by seq, as they are sealed."""
        return (entry.body for entry in self.entries() if isinstance(entry.leaf, FactLeaf))

    @property
    def count(self) -> int:
        """How many facts there are."""
        return sum(leaf.kind == "fact" for leaf in self.leaves)

    def in_log(self, raw: bytes, vkey: str, vouchers: Sequence[bytes]) -> ScopeInLog:
        """With the proof of all its leaves; `raw` is the checkpoint as it is signed."""
        reader = TileReader(self.checkpoint.size, self.tile)

        def range_hash(start: int, end: int) -> bytes:
            size = end - start
            if size & (size - 1) == 0:
                level = size.bit_length() - 1
                return reader.subtree(level, start >> level)
            middle = start + split(size)
            return node_hash(range_hash(start, middle), range_hash(middle, end))

        nodes = proof(self.checkpoint.size, [leaf.index for leaf in self.leaves], range_hash)
        root = self.checkpoint.root.hex()
        return ScopeInLog(
            raw, self.checkpoint.origin, self.checkpoint.size, root, self.leaves, nodes, vkey, vouchers
        )

    def _take(self, entry: Entry) -> None:
        leaf, hash_ = entry.leaf, encode_hash(entry.hash)
        match leaf:
            case FactLeaf():
                event = msgspec.json.decode(entry.body, type=_IdOfFact).id
                self.leaves.append(LeafLine(entry.place, hash_, "fact", leaf.seq, event))
            case SetAsideLeaf():
                event = msgspec.json.decode(entry.body, type=_AsideOf).set_aside
                self.leaves.append(LeafLine(entry.place, hash_, "set_aside", event=event))
                self.set_asides.append(entry.body)
            case RulebookLeaf():
                data = leaf.encode().decode()
                self.leaves.append(LeafLine(entry.place, hash_, "rulebook", leaf.seq, data=data))
                self.adopted.setdefault((leaf.name, leaf.version), leaf.sha256)
                if leaf.seq == 1 and self.begun_under is None:
                    self.begun_under = leaf.name, leaf.version


@dataclass(slots=True)
class ScopeOfFiles(ScopeOfLog):
    """A scope out of the log's own files: the first reading looks at all of them, the others at the scope's alone."""

    files: LogFiles = field(kw_only=True)

    @classmethod
    def read(cls, files: LogFiles, checkpoint: Checkpoint, scope: str) -> ScopeOfFiles:
        """Look through the log for the scope."""
        found = cls(checkpoint, scope, files=files)
        found.look_through()
        return found

    def entries(self) -> Iterator[Entry]:
        known = sorted({leaf.index // WIDTH for leaf in self.leaves})
        for number in known or range((self.checkpoint.size + WIDTH - 1) // WIDTH):
            yield from self._bundle(number)

    def tile(self, tile: Tile) -> bytes:
        found = self.files.tile(tile, MOST_BUNDLE)
        if found is None:
            raise UnverifiableError(translated("the log lacks {path}", path=tile.path))
        return found[: tile.width * HASH_SIZE] if tile.level is not None else found

    def _bundle(self, number: int) -> list[Entry]:
        width = min(WIDTH, self.checkpoint.size - number * WIDTH)
        partial = Tile(None, number, width)
        raw = self.files.read(partial.path, MOST_BUNDLE)
        tile = partial if raw is not None else Tile(None, number)
        bundle = decode_bundle(tile, self.tile(tile) if raw is None else raw)
        found = []
        for place, entry in enumerate(bundle[:width], number * WIDTH):
            leaf = decode_entry(entry)
            if not isinstance(leaf, KeyLeaf) and leaf.scope == self.scope:
                found.append(Entry(place, leaf, leaf_hash(entry), self._body(leaf)))
        return found

    def _body(self, leaf: Leaf) -> bytes:
        body = body_in(self.files, leaf)
        if body is None:
            raise UnverifiableError(translated("the log lacks the bytes of an entry"))
        return body
