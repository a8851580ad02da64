"""Rows that are older than the files take back what they lost: the database was restored, the log went on.

Sequenced anew, the facts of several partitions would come in another order: another log than the one that was signed,
and shown. So the files are the truth of the order, as far as their checkpoint leads to them.
"""

from __future__ import annotations

from typing import Any, Final

import structlog

from services.audit.publishing.building import LogDamagedError, TreeFiles
from services.audit.sequencing.append import SQL, Connection, NewEntry, append, locked_tree
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


def demand_whole(database: Database, files: TreeFiles) -> None:
    """Have the rows hold all that the files' checkpoint holds; raises `OpeningRefusedError` where they cannot."""
    try:
        shown = files.files.checkpoint()
        if shown is None:
            return
        checkpoint = parse_checkpoint(parse_note(shown).text)
        with database.connection() as connection:
            tree = locked_tree(connection)
            if tree.size < checkpoint.size:
                _take_back(connection, tree, files, checkpoint)
    except (TlogError, OSError, LogDamagedError) as error:
        raise OpeningRefusedError(
            bilingual(
                "the log cannot go on from its files in {folder}: {why}", folder=files.files.folder, why=error
            )
        ) from None


def _take_back(connection: Connection, tree: Frontier, files: TreeFiles, to: Checkpoint) -> None:
    since = tree.size
    if files.root(since, to.size) != tree.root() or files.root(to.size, to.size) != to.root:
        raise OpeningRefusedError(
            bilingual(
                "the database has another log than the files in {folder}: their first {size} entries differ",
                folder=files.files.folder, size=since,
            )
        )  # fmt: skip
    seqs: dict[str, int] = {}
    for index in range(since // WIDTH, (to.size + WIDTH - 1) // WIDTH):
        tile = Tile(None, index, min(WIDTH, to.size - index * WIDTH))
        entries = decode_bundle(tile, files.files.read(tile.path))
        new = [_entry(files, one) for one in entries[max(0, since - index * WIDTH) :]]
        append(connection, tree, new)
        seqs |= {one.scope: one.seq for one in new if one.kind == "fact" and one.scope and one.seq}
    if tree.root() != to.root:
        raise OpeningRefusedError(
            bilingual("the entries in {folder} are not those of its checkpoint", folder=files.files.folder)
        )
    given: dict[str, Any] = {
        "scopes": list(seqs), "seqs": list(seqs.values()), "waits": [False] * len(seqs), "forks": [None] * len(seqs),
    }  # fmt: skip
    connection.execute(SQL["put_scopes"], given)
    log.error("log_taken_back", since=since, size=to.size)


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
