"""R1, traffic (客流量统计表): who came and who called, by day, hour, consultant, channel and more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, get_args

from msgspec.structs import replace

from services.registers.model.deals import DealRow
from services.registers.model.periods import month_of, week_of
from services.registers.model.registers import AnyRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.report import (
    OfficeReport,
    Parts,
    ReportColumn,
    ReportLine,
    ReportTable,
    Words,
)
from services.registers.reports.tally import ONE, LineKey, Tally
from shared.contract import CallRegistered, VisitRegistered
from shared.i18n import Text, translated, translated_in
from shared.ids import StaffId

TrafficGrain: TypeAlias = Literal[
    "day", "week", "month", "weekday", "hour", "consultant", "channel", "project"
]
GRAINS: Final[tuple[TrafficGrain, ...]] = get_args(TrafficGrain)


def visit_columns() -> tuple[ReportColumn, ...]:
    """The columns that `count_visit` fills."""
    return (
        ReportColumn(
            "visits",
            translated("visits"),
            translated("visits that happened in the period; companions and carried entries not counted"),
        ),
        ReportColumn(
            "new",
            translated("first visits"),
            translated("visits that are the first of their customer, by when they happened"),
        ),
        ReportColumn(
            "returning",
            translated_in("heading of a figure", "return visits"),
            translated("visits of customers who had come before"),
        ),
        ReportColumn(
            "no_contact",
            translated("without contact"),
            translated("visits that left no phone and no WeChat id, or a masked one"),
        ),
        ReportColumn("contact", translated("with contact"), translated("visits less visits without contact")),
        ReportColumn(
            "contact_rate",
            translated("share with contact"),
            translated("visits with contact / visits"),
            "percent",
            ("contact", "visits"),
        ),
        ReportColumn(
            "late",
            translated("visits entered late"),
            translated("of the visits, those entered after their day"),
        ),
    )


def count_visit(tally: Tally, basis: ReportBasis, key: LineKey, visit: AnyRecord) -> bool:
    """Count one visit into a line; whether it is the first of its customer."""
    first = basis.is_first_visit(visit)
    tally.add(key, "visits", visit.id)
    if visit.customer is None:
        tally.add(key, "no_contact", visit.id)
    else:
        tally.add(key, "contact", visit.id)
        tally.add(key, "new" if first else "returning", visit.id)
    if visit.late:
        tally.add(key, "late", visit.id)
    return first


def traffic(basis: ReportBasis, grain: TrafficGrain = "day") -> OfficeReport:
    """The traffic of a period, and how it compares with the period before."""
    tally = counted(basis, grain)
    lines = tally.table(grain, _title(grain), (_key_column(grain), *traffic_columns(basis)), _order(grain))
    return OfficeReport("traffic", translated("Traffic"), basis.head(), (lines, _compared(basis, tally)))


def traffic_columns(basis: ReportBasis) -> tuple[ReportColumn, ...]:
    """All figures of the report; a column for each level of the scheme."""
    levels = tuple(
        ReportColumn(
            f"level_{level.code}",
            translated("level {code}", code=level.code),
            translated("visits and calls on whose record this level stands"),
        )
        for level in basis.scheme.levels
    )
    return (
        *visit_columns(),
        columns.calls(),
        ReportColumn(
            "call_to_visit",
            translated("visits after a call"),
            translated("first visits of customers who had called before"),
        ),
        *levels,
        ReportColumn(
            "sold",
            translated("sold"),
            translated("deals subscribed (or signed, as the scheme says) in the period"),
        ),
        ReportColumn(
            "sold_rate",
            translated("sold per visit"),
            translated("sold / visits"),
            "percent",
            ("sold", "visits"),
        ),
    )


def counted(basis: ReportBasis, grain: TrafficGrain) -> Tally:
    """The visits, calls and deals of the period, counted by the grain."""
    tally, keys = Tally(_every_key(basis, grain)), _LineKeys(basis, grain)
    for visit in basis.entries(VisitRegistered):
        key = keys.of(visit)
        if count_visit(tally, basis, key, visit) and basis.after_call(visit):
            tally.add(key, "call_to_visit", visit.id)
        _count_level(tally, basis, key, visit)
    for call in basis.entries(CallRegistered):
        key = keys.of(call)
        tally.add(key, "calls", call.id)
        _count_level(tally, basis, key, call)
    for deal in basis.sold():
        for staff, part in basis.sets(deal).items():
            tally.add(keys.of_deal(deal, staff), "sold", deal.event, part)
    for key in tally.so_far():
        tally.words(key, **{grain: _shown(basis, grain, key[0])})
    return tally


def _count_level(tally: Tally, basis: ReportBasis, key: LineKey, entry: AnyRecord) -> None:
    code = entry.data.level
    if code and basis.scheme.level(code) is not None:
        tally.add(key, f"level_{code}", entry.id)


class _LineKeys:
    """The line of a record or a deal, by the grain."""

    def __init__(self, basis: ReportBasis, grain: TrafficGrain) -> None:
        self._basis, self._grain = basis, grain

    def of(self, entry: AnyRecord) -> LineKey:
        if self._grain == "consultant":
            return (who(entry.data) or "",)
        if self._grain == "channel":
            return (self._basis.channel(entry),)
        if self._grain == "project":
            return (getattr(entry.data, "project", None) or "",)
        return (self._at(entry.occurred_at),)

    def of_deal(self, deal: DealRow, staff: StaffId) -> LineKey:
        at = self._basis.sold_at(deal)
        assert at is not None, "what was sold was sold at a time"
        if self._grain == "consultant":
            return (staff,)
        if self._grain == "channel":
            return (self._basis.channel_of(deal.customer),)
        return (deal.project if self._grain == "project" else self._at(at),)

    def _at(self, at: datetime) -> str:
        day = self._basis.time.day(at)
        if self._grain == "day":
            return day.isoformat()
        if self._grain == "week":
            return week_of(day, self._basis.scheme.week_ends_on).first.isoformat()
        if self._grain == "month":
            return f"{day:%Y-%m}"
        return str(day.isoweekday()) if self._grain == "weekday" else f"{self._basis.time.hour(at):02d}"


def _every_key(basis: ReportBasis, grain: TrafficGrain) -> list[LineKey]:
    """The lines that are there even where nothing happened."""
    if grain in ("day", "week", "month"):
        days = basis.period.each_day()
        spans: dict[str, Callable[[date], str]] = {
            "day": lambda day: day.isoformat(),
            "week": lambda day: week_of(day, basis.scheme.week_ends_on).first.isoformat(),
            "month": lambda day: f"{month_of(day).first:%Y-%m}",
        }
        return [(key,) for key in dict.fromkeys(map(spans[grain], days))]
    return []


def _shown(basis: ReportBasis, grain: TrafficGrain, key: str) -> Words:
    if grain == "consultant" and key:
        return basis.known.staff_name(StaffId(key))
    return key or translated("not stated")


def _order(grain: TrafficGrain) -> Callable[[LineKey], Any]:
    return lambda key: (key[0] == "", key)


def _key_column(grain: TrafficGrain) -> ReportColumn:
    return columns.words(grain, grain_headings()[grain], translated("by what the lines are counted"))


def grain_headings() -> dict[TrafficGrain, Text]:
    """The heading of the first column, by grain."""
    return {
        "day": translated("day"),
        "week": translated("week from"),
        "month": translated("month"),
        "weekday": translated("day of the week"),
        "hour": translated("hour"),
        "consultant": translated("consultant"),
        "channel": translated("channel"),
        "project": translated("project"),
    }


def _title(grain: TrafficGrain) -> Text:
    return translated("Traffic by {grain}", grain=grain_headings()[grain])


COMPARED: Final = ("visits", "new", "calls", "sold")


def _compared(basis: ReportBasis, now: Tally) -> ReportTable:
    """The totals beside those of the period before; a change of `anomaly` percent or more is marked."""
    before = _totals(basis.over(basis.period.before()))
    titles = {column.key: column.heading for column in traffic_columns(basis)}
    lines = [
        _side_by_side(
            name, titles[name], now.total().figures.get(name, {}), before[name], basis.scheme.anomaly
        )
        for name in COMPARED
    ]
    title = translated("Compared with the period before")
    return ReportTable("compared", title, _compared_columns(), tuple(lines))


def _totals(basis: ReportBasis) -> dict[str, Parts]:
    """The totals of a period that are compared: of its lines and of its other figures nothing is shown."""
    visits = basis.entries(VisitRegistered)
    return {
        "visits": {one.id: ONE for one in visits},
        "new": {one.id: ONE for one in visits if basis.is_first_visit(one)},
        "calls": {one.id: ONE for one in basis.entries(CallRegistered)},
        "sold": {one.event: sum(basis.sets(one).values(), Decimal(0)) for one in basis.sold()},
    }


def _side_by_side(name: str, title: Text, now: Parts, before: Parts, anomaly: int) -> ReportLine:
    difference = dict(now)
    for row, amount in before.items():
        difference[row] = difference.get(row, Decimal(0)) - amount
    figures = {"now": now, "before": before, "difference": difference}
    line = ReportLine((name,), {}, {column: parts for column, parts in figures.items() if parts})
    beyond = _beyond(line.amount("now"), line.amount("before"), anomaly)
    return replace(line, texts={"figure": title, "anomaly": translated("yes") if beyond else ""})


def _beyond(now: Decimal, before: Decimal, limit: int) -> bool:
    return bool(before) and abs(now - before) * 100 >= limit * before


def _compared_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("figure", translated("figure"), translated("which total is compared")),
        ReportColumn("now", translated("this period"), translated("the total of this period")),
        ReportColumn(
            "before",
            translated("period before"),
            translated("the total of as many months, or else days, before it"),
        ),
        ReportColumn(
            "difference", translated("difference"), translated("this period less the period before")
        ),
        ReportColumn(
            "change",
            translated("change"),
            translated("difference / period before"),
            "percent",
            ("difference", "before"),
        ),
        ReportColumn(
            "anomaly",
            translated("anomalous"),
            translated("whether the change is at least that which the scheme names"),
            "text",
        ),
    )
