"""One fact in, the domain events that it causes out: each kind of fact goes to the rule that knows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from shared.ids import CustomerId, ScopeId
from shared.rules.domain import events as e
from shared.rules.domain import facts as f
from shared.rules.domain.case import Books, Case, Step, lapse, unheard
from shared.rules.domain.conduct import find_concealment, transfer, uphold_complaint
from shared.rules.domain.corrections import correct
from shared.rules.domain.deals import cancel, sign, subscribe
from shared.rules.domain.disputes import add_evidence, dispute, rule
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.effective_time import time_event
from shared.rules.domain.entries import amend, enter
from shared.rules.domain.follow_up import record_follow_up
from shared.rules.domain.household import link_household
from shared.rules.domain.identity import file_record, identify
from shared.rules.domain.recognition import recognise
from shared.rules.domain.registration import register_call, register_outreach
from shared.rules.domain.rotation import come_back, leave, open_shift
from shared.rules.domain.staff import adopt, depart, enrol, release
from shared.rules.domain.state import SCOPE, BookId, Changes, Scope, Slice
from shared.rules.domain.visits import register_visit


def new_scope(name: ScopeId, default: BookId, timezone: str) -> Slice:
    """What is known of a scope before its first fact: its default rulebook, and its local time."""
    return Slice({SCOPE: Scope(name, default, timezone)})


class Outcome(Struct, frozen=True, gc=False):
    """What judging came to: the events, and the records that they change in the slice, once it takes them over."""

    events: list[e.DomainEvent]
    changes: Changes


def decide(
    slice_: Slice, fact: f.Fact, books: Books, horizon: datetime | None = None, step: Step = unheard
) -> Outcome:
    """Judge one fact; the slice stays as it is until whoever asked puts the changes into it.

    `horizon` (`as_of`) bounds how far claims lapse; a fact that is effective after it is left out. `step` hears of
    every record that a correction judges again.
    """
    case = Case(SliceDraft(slice_), fact, books, horizon, _judge, step)
    flags = time_event(case)
    if horizon is not None and case.effective > horizon:
        return Outcome([], {})
    if fact.office not in case.scope.offices:
        case.emit(e.OfficeFound(fact.office))
    for flag in flags:
        case.flag(flag)
    _judge(case)
    return Outcome(case.events, case.slice.changes)


def _judge(case: Case) -> None:
    RULES[type(case.fact.matter)](case, case.fact.matter)


def release_some(slice_: Slice, departure: f.Fact, books: Books, customers: list[CustomerId]) -> Outcome:
    """Release these customers of one who leaves, ahead of the rest of the departure, which is judged after them.

    What a departure does to one customer depends on no other one, so a part of it may be judged before the rest.
    """
    case = Case(SliceDraft(slice_), departure, books, None, _judge)
    time_event(case)
    for customer in customers:
        release(case, customer)
    return Outcome(case.events, case.slice.changes)


def sweep(slice_: Slice, fact: f.Fact, books: Books, customers: list[CustomerId], until: datetime) -> Outcome:
    """Let these customers' claims lapse that end by `until`; `fact` is the last one that was judged."""
    case = Case(SliceDraft(slice_), fact, books, until, _judge)
    for customer in customers:
        lapse(case, customer, until)
    return Outcome(case.events, case.slice.changes)


def _survey(case: Case, survey: f.Survey) -> None:
    identify(case, survey.customer)


def _approval(case: Case, approval: f.Approval) -> None:
    """A stage of the paper trail (sources.md#c: 审核, 审批, 归档); it decides nothing."""
    if case.slice.filed(approval.record) is None:
        case.flag("unknown_record")
    file_record(case)


def _erasure(case: Case, erasure: f.Erasure) -> None:
    """Who somebody is was no ground of any decision (procedure.md#identity-erased)."""
    file_record(case)


RULES: dict[type, Callable[[Case, Any], None]] = {
    f.Enrolment: enrol,
    f.Departure: depart,
    f.Adoption: adopt,
    f.ShiftOpening: open_shift,
    f.Absence: leave,
    f.Return: come_back,
    f.Visit: register_visit,
    f.Call: register_call,
    f.Outreach: register_outreach,
    f.FollowUp: record_follow_up,
    f.Recognition: recognise,
    f.HouseholdLink: link_household,
    f.Complaint: uphold_complaint,
    f.Concealment: find_concealment,
    f.Transfer: transfer,
    f.Subscription: subscribe,
    f.Signing: sign,
    f.Cancellation: cancel,
    f.DisputeOpening: dispute,
    f.EvidenceAdding: add_evidence,
    f.Ruling: rule,
    f.Correction: correct,
    f.Approval: _approval,
    f.Survey: _survey,
    f.Erasure: _erasure,
    f.UnreadEntry: enter,
    f.Amendment: amend,
}
