"""A question for a report, as commands and calls ask it, and how the scheme of the office is found for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.registers import KnownRegisters, Registers
from services.registers.model.scheme import OfficeScheme, values_of
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import UnknownGrainError, find_report, make_report
from services.registers.reports.report import OfficeReport
from shared.i18n import bilingual
from shared.ids import OfficeId
from shared.rules.schemes.loading import BASE, SchemeId
from shared.rules.schemes.scheme import Scheme

KnownSchemes = Mapping[SchemeId, Scheme]


class WrongQuestionError(ValueError):
    """The question does not fit what is asked; the message says what is to be given, `field` and `rule` where."""

    def __init__(self, message: str, field: str = "", rule: str = "") -> None:
        super().__init__(message)
        self.field, self.rule = field, rule


class ReportQuestion(Struct, frozen=True):
    """Which report, of which office (None: the whole scope) and period, counted by what."""

    name: str
    office: OfficeId | None
    period: DaySpan
    grain: str | None = None


class ScopeTerms(Struct, frozen=True):
    """What a scope's reports are made by besides its rows: the rulebook as it is named, and the schemes known."""

    rulebook: str
    schemes: KnownSchemes
    named: Scheme | None = None
    """A scheme that somebody asked for instead of the adopted one."""


def ask_report(
    registers: Registers, terms: ScopeTerms, asked: ReportQuestion, known_at: datetime, as_of: datetime | None
) -> OfficeReport:
    """The report as known at a time. Raises `WrongQuestionError`, and `UnknownReportError` for its name."""
    find_report(asked.name)
    basis = basis_of(
        registers.known(known_at, as_of_known(as_of, known_at)), terms, asked.office, asked.period
    )
    try:
        return make_report(asked.name, basis, asked.grain)
    except UnknownGrainError:
        raise WrongQuestionError(no_grain(asked.name, asked.grain), "by", "grain") from None


def as_of_known(as_of: datetime | None, known_at: datetime) -> datetime:
    """What had happened by then: nothing is known of what happens after the moment of the question."""
    return min(as_of, known_at) if as_of is not None else known_at


def basis_of(
    known: KnownRegisters, terms: ScopeTerms, office: OfficeId | None, period: DaySpan
) -> ReportBasis:
    """What a report is made from, by the scheme that the office had adopted at the end of the period."""
    end = LocalTime(known.registers.zone).end_of(period.last)
    return ReportBasis(known, scheme_at(known, terms, office, end), office, period, terms.rulebook)


def scheme_at(
    known: KnownRegisters, terms: ScopeTerms, office: OfficeId | None, at: datetime
) -> OfficeScheme:
    """The scheme that is named, else the one that was adopted, else `base`."""
    adopted = known.scheme_adopted(office, at)
    if terms.named is not None:
        return values_of(terms.named)
    if adopted is None:
        latest = max((one for one in terms.schemes if one[0] == BASE), key=lambda one: one[1])
        return values_of(terms.schemes[latest])
    if adopted not in terms.schemes:
        name, version = adopted
        raise WrongQuestionError(
            bilingual(
                "scheme {name} version {version} was adopted and is not known", name=name, version=version
            ),
            "scheme",
            "adopted",
        )
    return values_of(terms.schemes[adopted])


def no_grain(name: str, grain: str | None) -> str:
    """By what a report may be counted."""
    grains = ", ".join(find_report(name)[1].grains) or "—"
    return bilingual("this report may be counted by {grains}, not by {grain}", grain=grain, grains=grains)
