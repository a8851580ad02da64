"""Holds what was sent to the topics against what should have been: facts of the journal, messages of ownership.

What waits in the outbox counts as sent: the snapshot is older than what is read of the topic afterwards.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from services.attribution.drift.difference import Drift
from services.attribution.drift.refold import AuditedHead
from services.attribution.drift.shadow import Connection, asking_live
from services.attribution.drift.topic_index import Sent, TopicIndex
from services.attribution.store.batch import SQL

MESSAGES: Final = "messages"
JOURNAL: Final = "journal"
MOST: Final = 200
_SAID: Final = (
    "kind", "customer", "at", "clause", "because", "decision", "owner", "previous", "deal", "status", "shares",
    "expires_at", "staff", "role", "departed", "replaces",
)  # fmt: skip
"""What a message says of what was decided; its generation and place count anew where rows were put right."""
_LABEL: Final = (
    "kind",
    "customer",
    "staff",
    "deal",
    "decision",
    "status",
    "owner",
    "clause",
    "at",
    "expires_at",
)
_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.decode


def message_digest(body: bytes) -> tuple[bytes, str]:
    """By what it says, and what may be shown of it: ids, no names."""
    try:
        said = _decode(body)
        told = {name: said[name] for name in _SAID if said.get(name) is not None}
        label = " ".join(f"{name}={said[name]}" for name in _LABEL if said.get(name) is not None)
        return hashlib.sha256(_encode(told)).digest()[:16], label
    except (msgspec.DecodeError, AttributeError, TypeError):
        return hashlib.sha256(body).digest()[:16], "unreadable"


def fact_digest(body: bytes) -> tuple[bytes, str]:
    """Facts are the same byte for byte."""
    return hashlib.sha256(body).digest(), ""


class OutboxOf:
    """What an outbox holds of a scope: the live one, or that of the rows beside it."""

    def __init__(self, connection: Connection, scope: str) -> None:
        self._connection = connection
        self._given = {"scope": scope}

    def waiting(self) -> list[Sent]:
        with asking_live(self._connection):
            return list(self._read())

    def made(self) -> list[Sent]:
        return list(self._read())

    def _read(self) -> Iterator[Sent]:
        rows: Any = self._connection.execute(SQL["outbox_of"], self._given)
        for seq, restated, body, edition in rows:
            yield Sent(seq, edition, restated, *message_digest(bytes(body)))


def message_differences(connection: Connection, head: AuditedHead, index: TopicIndex) -> Iterator[Drift]:
    """What the topic and the outbox have of a scope, held against what its events give."""
    outbox = OutboxOf(connection, head.scope)
    with asking_live(connection):
        row: Any = connection.execute(SQL["edition"]).fetchone()
    edition = int(row[0])
    sent = [one for one in index.of(head.scope) if one.edition == edition and one.seq <= head.sent]
    found = [*sent, *outbox.waiting()]
    for difference in compared(found, outbox.made(), head.sent):
        seq, stored, given = difference
        yield Drift(head.scope, MESSAGES, index.topic, f"seq={seq}", "", stored, given)


def compared(
    found: Sequence[Sent], made: Sequence[Sent], last: int
) -> Iterator[tuple[str, str | None, str | None]]:
    """By seq what was sent, and what should have been; `made` is what the events give, up to the seq `last`."""
    by_seq: dict[int, Sent] = {}
    for one in sorted(found, key=lambda one: one.seq):
        known = by_seq.setdefault(one.seq, one)
        if known.digest != one.digest:  # the same one again is what a relay that was killed sends
            yield str(one.seq), one.label, known.label
    restated = any(one.restated for one in by_seq.values())
    first = min(by_seq, default=1) if restated else 1
    missing = [seq for seq in range(first, last + 1) if seq not in by_seq]
    told = [one for one in by_seq.values() if not one.restated]
    given = {one.digest: one.label for one in made}
    owed, had = Counter(one.digest for one in made), Counter(one.digest for one in told)
    extra = had - owed
    for one in reversed(told):  # of one that was sent twice the later one is too much
        if extra[one.digest] > 0:
            extra[one.digest] -= 1
            yield str(one.seq), one.label, None
    # Where all was told anew from what stands, what was said before may have been for a topic that is gone.
    lacking = [] if restated else list((owed - had).elements())
    for n, digest in enumerate(lacking):
        yield str(missing[n]) if n < len(missing) else f"? {n}", None, given[digest]
    for seq in missing[len(lacking) :]:
        yield str(seq), None, "a message"


def fact_differences(connection: Connection, head: AuditedHead, index: TopicIndex) -> Iterator[Drift]:
    """Facts that the topic has otherwise than they were folded, or that only one of both has."""
    in_topic: dict[int, set[bytes]] = {}
    for one in index.of(head.scope):
        if one.seq <= head.received:
            in_topic.setdefault(one.seq, set()).add(one.digest)
    rows: Any = connection.execute(SQL["digests_of_facts"], {"scope": head.scope}, binary=True)
    for seq, digest in rows:
        sent = in_topic.pop(seq, None)
        if sent is None:
            yield _fact(head, index, seq, "folded", None)
        elif digest is not None and sent != {bytes(digest)}:
            yield _fact(head, index, seq, _short(bytes(digest)), " ".join(sorted(map(_short, sent))))
    for seq in sorted(in_topic)[:MOST]:
        yield _fact(head, index, seq, None, "recorded")


def _fact(head: AuditedHead, index: TopicIndex, seq: int, stored: str | None, given: str | None) -> Drift:
    return Drift(head.scope, JOURNAL, index.topic, f"seq={seq}", "", stored, given)


def _short(digest: bytes) -> str:
    return f"sha256 {digest.hex()[:12]}"
