"""The customer card (客户管理卡): what is known of a customer, and their records before and after a standing deal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from msgspec import Struct

from services.registers.model.registers import AnyRecord
from services.registers.reports.basis import ReportBasis
from shared.contract import ProfileRecorded
from shared.contract.profile.catalogue import ProfileKeyEntry, catalogue
from shared.ids import CustomerId


class HeldKey(Struct, frozen=True):
    """What is held under a key of a profile; None of what was answered with nothing."""

    key: str
    entry: ProfileKeyEntry
    value: str | None
    on: date


def profile_of(basis: ReportBasis, customer: CustomerId) -> Iterator[HeldKey]:
    """The profile as it was last said, key by key, in the order of the catalogue."""
    held: dict[str, tuple[str | None, date]] = {}
    for record in basis.known.by_customer.get(customer, ()):
        data = record.data
        if not isinstance(data, ProfileRecorded) or record.occurred_at > basis.until:
            continue
        on = basis.time.day(record.occurred_at)
        for key in data.cleared:
            held.pop(key, None)
        for key in data.none:
            held[key] = None, on
        for key in data.set.__struct_fields__ if data.set is not None else ():
            value = getattr(data.set, key)
            if value is not None:
                held[key] = str(value), on
    for key, entry in catalogue().items():
        if key in held:
            yield HeldKey(key, entry, *held[key])


def bought_at(basis: ReportBasis, customer: CustomerId) -> datetime | None:
    """When the first deal that stands was subscribed: there the card is turned."""
    standing = basis.known.standing_deals(customer, basis.until)
    return min((deal.subscribed_at for deal in standing), default=None)


def sides(basis: ReportBasis, customer: CustomerId) -> tuple[list[AnyRecord], list[AnyRecord]]:
    """The records before a standing deal, and from it on."""
    turned = bought_at(basis, customer)
    records = [one for one in basis.known.by_customer.get(customer, ()) if one.occurred_at <= basis.until]
    before = [one for one in records if turned is None or one.occurred_at < turned]
    return before, records[len(before) :]
