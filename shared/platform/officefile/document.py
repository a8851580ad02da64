"""A file of an office as plain values, with the line of each key and each plain word as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import (
    MAX_BYTES,
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    parse_nodes,
)

_DIGITS = re.compile("[-+]?[0-9]+")
_WHOLE = re.compile("[-+]?[0-9]{1,9}")
_POINT = re.compile(r"\.(?=[iInN])")  # of .inf and .nan


@dataclass(frozen=True)
class Document:
    """A file as plain values; `lines` by path, such as `scopes.demo.ladder[0].at`, and words without quotes."""

    file: str
    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    def bad(self, key: str, reason: str) -> OfficeFileError:
        """A refusal at a key, or at the nearest one around it that the file has."""
        near = key
        while near and near not in self.lines:
            near = re.sub(r"(\[[^\]]*\]|\.[^.\[]*|^[^.\[]*)$", "", near)
        return OfficeFileError(self.file, self.lines.get(near, 1), key, reason)


def parse_file(path: Path) -> Document:
    """The mapping that a file holds; raises `OfficeFileError`."""
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise OfficeFileError(str(path), 1, "", f"cannot be read: {error.strerror}") from None


def parse(raw: bytes, file: str, most: int = MAX_BYTES) -> Document:
    """The mapping that the file is, of at most so many entries; raises `OfficeFileError`."""
    document = Document(file)
    document.values.update(_mapping(parse_nodes(raw, file, most), "", document))
    return document


def _mapping(node: MapNode, path: str, document: Document) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, item in node.items.items():
        inner = f"{path}.{key}" if path else key
        document.lines[inner] = node.lines[key]
        found[key] = _value(item, inner, document)
    return found


def _value(node: Node, path: str, document: Document) -> object:
    if isinstance(node, MapNode):
        return _mapping(node, path, document)
    if isinstance(node, ListNode):
        document.lines.update((f"{path}[{number}]", item.line) for number, item in enumerate(node.items))
        return [_value(item, f"{path}[{number}]", document) for number, item in enumerate(node.items)]
    if node.plain:
        document.written[path] = node.text
    return _scalar(node)


def _scalar(node: ScalarNode) -> object:
    """What YAML reads; but a whole number too long to count with is an id, and stays text."""
    if node.textual:
        return node.text
    if node.null:
        return None
    if node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    if _DIGITS.fullmatch(node.text):
        return int(node.text) if _WHOLE.fullmatch(node.text) else node.text
    return int(node.text, 0) if node.text[:2] in ("0o", "0x") else float(_POINT.sub("", node.text))
