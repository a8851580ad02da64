"""From the plain values of a file to the types of its shape; each mistake names line, key and reason."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from shared.platform.officefile.document import Document

S = TypeVar("S")
_AT = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")


def section(document: Document, key: str, kind: type[S]) -> S | None:
    """What stands under a key of the file, as its type; None where there is nothing."""
    given = document.values.get(key)
    return None if given is None else convert(document, key, given, kind)


def named(document: Document, key: str, pattern: str) -> Iterable[tuple[str, object]]:
    """The entries of a mapping of names; `key` may lead inwards, such as `robots.dingtalk`."""
    given: object = document.values
    for part in key.split("."):
        given = given.get(part) if isinstance(given, dict) else None
    if given is None:
        return
    if not isinstance(given, dict):
        raise document.bad(key, "must be a mapping of names")
    for name, value in given.items():
        if not re.fullmatch(pattern, name):
            raise document.bad(f"{key}.{name}", f"the name must match {pattern}")
        yield name, {} if value is None else value


def convert(document: Document, key: str, given: object, kind: type[S]) -> S:
    """The value as its type, or `OfficeFileError` at the key within it that is wrong."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        assert found is not None
        path, reason = key + (found["path"] or ""), found["reason"]
        if stranger := _UNKNOWN.match(reason):
            fields = _fields_at(kind, found["path"] or "")
            path, reason = f"{path}.{stranger['field']}", unknown(stranger["field"], fields)
        elif ".opt_out" in path:
            reason += "; reminders and the notice of a lapse cannot be declined"
        elif path.endswith((".token", ".secret")) and "object" in reason:
            reason = "a secret never stands here: name where it is, {env: VARIABLE} or {file: PATH}"
        raise document.bad(path, reason) from None


def unknown(key: str, known: Iterable[str]) -> str:
    """What is said of a key that nobody knows."""
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
    return f"unknown key{hint}"


def _fields_at(kind: Any, path: str) -> frozenset[str]:
    """The keys that are known where an unknown one stands."""
    found = kind
    for name in re.findall(r"\.([a-z_]+)", path):
        hints = {field.name: field.type for field in structs.fields(found)}
        found = next((one for one in _structs_in(hints.get(name))), found)
    return frozenset(field.name for field in structs.fields(found))


def _structs_in(kind: Any) -> Iterable[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in getattr(kind, "__args__", ()):
        yield from _structs_in(part)
