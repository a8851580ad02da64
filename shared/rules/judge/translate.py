"""From the contract's events to the facts that the rules look at: the one border between wire and domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from shared import contract as c
from shared.ids import Contact
from shared.rules.domain import facts as f

StoredContacts: TypeAlias = Mapping[str, Contact]
"""What each phone of an event was read as when it was recorded."""

PartyReader: TypeAlias = Callable[[c.Party | c.CorrectedParty], f.Party]


def to_fact(event: c.Event, seq: int, stored: StoredContacts | None = None) -> f.Fact:
    """The fact of an event that stands at place `seq` of its scope's order.

    `stored` goes before what the phone library says today: a newer release of it must not make another
    customer of an old record (ADR 0011).
    """
    assert event.recorded_at is not None, "an event of the journal has its recorded_at"
    party = partial(to_party, stored=stored) if stored else to_party
    return f.Fact(
        event.id,
        seq,
        event.scope,
        event.office,
        event.occurred_at,
        event.recorded_at,
        event.carried.attested_by if event.carried is not None else None,
        _MATTERS[type(event.data)](event.data, party),
    )


def to_party(party: c.Party | c.CorrectedParty, stored: StoredContacts | None = None) -> f.Party:
    """A party as the rules know it: a name that is not blank, and contacts."""
    name = party.name if party.name is not None and c.can_be_seen(party.name) else None
    contacts = c.contacts_of(party, stored)
    if party.wechat is None:
        return f.Party(name, contacts)
    phones = c.contacts_of(c.Party(phones=party.phones or ()), stored)
    return f.Party(name, contacts, phones, c.contact_by_wechat(party))


def _says(party: c.CorrectedParty) -> tuple[str, ...]:
    """The fields that a correction gives, be it empty."""
    said = {"name": party.name, "phones": party.phones, "wechat": party.wechat}
    return tuple(field for field, given in said.items() if given is not None)


def _asked(asked: c.Asked | None) -> f.Asked:
    if asked is None:
        return _NOT_ASKED
    return f.Asked(asked.visited_before, asked.named_consultant, asked.contacted_by)


def _referrer(referrer: c.Referrer, party: PartyReader) -> f.Referrer:
    contacts = party(c.Party(phones=(referrer.phone,))).contacts if referrer.phone is not None else ()
    return f.Referrer(contacts[0] if contacts else None, referrer.consultant)


def _visit(data: c.VisitRegistered, party: PartyReader) -> f.Visit:
    return f.Visit(
        data.visit,
        party(data.customer),
        data.received_by,
        data.capacity,
        data.on_behalf_of,
        data.designated,
        _asked(data.asked),
        tuple([_referrer(referrer, party) for referrer in data.referred_by]),
        data.brochure_only,
        data.present,
        data.ended_at,
    )


def _contacts(contacts: c.StaffContacts | None) -> dict[str, str]:
    if contacts is None:
        return {}
    named = {name: getattr(contacts, name) for name in contacts.__struct_fields__}
    return {name: value for name, value in named.items() if value is not None}


def _entry(own: str | None = None) -> Callable[[Any, PartyReader], f.UnreadEntry]:
    """The entry of an event of the registers; `own` is the field with the id that it has for itself."""

    def made(data: Any, party: PartyReader) -> f.UnreadEntry:
        customer = getattr(data, "customer", None)
        return f.UnreadEntry(
            None if customer is None else party(customer), None if own is None else (own, getattr(data, own))
        )

    return made


_NOT_ASKED = f.Asked()

_MATTERS: dict[type, Callable[[Any, PartyReader], f.Matter]] = {
    c.StaffEnrolled: lambda d, party: f.Enrolment(d.staff, d.name, d.role, _contacts(d.contacts)),
    c.StaffDeparted: lambda d, party: f.Departure(d.staff),
    c.RulebookAdopted: lambda d, party: f.Adoption(d.rulebook, d.version, d.effective_from),
    c.ShiftOpened: lambda d, party: f.ShiftOpening(tuple(d.order)),
    c.StaffAway: lambda d, party: f.Absence(d.staff, d.reason),
    c.StaffBack: lambda d, party: f.Return(d.staff),
    c.VisitRegistered: _visit,
    c.CallRegistered: lambda d, party: f.Call(party(d.customer), d.answered_by, _asked(d.asked)),
    c.OutreachRegistered: lambda d, party: f.Outreach(party(d.customer), d.by),
    c.FollowUpRecorded: lambda d, party: f.FollowUp(party(d.customer), d.by, d.method, d.reached),
    c.CustomerRecognised: lambda d, party: f.Recognition(
        d.visit, d.by, d.registration, tuple(d.evidence), d.confirmed_by
    ),
    c.HouseholdLinked: lambda d, party: f.HouseholdLink(
        tuple(party(member) for member in d.members), d.relation
    ),
    c.ComplaintUpheld: lambda d, party: f.Complaint(party(d.customer), d.against, d.decided_by),
    c.ConcealmentFound: lambda d, party: f.Concealment(d.visit, d.decided_by, d.rightful),
    c.ClaimTransferred: lambda d, party: f.Transfer(party(d.customer), d.to, tuple(d.approved_by)),
    c.DealSubscribed: lambda d, party: f.Subscription(d.deal, party(d.customer), d.closed_by, d.amount),
    c.DealSigned: lambda d, party: f.Signing(d.deal),
    c.DealCancelled: lambda d, party: f.Cancellation(d.deal),
    c.DisputeOpened: lambda d, party: f.DisputeOpening(d.dispute, party(d.customer), d.opened_by, d.deal),
    c.DisputeEvidenceAdded: lambda d, party: f.EvidenceAdding(d.dispute, tuple(d.evidence)),
    c.DisputeRuled: lambda d, party: f.Ruling(d.dispute, d.ruled_by, d.owner, d.shares, tuple(d.approved_by)),
    c.RecordCorrected: lambda d, party: f.Correction(
        d.record, party(d.customer), d.requested_by, tuple(d.approved_by), _says(d.customer)
    ),
    c.RecordApproved: lambda d, party: f.Approval(d.record),
    c.SurveyRecorded: lambda d, party: f.Survey(party(d.customer)),
    c.PersonErased: lambda d, party: f.Erasure(d.people),
    c.RecordAmended: lambda d, party: f.Amendment(
        d.record, d.requested_by, tuple(d.approved_by), d.withdrawn
    ),
    c.PlanMade: _entry("plan"),
    c.FeedbackReceived: _entry("feedback"),
    c.ReservationMade: _entry("reservation"),
    c.RequestSubmitted: _entry("request"),
    c.CheckRecorded: _entry("check"),
    **dict.fromkeys(
        (
            c.SchemeAdopted,
            c.ProfileRecorded,
            c.WorklogSubmitted,
            c.FeedbackAnswered,
            c.OpportunityLost,
            c.ReservationClosed,
            c.DealTermsSet,
            c.DealProgressed,
            c.TargetSet,
            c.DocumentAttached,
        ),
        _entry(),
    ),
}
