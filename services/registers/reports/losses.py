"""R10, losses (意向客户流失分析表): customers who will not buy, by cause, competitor, level or consultant."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

from services.registers.model.records import PostedRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import Tally
from shared.contract import FollowUpRecorded, OpportunityLost
from shared.i18n import Text, translated
from shared.ids import CustomerId

LossGrain: TypeAlias = Literal["cause", "competitor", "level", "consultant"]
LOSS_GRAINS: Final[tuple[LossGrain, ...]] = get_args(LossGrain)


def losses(basis: ReportBasis, grain: LossGrain = "cause") -> OfficeReport:
    """The losses of the period that stand; claims that lapsed are a line of their own."""
    return OfficeReport("losses", translated("Losses"), basis.head(), (_losses(basis, grain), _lapses(basis)))


def _losses(basis: ReportBasis, grain: LossGrain) -> ReportTable:
    tally = Tally()
    for loss in basis.entries(OpportunityLost):
        customer = loss.customer
        standing = basis.lost(customer, basis.known.as_of) if customer is not None else None
        if customer is None or standing is None or standing.id != loss.id:
            continue
        level, _ = basis.level_at(customer, loss.occurred_at)
        by = {
            "cause": loss.data.cause,
            "competitor": loss.data.competitor or "",
            "level": level or "",
            "consultant": loss.data.by,
        }[grain]
        shown = basis.staff_words(by) if grain == "consultant" else by or translated("not stated")
        tally.words((by,), **{grain: shown})
        _count(tally, basis, (by,), loss, customer)
    return tally.table("losses", translated("Losses"), _columns(grain), lambda key: (key[0] == "", key))


def _count(
    tally: Tally,
    basis: ReportBasis,
    key: tuple[str, ...],
    loss: PostedRecord[OpportunityLost],
    customer: CustomerId,
) -> None:
    records = [one for one in basis.known.by_customer[customer] if one.place < loss.place]
    tally.add(key, "lost", loss.id)
    if records:
        days = basis.time.day(loss.occurred_at) - basis.time.day(records[0].occurred_at)
        tally.add(key, "days", loss.id, Decimal(days.days))
    for one in records:
        if isinstance(one.data, FollowUpRecorded):
            tally.add(key, "follow_ups", one.id)


def _columns(grain: LossGrain) -> tuple[ReportColumn, ...]:
    headings: dict[LossGrain, Text] = {
        "cause": translated("cause"),
        "competitor": translated("competitor"),
        "level": translated("level"),
        "consultant": translated("consultant"),
    }
    return (
        columns.words(grain, headings[grain], translated("by what the lines are counted")),
        ReportColumn(
            "lost",
            translated("lost"),
            translated("losses that no later visit, call, reservation or deal ended"),
        ),
        ReportColumn(
            "days", translated("days known"), translated("from the first record to the loss, summed")
        ),
        columns.average(
            "mean_days", translated("mean days known"), translated("days known / lost"), "days", "lost"
        ),
        ReportColumn("follow_ups", translated("follow-ups made"), translated("follow-ups before the loss")),
        columns.average(
            "mean_follow_ups",
            translated("follow-ups for each"),
            translated("follow-ups made / lost"),
            "follow_ups",
            "lost",
        ),
    )


def _lapses(basis: ReportBasis) -> ReportTable:
    tally, known, at = Tally([("lapsed",)]), basis.known, basis.known.as_of
    first, last = basis.time.begin_of(basis.period.first), basis.time.end_of(basis.period.last)
    found = [one for one in known.lapses_between(first, last) if known.is_of(one.customer, basis.office, at)]
    for decision in sorted(found, key=lambda one: (known.customers[one.customer].number, one.at, one.number)):
        tally.add(("lapsed",), "lapsed", f"{decision.customer}:{decision.at.isoformat()}")
    heads = (
        ReportColumn("lapsed", translated("claims lapsed"), translated("claims that ran out in the period")),
    )
    return tally.table("lapsed", translated("Claims that lapsed"), heads, total=False)
