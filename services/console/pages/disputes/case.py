"""One dispute as a page shows it: both sides' records beside each other, rulings with their approvals, clauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from services.console.frame.books_in_force import clause_words
from services.console.frame.follow_up_words import preset_words
from services.console.frame.place_facts import SeenScope
from services.console.frame.trade_words import FLAGS, word
from shared.contract.answers.history import HistoryDecision, HistoryEvent
from shared.contract.answers.lists import DealAnswer
from shared.contract.answers.result import DisputeResult
from shared.contract.answers.scopes import CustomerAnswer
from shared.contract.event_words import KINDS
from shared.contract.value_words import CAPACITIES
from shared.i18n import Text, translated
from shared.rules.domain.rulebook import Rulebook

SYSTEM: Final = "system"
_DOERS: Final = ("received_by", "answered_by", "by", "closed_by", "opened_by", "requested_by", "ruled_by")
_OF_A_SIDE: Final = frozenset(
    {
        "visit.registered", "call.registered", "outreach.registered", "followup.recorded",
        "customer.recognised", "deal.subscribed",
    }
)  # fmt: skip
_LASTING: Final = frozenset({"visit.registered", "call.registered"})
_TOLD: Final[Mapping[str, Text]] = {
    "purpose": translated("Purpose"),
    "notes": translated("Notes"),
    "subject": translated("Subject"),
    "content": translated("Content"),
    "channel": translated("Channel"),
    "unit": translated("Unit"),
    "amount": translated("Amount"),
}


class SideRecord(Struct, frozen=True):
    """A record of one side: what it is, when it happened and was entered, how long it took, what it says."""

    event: str
    kind: Text | str
    occurred_at: str
    recorded_at: str
    minutes: int | None
    capacity: Text | str
    said: list[tuple[Text, Text | str]]
    flags: list[Text | str]
    lasts: bool


class DisputeSide(Struct, frozen=True):
    """Somebody with records of the customer."""

    staff: str
    owns: bool
    opened: bool
    records: list[SideRecord]


class EvidencePiece(Struct, frozen=True):
    """What was brought forward: words, or a record of the customer."""

    by: str
    at: str
    words: str
    record: SideRecord | None


class GivenRuling(Struct, frozen=True):
    """A ruling that was entered: what it says, whether it counts, and whose approvals it has or lacks."""

    event: str
    at: str
    by: str
    owner: str | None
    shares: dict[str, int]
    reason: str
    counts: bool
    unapproved: bool
    flags: list[Text | str]
    approved: list[tuple[str, str]]
    missing: list[str]


class CitedClause(Struct, frozen=True):
    """A clause that bears on the case, with its words in both languages."""

    clause: str
    words: Text


class DisputeCase(Struct, frozen=True):
    """A dispute with all that counts for it."""

    told: DisputeResult
    customer: CustomerAnswer
    opening: HistoryEvent | None
    sides: list[DisputeSide]
    evidence: list[EvidencePiece]
    deals: list[DealAnswer]
    clauses: list[CitedClause]
    rulings: list[GivenRuling]
    seq: int

    @property
    def parties(self) -> list[str]:
        """Between whom it is: the first two with records."""
        return [one.staff for one in self.sides[:2]]

    @property
    def reason(self) -> str:
        """Why it was opened, where a person did."""
        return "" if self.opening is None else str(self.opening.data.get("reason", ""))

    @property
    def office(self) -> str | None:
        """Where it was opened."""
        return None if self.opening is None else self.opening.office

    @property
    def opened_at(self) -> str | None:
        return None if self.opening is None else self.opening.occurred_at

    @property
    def pending(self) -> GivenRuling | None:
        """The last ruling, where it did not count for lack of approvals; they may be there by now."""
        last = self.rulings[-1] if self.rulings else None
        return last if last is not None and last.unapproved else None


def case_of(
    told: DisputeResult,
    customer: CustomerAnswer,
    history: tuple[list[HistoryEvent], list[HistoryDecision]],
    deals: list[DealAnswer],
    facts: SeenScope,
    book: Rulebook | None,
) -> DisputeCase:
    """The case, of what the services tell of it."""
    events, decisions = history
    return DisputeCase(
        told=told,
        customer=customer,
        opening=_opening(told, events),
        sides=_sides(told, customer, events, deals, facts),
        evidence=list(_evidence(told.dispute, events)),
        deals=deals,
        clauses=_clauses(told, decisions, events, book),
        rulings=list(_rulings(told.dispute, events, facts, book)),
        seq=customer.as_of_seq,
    )


def minutes_of(data: Mapping[str, Any]) -> int | None:
    """How long a reception or a call took, in whole minutes; None where one of both ends is not said."""
    began, ended = data.get("started_at"), data.get("ended_at")
    if not isinstance(began, str) or not isinstance(ended, str):
        return None
    took = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    return round(took.total_seconds() / 60)


def doer_of(event: HistoryEvent) -> str:
    """Who did what a record says, else who entered it."""
    return next((str(event.data[name]) for name in _DOERS if name in event.data), event.actor)


def record_of(event: HistoryEvent) -> SideRecord:
    """A record as a side shows it."""
    data = event.data
    said = [(label, preset_words(str(data[name]))) for name, label in _TOLD.items() if data.get(name)]
    flags = [] if not hasattr(event.decided, "flags") else event.decided.flags
    return SideRecord(
        event.id, KINDS.get(event.type, event.type), event.occurred_at, event.recorded_at,
        minutes_of(data), word(CAPACITIES, data.get("capacity")), said, [word(FLAGS, one) for one in flags],
        event.type in _LASTING,
    )  # fmt: skip


def _opening(told: DisputeResult, events: list[HistoryEvent]) -> HistoryEvent | None:
    if told.opened_by == SYSTEM:
        return next((one for one in events if told.dispute == f"{SYSTEM}:{one.id}"), None)
    named = (one for one in events if one.type == "dispute.opened")
    return next((one for one in named if one.data["dispute"] == told.dispute), None)


def _sides(
    told: DisputeResult,
    customer: CustomerAnswer,
    events: list[HistoryEvent],
    deals: list[DealAnswer],
    facts: SeenScope,
) -> list[DisputeSide]:
    """The owner first, then who contests it, who closed, and whoever else has records."""
    of: dict[str, list[SideRecord]] = {}
    for event in events:
        if event.type in _OF_A_SIDE:
            of.setdefault(doer_of(event), []).append(record_of(event))
    opener = facts.people.get(told.opened_by)
    claims = opener is not None and (opener.role == "consultant" or opener.staff in of)
    order = [customer.owner, told.opened_by if claims else None, *(one.closed_by for one in deals), *of]
    return [
        DisputeSide(staff, staff == customer.owner, staff == told.opened_by, of.get(staff, []))
        for staff in dict.fromkeys(order)
        if staff is not None
    ]


def _evidence(dispute: str, events: list[HistoryEvent]) -> Iterator[EvidencePiece]:
    records = {str(one.id): one for one in events}
    for event in events:
        if event.type == "dispute.evidence_added" and event.data["dispute"] == dispute:
            for words in event.data["evidence"]:
                found = records.get(str(words).lower())
                record = None if found is None else record_of(found)
                yield EvidencePiece(event.data["by"], event.occurred_at, str(words), record)


def _rulings(
    dispute: str, events: list[HistoryEvent], facts: SeenScope, book: Rulebook | None
) -> Iterator[GivenRuling]:
    for event in events:
        if event.type == "dispute.ruled" and event.data["dispute"] == dispute:
            yield _ruling(event, events, facts, book)


def _ruling(
    event: HistoryEvent, events: list[HistoryEvent], facts: SeenScope, book: Rulebook | None
) -> GivenRuling:
    data = event.data
    brought, flags = getattr(event.decided, "decisions", []), getattr(event.decided, "flags", [])
    approved = dict.fromkeys(data.get("approved_by", ()), event.occurred_at)
    approved.update(_approvals(event.id, events))
    wanted = book.disputes.approved_by if book is not None else ()
    held = {facts.people[staff].role for staff in approved if staff in facts.people}
    return GivenRuling(
        event.id, event.occurred_at, data["ruled_by"], data.get("owner"), data.get("shares", {}), data["reason"],
        counts=bool(brought),
        unapproved="unapproved" in flags,
        flags=[word(FLAGS, one) for one in flags],
        approved=list(approved.items()),
        missing=[role for role in wanted if role not in held],
    )  # fmt: skip


def _approvals(record: str, events: Iterable[HistoryEvent]) -> Iterator[tuple[str, str]]:
    for event in events:
        data = event.data
        if event.type == "record.approved" and (data["record"], data["stage"]) == (record, "approved"):
            yield data["by"], event.occurred_at


def _clauses(
    told: DisputeResult,
    decisions: list[HistoryDecision],
    events: list[HistoryEvent],
    book: Rulebook | None,
) -> list[CitedClause]:
    """Those that decided about the customer and the deals so far, the last first, and that of disputes."""
    found: dict[str, Text] = {}
    brought = [made for event in events for made in getattr(event.decided, "decisions", [])]
    for made in [*reversed(decisions), *reversed(brought)]:
        if made.clause_text is not None:
            found.setdefault(made.clause, Text(made.clause_text.zh, made.clause_text.en))
    for clause in (told.clause, *([book.disputes.clause] if book is not None else [])):
        words = clause_words(book, clause)
        if words is not None:
            found.setdefault(clause, words)
    return [CitedClause(clause, words) for clause, words in found.items()]
