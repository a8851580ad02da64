"""A form of the office as data: its columns in the words of the document, and what of a row stands below each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, TypeAlias

from msgspec import Struct

from services.registers.model.customers import NumberedCustomer
from services.registers.model.deals import DealRow
from services.registers.model.registers import AnyRecord
from services.registers.reports.basis import ReportBasis
from services.registers.reports.masking import without_contacts
from services.registers.sheets.book import Look
from shared.contract import FeedbackAnswered, SurveyRecorded
from shared.contract.contacts import WECHAT, mask_contact
from shared.contract.masking import known_ids, mask_words
from shared.i18n import Text
from shared.ids import CustomerId

TICK: Final = "√"
_HOME: Final = "+86"

Said: TypeAlias = str | int | Decimal | bool | date | datetime | Text | None


@dataclass
class FormReader:
    """Who reads: whose contacts are shown, and how a text under seal is opened."""

    basis: ReportBasis
    sees: Callable[[CustomerId | None], bool] = lambda customer: True
    read: Callable[[str], str] = lambda text: text

    @cached_property
    def staff_names(self) -> dict[str, str]:
        """How each member of staff is called; those who share a name, by their ids."""
        known = self.basis.known.staff.values()
        names = [one.name for one in known]
        return {one.staff: one.name if names.count(one.name) == 1 else one.staff for one in known}

    @cached_property
    def surveyed(self) -> dict[str, AnyRecord]:
        """The survey of each visit that has one."""
        entries = self.basis.known.of(SurveyRecorded)
        return {str(one.data.visit): one for one in entries if one.data.visit}

    @cached_property
    def answers(self) -> dict[str, AnyRecord]:
        """The last answer to each complaint or suggestion."""
        return {str(one.data.feedback): one for one in self.basis.known.of(FeedbackAnswered)}


@dataclass
class FormRow:
    """A row of a register as a form shows it: a record, a deal or a customer."""

    reader: FormReader
    customer: CustomerId | None
    record: AnyRecord | None = None
    deal: DealRow | None = None
    part: Any = None
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def basis(self) -> ReportBasis:
        return self.reader.basis

    @property
    def data(self) -> Any:
        """What was recorded."""
        assert self.record is not None, "a form of records"
        return self.record.data

    @cached_property
    def sees(self) -> bool:
        """Whether contacts are shown in clear."""
        return self.reader.sees(self.customer)

    @cached_property
    def known(self) -> NumberedCustomer | None:
        """The customer, if one is known."""
        return self.basis.known.customers.get(self.customer) if self.customer is not None else None

    def number(self) -> str | None:
        """The customer's number."""
        return str(self.known.number) if self.known is not None else None

    def name(self) -> str | None:
        """How the record calls the customer, else the name that was given first."""
        said = self.record.name if self.record is not None else None
        said = said or (self.deal.name if self.deal is not None else None)
        said = said or (self.known.name if self.known is not None else None)
        return self.reader.read(said) if said else None

    def phones(self) -> str | None:
        """The phones of the record, else of the customer; masked ones as they were recorded."""
        found = [one for one in self._contacts() if not one.startswith(WECHAT)]
        shown = [one if self.sees else mask_contact(one) for one in found] or self._typed()
        return "、".join(one.removeprefix(_HOME) for one in shown) or None

    def wechat(self) -> str | None:
        """The WeChat ids."""
        found = [one for one in self._contacts() if one.startswith(WECHAT)]
        return (
            "、".join((one if self.sees else mask_contact(one)).removeprefix(WECHAT) for one in found) or None
        )

    def _contacts(self) -> list[str]:
        contacts: Iterable[str] = self.record.contacts if self.record is not None else ()
        if not contacts and self.known is not None and (self.record is None or self._names_nobody()):
            contacts = self.known.contacts
        return [self.reader.read(one) for one in contacts]

    def _names_nobody(self) -> bool:
        return getattr(self.data, "customer", None) is None

    def _typed(self) -> list[str]:
        party = getattr(self.data, "customer", None) if self.record is not None else None
        return list(getattr(party, "phones", ()) or ())

    def staff(self, staff: str | None) -> str | None:
        """How a member of staff is called."""
        return self.reader.staff_names.get(staff, staff) if staff else None

    def job(self, staff: str | None) -> str | None:
        """The title of a member of staff."""
        known = self.basis.known.staff.get(staff) if staff else None  # type: ignore[call-overload]
        return known.title if known is not None else None

    def profile(self, key: str) -> str | None:
        """What is said under a key of the customer's profile."""
        if self.customer is None:
            return None
        said = self.basis.profile(self.customer, key, self.basis.until)
        return self.words(self.reader.read(said)) if said else None

    def words(self, text: str | None) -> str | None:
        """Words of a record: without contacts in them, where those are not shown."""
        return text if text is None or self.sees else mask_words(text, self._ids)

    @cached_property
    def _ids(self) -> tuple[str, ...]:
        contacts = self.known.contacts if self.known is not None else ()
        return tuple(known_ids(map(self.reader.read, contacts)))

    def shown(self, column: FormColumn) -> Said:
        """What stands below a heading: without contacts, where those are not shown."""
        said = column.said(self)
        if not isinstance(said, str) or self.sees:
            return said
        return without_contacts(column.source.split()[-1], said, self._ids)


class FormColumn(Struct, frozen=True):
    """A heading, what stands below it, and of what it is: a field of an event, a key of the profile, a figure."""

    heading: Text
    source: str
    said: Callable[[FormRow], Said]
    look: Look = "text"


class RegisterForm(Struct, frozen=True):
    """A form: its rows are those of a register, `documents` are the letters of the sources that have it."""

    title: Text
    documents: str
    columns: tuple[FormColumn, ...]
    rows: Callable[[FormReader], Iterable[FormRow]]


def records(
    *types: type[Any], only: Callable[[Any], bool] = lambda data: True
) -> Callable[[FormReader], Iterable[FormRow]]:
    """The rows of some types of records in office and period, in the order of happening."""

    def of(reader: FormReader) -> Iterable[FormRow]:
        found: list[AnyRecord] = [one for each in types for one in reader.basis.entries(each, carried=True)]
        for one in sorted(found, key=lambda one: one.place):
            if only(one.data):
                yield FormRow(reader, one.customer, one)

    return of


def on(*names: str) -> Callable[[FormRow], Said]:
    """What the first of these fields says that the record has."""

    def said(row: FormRow) -> Said:
        for name in names:
            value = getattr(row.data, name, None)
            if value is not None:
                return row.words(value) if isinstance(value, str) else value
        return None

    return said


def by(*names: str) -> Callable[[FormRow], Said]:
    """Who the first of these fields names."""
    return lambda row: row.staff(
        next((one for name in names if (one := getattr(row.data, name, None))), None)
    )


def profiled(key: str) -> Callable[[FormRow], Said]:
    """What the profile says under a key."""
    return lambda row: row.profile(key)
