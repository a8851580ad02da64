"""The texts by which scopes are judged, in the database: what was adopted is kept there, and every process goes by it.

ADR 0012: a file of a folder may differ from one process to another, and be lost; the stored text may not.
Nothing is ever deleted or overwritten, so that the number of rows says whether there are any that are not known yet.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from typing import Any

import structlog

from services.attribution.store.batch import SQL
from services.attribution.store.table_rows import TextWritten
from shared.platform.postgres.binary_arrays import columns
from shared.platform.postgres.database import Database
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.registry import OtherTextError, Registry, StoredText, UnwantedTextError

log = structlog.get_logger()


def text_row(book: Rulebook, texts: Sequence[bytes]) -> TextWritten:
    """The row in which the text of a rulebook is kept."""
    lengths = " ".join(str(len(text)) for text in texts)
    return TextWritten(book.sha256, book.name, book.version, b"".join(texts), lengths)


class StoredTexts:
    """Keeps a process's rulebooks to the stored texts; safe to be called from several threads."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._count = -1
        self._lock = threading.Lock()
        registry.books.look = self.read

    @property
    def refused(self) -> list[str]:
        """The rulebooks by which this process cannot judge, a sentence each."""
        return [str(error) for error in self._registry.books.refused.values()]

    def seen(self, count: int) -> None:
        """So many texts are stored: read them, if they are not those that are known."""
        if count != self._count:
            self.read()

    def read(self) -> list[str]:
        """Go by what is stored; answers what cannot be gone by."""
        with self._lock:
            with self._database.connection() as connection:
                rows: list[Any] = connection.execute(SQL["stored_texts"]).fetchall()
            refused = self._registry.keep(_stored(*row) for row in rows)
            self._add_lengths([(row[2], row[0], row[1]) for row in rows if row[2] and not row[4]])
            self._count = sum(1 for row in rows if row[2])
        for reason in refused:
            log.error("rulebook_refused", reason=reason)
        return refused

    def keep(self, known: BookId, wanted: Sequence[str] = ()) -> None:
        """Store the text of a rulebook that is to be adopted, for all; `NoSuchTextError` where that cannot be.

        With digests, only where the text has one of them: whoever adopts it has read no other.
        """
        book = self._registry.books[known]
        if wanted and book.sha256 not in wanted:
            raise UnwantedTextError(*known, book.sha256, wanted[0])
        row = text_row(book, self._registry.texts_of(known))
        with self._database.connection() as connection, connection.transaction():
            connection.execute(SQL["lock_rulebooks"])
            other: Any = connection.execute(SQL["other_texts"], columns([row.named()])).fetchone()
            if other is not None:
                raise OtherTextError(*known, other[2], book.sha256)
            connection.execute(SQL["put_rulebooks"], columns([row]))

    def text_of(self, known: BookId) -> StoredText:
        """The text by which a rulebook is judged: what is stored, also where this process's files have another one.

        Raises `NoSuchTextError` where it is neither stored nor in a file.
        """
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(SQL["stored_texts"]).fetchall()
        for stored in (_stored(*row) for row in rows if row[4]):
            if (stored.name, stored.version) == known:
                return stored
        book = self._registry.books[known]
        return StoredText(*known, book.sha256, self._registry.texts_of(known))

    def _add_lengths(self, kept: Sequence[tuple[str, str, int]]) -> None:
        """A text that was kept without lengths gets them from a process that has its file."""
        for sha256, name, version in kept:
            book = self._registry.books.get((name, version))
            if book is not None and book.sha256 == sha256:
                lengths = [len(text) for text in self._registry.texts_of((name, version))]
                with self._database.connection() as connection:
                    connection.execute(SQL["add_lengths"], [lengths, sha256])


def _stored(name: str, version: int, sha256: str, text: bytes, lengths: Sequence[int]) -> StoredText:
    """A row, with the texts of its chain, which lie one behind another."""
    ends = [*itertools.accumulate(lengths, initial=0)]
    texts = tuple(bytes(text[start:end]) for start, end in itertools.pairwise(ends))
    return StoredText(name, version, sha256, texts)
