"""One rulebook file as a flat sheet: a line for each thing that it sets, with its place and its clause.

Values merge key by key, and a value that is not overridden keeps the clause of the book that set it
(procedure.md#file-inherits). On sheets that is plain: the later book's lines replace the earlier ones'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import MAX_NODES, MapNode, Node, ScalarNode, parse_nodes
from shared.rules.domain.rulebook import Clause, Text
from shared.rules.rulebooks import kinds
from shared.rules.rulebooks.kinds import WrongError
from shared.rules.rulebooks.shape import HEAD, SHAPE, Fields, Section, leaves


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


def read_sheet(raw: bytes, file: str) -> Sheet:
    """The sheet of one file; `OfficeFileError` names the line and key of the first thing that is wrong."""
    return _Filler(Sheet(file)).fill(parse_nodes(raw, file, MAX_NODES))


class _Filler:
    """Walks the nodes beside the shape."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def fill(self, root: MapNode) -> Sheet:
        self.known(root, "", (*HEAD, *SHAPE, "clauses"))
        self.head(root)
        if "clauses" in root.items:
            self.clauses(root.items["clauses"])
        for key, shape in SHAPE.items():
            node = root.items.get(key)
            if node is not None and isinstance(shape, Fields):
                self.cited(key, node, shape, None)
            elif node is not None and isinstance(shape, Section):
                self.section(key, node, shape)
        return self.sheet

    def head(self, root: MapNode) -> None:
        sheet = self.sheet
        for key in ("rulebook", "version"):
            if key not in root.items:
                raise self.bad(root.line, key, "missing: every rulebook names itself and its version")
        sheet.name = str(self.read("rulebook", kinds.name, root.items["rulebook"]))
        version = self.read("version", kinds.version, root.items["version"])
        assert isinstance(version, int)
        sheet.version = version
        sheet.title = (
            self.words("title", root.items["title"])
            if "title" in root.items
            else Text(sheet.name, sheet.name)
        )
        if "timezone" in root.items:
            self.put(
                "timezone",
                self.read("timezone", kinds.zone, root.items["timezone"]),
                root.items["timezone"].line,
            )
        extends = root.items.get("extends")
        if extends is not None:
            sheet.extends = SheetEntry(self.read("extends", kinds.text, extends), sheet.file, extends.line)

    def clauses(self, node: Node) -> None:
        for number, sentence in self.map("clauses", node).items.items():
            key = f"clauses.{number}"
            self.read(key, kinds.clause, ScalarNode(number, False, node.line))
            self.sheet.clauses[Clause(f"{self.sheet.name}.{number}")] = self.words(key, sentence)

    def section(self, key: str, node: Node, shape: Section) -> None:
        section = self.map(key, node)
        self.known(section, key, (*shape.values, "cite"))
        cite = section.items.get("cite")
        given = [k for k in shape.values if k in section.items]
        for name in given:
            self.cited(f"{key}.{name}", section.items[name], shape.values[name], cite)
        if cite is not None and not given:
            self.sheet.alone[key] = SheetEntry(self.clause(f"{key}.cite", cite), self.sheet.file, cite.line)
        if cite is not None and shape.own:
            self.cite(key, cite)
        elif cite is not None:
            self.clause(key, cite)

    def cited(self, path: str, node: Node, shape: Fields, section_cite: Node | None) -> None:
        """A value with its clause: its own cite, else the section's, else that of the extended book."""
        own = node.items.get("cite") if isinstance(node, MapNode) else None
        cite = section_cite if own is None else own
        if cite is not None:
            self.cite(path, cite)
            if own is None:
                self.sheet.shared.add(f"{path}.cite")
        if "split" in shape.fields:
            self.agree(path, node)
        self.fields(path, node, shape, ("cite",))

    def fields(self, path: str, node: Node, shape: Fields, more: tuple[str, ...] = ()) -> None:
        if isinstance(node, ScalarNode) and (shape.short is not None or (shape.nullable and node.null)):
            for leaf in leaves(shape):
                self.put(f"{path}.{leaf}", None if shape.nullable else ABSENT, node.line)
            if shape.short is not None:
                self.field(path, f"{path}.{shape.short}", node, shape.fields[shape.short])
            return
        for key in self.known(self.map(path, node), path, (*shape.fields, *more)):
            inner = self.map(path, node).items[key]
            if key in shape.fields:
                self.field(f"{path}.{key}", f"{path}.{key}", inner, shape.fields[key])

    def field(self, key: str, path: str, node: Node, kind: kinds.Kind | Fields) -> None:
        if isinstance(kind, Fields):
            self.fields(path, node, kind)
        elif kind is kinds.clause:
            self.put(path, self.clause(key, node), node.line)
        else:
            self.put(path, self.read(key, kind, node), node.line)

    def agree(self, path: str, node: Node) -> None:
        """`effect: split` and `split` come together; an effect alone takes away a split that was."""
        if not isinstance(node, MapNode):
            if isinstance(node, ScalarNode) and node.text == "split":
                raise self.bad(
                    node.line, path, "a split needs its shares: {split: {first: 5000, second: 5000}}"
                )
            return
        effect, split = node.items.get("effect"), node.items.get("split")
        says_split = isinstance(effect, ScalarNode) and effect.text == "split"
        if effect is not None and says_split != (split is not None):
            raise self.bad(effect.line, f"{path}.effect", "`effect: split` and `split` come together")
        if split is not None:
            self.put(f"{path}.effect", "split", split.line)
        elif effect is not None:
            self.put(f"{path}.split.first", ABSENT, effect.line)
            self.put(f"{path}.split.second", ABSENT, effect.line)

    def cite(self, path: str, node: Node) -> None:
        self.put(f"{path}.cite", self.clause(f"{path}.cite", node), node.line)

    def clause(self, key: str, node: Node) -> Clause:
        number = self.read(key, kinds.clause, node)
        found = Clause(f"{self.sheet.name}.{number}")
        if found not in self.sheet.clauses:
            raise self.bad(node.line, key, f'missing citation: clause "{number}" is not in `clauses`')
        return found

    def words(self, key: str, node: Node) -> Text:
        both = self.map(key, node)
        self.known(both, key, ("zh", "en"))
        for language in ("zh", "en"):
            if language not in both.items:
                raise self.bad(both.line, f"{key}.{language}", "missing: both zh and en are needed")
        return Text(*(str(self.read(f"{key}.{k}", kinds.text, both.items[k])) for k in ("zh", "en")))

    def map(self, key: str, node: Node) -> MapNode:
        if not isinstance(node, MapNode):
            raise self.bad(node.line, key, f"wrong type: a mapping is needed, not {kinds.shown(node)}")
        return node

    def known(self, node: MapNode, path: str, allowed: Iterable[str]) -> list[str]:
        allowed = tuple(allowed)
        for key in node.items:
            if key not in allowed:
                where = f"{path}.{key}".lstrip(".")
                raise self.bad(node.lines[key], where, f"unknown key; {_hint(key, allowed)}")
        return list(node.items)

    def read(self, key: str, kind: kinds.Kind, node: Node) -> object:
        try:
            return kind(node)
        except WrongError as wrong:
            raise self.bad(wrong.line, key, str(wrong)) from wrong

    def bad(self, line: int, key: str, reason: str) -> OfficeFileError:
        return OfficeFileError(self.sheet.file, line, key, reason)

    def put(self, path: str, value: object, line: int) -> None:
        self.sheet.entries[path] = SheetEntry(value, self.sheet.file, line)


def _hint(key: str, allowed: tuple[str, ...]) -> str:
    import difflib  # only a book that is wrong pays for it

    near = difflib.get_close_matches(key, allowed, 1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(allowed)}"
