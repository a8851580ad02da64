"""What was kept of R8: intervals between contacts that were short enough, and plans that were carried out."""

from __future__ import annotations

from itertools import pairwise

from services.registers.model.records import PostedRecord
from services.registers.model.registers import AnyRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.report import ReportColumn, ReportTable
from services.registers.reports.tally import Tally
from shared.contract import PlanMade
from shared.contract.value_words import PLAN_KINDS
from shared.i18n import translated
from shared.ids import CustomerId, StaffId


def intervals_table(basis: ReportBasis) -> ReportTable:
    """By owner, the intervals that ended in the period; one that is open counts once it is too long."""
    tally = Tally()
    for customer in basis.customers(basis.until):
        owner = basis.known.owner_at(customer, basis.until)
        closed = (
            basis.known.standing_deals(customer, basis.until) or basis.lost(customer, basis.until) is not None
        )
        if owner is not None and not closed:
            _count(tally, basis, customer, owner)
    for key in tally.so_far():
        tally.words(key, consultant=basis.staff_words(key[0]))
    heads = (
        columns.consultant(),
        ReportColumn(
            "intervals",
            translated("intervals"),
            translated("between two contacts, or too long since the last"),
        ),
        ReportColumn(
            "in_time", translated("kept"), translated("of these, those within the days of the level")
        ),
        columns.rate(
            "in_time_rate", translated("share kept"), translated("kept / intervals"), "in_time", "intervals"
        ),
    )
    return tally.table("intervals", translated("Intervals kept"), heads, lambda key: key)


def _count(tally: Tally, basis: ReportBasis, customer: CustomerId, owner: StaffId) -> None:
    entries = [one for one in basis.known.conversations(customer) if one.occurred_at <= basis.until]
    contacts = [one for one in entries if basis.counts(one) and who(one.data) == owner]
    for earlier, later in pairwise(contacts):
        days, every = (
            (basis.contact_day(later) - basis.contact_day(earlier)).days,
            _every(basis, customer, earlier),
        )
        if basis.contact_day(later) in basis.period and every is not None:
            tally.add((owner,), "intervals", later.id)
            if days <= every:
                tally.add((owner,), "in_time", later.id)
    every = _every(basis, customer, contacts[-1]) if contacts else None
    if every is not None and (basis.day - basis.contact_day(contacts[-1])).days > every:
        tally.add((owner,), "intervals", customer)


def _every(basis: ReportBasis, customer: CustomerId, contact: AnyRecord) -> int | None:
    level, _ = basis.level_at(customer, contact.occurred_at)
    return basis.scheme.every(level, basis.category_at(customer, contact.occurred_at))


def is_carried_out(basis: ReportBasis, plan: PostedRecord[PlanMade]) -> bool:
    """Whether a record names the plan, or its doer met that customer on its day."""
    if plan.data.plan in basis.known.plans_done:
        return True
    records = basis.known.conversations(plan.customer) if plan.customer is not None else []
    return any(
        who(one.data) == plan.data.by and basis.time.day(one.occurred_at) == plan.data.on for one in records
    )


def plans_table(basis: ReportBasis) -> ReportTable:
    """The plans whose day is in the period."""
    tally = Tally()
    for plan in basis.known.of(PlanMade, basis.office):
        data, key = plan.data, (plan.data.on.isoformat(), plan.data.by, plan.id)
        if data.on not in basis.period:
            continue
        done = is_carried_out(basis, plan)
        tally.words(
            key,
            day=data.on.isoformat(),
            consultant=basis.staff_words(data.by),
            kind=PLAN_KINDS[data.kind],
            customer=basis.known.name_of(plan.customer, plan.name),
            purpose=data.purpose,
            done=translated("yes") if done else "",
        )
        tally.add(key, "plans", plan.id)
        if done:
            tally.add(key, "kept", plan.id)
    return tally.table("plans", translated("Plans of the period"), _plan_columns(), lambda key: key)


def _plan_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("day", translated("day"), translated("for which it was planned")),
        columns.consultant(),
        columns.words("kind", translated("kind"), translated("of the plan")),
        columns.customer(),
        columns.words("purpose", translated("purpose"), translated("as planned")),
        columns.words(
            "done", translated("carried out"), translated("a record names it, or its doer met the customer")
        ),
        columns.each("plans"),
        ReportColumn("kept", translated("plans carried out"), translated("one for each")),
        columns.rate(
            "kept_rate",
            translated("share carried out"),
            translated("plans carried out / lines"),
            "kept",
            "plans",
        ),
    )
