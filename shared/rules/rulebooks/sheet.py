"""One rulebook file as a flat sheet: a line for each thing that it sets, with its place and its clause.

Values merge key by key, and a value that is not overridden keeps the clause of the book that set it
(procedure.md#file-inherits). On sheets that is plain: the later book's lines replace the earlier ones'."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct, UnsetType

from shared.i18n import Text
from shared.platform.officefile.conversion import convert, shown
from shared.platform.officefile.document import Document, parse
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import MAX_NODES
from shared.platform.officefile.strict import fields_of, struct_in
from shared.rules.domain.rulebook import Clause, Period
from shared.rules.rulebooks.reasons import reason_of
from shared.rules.rulebooks.shape import FIRST, SHAPE, RulebookFile, leaves
from shared.rules.rulebooks.shape_values import BothWords, Cite, CitedSection, CitedValue, ClauseNumber


class Absent:
    """The type of `ABSENT`."""


ABSENT: Final = Absent()
"""Stands where a book takes away what the book that it extends had set."""


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One thing that a book sets: the value as read, and where it stands."""

    value: object
    file: str
    line: int


@dataclass(slots=True)
class Sheet:
    """What one file says; `entries` by path: `honour.call.by`, `honour.call.cite` (the clause in full)."""

    file: str
    name: str = ""
    version: int = 0
    title: Text = field(default_factory=lambda: Text("", ""))
    extends: SheetEntry | None = None
    entries: dict[str, SheetEntry] = field(default_factory=dict)
    clauses: dict[Clause, Text] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    """Citations that are a section's and no value's own: `honour.visit.cite`."""
    alone: dict[str, SheetEntry] = field(default_factory=dict)
    """The clauses of sections of several values that say nothing but `cite`."""


_SETS: Final = frozenset({"registration.requires", "household.relations"})
_ITEM: Final = re.compile(r"\[\d+\]$")


def read_sheet(raw: bytes, file: str) -> Sheet:
    """The sheet of one file; `OfficeFileError` names the line and key of the first thing that is wrong."""
    return _Filler(Sheet(file), parse(raw, file, MAX_NODES)).fill()


class _Filler:
    """Writes the values of a file into its sheet, line by line."""

    def __init__(self, sheet: Sheet, document: Document) -> None:
        self.sheet, self.document = sheet, document

    def fill(self) -> Sheet:
        given = {key: value for key, value in self.document.values.items() if key != "clauses"}
        file: RulebookFile = self.converted("", given, RulebookFile)
        self.each_once("", given)
        self.head(file)
        self.clauses()
        for key, shape in SHAPE.items():
            value = getattr(file, key)
            if isinstance(value, CitedSection):
                self.section(key, value)
            elif value is not UNSET:
                self.cited(key, value, shape, UNSET, "")
        return self.sheet

    def converted(self, key: str, given: object, kind: object) -> Any:
        """A value as its type; an item that is wrong is told at the key of its list, where an office looks."""
        try:
            return convert(self.document, key, given, kind, reason_of)
        except OfficeFileError as error:
            raise OfficeFileError(error.file, error.line, _ITEM.sub("", error.key), error.reason) from None

    def each_once(self, path: str, given: object) -> None:
        if isinstance(given, dict):
            for key, value in given.items():
                self.each_once(f"{path}.{key}".lstrip("."), value)
        elif isinstance(given, list) and len(set(given)) < len(given):
            raise self.document.bad(path, "an item stands twice")

    def head(self, file: RulebookFile) -> None:
        sheet = self.sheet
        sheet.name, sheet.version = file.rulebook, file.version
        sheet.title = _text(file.title) if file.title is not UNSET else Text(sheet.name, sheet.name)
        if file.timezone is not UNSET:
            self.put("timezone", self.zone(file.timezone), self.line("timezone"))
        if file.extends is not UNSET:
            sheet.extends = SheetEntry(file.extends, sheet.file, self.line("extends"))

    def zone(self, name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError) as error:
            reason = f"{name} is no time zone; Asia/Shanghai is one"
            raise self.document.bad("timezone", reason) from error

    def clauses(self) -> None:
        given = self.document.values.get("clauses", {})
        if not isinstance(given, dict):
            reason = f"wrong type: a mapping is needed, not {shown(self.document, 'clauses', given)}"
            raise self.document.bad("clauses", reason)
        for number, sentence in given.items():
            key = f"clauses.{number}"
            self.converted(key, number, ClauseNumber)
            self.sheet.clauses[Clause(f"{self.sheet.name}.{number}")] = _text(
                self.converted(key, sentence, BothWords)
            )

    def section(self, key: str, section: CitedSection) -> None:
        at, given = f"{key}.cite", False
        for name, kind in fields_of(type(section)).items():
            shape, value = struct_in(kind), getattr(section, name)
            if shape is not None and value is not UNSET:
                given = True
                self.cited(f"{key}.{name}", value, shape, section.cite, at)
        if section.cite is UNSET:
            return
        clause = self.clause(at, at, section.cite)
        if not given:
            self.sheet.alone[key] = SheetEntry(clause, self.sheet.file, self.line(at))
        if section.own:
            self.put(at, clause, self.line(at))

    def cited(
        self, path: str, given: object, shape: type[Struct], section_cite: Cite | UnsetType, section_at: str
    ) -> None:
        """A value with its clause: its own cite, else the section's, else that of the extended book."""
        own = given.cite if isinstance(given, CitedValue) else UNSET
        key = f"{path}.cite"
        cite, at = (section_cite, section_at) if own is UNSET else (own, key)
        if cite is not UNSET:
            self.put(key, self.clause(key, at, cite), self.line(at))
            if own is UNSET:
                self.sheet.shared.add(key)
        if "split" in fields_of(shape):
            self.agree(path, given)
        self.fields(path, given, shape)

    def fields(self, path: str, given: object, shape: type[Struct]) -> None:
        if not isinstance(given, Struct):
            # null takes the shares of a deal away; any other bare word stands for the first field alone.
            taken = given is None and issubclass(shape, CitedValue)
            for leaf in leaves(shape):
                self.put(f"{path}.{leaf}", None if taken else ABSENT, self.line(path))
            if not taken:
                self.field(f"{path}.{leaves(shape)[0]}", path, given)
            return
        for name, kind in fields_of(shape).items():
            inner, key, value = struct_in(kind), f"{path}.{name}", getattr(given, name)
            if name == "cite" or value is UNSET:
                continue
            if inner is not None:
                self.fields(key, value, inner)
            else:
                self.field(key, key, value)

    def field(self, path: str, at: str, value: Any) -> None:
        if path == FIRST:
            self.put(path, self.clause(path, at, value), self.line(at))
        else:
            self.put(path, _meant(path, value), self.line(at))

    def agree(self, path: str, given: Any) -> None:
        """`effect: split` and `split` come together; an effect alone takes away a split that was."""
        if not isinstance(given, Struct):
            return
        effect, split = given.effect, given.split  # type: ignore[attr-defined]
        if effect is not UNSET and (effect == "split") != (split is not UNSET):
            raise self.document.bad(f"{path}.effect", "`effect: split` and `split` come together")
        if split is not UNSET:
            self.put(f"{path}.effect", "split", self.line(f"{path}.split"))
        elif effect is not UNSET:
            self.put(f"{path}.split.first", ABSENT, self.line(f"{path}.effect"))
            self.put(f"{path}.split.second", ABSENT, self.line(f"{path}.effect"))

    def clause(self, key: str, at: str, cite: Cite) -> Clause:
        """The clause in full; its number is what the office wrote, so that 4 and "4" are the same."""
        number = self.document.written.get(at, str(cite))
        found = Clause(f"{self.sheet.name}.{number}")
        if found not in self.sheet.clauses:
            reason = f'missing citation: clause "{number}" is not in `clauses`'
            raise OfficeFileError(self.sheet.file, self.line(at), key, reason)
        return found

    def line(self, path: str) -> int:
        return self.document.lines[path]

    def put(self, path: str, value: object, line: int) -> None:
        self.sheet.entries[path] = SheetEntry(value, self.sheet.file, line)


def _text(words: BothWords) -> Text:
    return Text(words.zh, words.en)


def _meant(path: str, value: Any) -> object:
    """What the rules make of a value: periods counted, and lists without an order as sets."""
    if path == "follow_up.methods":
        return None if value == "all" else frozenset(value)
    if path in _SETS:
        return frozenset(value)
    if path.startswith("follow_up.every.") and value is not None:
        return int(value.split()[0])
    if path.endswith(".within") and value is not None:
        count, unit = value.split()
        return Period(months=int(count)) if unit.startswith("month") else Period(days=int(count))
    return value
