"""Tells a message that comes again from another one under its seq.

A relay that was killed sends messages twice, and what was heard is dropped by its seq. Another message under one seq is
a stranger's, or of a second attribution: dropped in silence it would take the place of a true one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, LiteralString

import psycopg
from msgspec import Struct

from services.notifier.inbox.decoding import OwnershipRecord, ScopeMessage
from shared.ids import ScopeId
from shared.platform.postgres.rows import rows_of

KEEP: Final = 10_000
"""Messages of a scope by whose digests repetitions are told; what is older is dropped by its seq alone."""

_Connection = psycopg.Connection[tuple[object, ...]]
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class MessageFork:
    """Another message under a seq that was heard: the partition stops here until somebody acts."""

    offset: int
    scope: ScopeId
    seq: int

    def __str__(self) -> str:
        return f"scope {self.scope} has two messages of seq {self.seq}"


@dataclass(slots=True)
class Heard:
    """What was heard before this batch, as far as the batch brings it again, and what is new in it."""

    before: Mapping[Place, bytes]
    new: dict[Place, bytes] = field(default_factory=dict)

    def note(self, record: OwnershipRecord, message: ScopeMessage) -> None:
        self.new[message.scope, message.seq] = digest(record)

    def fork(self, record: OwnershipRecord, message: ScopeMessage) -> MessageFork | None:
        """Whether the seq of this message, which was heard, holds another one."""
        place = message.scope, message.seq
        known = self.new.get(place) or self.before.get(place)
        return None if known in (None, digest(record)) else MessageFork(record.offset, *place)


class _HeardRow(Struct, frozen=True):
    scope: ScopeId
    seq: int
    digest: bytes


def digest(record: OwnershipRecord) -> bytes:
    return hashlib.sha256(record.value or b"").digest()


def load(connection: _Connection, sql: Mapping[str, LiteralString], places: Iterable[Place]) -> Heard:
    """The digests of these messages, of those that were heard."""
    scopes, seqs = _columns(places)
    if not scopes:
        return Heard({})
    rows = rows_of(connection.execute(sql["heard"], {"scopes": scopes, "seqs": seqs}), _HeardRow)
    return Heard({(row.scope, row.seq): row.digest for row in rows})


def store(
    connection: _Connection, sql: Mapping[str, LiteralString], heard: Heard, heads: Mapping[str, int]
) -> None:
    """Keep the digests of what is new, and no more of each scope than are of use."""
    if not heard.new:
        return
    scopes, seqs = _columns(heard.new)
    new = {"scopes": scopes, "seqs": seqs, "digests": list(heard.new.values())}
    connection.execute(sql["put_heard"], new)
    given = {"scopes": list(heads), "seqs": list(heads.values()), "keep": KEEP}
    connection.execute(sql["forget_heard"], given)


def _columns(places: Iterable[Place]) -> tuple[list[str], list[int]]:
    listed = list(places)
    return [scope for scope, _ in listed], [seq for _, seq in listed]
