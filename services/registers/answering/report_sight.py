"""Reports as a caller sees them: names as they were typed, and contacts masked but of whose customers they see them.

The figures and ids of a report are the same for everybody who reaches its rows; only words, names, channels and what
else somebody typed differ, in lines, in their keys and in what explains a difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from services.registers.answering.opening import OpenedTexts, opened_document
from services.registers.answering.presenting import ContactSight
from services.registers.answering.question import ScopeQuestion
from services.registers.reports.basis import ReportBasis
from services.registers.reports.encoding import lines_in
from services.registers.reports.masking import is_typed, without_contacts
from services.registers.reports.report import OfficeReport, ReportLine, ReportTable, Words
from shared.contract.masking import known_ids
from shared.i18n import Text
from shared.ids import CustomerId, EventId, StaffId

Masking = Callable[[str, str], str]
"""Gives what may be shown of a text below a heading."""
_may_hold_id = re.compile(r"[A-Za-z][A-Za-z0-9_.-]").search


class ReportSight:
    """How reports are shown to one caller."""

    def __init__(self, question: ScopeQuestion, basis: ReportBasis) -> None:
        self._known, self._scope = basis.known, question.scope
        self._contacts = ContactSight(question.sight, question.reach(basis))
        self._texts = OpenedTexts(question.scope)

    def report(self, made: OfficeReport) -> OfficeReport:
        """The report with its names, and without contacts that the caller does not see."""
        self._texts.learn(one for table in made.tables for line in table.lines for one in _said(line))
        return replace(made, tables=tuple(map(self._table, made.tables)))

    def document(self, document: dict[str, Any]) -> dict[str, Any]:
        """The same of a document, also of one that was kept."""
        opened: dict[str, Any] = opened_document(self._scope, document)
        if self._contacts.all:
            return opened
        keys: dict[tuple[str, ...], list[str]] = {}
        for table in opened["tables"]:
            texts = frozenset(one["column"] for one in table["columns"] if one["kind"] == "text")
            for line in lines_in(table):
                before = (table["table"], *line["line"])
                self._mask(line, texts)
                keys[before] = line["line"]
        for one in opened.get("differences", ()):
            nobody = self._masking((), ())
            one["line"] = keys.get((one["table"], *one["line"])) or [
                self._key(part, nobody) for part in one["line"]
            ]
        return opened

    def _mask(self, line: dict[str, Any], texts: frozenset[str]) -> None:
        figures = line["figures"]
        said = [(name, one["value"]) for name, one in figures.items() if name in texts]
        mask = self._masking(
            (id_ for one in figures.values() for id_ in one["ids"]),
            [*said, *((_PART, part) for part in line["line"])],
        )
        for name, text in said:
            figures[name]["value"] = mask(name, text)
        line["line"] = [self._key(part, mask) for part in line["line"]]

    def _table(self, table: ReportTable) -> ReportTable:
        total = self._line(table.total) if table.total is not None else None
        return replace(table, lines=tuple(map(self._line, table.lines)), total=total)

    def _line(self, line: ReportLine) -> ReportLine:
        texts: dict[str, Words] = {
            key: self._texts.read(one) if isinstance(one, str) else one for key, one in line.texts.items()
        }
        key = tuple(map(self._texts.read, line.key))
        if self._contacts.all:
            return replace(line, key=key, texts=texts)
        rows = (row for parts in line.figures.values() for row in parts)
        said = [(name, str(one)) for name, one in texts.items()]
        mask = self._masking(rows, [*said, *((_PART, part) for part in key)])
        return replace(
            line,
            key=tuple(self._key(part, mask) for part in key),
            texts={name: _masked(name, one, mask) for name, one in texts.items()},
        )

    def _masking(self, rows: Iterable[str], said: Sequence[tuple[str, str]]) -> Masking:
        """How the texts of a line are shown: in clear where the contacts of all its customers are.

        Most lines hold nothing that could be a contact, and their rows, which may be thousands, are not looked at.
        """
        named = any(name != _PART and is_typed(name) and _may_hold_id(text) for name, text in said)
        if said and not named and all(without_contacts(name, text) == text for name, text in said):
            return lambda name, text: text
        customers = {customer for row in rows if (customer := self._customer(row)) is not None}
        if customers and all(map(self._contacts.clear, customers)):
            return lambda name, text: without_contacts(name, text) if name in _OF_OTHERS else text
        ids = self._ids(customers) if named else ()
        return lambda name, text: without_contacts(name, text, ids)

    def _customer(self, row: str) -> CustomerId | None:
        """Of whom the row behind a figure is."""
        entry = self._known.entries.get(EventId(row.partition("#")[0]))
        if entry is not None:
            return entry.customer
        customer = CustomerId(row.partition(":")[0])
        return customer if customer in self._known.customers else None

    def _ids(self, customers: Iterable[CustomerId]) -> tuple[str, ...]:
        """The WeChat ids of customers, as words may hold them."""
        found = (self._known.customers.get(one) for one in customers)
        contacts = [contact for one in found if one is not None for contact in one.contacts]
        self._texts.learn(contacts)
        return tuple(known_ids(map(self._texts.read, contacts)))

    def _key(self, part: str, mask: Masking) -> str:
        """A part of a line's key, which is an id or what somebody typed."""
        shown = mask(_PART, part)
        return part if shown == part or self._is_id(part) else shown

    def _is_id(self, part: str) -> bool:
        return (
            StaffId(part) in self._known.staff
            or self._known.entries.get(EventId(part)) is not None
            or CustomerId(part.partition(":")[0]) in self._known.customers
        )


_PART: Final = "line"
_OF_OTHERS: Final = frozenset({"referrers"})
"""Columns that name other customers than those of the line."""


def _said(line: ReportLine) -> Iterable[str]:
    yield from line.key
    for one in line.texts.values():
        if isinstance(one, str):
            yield one


def _masked(name: str, said: Words, mask: Masking) -> Words:
    if isinstance(said, Text):
        return Text(mask(name, said.zh), mask(name, said.en))
    return mask(name, said)
