"""What the dispatcher holds in hand: an alert under lease, the person it is for, the words that go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.notifier.model.kinds import Audience, Language, Rung, Unavailable
from shared.i18n import Text
from shared.ids import CustomerId, OfficeId, ScopeId, StaffId

# What fell due longer ago than this is told to nobody who begins anew.
OLD_NEWS = timedelta(days=1)
_ALERTS = UUID("6f0c1d1e-5f0f-5b0e-9a53-0d5c6c0f6a11")


class State(StrEnum):
    """The states of an alert. `failed` is tried again, `dead` is not; `unknown`: stopped between call and
    answer."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    DEAD = "dead"


class AttemptOutcome(StrEnum):
    """What came of one attempt."""

    SENT = "sent"
    TEMPORARY = "temporary"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class LeasedAlert:
    """An alert that this dispatcher alone may send until its lease ends."""

    id: UUID
    lease: UUID
    scope: ScopeId
    customer: CustomerId
    claim_seq: int
    rung: Rung
    audience: Audience
    staff: StaffId | None
    owner: StaffId | None
    due_at: datetime
    deadline: datetime
    state: State
    rounds: int
    traceparent: str | None
    watermark: datetime | None
    kind: Literal["claim", "event", "report"] = "claim"
    detail: Mapping[str, Any] | None = None
    # It waits for the limit of a channel, and may go out together with others.
    limited: bool = False
    # It was told in a message whose answer was lost, and goes out again under the key of that message.
    digest: UUID | None = None
    # Who else has an alert of the same step of the same claim: several supervisors of an office.
    also: frozenset[StaffId] = frozenset()

    @property
    def is_reminder(self) -> bool:
        """Whether it must precede its deadline; everything else tells what is so."""
        return self.kind == "claim" and self.rung is not Rung.LAPSED

    @property
    def behind(self) -> bool:
        """Whether it is due after what the watermark covers: a renewal may be recorded that is not known
        here."""
        return self.watermark is None or self.due_at > self.watermark


@dataclass(frozen=True)
class Step:
    """One alert to come: which step, for whom, when."""

    rung: Rung
    audience: Audience
    due_at: datetime


def alert_id(scope: ScopeId, customer: CustomerId, claim_seq: int, step: Step, staff: StaffId | None) -> UUID:
    """The key of an alert: the same claim, step and person give the same id, however often it is derived."""
    return uuid5(_ALERTS, f"{scope}/{customer}/{claim_seq}/{step.rung}/{step.audience}/{staff or ''}")


@dataclass(frozen=True)
class Person:
    """A member of staff as enrolled; whoever is not enrolled has an id and nothing else."""

    staff: StaffId
    name: str = ""
    role: str = ""
    contacts: Mapping[str, str] | None = None
    departed: bool = False
    # As the journal tells: gone, and not yet back.
    away: bool = False
    # Where they were enrolled.
    office: OfficeId | None = None
    # Whose key their contacts are kept under, where they are under seal.
    key: str | None = None

    def contact(self, kind: str) -> str | None:
        return (self.contacts or {}).get(kind)


@dataclass(frozen=True)
class Recipient:
    """Who is told, and in whose place: the person whom the message was for, and why they cannot be told."""

    person: Person
    instead_of: tuple[Person, Unavailable] | None = None


# By scope and staff id.
People = Mapping[tuple[ScopeId, StaffId], Person]


@dataclass(frozen=True)
class MessageText:
    """One message in both languages; Chinese comes first wherever both are shown.

    `language` is that of the person: `subject` and `text` are what they read.
    """

    subject_zh: str
    body_zh: str
    subject_en: str
    body_en: str
    language: Language = Language.BOTH

    @classmethod
    def of(cls, subject: Text, body: Text) -> MessageText:
        return cls(subject.zh, body.zh, subject.en, body.en)

    @property
    def body(self) -> Text:
        return Text(self.body_zh, self.body_en)

    @property
    def subject(self) -> str:
        return self.subject_en if self.language is Language.EN else self.subject_zh

    @property
    def text(self) -> str:
        if self.language is Language.BOTH:
            return f"{self.body_zh}\n\n{self.body_en}"
        return self.body_en if self.language is Language.EN else self.body_zh


NoticeKind = Literal["reminder", "lapsed", "event", "report", "digest", "test"]
_KINDS: Mapping[Rung, NoticeKind] = {
    Rung.LAPSED: "lapsed",
    Rung.EVENT: "event",
    Rung.REPORT: "report",
    Rung.DIGEST: "digest",
    Rung.TEST: "test",
}


@dataclass(frozen=True)
class DigestLine:
    """One of the alerts that a message tells of."""

    alert: UUID
    customer: CustomerId
    case: str
    rung: Rung
    audience: Audience
    owner: StaffId | None
    deadline: datetime


@dataclass(frozen=True)
class RenderedMessage:
    """What a channel is given to send; `id` is the key under which a receiver tells repetitions.

    A digest has `items`, no customer, and the earliest of their deadlines.
    """

    id: UUID
    scope: ScopeId
    customer: CustomerId
    case: str
    rung: Rung
    audience: Audience
    to: Person
    owner: StaffId | None
    due_at: datetime
    deadline: datetime
    composed_at: datetime
    known_at: datetime | None
    behind: bool
    words: MessageText
    traceparent: str | None
    items: tuple[DigestLine, ...] = ()
    # From when what is left is told, as the words do; without it, from when it was composed.
    counted_from: datetime | None = None
    # Of one event: what there is to say.
    detail: Mapping[str, Any] | None = None
    # In which its times are told; without it, that of the settings.
    zone: ZoneInfo | None = None
    # The page that the words lead to, as it stands in them; empty where there is no console.
    link: str = ""
    # By case number, the masked name that stands behind it in a chat; kept nowhere.
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> NoticeKind:
        """What sort of message it is: a channel with fixed templates may not have one for each."""
        return _KINDS.get(self.rung, "reminder")
