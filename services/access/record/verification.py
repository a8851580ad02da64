"""Holds the chain against itself: every entry in its place, unchanged, and the columns as the entry says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from services.access.record.entry import BEGINNING, AccessEntry, link
from services.access.record.record import SQL, Connection, RecordHead
from shared.contract import parse_instant
from shared.i18n import bilingual

PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Verified:
    """How many entries hold together, where the chain ends, and what is wrong first."""

    entries: int
    head: RecordHead
    problem: str | None = None


def verify(connection: Connection, expected: RecordHead | None = None) -> Verified:
    """Follow the chain from its beginning; `expected` is an end that was kept elsewhere, and must still be in it."""
    before, seq, met = BEGINNING, 0, expected is None
    for row in _rows(connection):
        seq += 1
        problem = _wrong(row, seq, before)
        if problem is not None:
            return Verified(seq - 1, RecordHead(seq - 1, before), problem)
        before = bytes(row[9])
        met = met or (expected is not None and (expected.seq, expected.digest) == (seq, before))
    head = RecordHead(seq, before)
    return Verified(seq, head, None if met else bilingual("the end that was kept is not in the chain"))


def _wrong(row: Sequence[Any], seq: int, before: bytes) -> str | None:
    number, id, at, act, account, scope, customer, body, kept, digest = row
    if number != seq or bytes(kept) != before:
        return bilingual("entry {seq} does not follow the one before it", seq=seq)
    if link(before, bytes(body)) != bytes(digest):
        return bilingual("entry {seq} was changed", seq=seq)
    try:
        said = msgspec.json.decode(bytes(body), type=AccessEntry)
    except msgspec.DecodeError:
        return bilingual("entry {seq} was changed", seq=seq)
    columns = (str(id), at, act, account, scope, customer)
    if columns != (said.id, parse_instant(said.at), said.act, said.account, said.scope, said.customer):
        return bilingual("the columns of entry {seq} were changed", seq=seq)
    return None


def _rows(connection: Connection) -> Iterator[Sequence[Any]]:
    after = 0
    while True:
        rows: list[Any] = connection.execute(SQL["chain"], {"after": after, "limit": PAGE}).fetchall()
        yield from rows
        if len(rows) < PAGE:
            return
        after = int(rows[-1][0])
