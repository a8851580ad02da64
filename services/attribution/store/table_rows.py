"""Rows as the fold writes them: a type for each table, whose fields are the columns of its `put_…` statement in order.

They are tuples, since a batch goes into a table by its columns, and made in some 0.3 µs each; a fact has eleven.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from shared.ids import CustomerId, DealId, EventId, OfficeId, ScopeId, StaffId


class FactWritten(NamedTuple):
    """A fact as it came, with what its phones were read as when it was recorded."""

    scope: ScopeId
    seq: int
    id: EventId
    type: str
    office: OfficeId
    recorded_at: datetime
    body: bytes
    contacts: bytes | None


class BearingWritten(NamedTuple):
    """That a fact names something, by the number of its name."""

    scope: ScopeId
    name: int
    seq: int


class MessageWritten(NamedTuple):
    """A message for the topic of ownership, and up to when everything else was known."""

    partition: int
    scope: ScopeId
    seq: int
    body: bytes
    traceparent: str | None
    known_at: datetime | None


class ScopeWritten(NamedTuple):
    """The counters of a scope."""

    scope: ScopeId
    partition: int
    book: str
    received: int
    folded: int
    version: int
    sent: int


class EpochWritten(NamedTuple):
    """From which fact on a scope is numbered under an epoch of the journal."""

    scope: str
    epoch: str
    first_seq: int


class RecordWritten(NamedTuple):
    """A record of the rules' state."""

    scope: ScopeId
    kind: str
    id: str
    born: int
    state: bytes


class RecordDropped(NamedTuple):
    """A record that is gone."""

    scope: ScopeId
    kind: str
    id: str


class LeafWritten(NamedTuple):
    """A leaf of a long list."""

    scope: ScopeId
    customer: CustomerId
    list: str
    leaf: int
    state: bytes


class LeafDropped(NamedTuple):
    """A leaf that is gone."""

    scope: ScopeId
    customer: CustomerId
    list: str
    leaf: int


class ClaimWritten(NamedTuple):
    """The claim on a customer, by which lists and lapses find it."""

    scope: str
    customer: str
    born: int
    nth: int
    people: int
    generation: int
    owner: StaffId | None
    holder: StaffId | None
    status: str
    expires_at: datetime | None
    due_at: datetime | None


class DecisionWritten(NamedTuple):
    """What was decided of a customer."""

    scope: ScopeId
    version: int
    customer: CustomerId | str
    seq: int
    at: datetime
    body: bytes


class DealWritten(NamedTuple):
    """Whose a deal is."""

    scope: str
    deal: str
    customer: str
    born: int


class SigningWritten(NamedTuple):
    """The fact by which a deal was signed."""

    scope: ScopeId
    deal: DealId
    seq: int


class CancellationWritten(NamedTuple):
    """The fact by which a deal was cancelled."""

    scope: ScopeId
    deal: DealId
    seq: int


class DealDecisionWritten(NamedTuple):
    """What was decided of a deal."""

    scope: ScopeId
    version: int
    deal: DealId
    body: bytes


class FlagWritten(NamedTuple):
    """A remark of the rules on a fact."""

    scope: ScopeId
    version: int
    event: EventId
    body: bytes


class PenaltyWritten(NamedTuple):
    """What the rulebook threatens for a breach."""

    scope: ScopeId
    version: int
    event: EventId
    body: bytes


class AboutWritten(NamedTuple):
    """That a flag or a penalty concerns a member of staff or an office."""

    scope: ScopeId
    list: str
    kind: str
    name: str
    version: int


class AboutRecordWritten(NamedTuple):
    """That a flag or a penalty concerns whom an earlier record names."""

    scope: ScopeId
    list: str
    version: int
    event: EventId


class ConcernWritten(NamedTuple):
    """That an item of a list concerns a member of staff."""

    scope: ScopeId
    list: str
    staff: str
    born: int
    id: str


class StaffWritten(NamedTuple):
    """Somebody as they were enrolled last."""

    scope: ScopeId
    staff: StaffId
    name: str
    role: str | None
    contacts: bytes
    office: OfficeId | None


class PresenceWritten(NamedTuple):
    """Whether somebody is away, why and since when."""

    scope: ScopeId
    staff: StaffId
    away: str | None
    since: datetime | None


class OfficeWritten(NamedTuple):
    """The fact with which an office began."""

    office: OfficeId
    scope: ScopeId
    born: int


class RemarkWritten(NamedTuple):
    """A correction or an approval of a record, and whether it counts."""

    scope: ScopeId
    record: EventId
    seq: int
    taken: bool


class WarningWritten(NamedTuple):
    """Somebody or something that nobody enrolled stands in so many records."""

    scope: str
    rule: str
    value: str
    path: str
    first_seq: int
    last_seq: int
    records: int


class TextWritten(NamedTuple):
    """The text of a rulebook; `lengths` are those of the files that it was put together from."""

    sha256: str
    name: str
    version: int
    text: bytes
    lengths: str

    def named(self) -> tuple[str, str, int]:
        """What the text is found by."""
        return self.sha256, self.name, self.version


class DeadRecordWritten(NamedTuple):
    """A record of the topic that is no fact."""

    source: str
    record: int
    key: bytes | None
    value: bytes | None
    headers: Any
    reason: str


class ParkedScopeWritten(NamedTuple):
    """A scope whose facts wait, and why."""

    scope: str
    seq: int
    since: datetime
    error: str


class ParkedFactWritten(NamedTuple):
    """A fact that waits."""

    scope: ScopeId
    seq: int
    recorded_at: datetime
    body: bytes
    traceparent: str | None
    contacts: bytes | None


class FactSetAside(NamedTuple):
    """A fact that was taken out of its scope by hand."""

    scope: str
    seq: int
    id: str
    reason: str
    by: str
    at: datetime
    body: bytes
    contacts: bytes | None


OfFact: TypeAlias = (
    FactWritten
    | DecisionWritten
    | SigningWritten
    | CancellationWritten
    | DealDecisionWritten
    | FlagWritten
    | PenaltyWritten
    | ConcernWritten
    | AboutWritten
    | AboutRecordWritten
    | StaffWritten
    | PresenceWritten
    | OfficeWritten
    | RemarkWritten
)
"""What folding one fact adds to a batch and never changes in it, but for the customer of a decision."""

LIST_OF: Final[dict[type[OfFact], str]] = {
    FactWritten: "facts",
    DecisionWritten: "decisions",
    SigningWritten: "signings",
    CancellationWritten: "cancellations",
    DealDecisionWritten: "deal_decisions",
    FlagWritten: "flags",
    PenaltyWritten: "penalties",
    ConcernWritten: "concerned",
    AboutWritten: "about",
    AboutRecordWritten: "about_record",
    StaffWritten: "staff",
    PresenceWritten: "presence",
    OfficeWritten: "offices",
    RemarkWritten: "remarks",
}
"""The list of a batch, and with it the `put_…` statement, of each of these."""
