"""A rulebook clause by clause: what each says, what its values do, and where two books differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from msgspec import Struct

from shared.i18n import Text, listed, translated
from shared.rules.rulebooks.in_words import ValueInWords, differences, in_words
from shared.rules.rulebooks.loading import Book
from shared.rules.rulebooks.words import VALUES

_SUBJECTS: Final[Mapping[str, Text]] = {
    **VALUES,
    "honour": translated("Claims of earlier records"),
    "discovery": translated("Found to be one customer"),
    "referral": translated("Referrals"),
    "deal": translated("Deals"),
    "rotation": translated("The order of reception"),
    "penalties": translated("Penalties"),
}
"""What the sections of a rulebook are about; those of one value are called as it is."""


class ClauseView(Struct, frozen=True):
    """A clause: its sentence, and each value that it sets in words; none where people do what it says. One without a
    number is told from others of its rulebook by its `subject`."""

    clause: str
    sentence: Text
    values: list[Text]
    subject: Text | None


class BookView(Struct, frozen=True, kw_only=True):
    """A rulebook: the clauses of its own as it orders them, then those that it keeps from the books it extends."""

    name: str
    version: int
    title: Text
    sha256: str
    extends: Text
    own: list[ClauseView]
    kept: list[ClauseView]


class ValueDifference(Struct, frozen=True):
    """A value that two books have otherwise, each in words with its clause; None where one has none."""

    before: Text | None
    after: Text | None
    before_clause: str
    after_clause: str


class BookDifference(Struct, frozen=True):
    """Where two books differ; `clauses_only` are values that are the same under another clause."""

    values: list[ValueDifference]
    clauses_only: int


def book_view(book: Book) -> BookView:
    """The book in words."""
    known, told = book.rulebook, list(in_words(book))
    cited = {one.clause for one in told}
    own = [clause for clause in known.clauses if clause in book.sheets[-1].clauses]
    kept = [clause for clause in known.clauses if clause not in own and clause in cited]

    def views(clauses: Iterable[str]) -> list[ClauseView]:
        sentences = {str(clause): text for clause, text in known.clauses.items()}
        return [
            ClauseView(one, sentences[one], [value.text for value in values], _subject(one, values))
            for one in clauses
            for values in [[value for value in told if value.clause == one]]
        ]

    return BookView(
        name=known.name, version=known.version, title=known.title, sha256=known.sha256,
        extends=listed(Text(f"《{sheet.title.zh}》", sheet.title.en) for sheet in book.sheets[:-1]),
        own=views(map(str, own)), kept=views(map(str, kept)),
    )  # fmt: skip


def _subject(clause: str, values: Iterable[ValueInWords]) -> Text | None:
    """What the values of a clause are about; its own name where it sets none."""
    place = clause.rpartition(".")[2]
    if place[:1].isdigit():
        return None
    sections = dict.fromkeys(value.path.partition(".")[0] for value in values)
    return listed([_SUBJECTS[one] for one in sections if one != "kept"] or [Text(place, place)])


def book_difference(before: Book, after: Book) -> BookDifference:
    """What another book does otherwise, in the order of the form."""
    first = {one.path: one for one in in_words(before)}
    second = {one.path: one for one in in_words(after)}
    values: list[ValueDifference] = []
    for path in dict.fromkeys([*first, *second]):
        left, right = first.get(path), second.get(path)
        if (left and left.text) != (right and right.text):
            values.append(
                ValueDifference(
                    left.text if left else None,
                    right.text if right else None,
                    left.clause if left else "",
                    right.clause if right else "",
                )
            )
    return BookDifference(values, _clauses_only(before, after))


def _clauses_only(before: Book, after: Book) -> int:
    same = [
        one for one in differences(before, after)
        if one.before is not None and one.after is not None and one.before.value == one.after.value
    ]  # fmt: skip
    groups = groupby(sorted(one.path.rpartition(".")[0] for one in same))
    return sum(1 for _ in groups)
