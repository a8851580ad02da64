"""R13, customers brought by customers (老带新)."""

from __future__ import annotations

from services.registers.model.records import PostedRecord
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn, Words
from services.registers.reports.tally import Tally
from shared.contract import Party, RequestSubmitted, VisitRegistered, contacts_of
from shared.i18n import translated
from shared.ids import CustomerId


def referrals(basis: ReportBasis) -> OfficeReport:
    """The referred visits of the period, and what came of them."""
    tally = Tally()
    for visit in basis.entries(VisitRegistered):
        if visit.customer is not None and visit.data.referred_by:
            _line(tally, basis, visit, visit.customer)
    table = tally.table("referrals", translated("Referrals"), _columns())
    return OfficeReport("referrals", translated("Referrals"), basis.head(), (table,))


def referrers(basis: ReportBasis, visit: PostedRecord[VisitRegistered]) -> list[CustomerId]:
    """The known customers who sent this one."""
    phones = [one.phone for one in visit.data.referred_by if one.phone is not None]
    contacts = [contact for phone in phones for contact in contacts_of(Party(phones=(phone,)))]
    found = [basis.known.by_contact.get(contact) for contact in contacts]
    return list(dict.fromkeys(one for one in found if one is not None))


def _line(
    tally: Tally, basis: ReportBasis, visit: PostedRecord[VisitRegistered], customer: CustomerId
) -> None:
    known, at = basis.known, visit.occurred_at
    old = referrers(basis, visit)
    owners = [known.owner_at(one, at) for one in old]
    named = [one.consultant for one in visit.data.referred_by if one.consultant is not None]
    owned = any(known.standing_deals(one, at) for one in old)
    tally.words(
        (visit.id,),
        customer=known.name_of(customer, visit.name),
        day=basis.time.day(at).isoformat(),
        referrers="、".join(known.name_of(one) for one in old) or numbers.NONE,
        consultants="、".join(known.staff_name(one) for one in dict.fromkeys([*owners, *named]) if one)
        or numbers.NONE,
        owner=translated("yes") if owned else "",
        reward=_reward(basis, customer),
    )
    tally.add((visit.id,), "referred", customer)
    if known.standing_deals(customer, known.as_of):
        tally.add((visit.id,), "won", customer)


def _reward(basis: ReportBasis, customer: CustomerId) -> Words:
    """How far a request for the reward has come: the last stage that somebody set."""
    asked = [
        one.id
        for one in basis.known.by_customer.get(customer, ())
        if isinstance(one.data, RequestSubmitted) and one.data.kind == "referral_reward"
    ]
    if not asked:
        return ""
    return columns.stage_words(basis.known.stage_of(asked[-1]))


def _columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("customer", translated("new customer"), translated("the name that was given first")),
        columns.words("day", translated("day of the visit"), translated("when it happened")),
        columns.words(
            "referrers",
            translated("referred by"),
            translated("known customers with the phone that was named"),
        ),
        columns.words(
            "consultants",
            translated("their consultants"),
            translated("owners at the visit, and consultants named"),
        ),
        columns.words(
            "owner", translated("home owner"), translated("whether a referrer had a standing deal then")
        ),
        columns.words("reward", translated("reward"), translated("how far the request for it has come")),
        ReportColumn("referred", translated("customers"), translated("customers who were referred")),
        ReportColumn("won", translated("won"), translated("of these, those with a standing deal now")),
        columns.rate("rate", translated("conversion"), translated("won / customers"), "won", "referred"),
    )
