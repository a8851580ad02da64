"""Signs of 截客 and 飞单, and records that name nobody, for somebody to look at: they prove and change nothing.

Two standing deals on one unit; a deal within minutes of its customer's first registration; one customer registered by
two people within minutes; a record that was corrected or amended on the day before a deal of its customer; members of
staff whom nobody enrolled; phones that are masked or missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import msgspec

from services.registers.findings.finding import MachineFinding
from services.registers.lists.reach import staff_of
from services.registers.model.deals import DealRow
from services.registers.model.registers import AnyRecord
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.checks import customer_findings, same_name_and_firm
from services.registers.reports.consistency import (
    REGISTRATIONS,
    RelationFailure,
    customer_failures,
    failures_of_day,
)
from shared.contract import CallRegistered, RecordAmended, RecordCorrected, VisitRegistered
from shared.contract.phones import is_masked
from shared.contract.sealed import HIDDEN
from shared.i18n import Text, translated
from shared.ids import CustomerId, StaffId

MINUTES: Final = timedelta(minutes=30)
"""Within so long of each other, registrations and deals are looked at."""
EDITED: Final = timedelta(days=1)
SYSTEM: Final = "system"


def kinds() -> dict[str, Text]:
    """Every kind of finding, in words."""
    return {
        **{
            f"relation_{number}": translated("relation {number} of the forms fails", number=number)
            for number in range(1, 9)
        },
        "data": translated("data of the customer"),
        "unit_sold_twice": translated("two standing deals on one unit"),
        "sold_at_once": translated("registered and sold within minutes"),
        "registered_twice": translated("registered by two people within minutes"),
        "edited_before_deal": translated("edited before a deal"),
        "unknown_staff": translated("staff whom nobody enrolled"),
        "masked_contact": translated("a masked phone"),
        "no_contact": translated("no phone, and no reason why"),
    }  # fmt: skip


def findings(basis: ReportBasis) -> Iterator[MachineFinding]:
    """What is found of the office: the relations at the last day of the period, data and signs as they stand."""
    for one in basis.of_each("findings", basis.until, lambda customer, _: _of_customer(basis, customer)):
        yield from one.value
    besides = (_relation(one) for one in failures_of_day(basis))
    for found in (*besides, *_data(basis, same_name_and_firm(basis)), *_signs(basis)):
        yield msgspec.structs.replace(found, known_seq=_known_seq(basis, found))


def _of_customer(basis: ReportBasis, customer: CustomerId) -> tuple[MachineFinding, ...] | None:
    """What shows by the records of one customer."""
    relations = (one for failing in customer_failures(basis, customer) or () for one in failing)
    data = ((customer, says, rows) for says, rows in customer_findings(basis, customer) or ())
    found = (*map(_relation, relations), *_data(basis, data), *_registered_twice(basis, customer))
    return tuple(msgspec.structs.replace(one, known_seq=_known_seq(basis, one)) for one in found) or None


def _known_seq(basis: ReportBasis, found: MachineFinding) -> int:
    """The last fact that bears on a finding: of its records, and of its customer's."""
    entries = basis.known.entries
    seqs = [entries[row].seq for row in found.rows if row in entries]  # type: ignore[index]
    records = basis.known.by_customer.get(found.customer, ()) if found.customer is not None else ()
    return max([*seqs, *(one.seq for one in records)], default=0)


def _relation(one: RelationFailure) -> MachineFinding:
    """R18, at the last day."""
    lasting = one.relation in (2, 3, 4) and one.customer is not None
    mark = one.mark or one.lacks.en
    about = f"{one.customer}/{mark}" if lasting else f"{'/'.join(sorted(one.rows))}/{mark}"
    return MachineFinding(
        f"relation_{one.relation}", one.lacks, one.rows, one.customer, one.staff, about=about
    )


def _data(
    basis: ReportBasis, found: Iterable[tuple[CustomerId, Text, tuple[str, ...]]]
) -> Iterator[MachineFinding]:
    """R19, what shows without a check."""
    for customer, says, rows in found:
        owner = basis.known.owner_at(customer, basis.until)
        yield MachineFinding("data", says, rows, customer, owner, about=f"{customer}/{says.en}")


def _signs(basis: ReportBasis) -> Iterator[MachineFinding]:
    yield from _units(basis)
    yield from _sold_at_once(basis)
    yield from _edited(basis)
    yield from _unknown_staff(basis)
    yield from _contacts(basis)


def _units(basis: ReportBasis) -> Iterator[MachineFinding]:
    standing: dict[tuple[str, str], list[DealRow]] = defaultdict(list)
    for deal in basis.known.deals:
        if deal.stands(basis.until):
            standing[deal.project.strip(), deal.unit.strip()].append(deal)
    for (project, unit), deals in standing.items():
        if len(deals) > 1 and any(basis.office in (None, deal.office) for deal in deals):
            says = translated("{count} standing deals on unit {unit}", count=len(deals), unit=unit)
            rows = tuple(deal.event for deal in deals)
            yield MachineFinding(
                "unit_sold_twice", says, rows, staff=deals[-1].closed_by, about=f"{project}/{unit}"
            )


def _registrations_of(basis: ReportBasis, customer: CustomerId) -> list[AnyRecord]:
    records = basis.known.by_customer.get(customer, ())
    return [one for one in records if isinstance(one.data, REGISTRATIONS) and not one.carried]


def _sold_at_once(basis: ReportBasis) -> Iterator[MachineFinding]:
    for deal in basis.deals():
        registered = _registrations_of(basis, deal.customer)
        if registered and timedelta(0) <= deal.subscribed_at - registered[0].occurred_at <= MINUTES:
            minutes = (deal.subscribed_at - registered[0].occurred_at).seconds // 60
            says = translated("sold {minutes} minutes after the first registration", minutes=minutes)
            rows = (registered[0].id, deal.event)
            yield MachineFinding("sold_at_once", says, rows, deal.customer, deal.closed_by, about=deal.deal)


def _registered_twice(basis: ReportBasis, customer: CustomerId) -> Iterator[MachineFinding]:
    for earlier, later in pairwise(_registrations_of(basis, customer)):
        first, second = who(earlier.data), who(later.data)
        if first != second and later.occurred_at - earlier.occurred_at <= MINUTES:
            says = translated(
                "registered by {first} and by {second} within minutes",
                first=basis.staff_words(first or ""),
                second=basis.staff_words(second or ""),
            )
            rows = (earlier.id, later.id)
            yield MachineFinding("registered_twice", says, rows, customer, second, about="/".join(rows))


def _edited(basis: ReportBasis) -> Iterator[MachineFinding]:
    """Edits are placed by when they were recorded, since that is when what was sold read otherwise."""
    entries = basis.known.entries
    edits: list[AnyRecord] = [*basis.known.of(RecordCorrected), *basis.known.of(RecordAmended)]
    for edit in edits:
        record = entries.get(edit.data.record)
        if record is None or record.customer is None or edit.flags:
            continue
        for deal in basis.known.deals_of.get(record.customer, ()):
            near = timedelta(0) <= deal.subscribed_at - edit.recorded_at <= EDITED
            if near and basis.office in (None, deal.office):
                says = translated("edited less than a day before deal {deal}", deal=deal.deal)
                rows = (record.id, edit.id, deal.event)
                staff = edit.data.requested_by
                yield MachineFinding(
                    "edited_before_deal", says, rows, record.customer, staff, about="/".join(rows)
                )


def _unknown_staff(basis: ReportBasis) -> Iterator[MachineFinding]:
    rows: dict[StaffId, list[str]] = defaultdict(list)
    for entry in basis.known.entries_of(basis.office):
        staff = staff_of(entry.data)
        for named in {entry.actor, staff or entry.actor}:
            if named not in basis.known.staff and named != SYSTEM and entry.data.TYPE != "staff.enrolled":
                rows[named].append(entry.id)
    for unknown, found in rows.items():
        says = translated("{staff} is named and was never enrolled", staff=unknown)
        yield MachineFinding("unknown_staff", says, tuple(found), staff=unknown, about=unknown)


def _contacts(basis: ReportBasis) -> Iterator[MachineFinding]:
    visits = basis.known.of(VisitRegistered, basis.office)
    calls = basis.known.of(CallRegistered, basis.office)
    records: list[AnyRecord] = [*visits, *calls]
    for record in records:
        if record.contacts or record.carried:
            continue
        staff, data = who(record.data), record.data
        if _has_masked(data):
            yield MachineFinding("masked_contact", kinds()["masked_contact"], (record.id,), None, staff)
        elif not data.no_contact_reason:
            yield MachineFinding("no_contact", kinds()["no_contact"], (record.id,), None, staff)


def _has_masked(data: Any) -> bool:
    typed = [*data.customer.phones, data.customer.wechat or ""]
    return any(text == HIDDEN or (text and is_masked(text)) for text in typed)
