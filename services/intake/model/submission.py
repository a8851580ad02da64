"""What goes into the journal and what comes of it (contract.md#recording-an-event).

Structs and not dataclasses: several are made for each event, and a frozen dataclass takes five times as long.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.contract.warnings import Names


class Finding(Struct, frozen=True, gc=False):
    """A finding of concealment that says who is the rightful one, which the receiver of the visit cannot be.

    `receiver` is who received it as far as the journal told up to `until`.
    """

    visit: str
    rightful: str
    receiver: str | None = None
    until: int = 0


class RegisterClaims(Struct, frozen=True, gc=False):
    """What an event of the registers takes for granted that only the journal can tell.

    `scheme` is adopted by the office from then on; `keys` of a profile (by their paths) need a scheme that turns them
    on; `amends` is the record of which `fields` (by their paths) are amended, or which is withdrawn.
    """

    scheme: tuple[str, int, datetime] | None = None
    keys: tuple[tuple[str, str], ...] = ()
    amends: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    withdrawn: bool = False


class Submission(Struct, frozen=True, gc=False):
    """An event that passed the decoder and asks for a place in the journal.

    `digest` is of its content, whatever bytes it came in.
    `names` is whom it names, `moves` who is enrolled or leaves by it, `registers` what it claims of schemes and other
    records.
    """

    id: str
    type: str
    scope: str
    office: str
    occurred_at: datetime
    body: bytes
    digest: bytes
    contacts: bytes | None
    traceparent: str | None
    adopts: tuple[str, int] | None = None
    finds: Finding | None = None
    names: Names | None = None
    moves: str | None = None
    registers: RegisterClaims | None = None


class JournalPlace(Struct, frozen=True, gc=False):
    """Where an event stands in the journal: the answer to its first submission and to every repetition.

    `warnings` is what was told of it, as the answer holds it.
    """

    id: str
    scope: str
    seq: int
    recorded_at: datetime
    warnings: bytes | None = None


class Accepted(Struct, frozen=True, gc=False):
    """Durable for the first time: 202."""

    place: JournalPlace


class Duplicate(Struct, frozen=True, gc=False):
    """The same id and content stood in the journal already: 200 with the first answer."""

    place: JournalPlace


class Conflict(Struct, frozen=True, gc=False):
    """The id stands in the journal with other content: 409, nothing changed."""

    id: str


class RefusedEvent(Struct, frozen=True, gc=False):
    """Bad input that only the journal can see: 422, naming the field."""

    path: str
    rule: str
    message: str


class MalformedEventError(RefusedEvent, frozen=True, gc=False):
    """Bad input that the decoder found, so that the journal was never asked."""


class ForbiddenEvent(RefusedEvent, frozen=True, gc=False):
    """An event that the caller may not record: 403, or 404 where they may not know of its scope."""

    status: int = 403


Outcome = Accepted | Duplicate | Conflict | RefusedEvent


class IntakeUnavailableError(Exception):
    """Intake cannot take the event now; nothing of it was promised. Try again after `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
