"""One question of one caller to what was known of a scope: basis, reach, and how rows are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import msgspec

from services.registers.answering.exchange import AnswerRefusedError, CallerSight, EncodedAnswer, wrong_field
from services.registers.answering.opening import OpenedTexts, with_words
from services.registers.answering.presenting import ContactSight, Presenting
from services.registers.lists.reach import RowReach
from services.registers.lists.rows import ListRow, RegisterRows
from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.registers import AnyRecord, KnownRegisters
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.asking import ScopeTerms, WrongQuestionError, basis_of
from services.registers.reports.basis import ReportBasis
from shared.contract import FeedbackAnswered, FeedbackReceived, SurveyRecorded, format_instant
from shared.i18n import bilingual
from shared.ids import CustomerId, EventId

LONGEST: Final = 3_700
"""Days that a report goes over at most: ten years and some."""


@dataclass
class ScopeQuestion:
    """A caller's question to a scope."""

    scope: KnownScope
    sight: CallerSight

    @cached_property
    def terms(self) -> ScopeTerms:
        """What reports are made by besides the rows."""
        name, version = self.scope.rulebook
        return ScopeTerms(f"{name} {version}", self.scope.schemes)

    @property
    def known(self) -> KnownRegisters:
        """What was known, under seal."""
        return self.scope.known

    def period(self, first: date | None, last: date | None) -> DaySpan:
        """The days that are asked for; today where none is named, one day where only one is."""
        today = LocalTime(self.known.registers.zone).day(self.known.as_of)
        first, last = first or last or today, last or first or today
        if last < first:
            raise wrong_field("to", "order", bilingual("must not be before `from`"))
        if (last - first).days > LONGEST:
            told = bilingual("the period may have {most} days at most", most=LONGEST)
            raise wrong_field("from", "range", told)
        return DaySpan(first, last)

    def basis(self, period: DaySpan | None = None, known: KnownRegisters | None = None) -> ReportBasis:
        """What lists and reports are made from; without a period, of today."""
        try:
            return basis_of(
                known or self.known, self.terms, self.sight.office, period or self.period(None, None)
            )
        except WrongQuestionError as error:
            raise wrong_field(error.field, error.rule, str(error)) from None

    def with_words(self, shown: Callable[[AnyRecord], bool]) -> KnownRegisters:
        """What was known, with the words of the records that are shown; looks at every record."""
        return self.with_words_of(one for one in self.known.entries.values() if shown(one))

    def with_words_of(self, shown: Iterable[AnyRecord]) -> KnownRegisters:
        """What was known, with the words of these records."""
        return with_words(self.scope, self.known, shown)

    def reach(self, basis: ReportBasis) -> RowReach:
        """What the caller reaches."""
        return RowReach(basis.known, self.sight.rows, basis.until)

    def opened_rows(self, basis: ReportBasis, ids: Iterable[str]) -> tuple[RegisterRows, ReportBasis]:
        """The rows of records by these ids, with their words."""
        found = [one for id_ in ids if (one := self.known.entry(EventId(id_))) is not None]
        asked = {one.data.feedback for one in found if isinstance(one.data, FeedbackReceived)}
        answers = (one for one in self.known.of(FeedbackAnswered) if one.data.feedback in asked)
        opened = self.basis(basis.period, self.with_words_of([*found, *answers]))
        return RegisterRows(opened), opened

    def shows(self, row: ListRow | None) -> bool:
        """Whether a row is shown: what customers say of somebody is for who reads the whole office."""
        said = row.entry.data if row is not None and row.entry is not None else None
        return self.sight.whole or not isinstance(said, FeedbackReceived | FeedbackAnswered | SurveyRecorded)

    def presenting(self, basis: ReportBasis, rows: Iterable[ListRow | CustomerId | None]) -> Presenting:
        """How rows are shown to the caller; the names and contacts in them are opened together."""
        texts = OpenedTexts(self.scope)
        texts.learn(one for row in rows for one in _texts(basis.known, row))
        return Presenting(
            basis.known, ContactSight(self.sight, RowReach(basis.known, self.sight.rows, basis.until)), texts
        )

    def head(self) -> dict[str, Any]:
        """What an answer says of the moment that it is of."""
        return {"known_at": format_instant(self.known.known_at), "as_of_seq": self.scope.seq}


def _texts(known: KnownRegisters, row: ListRow | CustomerId | None) -> Iterable[str | None]:
    customer = row.customer if isinstance(row, ListRow) else row
    if isinstance(row, ListRow):
        yield row.name
    one = known.customers.get(customer) if customer is not None else None
    if one is not None:
        yield from one.names
        yield from one.contacts


def encoded(body: msgspec.Struct, **shown: Any) -> EncodedAnswer:
    """An answer with what it shows."""
    return EncodedAnswer(msgspec.json.encode(body), **shown)


def not_there(message: str) -> AnswerRefusedError:
    """404 of what does not exist, or is out of reach."""
    return AnswerRefusedError(404, message)
