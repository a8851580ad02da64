"""Rows as answers have them: with the customer's number, contacts masked unless they are shown in clear."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from services.registers.answering.answers import RegisterColumn, RegisterRow, RowCustomer, RowStaff
from services.registers.answering.exchange import CallerSight
from services.registers.answering.opening import OpenedTexts
from services.registers.lists.headings import heading
from services.registers.lists.kinds import RegisterKind, register_of
from services.registers.lists.reach import RowReach
from services.registers.lists.rows import ListRow
from services.registers.model.registers import AnyRecord, KnownRegisters
from services.registers.reports.masking import masked_value
from shared.contract import format_instant, mask_contact
from shared.contract.answers.values import BothLanguages
from shared.contract.case_numbers import case_number
from shared.contract.masking import known_ids, mask_words, masked_data
from shared.contract.profile.catalogue import catalogue
from shared.contract.sealed import ERASED, NOT_SHOWN, WORDS
from shared.i18n import Text
from shared.ids import CustomerId, StaffId

SENSITIVE: Final = frozenset(name for name, entry in catalogue().items() if entry.kind == "sensitive")


class ContactSight:
    """Phones and WeChat ids are masked but for the owner and who approves, and on a case for the back office."""

    def __init__(self, sight: CallerSight, reach: RowReach) -> None:
        extents = (sight.contacts, sight.contacts_of_a_case)
        self.all = any(one.whole or sight.office in one.offices for one in extents)
        self._staff = tuple({staff for one in extents for staff in one.staff})
        self._reach = reach

    def clear(self, customer: CustomerId | None) -> bool:
        """Whether those of this customer are in clear."""
        return self.all or self._reach.owned_by(customer, self._staff)


class Presenting:
    """Makes answers of rows, for one caller."""

    def __init__(self, known: KnownRegisters, contacts: ContactSight, texts: OpenedTexts) -> None:
        self._known, self._contacts, self._texts = known, contacts, texts

    def names(self, customer: CustomerId) -> list[str]:
        """Every name that was given of a customer."""
        names = self._known.customers[customer].names
        return list(dict.fromkeys(self.said(self._texts.read(name), customer) for name in names))

    def said(self, text: str, customer: CustomerId | None) -> str:
        """Words of a record of this customer, or their name: without contacts, where those are not shown."""
        return text if self._contacts.clear(customer) else mask_words(text, self._ids(customer))

    def values_of(self, values: dict[str, Any], customer: CustomerId) -> dict[str, Any]:
        """What is known of a customer by fields, each as it may be shown."""
        if self._contacts.clear(customer):
            return values
        return {key: masked_value(key, value, self._ids(customer)) for key, value in values.items()}

    def _ids(self, customer: CustomerId | None) -> tuple[str, ...]:
        known = self._known.customers.get(customer) if customer is not None else None
        return tuple(known_ids(map(self._texts.read, known.contacts))) if known is not None else ()

    def row(self, row: ListRow, register: str | None = None) -> RegisterRow:
        """A row of a register."""
        entry = row.entry
        return RegisterRow(
            row=row.id,
            register=register if register is not None or entry is None else register_of(entry.data),
            happened_at=format_instant(row.at),
            recorded_at=format_instant(row.recorded_at) if row.recorded_at is not None else None,
            office=row.office,
            customer=self.customer(row.customer),
            name=self.said(self._texts.read(row.name), row.customer) if row.name is not None else None,
            staff=self.staff(row.staff),
            stage=row.stage,
            late=entry is not None and entry.late,
            carried=entry is not None and entry.carried,
            flags=list(entry.flags) if entry is not None else [],
            values=self._values(row),
        )

    def customer(self, customer: CustomerId | None) -> RowCustomer | None:
        """Whom a row is of."""
        known = self._known.customers.get(customer) if customer is not None else None
        if known is None:
            return None
        clear = self._contacts.clear(known.customer)
        opened = [self._texts.read(one) for one in known.contacts]
        contacts = [one if clear or one == ERASED else mask_contact(one) for one in opened]
        name = self.said(self._texts.read(known.name), customer) if known.name is not None else None
        return RowCustomer(known.customer, known.number, case_number(known.customer), name, contacts, clear)

    def staff(self, staff: StaffId | None) -> RowStaff | None:
        """A member of staff."""
        return RowStaff(staff, self._known.staff_name(staff)) if staff is not None else None

    def _values(self, row: ListRow) -> dict[str, Any]:
        values = _without_sealed(_without_sensitive(row.values))
        if self._contacts.clear(row.customer):
            return values
        ids = (*known_ids(self._texts.read(one) for one in row.contacts), *self._ids(row.customer))
        said = _masked(row.entry, ids) if row.entry is not None else {}
        return {
            field: masked_value(field, said[field] if said.get(field) is not None else value, ids)
            for field, value in values.items()
        }


def _masked(entry: AnyRecord, ids: tuple[str, ...]) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(entry.data))
    masked = masked_data(entry.data.TYPE, data, ids)
    return _without_sensitive(masked)


def _without_sensitive(values: dict[str, Any]) -> dict[str, Any]:
    """Sensitive keys of profiles are shown by an address of their own, which is on the record of access."""
    said = values.get("set")
    if not isinstance(said, dict):
        return values
    return values | {"set": {key: None if key in SENSITIVE else value for key, value in said.items()}}


def _without_sealed(values: dict[str, Any]) -> dict[str, Any]:
    """What stays under seal is told in words, never as the journal writes it."""
    return {field: NOT_SHOWN if value == WORDS else value for field, value in values.items()}


def both(text: Text) -> BothLanguages:
    """Words as an answer has them."""
    return BothLanguages(text.zh, text.en)


def columns_of(kind: RegisterKind) -> list[RegisterColumn]:
    """The headings of a register."""
    return [RegisterColumn(field, both(heading(field))) for field in kind.fields]
