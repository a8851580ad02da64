"""The lines of any number of files, kept on disk by scope until their scope is replayed: memory stays bounded.

Years of facts do not fit into memory, and no scope touches another: so the lines are gathered by scope in a temporary
file that has no name, and each process reads the lines of the scope that it is handed. What belongs to no scope (a
line that sets a fact aside, one that is no event) is few, and is looked at here.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Final

from shared.contract import MAX_SEALED_BYTES
from shared.rules.judge.lines import Glance, glance
from shared.rules.judge.reading import BadInputError
from shared.rules.replays.odd_lines import FileInputError, OddLines, glanced

PIECE: Final = 64 * 1024
"""Bytes of lines of one scope that are written at once."""
BUFFERED: Final = 64 * 1024 * 1024
"""Bytes of lines of all scopes beyond which all are written, however few of one there are."""


@dataclass(slots=True)
class SpooledScope:
    """Where the lines of a scope lie: pieces as offset and length; of each line the number of its file and in it."""

    pieces: list[tuple[int, int]] = field(default_factory=list)
    waiting: bytearray = field(default_factory=bytearray)
    places: array[int] = field(default_factory=lambda: array("Q"))


@dataclass(slots=True)
class Spool:
    """Lines by scope, until the context is left. Use `add` for each file, then `finish`; whatever process was forked
    later reads them too."""

    known_at: datetime | None = None
    files: list[str] = field(default_factory=list)
    scopes: dict[str, SpooledScope] = field(default_factory=dict)
    odd: OddLines = field(default_factory=OddLines)
    latest: datetime | None = None
    _file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    _end: int = 0
    _buffered: int = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def add(self, name: str, lines: Iterable[bytes]) -> None:
        """Take in the lines of a file. Raises `FileInputError`."""
        self.files.append(name)
        for number, line in enumerate(lines, start=1):
            body = line.rstrip(b"\r\n")
            told = glanced(body) if len(line) <= MAX_SEALED_BYTES else None
            if told is not None:
                self._hold(told, number, body)
            elif line.strip():
                self.odd.add(name, number, line)

    def finish(self) -> None:
        """Write what waits, and look at the lines that are no events. Raises `FileInputError`."""
        for held in self.scopes.values():
            self._write(held)
        self._file.flush()
        if self.odd.finish():
            self._look_again()

    @property
    def aside(self) -> frozenset[str]:
        """The events that were set aside."""
        return frozenset(self.odd.aside)

    def lines(self, scope: str) -> list[bytes]:
        """The lines of a scope in the order of the files."""
        held, found = self.scopes[scope], []
        for offset, length in held.pieces:
            found += os.pread(self._file.fileno(), length, offset).split(b"\n")[:-1]
        return found

    @property
    def sizes(self) -> dict[str, int]:
        """How many lines each scope has."""
        return {name: len(held.places) for name, held in self.scopes.items()}

    def located(self, scope: str, error: BadInputError) -> BadInputError:
        """What is wrong with a line of a scope, by the file and the number that the line has there."""
        if not error.line or scope not in self.scopes:
            return error
        at, number = divmod(self.scopes[scope].places[error.line - 1], 2**40)
        return FileInputError(self.files[at], BadInputError(number, error.path, error.message))

    def _hold(self, told: Glance, number: int, body: bytes) -> None:
        held = self.scopes.get(told.scope)
        if held is None:
            held = self.scopes[told.scope] = SpooledScope()
        held.places.append((len(self.files) - 1) * 2**40 + number)
        held.waiting += body
        held.waiting += b"\n"
        self._buffered += len(body) + 1
        if len(held.waiting) >= PIECE:
            self._write(held)
        elif self._buffered >= BUFFERED:
            for other in self.scopes.values():
                self._write(other)
        self._note(told)

    def _note(self, told: Glance) -> None:
        """How far the input goes, of what was known by `known_at`."""
        if self.known_at is None or told.recorded_at <= self.known_at:
            at = max(told.occurred_at, told.recorded_at)
            if self.latest is None or at > self.latest:
                self.latest = at.astimezone(UTC)

    def _write(self, held: SpooledScope) -> None:
        if held.waiting:
            held.pieces.append((self._end, len(held.waiting)))
            self._file.write(held.waiting)
            self._end += len(held.waiting)
            self._buffered -= len(held.waiting)
            held.waiting = bytearray()

    def _look_again(self) -> None:
        """What was set aside does not tell how far the input goes."""
        self.latest = None
        for scope in self.scopes:
            for line in self.lines(scope):
                told = glance(line)
                if told.id.lower() not in self.aside:
                    self._note(told)
