"""A proof for people and programs: what was searched, and each finding in words, as a table and as an export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from shared.contract import format_instant
from shared.contract.answers.result import RulebookDigest
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text, translated
from shared.rules.domain.rulebook import Clause, Rulebook
from shared.rules.proofs.faults import FaultKind, HistoryCourse, ShownFault
from shared.rules.proofs.folding import PlacedStep
from shared.rules.proofs.search import RulebookProof, SearchBounds
from shared.rules.proofs.steps import in_words

HEADLINES: Final[dict[FaultKind, Text]] = {
    "conflict": translated("Two clauses give the customer to different people."),
    "unpaid": translated("A deal stands and its shares do not make a whole."),
    "late": translated("A consultant gains by entering late."),
    "order": translated("Which of two records of one instant was recorded first decides."),
}
_TITLES: Final[dict[FaultKind, tuple[Text, ...]]] = {
    "conflict": (
        translated("as it happens"),
        translated("the first clause alone"),
        translated("the second clause alone"),
    ),
    "unpaid": (translated("as it happens"),),
    "late": (translated("entered at once"), translated("entered late")),
    "order": (translated("in this order"), translated("the other way round")),
}


class ProvedStep(Struct, frozen=True):
    """A step of a history: both times, and what happens."""

    occurred_at: str
    recorded_at: str
    words: BothLanguages


class ProvedClause(Struct, frozen=True):
    """A clause that decides in a history, and its sentence."""

    clause: str
    text: BothLanguages


class ProvedCourse(Struct, frozen=True):
    """One way in which the history goes: who owns the customer in the end, the shares of the deal, and by which
    clauses; null where nobody does, or there is no deal."""

    title: BothLanguages
    steps: list[ProvedStep]
    owner: str | None
    shares: dict[str, int] | None
    clauses: list[ProvedClause]


class ProvedFinding(Struct, frozen=True):
    """A fault with the shortest history that shows it; `who` gains by entering late."""

    fault: str
    words: BothLanguages
    who: str | None
    courses: list[ProvedCourse]


class ProvedBounds(Struct, frozen=True):
    """How far was searched, where time sufficed."""

    facts: int
    consultants: int
    customers: int
    faults: list[str]


class ProofReport(Struct, frozen=True):
    """What a search came to. All histories of up to `searched` facts were judged; `exhaustive` where that is as far as
    was asked for, or everything that was looked for was found before."""

    rulebook: RulebookDigest
    bounds: ProvedBounds
    histories: int
    searched: int
    exhaustive: bool
    findings: list[ProvedFinding]


def report(book: Rulebook, bounds: SearchBounds, proof: RulebookProof) -> ProofReport:
    """A proof as plain values."""
    found = [_finding(book, proof.findings[fault]) for fault in bounds.faults if fault in proof.findings]
    return ProofReport(
        RulebookDigest(book.name, book.version, book.sha256),
        ProvedBounds(bounds.facts, bounds.people, bounds.customers, list(bounds.faults)),
        proof.histories,
        proof.searched,
        proof.exhaustive,
        found,
    )


def _finding(book: Rulebook, finding: ShownFault) -> ProvedFinding:
    titles = _TITLES[finding.fault]
    courses = [_course(book, title, one) for title, one in zip(titles, finding.courses, strict=True)]
    return ProvedFinding(finding.fault, _both(HEADLINES[finding.fault]), finding.who, courses)


def _course(book: Rulebook, title: Text, told: HistoryCourse) -> ProvedCourse:
    clauses = [ProvedClause(clause, _both(book.clauses[Clause(clause)])) for clause in told.clauses]
    shares = None if told.shares is None else {str(staff): points for staff, points in told.shares.items()}
    return ProvedCourse(_both(title), [_step(one) for one in told.steps], told.owner, shares, clauses)


def _step(placed: PlacedStep) -> ProvedStep:
    occurred, recorded = format_instant(placed.occurred), format_instant(placed.recorded)
    return ProvedStep(occurred, recorded, _both(in_words(placed.step)))


def _both(text: Text) -> BothLanguages:
    return BothLanguages(text.zh, text.en)


def table(book: Rulebook, told: HistoryCourse) -> Iterator[list[str]]:
    """The rows of a history: number, when it happened and was recorded in local time, and what, in both languages."""
    for n, placed in enumerate(told.steps, 1):
        words = in_words(placed.step)
        late = placed.occurred != placed.recorded
        recorded = _local(book, placed.recorded)
        yield [str(n), _local(book, placed.occurred), recorded if late else "", f"{words.zh}\n{words.en}"]


def _local(book: Rulebook, at: datetime) -> str:
    return at.astimezone(book.timezone).strftime("%Y-%m-%d %H:%M")
