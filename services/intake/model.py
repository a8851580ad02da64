"""What goes into the journal and what comes of it (contract, sections 1 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Submission:
    """An event that passed the decoder and asks for a place in the journal."""

    id: UUID
    type: str
    scope: str
    office: str
    occurred_at: datetime
    body: bytes
    digest: bytes
    contacts: bytes | None
    traceparent: str
    adopts: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in the journal: the answer to its first submission and to every repetition."""

    id: UUID
    scope: str
    seq: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """Durable for the first time: 202."""

    place: Place


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same id and content stood in the journal already: 200 with the first answer."""

    place: Place


@dataclass(frozen=True, slots=True)
class Conflict:
    """The id stands in the journal with other content: 409, nothing changed."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Refused:
    """Bad input that only the journal can see: 422, naming the field."""

    path: str
    rule: str
    message: str


Outcome = Accepted | Duplicate | Conflict | Refused


class Unavailable(Exception):
    """Intake cannot take the event now; nothing of it was promised. Try again after `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
