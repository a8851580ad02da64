"""From the contract's events to the facts that the rules look at: the one border between wire and domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.attribution.domain import facts as f
from shared import contract as c


def to_fact(event: c.Event, seq: int) -> f.Fact:
    """The fact of an event that stands at place `seq` of its scope's order."""
    assert event.recorded_at is not None, "an event of the journal has its recorded_at"
    return f.Fact(
        id=event.id,
        seq=seq,
        scope=event.scope,
        office=event.office,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        attested_by=event.carried.attested_by if event.carried is not None else None,
        matter=_MATTERS[type(event.data)](event.data),
    )


def to_party(party: c.Party) -> f.Party:
    """A party as the rules know it: a name that is not blank, and contacts."""
    name = party.name if party.name is not None and party.name.strip() else None
    return f.Party(name, c.contacts_of(party))


def _asked(asked: c.Asked | None) -> f.Asked:
    if asked is None:
        return _NOT_ASKED
    return f.Asked(asked.visited_before, asked.named_consultant, asked.contacted_by)


def _referrer(referrer: c.Referrer) -> f.Referrer:
    phone = referrer.phone
    contact = None if phone is None or c.is_masked(phone) else c.normalise_phone(phone)
    return f.Referrer(contact, referrer.consultant)


def _visit(data: c.VisitRegistered) -> f.Visit:
    return f.Visit(
        visit=data.visit,
        customer=to_party(data.customer),
        received_by=data.received_by,
        capacity=data.capacity,
        on_behalf_of=data.on_behalf_of,
        designated=data.designated,
        asked=_asked(data.asked),
        referred_by=tuple(_referrer(referrer) for referrer in data.referred_by),
        brochure_only=data.brochure_only,
        present=tuple(data.present),
        ended_at=data.ended_at,
    )


def _contacts(contacts: c.StaffContacts | None) -> dict[str, str]:
    if contacts is None:
        return {}
    named = {name: getattr(contacts, name) for name in contacts.__struct_fields__}
    return {name: value for name, value in named.items() if value is not None}


_NOT_ASKED = f.Asked()

_MATTERS: dict[type, Callable[[Any], f.Matter]] = {
    c.StaffEnrolled: lambda d: f.Enrolment(d.staff, d.name, d.role, _contacts(d.contacts)),
    c.StaffDeparted: lambda d: f.Departure(d.staff),
    c.RulebookAdopted: lambda d: f.Adoption(d.rulebook, d.version, d.effective_from),
    c.ShiftOpened: lambda d: f.ShiftOpening(tuple(d.order)),
    c.StaffAway: lambda d: f.Absence(d.staff, d.reason),
    c.StaffBack: lambda d: f.Return(d.staff),
    c.VisitRegistered: _visit,
    c.CallRegistered: lambda d: f.Call(to_party(d.customer), d.answered_by, _asked(d.asked)),
    c.OutreachRegistered: lambda d: f.Outreach(to_party(d.customer), d.by),
    c.FollowUpRecorded: lambda d: f.FollowUp(to_party(d.customer), d.by, d.method, d.reached),
    c.CustomerRecognised: lambda d: f.Recognition(
        d.visit, d.by, d.registration, tuple(d.evidence), d.confirmed_by
    ),
    c.HouseholdLinked: lambda d: f.HouseholdLink(tuple(to_party(member) for member in d.members)),
    c.ComplaintUpheld: lambda d: f.Complaint(to_party(d.customer), d.against, d.decided_by),
    c.ConcealmentFound: lambda d: f.Concealment(d.visit, d.decided_by, d.rightful),
    c.ClaimTransferred: lambda d: f.Transfer(to_party(d.customer), d.to, tuple(d.approved_by)),
    c.DealSubscribed: lambda d: f.Subscription(d.deal, to_party(d.customer), d.closed_by, d.amount),
    c.DealSigned: lambda d: f.Signing(d.deal),
    c.DealCancelled: lambda d: f.Cancellation(d.deal),
    c.DisputeOpened: lambda d: f.DisputeOpening(d.dispute, to_party(d.customer), d.opened_by, d.deal),
    c.DisputeEvidenceAdded: lambda d: f.EvidenceAdding(d.dispute, tuple(d.evidence)),
    c.DisputeRuled: lambda d: f.Ruling(d.dispute, d.ruled_by, d.owner, d.shares),
    c.RecordCorrected: lambda d: f.Correction(
        d.record, to_party(d.customer), d.requested_by, tuple(d.approved_by)
    ),
    c.RecordApproved: lambda d: f.Approval(d.record),
    c.SurveyRecorded: lambda d: f.Survey(to_party(d.customer)),
}
