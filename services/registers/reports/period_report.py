"""R3, the report of a week or a month (项目月(周)报表): where customers came from, what was sold, at which price."""

from __future__ import annotations

from decimal import Decimal

from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis
from services.registers.reports.contracts import loans_table
from services.registers.reports.overdue import summary_table
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable, Words
from services.registers.reports.tally import LineKey, Tally
from shared.contract import CallRegistered, VisitRegistered
from shared.i18n import Text, translated


def period_report(basis: ReportBasis) -> OfficeReport:
    """Channels, districts, kinds of units, the ranking; what is overdue and what waits for a loan."""
    tables = (
        _channels(basis),
        _districts(basis),
        _units(basis),
        _ranking(basis),
        summary_table(basis),
        loans_table(basis),
    )
    title = translated("Weekly and monthly report")
    return OfficeReport("period", title, basis.head(), tables)


def _not_stated(said: str) -> Words:
    return said or translated("not stated")


def _visits() -> ReportColumn:
    return ReportColumn("visits", translated("visits"), translated("visits that happened in the period"))


def _sold() -> ReportColumn:
    return ReportColumn(
        "sold", translated("sold"), translated("deals sold in the period, whatever became of them")
    )


def _channels(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for visit in basis.entries(VisitRegistered):
        tally.add((basis.channel(visit),), "visits", visit.id)
    for call in basis.entries(CallRegistered):
        tally.add((basis.channel(call),), "calls", call.id)
    for deal in basis.sold():
        tally.add((basis.channel_of(deal.customer),), "sold", deal.event)
    for key in tally.so_far():
        tally.words(key, channel=_not_stated(key[0]))
    heads = (
        columns.words(
            "channel", translated("channel"), translated("of the record, else of the customer's first")
        ),
        _visits(),
        columns.calls(),
        _sold(),
    )
    return tally.table("channels", translated("By channel"), heads, _last_blank)


def _last_blank(key: tuple[str, ...]) -> tuple[bool, tuple[str, ...]]:
    return key[0] == "", key


def _districts(basis: ReportBasis) -> ReportTable:
    tally, at = Tally(), basis.known.as_of
    for visit in basis.entries(VisitRegistered):
        district = basis.profile(visit.customer, "home_district", at) if visit.customer is not None else None
        tally.add((district or "",), "visits", visit.id)
    for deal in basis.sold():
        tally.add((basis.profile(deal.customer, "home_district", at) or "",), "sold", deal.event)
    for key in tally.so_far():
        tally.words(key, district=_not_stated(key[0]))
    heads = (
        columns.words(
            "district", translated("district"), translated("where the customer lives, by the profile")
        ),
        _visits(),
        _sold(),
    )
    return tally.table("districts", translated("By district"), heads, _last_blank)


def _units(basis: ReportBasis) -> ReportTable:
    """The mean price is that of the deals that state both an amount and an area."""
    tally = Tally()
    for deal in basis.sold():
        key = (str(deal.terms.get("unit_kind") or ""),)
        tally.words(key, kind=_not_stated(key[0]))
        tally.add(key, "sold", deal.event)
        if deal.amount is not None:
            tally.add(key, "amount", deal.event, deal.amount)
            if deal.terms.get("area") is not None:
                tally.add(key, "priced", deal.event, deal.amount)
                tally.add(key, "area", deal.event, Decimal(str(deal.terms["area"])))
    sold = {line.key: line.amount("sold") for line in tally.lines()}

    def order(key: LineKey) -> tuple[bool, Decimal, LineKey]:
        return key[0] == "", -sold[key], key

    return tally.table("units", translated("What sells best, by kind of unit"), _unit_columns(), order)


def _unit_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words("kind", translated("kind of unit"), translated("as last agreed")),
        _sold(),
        columns.amount("amount", translated("amount"), translated("as last agreed, else as subscribed")),
        columns.amount("priced", translated("amount with area"), translated("of the deals that state both")),
        ReportColumn("area", translated("area"), translated("of the deals that state both")),
        columns.average(
            "price", translated("mean price"), translated("amount with area / area"), "priced", "area"
        ),
    )


def _ranking(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for deal in basis.sold():
        for staff, part in basis.sets(deal).items():
            tally.words((staff,), consultant=basis.staff_words(staff))
            tally.add((staff,), "sold", deal.event, part)
        for staff, amount in basis.amounts(deal).items():
            tally.add((staff,), "amount", deal.event, amount)
    sums = {line.key: line.amount("amount") for line in tally.lines()}
    heads = (
        columns.consultant(),
        _sold(),
        columns.amount("amount", translated("amount"), translated("by shares to 0.01")),
    )
    title: Text = translated("Ranking by amount")
    return tally.table("ranking", title, heads, lambda key: (-sums[key], key))
