"""Strict YAML: the part of the language that a file written by hand needs, each node with its line.

An office writes its rulebook and its alert policy by hand, so the traps of YAML are closed rather than explained:
a key given twice, `no` that turns into false, `09:00` that turns into 540, an alias that unfolds into gigabytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from shared.platform.officefile.errors import OfficeFileError

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
"""The entries of a rulebook; a file that lists people may have more."""
MAX_DEPTH = 8
CHINESE_COLON = "a colon of Chinese texts (：) is part of a word: write : and a blank"
_KEY_BEFORE_CHINESE_COLON = re.compile(r"\s*[a-z_]+：").match
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_TEXT = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value as written; `plain` tells that it stands without quotes."""

    text: str
    plain: bool
    line: int

    @property
    def null(self) -> bool:
        """Whether it says that there is nothing."""
        return self.plain and self.text in ("null", "Null", "NULL", "~", "")

    @property
    def textual(self) -> bool:
        """Whether a YAML reader takes it for text, and not for a number, a truth value or nothing."""
        return not self.plain or _NOT_TEXT.fullmatch(self.text) is None


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping in the order of the file; `lines` has the line of each key."""

    items: dict[str, Node]
    lines: dict[str, int]
    line: int


Node = ScalarNode | ListNode | MapNode


def parse_nodes(raw: bytes, file: str, most: int = MAX_BYTES) -> MapNode:
    """The mapping that the file is, of at most so many entries; raises `OfficeFileError`."""
    if len(raw) > MAX_BYTES:
        raise OfficeFileError(file, 1, "", f"larger than {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise OfficeFileError(file, line, "", "not UTF-8") from error
    try:
        return _NodeReader(text, file, most).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, None)
        problem = CHINESE_COLON if _has_chinese_colon(text, line) else error.problem
        raise OfficeFileError(file, line, "", f"not YAML: {problem}", column) from error
    except yaml.YAMLError as error:
        raise OfficeFileError(file, 1, "", f"not YAML: {str(error).splitlines()[0]}") from error


def _has_chinese_colon(text: str, line: int) -> bool:
    """Whether a key of this line, or of the one before, which runs on, is followed by a colon that YAML knows not."""
    return any(map(_KEY_BEFORE_CHINESE_COLON, text.splitlines()[max(0, line - 2) : line]))


def line_of(event: yaml.Event) -> int:
    """The line on which it stands, from 1."""
    return event.start_mark.line + 1 if event.start_mark else 1


class _NodeReader:
    """Builds nodes from the parser's events, so that refusals come before anything is unfolded."""

    def __init__(self, text: str, file: str, most: int) -> None:
        self.file, self.most = file, most
        self.events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))
        self.nodes = 0
        self.path: list[str] = []

    def document(self) -> MapNode:
        next(self.events)  # the start of the stream
        if not isinstance(next(self.events), yaml.DocumentStartEvent):
            raise OfficeFileError(self.file, 1, "", "empty: the file must be a mapping of keys")
        node = self.node(next(self.events))
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise OfficeFileError(self.file, line_of(after), "", "a second document in one file")
        if not isinstance(node, MapNode):
            raise OfficeFileError(self.file, 1, "", "the file must be a mapping of keys")
        return node

    def node(self, event: yaml.Event) -> Node:
        line = line_of(event)
        self.nodes += 1
        if self.nodes > self.most or len(self.path) > MAX_DEPTH:
            raise self.bad(line, f"more than {self.most} entries, or nested deeper than {MAX_DEPTH}")
        if getattr(event, "anchor", None) is not None:  # an alias names one too
            raise self.bad(line, "anchors and aliases are not allowed; write the value again")
        if getattr(event, "tag", None) is not None:
            raise self.bad(line, "tags (!name) are not allowed")
        if isinstance(event, yaml.ScalarEvent):
            return ScalarNode(event.value, event.style in (None, ""), line)
        return self.mapping(line) if isinstance(event, yaml.MappingStartEvent) else self.listing(line)

    def listing(self, line: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            self.path.append(f"[{len(items)}]")
            items.append(self.node(event))
            self.path.pop()
        return ListNode(tuple(items), line)

    def mapping(self, line: int) -> MapNode:
        found = MapNode({}, {}, line)
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event)
            if not isinstance(key, ScalarNode) or key.null:
                raise self.bad(key.line, "a key must be a word")
            self.path.append(key.text)
            if key.text in found.items:
                raise self.bad(key.line, f"given twice, first on line {found.lines[key.text]}")
            found.lines[key.text] = key.line
            found.items[key.text] = self.node(next(self.events))
            self.path.pop()
        return found

    def bad(self, line: int, reason: str) -> OfficeFileError:
        return OfficeFileError(self.file, line, ".".join(self.path).replace(".[", "["), reason)
