"""Reading panke.ownership.v1: what a record says to the notifier, in its own terms (contract.md#topics)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from services.notifier.inbox.derive import ClaimChange, ClaimMessageState
from services.notifier.inbox.events import DecisionChange
from shared.contract.topics import (
    BadMessageError,
    ClaimMessage,
    OwnershipMessage,
    StaffMessage,
    decode_headers,
    decode_message,
)
from shared.ids import OfficeId, ScopeId, StaffId

_LONGEST_TRACE = 64
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class UnreadableMessageError(ValueError):
    """A record that is not a message of the ownership topic."""


@dataclass(frozen=True)
class OwnershipRecord:
    """As much of a Kafka record as is read here."""

    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True)
class DecidedWatermark:
    """Everything that intake had recorded by this business time stands before this record.

    Of before watermarks had a topic of their own.
    """

    at: datetime


@dataclass(frozen=True)
class StaffChange:
    """A person as enrolled now; the last one counts."""

    scope: ScopeId
    staff: StaffId
    name: str
    role: str
    contacts: dict[str, str]
    departed: bool
    office: OfficeId | None = None
    # Whether they have gone or come back; None: nothing is said of that.
    away: bool | None = None


@dataclass(frozen=True)
class ScopeMessage:
    """A numbered message of a scope."""

    scope: ScopeId
    seq: int
    body: ClaimChange | StaffChange | DecisionChange
    edition: int = 0
    # The zone of the scope's rulebook, where the message tells it.
    timezone: str | None = None
    # Up to when everything was known when this was decided.
    known_at: datetime | None = None
    # Said again for a topic that lost its records: maybe heard before, under another number.
    restated: bool = False

    def numbered_from(self, base: int) -> ScopeMessage:
        """The message under the number that it has here, over all editions."""
        body, seq = self.body, base + self.seq
        if isinstance(body, ClaimChange):
            body = replace(body, claim=replace(body.claim, claim_seq=seq))
        elif isinstance(body, DecisionChange):
            body = replace(body, seq=seq)
        return replace(self, seq=seq, body=body)


def read(record: OwnershipRecord) -> ScopeMessage | DecidedWatermark:
    """What a record says, or an `UnreadableMessageError` with the reason."""
    try:
        headers = decode_headers(record.headers)
        if record.value is not None:
            message = decode_message(_storable(record.value))
            body = _body(message, _trace(headers.traceparent))
            zone = getattr(message, "timezone", None)
            return ScopeMessage(
                message.scope,
                message.seq,
                body,
                headers.edition or 0,
                zone,
                headers.known_at,
                headers.restated,
            )
    except BadMessageError as error:
        raise UnreadableMessageError(str(error)) from error
    if headers.watermark is None:
        raise UnreadableMessageError("a record without value that is no watermark")
    return DecidedWatermark(headers.watermark)


def _storable(value: bytes) -> bytes:
    """The message with a mark in the place of each NUL, which PostgreSQL stores in no text.

    Nothing else is lost of it. The six characters `\\u0000` behind an escaped backslash are a text like any other.
    """
    return _NUL.sub(rb"\1\\ufffd", value) if b"\\u0000" in value else value


def _body(message: OwnershipMessage, trace: str | None) -> ClaimChange | StaffChange | DecisionChange:
    if isinstance(message, ClaimMessage):
        claim = ClaimMessageState(
            message.scope,
            message.customer,
            message.seq,
            message.owner,
            message.status,
            message.expires_at,
        )
        return ClaimChange(claim, message.replaces, trace)
    if isinstance(message, StaffMessage):
        given = {} if message.contacts is None else msgspec.structs.asdict(message.contacts)
        contacts = {kind: value for kind, value in given.items() if value}
        return StaffChange(
            message.scope,
            message.staff,
            message.name,
            message.role,
            contacts,
            message.departed,
            message.office,
            message.away,
        )
    return DecisionChange(
        message.scope,
        message.seq,
        message.customer,
        message.at,
        message.clause,
        message.decision,
        message.owner,
        message.previous,
        message.deal,
        message.status,
        message.shares or {},
        trace,
    )


def _trace(text: str | None) -> str | None:
    """The trace context for the alert's row; one that is no plain text is worth less than its message."""
    return text if text is not None and len(text) <= _LONGEST_TRACE and text.isprintable() else None
