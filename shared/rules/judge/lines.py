"""The lines of a sound file in recorded order, held by scope until their scope is judged.

A million events take a gigabyte as objects, and a third of it as the lines that state them: so lines are held, and
each is decoded when it is judged. What has to be known before (that each id stands once, that the order is the
recorded one, how far the input goes) is glanced at on the way. Input that is not that plain (a repetition, a line out
of order, one that sets a fact aside, one that is no event) is for `EventReader`, which gets back every line.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from itertools import repeat
from typing import Annotated, Final

import msgspec

from shared.contract import MAX_SEALED_BYTES

PIECE: Final = 64 * 1024
"""Bytes of lines of one scope that are held as one."""
COMMON: Final = 2048
"""Bytes of a line, on average, beyond which lines are compressed: a desk's are shorter, and such may be blanks."""

NumberedLine = tuple[int, bytes]
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Glance(msgspec.Struct, gc=False):
    """What is read of a line before it is judged; the decoder of events has the last word on all of it."""

    id: str
    scope: str
    office: str
    occurred_at: _Instant
    recorded_at: _Instant


glance = msgspec.json.Decoder(Glance).decode
_COMPRESSED: Final = b"x"
"""How what zlib makes begins, and no line of JSON."""
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class NotPlainError(Exception):
    """A line is for `EventReader`, which says what is wrong with it."""


@dataclass(slots=True)
class ScopeLines:
    """The lines of one scope, and the number of each in the input."""

    numbers: array[int] = field(default_factory=lambda: array("Q"))
    pieces: list[bytes] = field(default_factory=list)
    last: bytearray = field(default_factory=bytearray)
    lines: int = 0

    def add(self, number: int, line: bytes) -> None:
        """Hold a line, within which no other ends."""
        self.numbers.append(number)
        self.last += line
        self.last += b"\n"
        self.lines += 1
        if len(self.last) >= PIECE:
            long = len(self.last) > self.lines * COMMON
            self.pieces.append(zlib.compress(self.last, 1) if long else bytes(self.last))
            self.last, self.lines = bytearray(), 0

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[NumberedLine]:
        """Each line with its number."""
        return zip(self.numbers, _lines_of([*self.pieces, self.last]), strict=True)

    def taken(self) -> Iterator[NumberedLine]:
        """Each line with its number, while what was read is let go of."""
        pieces: list[bytes | bytearray] = [self.last, *reversed(self.pieces)]
        self.pieces, self.last = [], bytearray()
        return zip(self.numbers, _lines_of(_popped(pieces)), strict=True)


def _popped(pieces: list[bytes | bytearray]) -> Iterator[bytes | bytearray]:
    while pieces:
        yield pieces.pop()


def _lines_of(pieces: Iterable[bytes | bytearray]) -> Iterator[bytes]:
    for piece in pieces:
        plain = zlib.decompress(piece) if piece.startswith(_COMPRESSED) else bytes(piece)
        lines = plain.split(b"\n")
        lines.pop()
        yield from lines


@dataclass(slots=True)
class HeldLines:
    """What was read so far; `latest` is the greatest time of what was recorded by `known_at`."""

    known_at: datetime | None = None
    scopes: dict[str, ScopeLines] = field(default_factory=dict)
    latest: datetime | None = None
    number: int = 0

    def read(self, lines: Iterator[bytes]) -> bytes | None:
        """Hold lines up to the first that is not plain, which is returned; None where all are."""
        seen: set[int] = set()  # hashes: were two ids to share one, the input would be taken for not plain
        offices: dict[str, str] = {}
        recorded = _BEFORE_ALL
        for line in lines:
            body = line.rstrip(b"\r\n")
            if len(line) > MAX_SEALED_BYTES or b"\n" in body:
                return line
            try:
                line_of = glance(body)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                if line.strip():
                    return line
                self.number += 1
                continue
            id_, scope = hash(line_of.id.lower()), line_of.scope
            if (
                id_ in seen
                or line_of.recorded_at < recorded
                or offices.setdefault(line_of.office, scope) != scope
            ):
                return line
            seen.add(id_)
            recorded = line_of.recorded_at
            self._hold(line_of, body)
        return None

    @property
    def total(self) -> int:
        """How many lines are held."""
        return sum(map(len, self.scopes.values()))

    def _hold(self, line: Glance, body: bytes) -> None:
        self.number += 1
        held = self.scopes.get(line.scope)
        if held is None:
            held = self.scopes[line.scope] = ScopeLines()
        held.add(self.number, body)
        if self.known_at is None or line.recorded_at <= self.known_at:
            latest = max(line.occurred_at, line.recorded_at)
            if self.latest is None or latest > self.latest:
                self.latest = latest.astimezone(UTC)

    def given_back(self) -> Iterator[bytes]:
        """Every line that was read, each at its number, while they are let go of."""
        expected = 1
        scopes = [held.taken() for held in self.scopes.values()]
        self.scopes = {}
        for number, line in merge(*scopes):
            yield from repeat(b"", number - expected)
            yield line
            expected = number + 1
        yield from repeat(b"", self.number + 1 - expected)
