"""Rows that are older than the files take back what they lost: the database was restored, the log went on.

Sequenced anew, the facts of several partitions would come in another order: another log than the one that was signed,
and shown. So the files are the truth of the order, as far as a checkpoint leads to them, and where they do not lead to
what was signed last, nothing is added: entries in another order could not be taken out again when the files come back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import structlog

from services.audit.keys.keyfile import LogKeyError
from services.audit.publishing.building import LogDamagedError, TreeFiles, lacks_what_was_signed
from services.audit.sequencing.append import SQL, Connection, NewEntry, append, frontier_of, locked_tree
from shared.i18n import bilingual
from shared.platform.kafka.record_processor import OpeningRefusedError
from shared.platform.postgres.database import Database
from shared.tlog.checkpoints import Checkpoint, parse_checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.hashing import Frontier, leaf_hash
from shared.tlog.leaves import FactLeaf, KeyLeaf, RulebookLeaf, SetAsideLeaf, decode_entry
from shared.tlog.notes import parse_note
from shared.tlog.tiles import WIDTH, Tile, decode_bundle

log: Final = structlog.get_logger()

AT_ONCE: Final = 32
"""So many bundles are taken back in one transaction."""


def demand_whole(
    database: Database,
    files: TreeFiles,
    signed: Callable[[], Checkpoint | None],
    step: Callable[[], None] = lambda: None,
) -> None:
    """Have the rows hold all that was shown and signed; raises `OpeningRefusedError` where they cannot.

    A piece at a time, each held against the files; `step` is called with each.
    """
    try:
        last = signed()
        to = _led_to(files, last)
        while to is not None and _took_some(database, files, to):
            step()
    except (TlogError, OSError, LogDamagedError, LogKeyError) as error:
        raise OpeningRefusedError(
            bilingual(
                "the log cannot go on from its files in {folder}: {why}", folder=files.files.folder, why=error
            )
        ) from None
    size = _size(database)
    if last is not None and size < last.size:
        raise OpeningRefusedError(lacks_what_was_signed(last.size, size))


def _size(database: Database) -> int:
    with database.connection() as connection:
        return frontier_of(connection.execute(SQL["tree"]).fetchone()).size


def _led_to(files: TreeFiles, last: Checkpoint | None) -> Checkpoint | None:
    """As far as the files are whole: to what was signed, of which a kill may have kept the checkpoint back, or to what
    was shown.
    """
    if last is not None and files.gives(last):
        return last
    shown = files.files.checkpoint()
    return None if shown is None else parse_checkpoint(parse_note(shown).text)


def _took_some(database: Database, files: TreeFiles, to: Checkpoint) -> bool:
    """Whether entries were taken back; False where nothing is missing."""
    with database.connection() as connection:
        tree = locked_tree(connection)
        since = tree.size
        if since >= to.size:
            return False
        if files.root(since, to.size) != tree.root() or files.root(to.size, to.size) != to.root:
            raise OpeningRefusedError(
                bilingual(
                    "the database has another log than the files in {folder}: their first {size} entries differ",
                    folder=files.files.folder, size=since,
                )
            )  # fmt: skip
        end = min(to.size, (since // WIDTH + AT_ONCE) * WIDTH)
        _take_back(connection, tree, files, since, end, to.size)
    log.error("log_taken_back", since=since, size=end)
    return True


def _take_back(
    connection: Connection, tree: Frontier, files: TreeFiles, since: int, end: int, size: int
) -> None:
    """The entries from `since` to `end`, of files of a tree of `size`."""
    seqs: dict[str, int] = {}
    for index in range(since // WIDTH, (end + WIDTH - 1) // WIDTH):
        tile = Tile(None, index, min(WIDTH, size - index * WIDTH))
        entries = decode_bundle(tile, files.files.read(tile.path))
        new = [_entry(files, one) for one in entries[max(0, since - index * WIDTH) :]]
        append(connection, tree, new)
        seqs |= {one.scope: one.seq for one in new if one.kind == "fact" and one.scope and one.seq}
    if tree.root() != files.root(tree.size, size):
        raise OpeningRefusedError(
            bilingual("the entries in {folder} are not those of its checkpoint", folder=files.files.folder)
        )
    given: dict[str, Any] = {
        "scopes": list(seqs), "seqs": list(seqs.values()), "waits": [False] * len(seqs), "forks": [None] * len(seqs),
    }  # fmt: skip
    connection.execute(SQL["put_scopes"], given)


def _entry(files: TreeFiles, entry: bytes) -> NewEntry:
    """As it was before; what stands in the files is not in clear."""
    leaf = decode_entry(entry)
    match leaf:
        case FactLeaf(scope=scope, seq=seq, body=body):
            raw = files.files.read(body.path) if body.raw is None else None
            return NewEntry("fact", entry, leaf_hash(entry), scope, seq, body=raw)
        case RulebookLeaf(scope=scope, seq=seq):
            return NewEntry("rulebook", entry, leaf_hash(entry), scope, seq)
        case SetAsideLeaf(scope=scope, body=body):
            raw = files.files.read(body.path) if body.raw is None else None
            return NewEntry("set_aside", entry, leaf_hash(entry), scope, body=raw)
        case KeyLeaf():
            return NewEntry("key", entry, leaf_hash(entry))
