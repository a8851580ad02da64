"""Strict YAML for the alert policy: plain values, and the line of each key.

An office writes this by hand, so the traps of YAML are closed rather than explained: a key given twice, `no`
that turns into false, `09:00` that turns into 540, an alias that unfolds into gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?[0-9]{1,9}")
_PLAIN: Mapping[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}


class BadPolicyError(ValueError):
    """A policy that cannot be used: which file, line and key, and why."""

    def __init__(self, file: str, line: int, key: str, reason: str) -> None:
        self.file, self.line, self.key, self.reason = file, line, key, reason
        super().__init__(f"{file}:{line}: {key or '(file)'}: {reason}")


@dataclass
class Document:
    """A file as plain values; `lines` by path, such as `scopes.demo.ladder[0].at`."""

    file: str
    values: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def bad(self, key: str, reason: str) -> BadPolicyError:
        """A refusal at a key, or at the nearest one around it that the file has."""
        near = key
        while near and near not in self.lines:
            near = re.sub(r"(\.[^.\[]*|\[\d+\]|^[^.\[]*)$", "", near)
        return BadPolicyError(self.file, self.lines.get(near, 1), key, reason)


def parse_file(path: Path) -> Document:
    """The mapping that a file holds, or BadPolicy."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise BadPolicyError(str(path), 1, "", f"cannot be read: {error.strerror}") from None


def parse(raw: bytes, file: str) -> Document:
    """The mapping that the file is, or BadPolicy."""
    if len(raw) > MAX_BYTES:
        raise BadPolicyError(file, 1, "", f"larger than {MAX_BYTES} bytes")
    document = Document(file)
    try:
        text = raw.decode("utf-8-sig")
        _refuse_aliases(text, file)
        node = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError as error:
        raise BadPolicyError(file, raw.count(b"\n", 0, error.start) + 1, "", "not UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BadPolicyError(file, mark.line + 1 if mark else 1, "", f"not YAML: {problem}") from error
    if not isinstance(node, yaml.MappingNode):
        raise BadPolicyError(file, 1, "", "the file must be a mapping of keys")
    document.values = _mapping(node, "", document, 0)
    return document


def _refuse_aliases(text: str, file: str) -> None:
    """Before anything is built: an alias could stand for gigabytes."""
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise BadPolicyError(file, line, "", "anchors and aliases are not allowed; write the value again")


def _value(node: yaml.Node, path: str, document: Document, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise document.bad(path, f"nested deeper than {MAX_DEPTH}")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document, depth)
    if isinstance(node, yaml.SequenceNode):
        found = []
        for number, item in enumerate(node.value):
            document.lines[f"{path}[{number}]"] = item.start_mark.line + 1
            found.append(_value(item, f"{path}[{number}]", document, depth + 1))
        return found
    assert isinstance(node, yaml.ScalarNode)
    text = str(node.value)
    if node.style not in (None, ""):
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    return int(text) if _WHOLE.fullmatch(text) else text


def _mapping(node: yaml.MappingNode, path: str, document: Document, depth: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadPolicyError(document.file, line, path, "a key must be a word")
        inner = f"{path}.{key.value}" if path else str(key.value)
        if inner in document.lines:
            reason = f"given twice, first on line {document.lines[inner]}"
            raise BadPolicyError(document.file, line, inner, reason)
        document.lines[inner] = line
        found[str(key.value)] = _value(value, inner, document, depth + 1)
    return found
