"""R19, the quarterly check of customer data, and what shows without one (数据核查)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from services.registers.model.periods import quarter_of
from services.registers.model.records import PostedRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import Tally
from shared.contract import CheckRecorded, FollowUpRecorded, contacts_of
from shared.i18n import Text, translated
from shared.ids import CustomerId

STILL = timedelta(days=90)
UNREACHED = 3
"""So many follow-ups in a row that reached nobody are a finding."""


def checks(basis: ReportBasis) -> OfficeReport:
    """The checks of the quarter in which the period ends, and the findings of the machine."""
    quarter = basis.over(quarter_of(basis.period.last))
    remarks: tuple[Text, ...] = ()
    if not _of_quarter(quarter):
        remarks = (
            translated("no check of data in the quarter from {day} on", day=quarter.period.first.isoformat()),
        )
    tables = (_verdicts(quarter), _findings(basis))
    return OfficeReport("checks", translated("Checks of customer data"), basis.head(), tables, remarks)


def _of_quarter(basis: ReportBasis) -> list[PostedRecord[CheckRecorded]]:
    return [one for one in basis.entries(CheckRecorded) if one.data.kind == "data"]


def _verdicts(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for check in _of_quarter(basis):
        for number, item in enumerate(check.data.items):
            staff = _whose(basis, check, item)
            row = f"{check.id}#{number + 1}"
            tally.words((staff,), consultant=basis.staff_words(staff))
            tally.add((staff,), "items", row)
            tally.add((staff,), item.verdict, row)
    return tally.table("verdicts", translated("Checked"), _verdict_columns(), lambda key: key)


def _whose(basis: ReportBasis, check: PostedRecord[CheckRecorded], item: Any) -> str:
    """Who owns the customer that was looked at, else whose the record is."""
    if item.customer is not None:
        for contact in contacts_of(item.customer):
            customer = basis.known.by_contact.get(contact)
            if customer is not None:
                return basis.known.owner_at(customer, check.occurred_at) or ""
    record = basis.known.entries.get(item.record) if item.record is not None else None
    return (who(record.data) or "") if record is not None else ""


def _verdict_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.consultant(),
        ReportColumn("items", translated("checked"), translated("what was looked at in the quarter")),
        ReportColumn("ok", translated("true"), translated("found as recorded")),
        ReportColumn("stale", translated("stale"), translated("true once")),
        ReportColumn("false", translated("false"), translated("never true")),
        ReportColumn("missing", translated("missing"), translated("not recorded")),
        ReportColumn("unreachable", translated("unreachable"), translated("nobody could be asked")),
        columns.rate("ok_rate", translated("share true"), translated("true / checked"), "ok", "items"),
    )


def _findings(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for customer, finding, rows in machine_findings(basis):
        key = (finding.en, customer)
        owner = basis.known.owner_at(customer, basis.until)
        tally.words(
            key,
            number=str(basis.known.customers[customer].number),
            customer=basis.known.name_of(customer),
            consultant=basis.staff_words(owner or ""),
            finding=finding,
        )
        for row in rows:
            tally.add(key, "records", row)
    heads = (
        columns.number(),
        columns.customer(),
        columns.consultant(),
        columns.words("finding", translated("finding"), translated("what shows without a check")),
        ReportColumn("records", translated("records"), translated("records by which it shows")),
    )
    return tally.table("findings", translated("Findings of the machine"), heads, lambda key: key)


def machine_findings(basis: ReportBasis) -> Iterator[tuple[CustomerId, Text, tuple[str, ...]]]:
    """What shows of customers without asking anybody."""
    yield from same_name_and_firm(basis)
    found = basis.of_each("data", basis.until, lambda customer, _: customer_findings(basis, customer))
    for one in found:
        for says, rows in one.value:
            yield one.customer, says, rows


def customer_findings(
    basis: ReportBasis, customer: CustomerId
) -> tuple[tuple[Text, tuple[str, ...]], ...] | None:
    """What shows by a customer's own records; None where nothing does."""
    return tuple(_customer_findings(basis, customer)) or None


def _customer_findings(basis: ReportBasis, customer: CustomerId) -> Iterator[tuple[Text, tuple[str, ...]]]:
    known, until = basis.known.customers[customer], basis.until
    records = [one for one in basis.known.by_customer.get(customer, ()) if one.occurred_at <= until]
    if all(contact.startswith("wechat:") for contact in known.contacts):
        yield translated("no phone"), (customer,)
    is_open = not basis.known.standing_deals(customer, until) and basis.lost(customer, until) is None
    if is_open and records and records[-1].occurred_at + STILL < until:
        yield translated("still for 90 days"), (records[-1].id,)
    tried = [one for one in records if isinstance(one.data, FollowUpRecorded)][-UNREACHED:]
    if len(tried) == UNREACHED and not any(one.data.reached for one in tried):
        yield translated("not reached three times in a row"), tuple(one.id for one in tried)
    for key in basis.scheme.required_keys:
        if basis.profile(customer, key, until) is None:
            yield translated("profile lacks {key}", key=key), (customer,)


def same_name_and_firm(basis: ReportBasis) -> Iterator[tuple[CustomerId, Text, tuple[str, ...]]]:
    """Customers of the office who have their name and firm with another."""
    alike: dict[tuple[str, str], list[CustomerId]] = defaultdict(list)
    for one in basis.of_each("firms", basis.until, lambda customer, _: _name_and_firm(basis, customer)):
        alike[one.value].append(one.customer)
    for found in alike.values():
        if len(found) > 1:
            for customer in found:
                yield customer, translated("same name and firm as another customer"), tuple(found)


def _name_and_firm(basis: ReportBasis, customer: CustomerId) -> tuple[str, str] | None:
    firm, name = basis.profile(customer, "company", basis.until), basis.known.customers[customer].name
    return (name, firm) if firm and name else None
