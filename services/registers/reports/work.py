"""R5, the handbook's figures of work (日/周/月报表): contacts by medium, customers by level, and who may get more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from services.registers.model.deals import DealRow
from services.registers.model.records import PostedRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import Tally
from shared.contract import CallRegistered, FollowUpRecorded
from shared.i18n import translated
from shared.ids import CustomerId, StaffId

COUNTED_LEVELS: Final = ("B", "B1", "C")
BETWEEN_CONTACTS: Final = timedelta(days=90)
WON_OR_LOST: Final = timedelta(days=365)


def work(basis: ReportBasis) -> OfficeReport:
    """The contacts of the period, the customers at its end, and the sheet by which customers are allocated."""
    return OfficeReport("work", translated("Work"), basis.head(), (_contacts(basis), _allocation(basis)))


def _contacts(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for call in basis.entries(CallRegistered):
        tally.add((call.data.answered_by,), "phone", call.id)
    for follow_up in basis.entries(FollowUpRecorded):
        for figure in _mediums(follow_up):
            tally.add((follow_up.data.by,), figure, follow_up.id)
    for customer in basis.customers(basis.until):
        owner = basis.known.owner_at(customer, basis.until)
        code, _ = basis.level_at(customer, basis.until)
        if owner is not None and code in COUNTED_LEVELS:
            tally.add((owner,), f"level_{code}", customer)
    signed = [one for one in basis.deals() if one.signed(basis.until) and basis.within(one.signed_at)]
    for staff, deal in once_a_customer(basis, signed):
        tally.add((staff,), "won", deal.event)
    for key in tally.so_far():
        tally.words(key, consultant=basis.staff_words(key[0]))
    return tally.table("contacts", translated("Contacts and customers"), _contact_columns(), lambda key: key)


def once_a_customer(basis: ReportBasis, deals: list[DealRow]) -> Iterator[tuple[StaffId, DealRow]]:
    """Each consultant with the first of these deals of each customer that they have a share in."""
    seen: set[tuple[StaffId, CustomerId]] = set()
    for deal in deals:
        for staff in basis.sets(deal):
            if (staff, deal.customer) not in seen:
                seen.add((staff, deal.customer))
                yield staff, deal


def _mediums(follow_up: PostedRecord[FollowUpRecorded]) -> tuple[str, ...]:
    data = follow_up.data
    if follow_up.late:
        return ()
    if data.method == "phone":
        return ("phone",) if data.reached else ("phone", "unreached")
    return (data.medium,) if data.medium in ("fax", "email") else ()


def _contact_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        ReportColumn(
            "phone", translated("phone contacts"), translated("calls and follow-ups by phone, reached or not")
        ),
        ReportColumn(
            "unreached", translated("not reached"), translated("of these, those that reached nobody")
        ),
        ReportColumn("fax", translated("faxes"), translated("follow-ups by fax")),
        ReportColumn("email", translated("e-mails"), translated("follow-ups by e-mail")),
        *(
            ReportColumn(
                f"level_{code}",
                translated("customers of level {code}", code=code),
                translated("owned at the end with this level"),
            )
            for code in COUNTED_LEVELS
        ),
        ReportColumn(
            "won", translated("customers won"), translated("customers with a signing in the period")
        ),
    )


def _allocation(basis: ReportBasis) -> ReportTable:
    """By whoever owns: how often customers are contacted, and how many are won."""
    tally = Tally()
    for customer in basis.customers(basis.until):
        owner = basis.known.owner_at(customer, basis.until)
        if owner is not None:
            tally.add((owner,), "owned", customer)
            _count_days(tally, basis, owner, customer)
    _count_outcomes(tally, basis)
    for key in tally.so_far():
        tally.words(key, consultant=basis.staff_words(key[0]))
    return tally.table("allocation", translated("Allocation"), _allocation_columns(), lambda key: key)


def _count_days(tally: Tally, basis: ReportBasis, owner: StaffId, customer: CustomerId) -> None:
    since = basis.until - BETWEEN_CONTACTS
    contacts = [
        one
        for one in basis.known.conversations(customer)
        if since < one.occurred_at <= basis.until and who(one.data) == owner
    ]
    for earlier, later in pairwise(contacts):
        days = (basis.time.day(later.occurred_at) - basis.time.day(earlier.occurred_at)).days
        tally.add((owner,), "days", later.id, Decimal(days))
        tally.add((owner,), "intervals", later.id)


def _count_outcomes(tally: Tally, basis: ReportBasis) -> None:
    since = basis.until - WON_OR_LOST
    for deal in basis.deals():
        if since < deal.subscribed_at <= basis.until and deal.stands(basis.until):
            for staff in basis.sets(deal):
                tally.add((staff,), "won", deal.event)
                tally.add((staff,), "settled", deal.event)
    for customer in basis.customers(basis.until):
        loss = basis.lost(customer, basis.until)
        if loss is not None and loss.occurred_at > since:
            by = who(loss.data) or ""
            tally.add((by,), "lost", loss.id)
            tally.add((by,), "settled", loss.id)


def _allocation_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        ReportColumn("owned", translated("customers owned"), translated("at the last day of the period")),
        ReportColumn("days", translated("days between contacts"), translated("of the last 90 days, summed")),
        ReportColumn(
            "intervals", translated("intervals"), translated("between two contacts of one customer")
        ),
        columns.average(
            "mean_days",
            translated("mean days between contacts"),
            translated("days between contacts / intervals"),
            "days",
            "intervals",
        ),
        ReportColumn("won", translated("won"), translated("standing deals of the last 12 months")),
        ReportColumn("lost", translated("lost"), translated("losses of the last 12 months that stand")),
        ReportColumn("settled", translated("won or lost"), translated("both together")),
        columns.rate("won_rate", translated("share won"), translated("won / won or lost"), "won", "settled"),
        columns.rate(
            "lost_rate", translated("share lost"), translated("lost / won or lost"), "lost", "settled"
        ),
    )
