"""R9, conversion: of the customers who first came in the period, those with a standing deal now."""

from __future__ import annotations

from decimal import Decimal
from statistics import median
from typing import Final, Literal, TypeAlias, get_args

from services.registers.model.records import PostedRecord
from services.registers.model.registers import AnyRecord
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable, Words
from services.registers.reports.tally import LineKey, Tally
from shared.contract import CallRegistered, VisitRegistered
from shared.i18n import Text, translated

CohortGrain: TypeAlias = Literal["channel", "consultant", "office"]
COHORT_GRAINS: Final[tuple[CohortGrain, ...]] = get_args(CohortGrain)


def conversion(basis: ReportBasis, grain: CohortGrain = "channel") -> OfficeReport:
    """The cohort of the period as it stands, and apart from it what the period itself sold."""
    title = translated("Conversion")
    return OfficeReport("conversion", title, basis.head(), (_cohort(basis, grain), _period(basis)))


def _cohort(basis: ReportBasis, grain: CohortGrain) -> ReportTable:
    tally, days = Tally(), dict[LineKey, list[int]]()
    for visit in basis.entries(VisitRegistered):
        if visit.customer is None or not basis.is_first_visit(visit):
            continue
        key: LineKey = (_key(basis, grain, visit),)
        tally.add(key, "customers", visit.customer)
        tally.words(key, **{grain: _shown(basis, grain, key[0])})
        deals = basis.known.standing_deals(visit.customer, basis.known.as_of)
        if deals:
            tally.add(key, "won", visit.customer)
            taken = basis.time.day(deals[0].subscribed_at) - basis.time.day(visit.occurred_at)
            days.setdefault(key, []).append(taken.days)
    for key, each in days.items():
        tally.words(key, days=_median(each))
    tally.total_words(days=_median([one for each in days.values() for one in each]))
    return tally.table(
        "cohort", translated("First visits of the period"), _cohort_columns(grain), lambda key: key
    )


def _key(basis: ReportBasis, grain: CohortGrain, visit: PostedRecord[VisitRegistered]) -> str:
    if grain == "channel":
        return basis.channel(visit)
    if grain == "office" or visit.customer is None:
        return visit.office
    at = max(visit.occurred_at, visit.recorded_at) if visit.late else visit.occurred_at
    return basis.known.owner_at(visit.customer, at) or ""


def _shown(basis: ReportBasis, grain: CohortGrain, key: str) -> Words:
    if grain == "consultant" and key:
        return basis.staff_words(key)
    return key or translated("not stated")


def _median(days: list[int]) -> str:
    return numbers.count(Decimal(median(days))) if days else numbers.NONE


def _cohort_columns(grain: CohortGrain) -> tuple[ReportColumn, ...]:
    headings: dict[CohortGrain, Text] = {
        "channel": translated("channel"),
        "consultant": translated("consultant"),
        "office": translated("office"),
    }
    return (
        columns.words(
            grain, headings[grain], translated("channel, office, or owner right after the first visit")
        ),
        ReportColumn(
            "customers", translated("customers"), translated("customers whose first visit is in the period")
        ),
        ReportColumn("won", translated("won"), translated("of these, those with a standing deal now")),
        columns.rate("rate", translated("conversion"), translated("won / customers"), "won", "customers"),
        columns.words(
            "days",
            translated("median days"),
            translated("from the first visit to the subscription that stands"),
        ),
    )


def _period(basis: ReportBasis) -> ReportTable:
    tally, key = Tally([("period",)]), ("period",)
    for visit in basis.entries(VisitRegistered):
        tally.add(key, "visits", visit.id)
    for deal in basis.sold():
        tally.add(key, "sold", deal.event)
    for call in basis.entries(CallRegistered):
        first = basis.first_call(call.customer) if call.customer is not None else None
        if call.customer is not None and first is not None and first.id == call.id:
            tally.add(key, "callers", call.customer)
            if _came(basis, call):
                tally.add(key, "came", call.customer)
    return tally.table("period", translated("The period itself"), _period_columns(), total=False)


def _came(basis: ReportBasis, call: AnyRecord) -> bool:
    """Whether the caller has visited since."""
    assert call.customer is not None, "a caller is a customer"
    visits = basis.known.by_customer.get(call.customer, ())
    return any(isinstance(one.data, VisitRegistered) and one.place > call.place for one in visits)


def _period_columns() -> tuple[ReportColumn, ...]:
    return (
        ReportColumn("visits", translated("visits"), translated("visits that happened in the period")),
        ReportColumn(
            "sold", translated("sold"), translated("deals sold in the period, whatever became of them")
        ),
        columns.rate(
            "sold_rate", translated("sold per visit"), translated("sold / visits"), "sold", "visits"
        ),
        ReportColumn(
            "callers", translated("callers"), translated("customers whose first call is in the period")
        ),
        ReportColumn(
            "came", translated("callers who came"), translated("of these, those who have visited since")
        ),
        columns.rate(
            "came_rate",
            translated("call to visit"),
            translated("callers who came / callers"),
            "came",
            "callers",
        ),
    )
