"""Appends entries to the tree: whoever holds the lock on its row, in the transaction of the caller."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import psycopg
from msgspec import Struct

from services.audit.keys.keyfile import LogKeyError
from shared.platform.postgres.binary_arrays import columns
from shared.platform.postgres.database import queries
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.hashing import HASH_SIZE, Frontier, leaf_hash
from shared.tlog.leaves import Body

SQL: Final = queries("services.audit")

Connection = psycopg.Connection[Any]
LastSigned = Callable[[], Checkpoint | None]


class OlderThanSignedError(Exception):
    """The rows lack what was signed, as when another database server took over: an entry that were added now would
    stand in another's place, for good.
    """


class NewEntry(Struct, frozen=True, gc=False):
    """An entry on its way into the tree; `body` are the bytes that it only names, if there are such."""

    kind: str
    entry: bytes
    leaf: bytes
    scope: str | None = None
    seq: int | None = None
    clear: bool = False
    body: bytes | None = None

    @classmethod
    def of(
        cls, kind: str, entry: bytes, about: Body | None = None, raw: bytes | None = None, **place: Any
    ) -> NewEntry:
        """With the bytes `raw` beside it where `about` says that they are too many."""
        beside = raw if about is not None and about.raw is None else None
        return cls(kind, entry, leaf_hash(entry), body=beside, **place)


def locked_tree(connection: Connection) -> Frontier:
    """The right edge, which nobody else moves before this transaction ends."""
    row = connection.execute(SQL["lock_tree"]).fetchone()
    return frontier_of(row)


def tree_to_add_to(connection: Connection, signed: LastSigned) -> Frontier:
    """The right edge, to be moved; raises `OlderThanSignedError` where it lies before what was signed, or that is not
    known. Asked each time, for rows may come back older while a process runs.
    """
    tree = locked_tree(connection)
    try:
        last = signed()
    except LogKeyError as error:
        raise OlderThanSignedError(str(error)) from None
    if last is not None and tree.size < last.size:
        raise OlderThanSignedError(f"{tree.size} entries, and {last.size} were signed")
    return tree


def frontier_of(row: Sequence[Any] | None) -> Frontier:
    """The right edge as it is stored."""
    if row is None:
        raise LookupError("the row of the tree is missing")
    size, peaks = int(row[0]), bytes(row[1])
    return Frontier(size, [peaks[at : at + HASH_SIZE] for at in range(0, len(peaks), HASH_SIZE)])


def append(connection: Connection, tree: Frontier, entries: Sequence[NewEntry]) -> None:
    """Give each the next index, and move the right edge."""
    if not entries:
        return
    first = tree.size
    for entry in entries:
        tree.append(entry.leaf)
    rows = [
        (index, one.kind, one.scope, one.seq, one.leaf, one.entry, one.clear)
        for index, one in enumerate(entries, first)
    ]
    names = ("indexes", "kinds", "scopes", "seqs", "leaves", "entries", "clear")
    connection.execute(SQL["put_entries"], dict(zip(names, columns(rows), strict=True)))
    _put_bodies(connection, entries)
    connection.execute(SQL["put_tree"], {"size": tree.size, "peaks": b"".join(tree.peaks)})


def append_once(connection: Connection, entry: NewEntry, signed: LastSigned) -> bool:
    """An entry that is no fact, unless the log has it already. Raises `OlderThanSignedError`."""
    tree = tree_to_add_to(connection, signed)
    if connection.execute(SQL["has_leaf"], {"leaf": entry.leaf}).fetchone() is not None:
        return False
    append(connection, tree, [entry])
    return True


def _put_bodies(connection: Connection, entries: Iterable[NewEntry]) -> None:
    for one in entries:
        if one.body is not None:
            digest = hashlib.sha256(one.body).digest()
            connection.execute(SQL["put_body"], {"sha256": digest, "body": one.body, "clear": one.clear})
