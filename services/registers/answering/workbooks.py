"""Lists and reports as workbooks, within a caller's reach; what is written is what a page or a document would show."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from services.registers.answering.exchange import CallerSight, EncodedAnswer
from services.registers.answering.opening import OpenedTexts
from services.registers.answering.presenting import ContactSight
from services.registers.answering.question import ScopeQuestion
from services.registers.answering.registers import RegisterAsked, selected_rows
from services.registers.answering.reports import ReportAsked, made_report, report_sight
from services.registers.lists.kinds import find_register
from services.registers.lists.rows import ListRow
from services.registers.model.periods import DaySpan
from services.registers.model.registers import AnyRecord
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import find_report
from services.registers.sheets.form import FormReader, FormRow
from services.registers.sheets.forms import FORMS
from services.registers.sheets.register_book import RegisterEdition, write_register
from services.registers.sheets.report_book import ReportEdition, write_report
from shared.platform.place_names import PlaceNames

ALL = 1_000_000_000
_OF_CUSTOMERS = frozenset({"customers", "profiles", "cards"})
"""Forms whose rows are customers, or records by customer."""


class WorkbookAsked(Struct, frozen=True):
    """In whose name, whether headings are in English too, and what offices and scopes are called."""

    by: str = ""
    english: bool = False
    names: PlaceNames = PlaceNames()


def register_workbook(
    scope: KnownScope, sight: CallerSight, asked: RegisterAsked, how: WorkbookAsked
) -> EncodedAnswer:
    """Every row of a register that the page would have, in the form of the office and its order."""
    question, kind = ScopeQuestion(scope, sight), find_register(asked.register)
    basis = question.basis(_period(question, asked))
    found, _, _ = selected_rows(question, basis, kind, replace(asked, limit=ALL))
    opened = question.basis(basis.period, question.with_words(_shown(found)))
    form, reader, file = FORMS[asked.register], _reader(question, opened), io.BytesIO()
    rows = _in_order(form.rows(reader), found, asked.register)
    count = write_register(form, reader, file, RegisterEdition(how.by, how.english, how.names), rows=rows)
    return EncodedAnswer(file.getvalue(), count=count, detail=f"export of register {asked.register}")


def report_workbook(
    scope: KnownScope, sight: CallerSight, asked: ReportAsked, how: WorkbookAsked
) -> EncodedAnswer:
    """A report with the figures within reach."""
    question = ScopeQuestion(scope, sight)
    made, _ = made_report(question, asked)
    file = io.BytesIO()
    edition = ReportEdition(find_report(asked.report)[1].code, english=how.english, names=how.names)
    write_report(report_sight(question, asked).report(made), file, edition)
    return EncodedAnswer(file.getvalue(), detail=f"export of report {asked.report}")


def _period(question: ScopeQuestion, asked: RegisterAsked) -> DaySpan:
    """The days that are asked for; without them all that there are."""
    today = question.period(None, None).last
    if asked.first is not None and asked.last is not None:
        return question.period(asked.first, asked.last)
    begun = min((one.occurred_at for one in question.known.entries.values()), default=None)
    first: date = asked.first or (question.basis().time.day(begun) if begun is not None else today)
    return DaySpan(min(first, asked.last or today), asked.last or today)


def _shown(rows: Iterable[ListRow]) -> _WordsShown:
    found = list(rows)
    return _WordsShown(
        frozenset(one.id for one in found), frozenset(one.customer for one in found if one.customer)
    )


class _WordsShown(Struct, frozen=True):
    """Of which records words are shown: those of the rows, and what is said of their customers."""

    ids: frozenset[str]
    customers: frozenset[str]

    def __call__(self, record: AnyRecord) -> bool:
        said_of = record.data.TYPE == "profile.recorded" and record.customer in self.customers
        return record.id in self.ids or said_of


def _reader(question: ScopeQuestion, basis: ReportBasis) -> FormReader:
    """Reads names and contacts as they were typed; those of all who are known are opened together."""
    texts = OpenedTexts(question.scope)
    texts.learn(_texts(basis))
    clear = ContactSight(question.sight, question.reach(basis)).clear
    return FormReader(basis, clear, texts.read)


def _texts(basis: ReportBasis) -> Iterator[str | None]:
    for customer in basis.known.customers.values():
        yield from customer.names
        yield from customer.contacts
    for record in basis.known.entries.values():
        yield record.name
        yield from record.contacts


def _in_order(rows: Iterable[FormRow], found: list[ListRow], register: str) -> list[FormRow]:
    """The rows of the form that were found, in that order."""
    if register in _OF_CUSTOMERS:
        customers = {one.customer: at for at, one in reversed(list(enumerate(found)))}
        kept = [(customers[row.customer], row) for row in rows if row.customer in customers]
    else:
        ids = {one.id: at for at, one in enumerate(found)}
        kept = [(ids[key], row) for row in rows if (key := _key(row)) in ids]
    return [row for _, row in sorted(kept, key=lambda one: one[0])]


def _key(row: FormRow) -> str | None:
    if row.record is not None:
        return row.record.id
    return row.deal.event if row.deal is not None else row.customer
