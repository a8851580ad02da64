"""Answers from the shown checkpoint, the rows and the files of hashes."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from services.audit.publishing.files import StaticFiles
from services.audit.sequencing.append import SQL
from shared.platform.postgres.database import Database
from shared.tlog.checkpoints import encode_hash, parse_checkpoint
from shared.tlog.notes import parse_note
from shared.tlog.proofs import prove_consistency, prove_inclusion
from shared.tlog.tiles import TileReader

CHECKPOINT_TYPE: Final = "text/plain; charset=utf-8"


class NothingShownError(LookupError):
    """There is no checkpoint yet."""


class FactNotLoggedError(LookupError):
    """The log has no such fact."""


class NotShownYetError(Exception):
    """The fact is logged, and no checkpoint holds it yet."""


class BeyondError(ValueError):
    """A size or an index that no checkpoint holds."""

    def __init__(self, field: str, most: int) -> None:
        super().__init__(field)
        self.field = field
        self.most = most


class InclusionProof(Struct, frozen=True):
    """That the entry with this leaf hash stands at the index, in the tree of the first `size` entries; hashes in
    base64, the lowest first. `checkpoint` is the signed note of that size, null for an earlier one."""

    index: int
    size: int
    leaf: str
    proof: list[str]
    checkpoint: str | None


class ConsistencyProof(Struct, frozen=True):
    """That the tree of the first `second` entries goes on from that of the first `first`; hashes in base64.
    `checkpoint` is the signed note of the size `second`, null for an earlier one."""

    first: int
    second: int
    proof: list[str]
    checkpoint: str | None


class LogKeyList(Struct, frozen=True):
    """The name of the log, the verifier keys that have signed it, the first one first, and the vouchers of those that
    followed another."""

    origin: str
    keys: list[str]
    vouchers: list[str]


class LogReader:
    """What is asked of the log."""

    def __init__(self, database: Database, files: StaticFiles) -> None:
        self._database = database
        self.files = files

    def checkpoint(self) -> bytes:
        """The checkpoint that is shown. Raises `NothingShownError`."""
        row = self._one("published")
        if row is None:
            raise NothingShownError
        return bytes(row[1])

    def inclusion(self, index: int, size: int | None) -> InclusionProof:
        """By the index; raises `BeyondError`."""
        note, shown = self._shown()
        size = shown if size is None else size
        if size > shown:
            raise BeyondError("size", shown)
        if index >= size:
            raise BeyondError("index", size - 1)
        reader = TileReader(shown, self.files.tile)
        proof = prove_inclusion(index, size, reader.subtree)
        told = [encode_hash(one) for one in proof]
        return InclusionProof(
            index, size, encode_hash(reader.leaf(index)), told, note if size == shown else None
        )

    def inclusion_of(self, scope: str, seq: int, size: int | None) -> InclusionProof:
        """By the fact; raises `FactNotLoggedError` and `NotShownYetError`."""
        row = self._one("place_of_fact", scope=scope, seq=seq)
        if row is None:
            raise FactNotLoggedError
        _, shown = self._shown()
        if row[0] >= shown:
            raise NotShownYetError
        return self.inclusion(int(row[0]), size)

    def consistency(self, first: int, second: int | None) -> ConsistencyProof:
        """Raises `BeyondError`."""
        note, shown = self._shown()
        second = shown if second is None else second
        if second > shown:
            raise BeyondError("second", shown)
        if first > second:
            raise BeyondError("first", second)
        reader = TileReader(shown, self.files.tile)
        told = [encode_hash(one) for one in prove_consistency(first, second, reader.subtree)]
        return ConsistencyProof(first, second, told, note if second == shown else None)

    def keys(self) -> LogKeyList:
        """By which keys the log is verified."""
        note, _ = self._shown()
        with self._database.connection() as connection:
            keys = [str(row[0]) for row in connection.execute(SQL["signing_keys"]).fetchall()]
        vouchers = [raw.decode() for raw in self.files.vouchers()]
        return LogKeyList(note.partition("\n")[0], keys, vouchers)

    def _shown(self) -> tuple[str, int]:
        note = self.checkpoint()
        return note.decode(), parse_checkpoint(parse_note(note).text).size

    def _one(self, name: str, **given: Any) -> Any:
        with self._database.connection() as connection:
            return connection.execute(SQL[name], given).fetchone()
