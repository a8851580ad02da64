"""R18, what must agree with what (表卡之间的逻辑关系): eight relations of the registers at one day, and what fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from services.registers.model.periods import DaySpan
from services.registers.model.records import PostedRecord
from services.registers.model.registers import AnyRecord
from services.registers.reports import columns
from services.registers.reports.activity import conversations, figure_of
from services.registers.reports.basis import ReportBasis, level_said, who
from services.registers.reports.due import due_contact
from services.registers.reports.report import OfficeReport, ReportColumn
from services.registers.reports.tally import Tally
from shared.contract import (
    CallRegistered,
    DealSubscribed,
    FollowUpRecorded,
    OutreachRegistered,
    PlanMade,
    ProfileRecorded,
    VisitRegistered,
    WorklogSubmitted,
)
from shared.i18n import Text, all_of, listed, translated
from shared.ids import CustomerId, StaffId

REGISTRATIONS: tuple[Any, ...] = (VisitRegistered, CallRegistered, OutreachRegistered)


class RelationFailure(Struct, frozen=True):
    """What fails: which relation, of which customer or whose, by which records, and what lacks."""

    relation: int
    lacks: Text
    rows: tuple[str, ...]
    customer: CustomerId | None = None
    staff: StaffId | None = None
    mark: str = ""
    """By which it is told from other failures of the same records, where that is not the English of what lacks."""


def consistency(basis: ReportBasis) -> OfficeReport:
    """The relations at the last day of the period."""
    day = basis.over(DaySpan(basis.day, basis.day))
    tally = Tally()
    for number, one in enumerate(failures(day)):
        key = (str(one.relation), f"{number:05d}")
        tally.words(
            key,
            relation=str(one.relation),
            customer=basis.known.name_of(one.customer) if one.customer is not None else "",
            staff=basis.staff_words(one.staff) if one.staff is not None else "",
            lacks=one.lacks,
        )
        for row in one.rows:
            tally.add(key, "records", row)
    table = tally.table("failures", translated("What fails"), _columns(), lambda key: key)
    return OfficeReport("consistency", translated("Consistency of the registers"), basis.head(), (table,))


def failures(day: ReportBasis) -> Iterator[RelationFailure]:
    """Every failure of the eight relations at a day."""
    yield from failures_of_day(day, customer_failures_of(day))


def customer_failures_of(day: ReportBasis) -> Iterator[RelationFailure]:
    """Those that show by a customer's records, relation by relation."""
    found = day.of_each("relations", day.until, lambda customer, _: customer_failures(day, customer))
    for relation in range(len(_OF_CUSTOMERS)):
        for one in found:
            yield from one.value[relation]


def customer_failures(
    day: ReportBasis, customer: CustomerId
) -> tuple[tuple[RelationFailure, ...], ...] | None:
    """Those of one customer by relation; None where none fails."""
    found = tuple(tuple(check(day, customer)) for check in _OF_CUSTOMERS)
    return found if any(found) else None


def failures_of_day(
    day: ReportBasis, of_customers: Iterable[RelationFailure] = ()
) -> Iterator[RelationFailure]:
    """Those that show by the day's records, with those of customers in their place."""
    yield from _registers_complete(day)
    yield from of_customers
    for staff in _active(day):
        yield from _logged(day, staff)
        yield from _planned(day, staff)
    yield from _levels_carried(day)
    yield from _after_sale(day)


def _registers_complete(day: ReportBasis) -> Iterator[RelationFailure]:
    """1: each visit and call has a name, both times and notes, and none was out of turn."""
    records: list[AnyRecord] = [*day.entries(VisitRegistered), *day.entries(CallRegistered)]
    for record in records:
        data: Any = record.data
        lacking = {
            "name": (translated("name"), not record.name),
            "started at": (translated("start time"), data.started_at is None),
            "ended at": (translated("end time"), data.ended_at is None),
            "notes": (translated("notes"), not data.notes),
        }
        missing = {key: name for key, (name, lacks) in lacking.items() if lacks}
        if missing:
            lacks = translated("the record lacks its {fields}", fields=all_of(missing.values()))
            mark = f"the record lacks {', '.join(missing)}"
            yield RelationFailure(1, lacks, (record.id,), record.customer, who(data), mark)
        if "out_of_turn" in record.flags:
            yield RelationFailure(1, translated("out of turn"), (record.id,), record.customer, who(data))


def _registered(day: ReportBasis, customer: CustomerId) -> Iterator[RelationFailure]:
    """1: whoever has a follow-up or a deal stands in a register."""
    records = day.known.by_customer.get(customer, [])
    later = [one for one in records if isinstance(one.data, FollowUpRecorded | DealSubscribed)]
    if later and not any(isinstance(one.data, REGISTRATIONS) for one in records):
        yield RelationFailure(1, translated("no registration"), (later[0].id,), customer)


def _card(day: ReportBasis, customer: CustomerId) -> Iterator[RelationFailure]:
    """2: a level that asks for a card, or a standing deal, has one in time, and nobody is overdue."""
    code, record = day.level_at(customer, day.until)
    terms = day.scheme.level(code)
    deals = day.known.standing_deals(customer, day.until)
    since = _card_due_since(day, customer, record if terms is not None and terms.card else None)
    limit = timedelta(days=day.scheme.cards_within or 0)
    if (
        since is not None
        and day.scheme.cards_within is not None
        and day.time.day(since) + limit < day.day
        and not _has_card(day, customer)
    ):
        yield RelationFailure(2, translated("no card"), (customer,), customer)
    owner = day.known.owner_at(customer, day.until)
    if owner is not None and not deals and day.lost(customer, day.until) is None:
        contact = due_contact(day, customer, owner, day.until)
        if contact.overdue(day.day):
            yield RelationFailure(2, translated("overdue for contact"), (*contact.rows,), customer, owner)


def _card_due_since(day: ReportBasis, customer: CustomerId, record: AnyRecord | None) -> datetime | None:
    deals = day.known.standing_deals(customer, day.until)
    times = [record.occurred_at] if record is not None else []
    return min([*times, *(deal.subscribed_at for deal in deals)], default=None)


def _has_card(day: ReportBasis, customer: CustomerId) -> bool:
    records = day.known.by_customer.get(customer, ())
    return any(isinstance(one.data, ProfileRecorded) and one.occurred_at <= day.until for one in records)


def _code_known(day: ReportBasis, customer: CustomerId) -> Iterator[RelationFailure]:
    """3: the level board holds the levels of the pipeline; a code that the scheme does not know stands nowhere."""
    code, record = day.level_at(customer, day.until)
    if code is not None and record is not None and day.scheme.levels and day.scheme.level(code) is None:
        lacks = translated("level {code} is unknown to the scheme", code=code)
        yield RelationFailure(3, lacks, (record.id,), customer)


def _followed(day: ReportBasis, customer: CustomerId) -> Iterator[RelationFailure]:
    """4: each registered customer is tracked (owner, level, next contact), closed, or lost."""
    records = [one for one in day.known.by_customer.get(customer, ()) if one.occurred_at <= day.until]
    if not any(isinstance(one.data, REGISTRATIONS) for one in records):
        return
    if day.known.standing_deals(customer, day.until):
        return
    if day.scheme.lost_is_a_state and day.lost(customer, day.until) is not None:
        return
    owner = day.known.owner_at(customer, day.until)
    code, _ = day.level_at(customer, day.until)
    lacking = {
        translated("owner"): owner is None,
        translated("level"): code is None,
        translated("plan"): not any(_is_next(day, one) for one in records),
    }
    missing = [name for name, lacks in lacking.items() if lacks]
    if missing:
        lacks = translated("neither closed nor lost, and without {fields}", fields=listed(missing))
        yield RelationFailure(4, lacks, (records[-1].id,), customer, owner)


_OF_CUSTOMERS: Final = (_registered, _card, _code_known, _followed)


def _is_next(day: ReportBasis, record: AnyRecord) -> bool:
    """Whether a record plans something from that day on."""
    if isinstance(record.data, PlanMade):
        return record.data.on >= day.day
    agreed = getattr(record.data, "next_on", None)
    return agreed is not None and agreed >= day.day


def _active(day: ReportBasis) -> list[StaffId]:
    """Who did something on the day."""
    return list(dict.fromkeys(staff for one in conversations(day) if (staff := who(one.data)) is not None))


def daily_log(day: ReportBasis, staff: StaffId) -> PostedRecord[WorklogSubmitted] | None:
    """The last daily log of somebody about that day."""
    logs = [
        one
        for one in day.known.of(WorklogSubmitted)
        if one.data.by == staff and one.data.kind == "daily" and one.data.to == day.day
    ]
    return logs[-1] if logs else None


def _logged(day: ReportBasis, staff: StaffId) -> Iterator[RelationFailure]:
    """5: who did something has a daily log after the last of it, and its counts are those of the records."""
    done = [one for one in conversations(day) if who(one.data) == staff]
    rows, log = tuple(one.id for one in done), daily_log(day, staff)
    if log is None:
        yield RelationFailure(5, translated("no daily log"), rows, staff=staff)
        return
    if log.occurred_at < done[-1].occurred_at:
        yield RelationFailure(
            5, translated("the log is before the last record"), (log.id, done[-1].id), staff=staff
        )
    counts = log.data.counts
    said = {
        "visits": counts and counts.visits,
        "calls": counts and counts.calls,
        "follow_ups": counts and counts.followups,
    }
    for figure, number in said.items():
        found = [one.id for one in done if figure_of(one) == figure]
        if number is not None and number != len(found):
            lacks = translated(
                "{figure}: {said} said, {found} recorded", figure=figure, said=number, found=len(found)
            )
            yield RelationFailure(5, lacks, (log.id, *found), staff=staff)


def _planned(day: ReportBasis, staff: StaffId) -> Iterator[RelationFailure]:
    """6: what is planned for the day after stands in the log."""
    log, tomorrow = daily_log(day, staff), day.day + timedelta(days=1)
    if log is None:
        return
    known = [one for one in day.known.of(PlanMade) if one.data.by == staff and one.data.on == tomorrow]
    plans = {one.data.plan: one.id for one in known if one.recorded_at <= day.until}
    listed = set(log.data.plans)
    for plan in sorted({*plans} ^ {one for one in listed if one in plans or not _is_plan(day, one)}):
        lacks = translated("plan {plan} stands in the log or among the plans alone", plan=plan)
        yield RelationFailure(6, lacks, (plans.get(plan, log.id), log.id), staff=staff)


def _is_plan(day: ReportBasis, plan: str) -> bool:
    """Whether a plan is known, be it of another day."""
    return any(one.data.plan == plan for one in day.known.of(PlanMade))


def _levels_carried(day: ReportBasis) -> Iterator[RelationFailure]:
    """7: a level that changed on the day stands on a visit, a call or a follow-up of that day."""
    for record in day.entries(ProfileRecorded):
        said = level_said(record.data)
        if said is None or record.customer is None:
            continue
        carried = any(
            getattr(one.data, "level", None) == said
            for one in conversations(day)
            if one.customer == record.customer
        )
        if not carried:
            lacks = translated("the level is changed on the card alone")
            yield RelationFailure(7, lacks, (record.id,), record.customer, record.data.by)


def _after_sale(day: ReportBasis) -> Iterator[RelationFailure]:
    """8: the same for customers with a standing deal: who served one has a log after that."""
    for record in conversations(day):
        staff, customer = who(record.data), record.customer
        if staff is None or customer is None or not day.known.standing_deals(customer, record.occurred_at):
            continue
        log = daily_log(day, staff)
        if log is None or log.occurred_at < record.occurred_at:
            lacks = translated("no daily log after a contact with a customer who bought")
            yield RelationFailure(8, lacks, (record.id,), customer, staff)


def _columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("relation", translated("relation"), translated("1 to 8, by the form")),
        columns.words("customer", translated("customer"), translated("whom it concerns")),
        columns.words("staff", translated("staff"), translated("whose it is")),
        columns.words("lacks", translated("what lacks"), translated("why the relation fails")),
        ReportColumn("records", translated("records"), translated("records by which it shows")),
    )
