"""A scope out of the rows of the log, which are indexed by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from services.audit.publishing.files import StaticFiles
from services.audit.sequencing.append import SQL
from shared.evidence.scope_of_log import ScopeOfLog
from shared.evidence.tiles import Entry
from shared.evidence.verdict import UnverifiableError
from shared.i18n import translated
from shared.platform.postgres.database import Database
from shared.tlog.leaves import FactLeaf, Leaf, SetAsideLeaf, decode_entry
from shared.tlog.tiles import Tile

ROWS: Final = 1_000
"""Entries that are read at a time."""


@dataclass(slots=True)
class ScopeOfRows(ScopeOfLog):
    """The entries of a scope as the database has them, the hashes between them as the files do."""

    database: Database = field(kw_only=True)
    files: StaticFiles = field(kw_only=True)

    def entries(self) -> Iterator[Entry]:
        asked = {"scope": self.scope, "size": self.checkpoint.size}
        with (
            self.database.connection() as connection,
            connection.transaction(),
            connection.cursor("evidence") as cursor,
        ):
            cursor.itersize = ROWS
            cursor.execute(SQL["entries_of_scope"], asked)
            row: Any
            for row in cursor:
                leaf = decode_entry(bytes(row[2]))
                yield Entry(int(row[0]), leaf, bytes(row[1]), self._body(connection, leaf))

    def tile(self, tile: Tile) -> bytes:
        try:
            return self.files.tile(tile)
        except FileNotFoundError:
            raise UnverifiableError(translated("the log lacks {path}", path=tile.path)) from None

    def _body(self, connection: Any, leaf: Leaf) -> bytes:
        if not isinstance(leaf, FactLeaf | SetAsideLeaf):
            return b""
        if leaf.body.raw is not None:
            return leaf.body.raw
        row = connection.execute(SQL["body"], {"sha256": bytes.fromhex(leaf.body.sha256)}).fetchone()
        raw = b"" if row is None else bytes(row[0])
        if hashlib.sha256(raw).hexdigest() != leaf.body.sha256:
            raise UnverifiableError(translated("the log lacks the bytes of an entry"))
        return raw
