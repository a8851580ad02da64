"""Tells a rulebook to people: what each value does and under which clause, and where two books differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.i18n import Text, listed, translated
from shared.rules.domain.rulebook import Clause, Period
from shared.rules.rulebooks.loading import Book
from shared.rules.rulebooks.shape import CITING, leaves
from shared.rules.rulebooks.shape import VALUES as SHAPES
from shared.rules.rulebooks.words import FIELDS, VALUES, WORDS, WORDS_OF

_FIRST = "registration.first"
_ORDER = list(dict.fromkeys(("spouse", "parent_child", *WORDS)))


@dataclass(frozen=True, slots=True)
class ValueInWords:
    """What one value does, in both languages, and the clause that it cites."""

    path: str
    clause: Clause
    text: Text


@dataclass(frozen=True, slots=True)
class Setting:
    """A field as an office would write it, and the clause that it cites."""

    value: str
    clause: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two books differ; None where one of them has none."""

    path: str
    before: Setting | None
    after: Setting | None


def in_words(book: Book) -> Iterator[ValueInWords]:
    """Each value of the book, in the order of the form."""
    for path, clause, fields in _cited(book):
        said = [_say(field, book.merged.entries[field].value) for field in fields]
        yield ValueInWords(path, clause, _joined(VALUES[path], said))


def settings(book: Book) -> dict[str, Setting]:
    """Every field of the book by its path; a value without fields stands with its clause alone."""
    entries = book.merged.entries
    found = {"timezone": Setting(written(entries["timezone"].value), "")}
    for path, clause, fields in _cited(book):
        found |= {field: Setting(_field_written(field, entries[field].value), clause) for field in fields}
        if not fields:
            found[path] = Setting("", clause)
    return found


def _cited(book: Book) -> Iterator[tuple[str, Clause, list[str]]]:
    """Each value with its clause and its fields; the clause of first registrations counts as a value."""
    entries = book.merged.entries
    for path in CITING:
        cite = entries.get(f"{path}.cite")
        if cite is not None:
            fields = [f"{path}.{leaf}" for leaf in leaves(SHAPES[path])] if path in SHAPES else []
            known = [field for field in fields if field in entries and field != _FIRST]
            yield path, Clause(str(cite.value)), known
        if path == "registration":
            yield _FIRST, Clause(str(entries[_FIRST].value)), []


def differences(before: Book, after: Book) -> list[Difference]:
    """Every field whose value or clause is not the same in both, in the order of the form."""
    left, right = settings(before), settings(after)
    paths = [*left, *(path for path in right if path not in left)]
    return [Difference(p, left.get(p), right.get(p)) for p in paths if left.get(p) != right.get(p)]


def _field_written(path: str, value: object) -> str:
    if path == "follow_up.methods" and value is None:
        return "all"
    if path.startswith("follow_up.every.") and isinstance(value, int):
        return f"{value} days"
    return written(value)


def written(value: object) -> str:
    """A value as it stands in a rulebook."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Period):
        return f"{value.months} months" if value.months else f"{value.days} days"
    if isinstance(value, frozenset | tuple):
        return f"[{', '.join(_in_order(value))}]"
    return str(value)


def _in_order(items: frozenset[str] | tuple[str, ...]) -> list[str]:
    """A set in the order in which its words are known; a list as it is."""
    return sorted(items, key=_ORDER.index) if isinstance(items, frozenset) else list(items)


def _say(path: str, value: object) -> Text:
    sayings = FIELDS["penalties.*"] if path.startswith("penalties.") else FIELDS[path]
    saying = sayings.get(value, sayings.get(...))
    if saying is None:
        raise KeyError(f"no words for {path}: {value}")
    if path.startswith("penalties."):
        words = Text(str(value), "") if path.endswith(".zh") else Text("", str(value))
    else:
        words = _words(path, value)
    return Text(saying.zh.format(words.zh), saying.en.format(words.en))


def _words(path: str, value: object) -> Text:
    if isinstance(value, Period):
        unit = translated("months") if value.months else translated("days")
        count = value.months or value.days
        return Text(f"{count}{unit.zh}", f"{count} {unit.en if count > 1 else unit.en[:-1]}")
    if isinstance(value, frozenset | tuple):
        words = WORDS_OF.get(path, WORDS)
        return listed(words[item] for item in _in_order(value))
    if isinstance(value, int) and not path.startswith("follow_up."):
        percent = f"{value / 100:g}%"
        return Text(percent, percent)
    word = WORDS.get(str(value))
    return word if word is not None else Text(str(value), str(value))


def _joined(title: Text, said: list[Text]) -> Text:
    zh = "，".join(s.zh for s in said if s.zh)
    en = ", ".join(s.en for s in said if s.en)
    return Text(f"{title.zh}：{zh}" if zh else title.zh, f"{title.en}: {en}" if en else title.en)
