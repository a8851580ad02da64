"""From the plain values of a file to the types of its shape; each mistake names line, key and reason."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from shared.platform.officefile.document import Document
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import CHINESE_COLON
from shared.platform.officefile.strict import fields_of, options, struct_in

S = TypeVar("S")
_AT = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<item>\d+|\.\.\.)\]")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A value that is not of its type: which type, what stands there, also as it is written, and what msgspec says."""

    kind: Any
    value: object
    shown: str
    reason: str


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


def as_msgspec_says(mistake: Mistake) -> str:
    """The words of msgspec."""
    return mistake.reason


def convert(
    document: Document, key: str, given: object, kind: Any, say: Callable[[Mistake], str] = as_msgspec_says
) -> Any:
    """The value as its type; raises `OfficeFileError` at the key within it that is wrong.

    What a type says in the `extra` of its `Meta` is told: `missing` where there is nothing, `instead` in place of
    any other reason, `hint` behind it, also of a field around.
    """
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise _refusal(document, key, given, kind, str(error), say) from None


def _refusal(
    document: Document, key: str, given: object, kind: Any, told: str, say: Callable[[Mistake], str]
) -> OfficeFileError:
    found = _AT.fullmatch(told)
    assert found is not None
    inner, reason = found["path"] or "", found["reason"]
    way = list(_way(kind, given, inner))
    at, value = way[-1]
    path = (key + inner).lstrip(".")
    stranger, missing = _UNKNOWN.match(reason), _MISSING.match(reason)
    struct = struct_in(at)
    if stranger is not None and struct is not None:
        return document.bad(
            f"{path}.{stranger['field']}".lstrip("."), unknown(stranger["field"], fields_of(struct))
        )
    if missing is not None and struct is not None:
        why = extra(fields_of(struct)[missing["field"]], "missing")
        if why:
            return document.bad(f"{path}.{missing['field']}".lstrip("."), f"missing: {why}")
    reason = extra(at, "instead") or say(Mistake(at, value, shown(document, path, value), reason))
    hints = [hint for around, _ in way if (hint := extra(around, "hint"))]
    return document.bad(path, "; ".join([reason, *hints]))


def _way(kind: Any, given: object, path: str) -> Iterator[tuple[Any, object]]:
    """The types and values that lead to a place, the outermost first."""
    yield kind, given
    for step in _STEP.finditer(path):
        name, item = step["name"], step["item"]
        if name is not None:
            struct = struct_in(kind)
            kind = fields_of(struct).get(name) if struct is not None else None
            given = given.get(name) if isinstance(given, dict) else None
        else:
            kind = next((get_args(one)[0] for one in options(kind) if get_origin(one) is tuple), None)
            given = given[int(item)] if isinstance(given, list) and item.isdigit() else None
        yield kind, given


def extra(kind: Any, name: str) -> str:
    """What a type says under this name in the `extra` of its `Meta`; a union says what its members say."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra and name in meta.extra:
            return str(meta.extra[name])
    if hasattr(kind, "__metadata__"):
        return extra(kind.__origin__, name)
    members = get_args(kind) if get_origin(kind) is not tuple else ()
    return next((said for member in members if (said := extra(member, name))), "")


def shown(document: Document, path: str, value: object) -> str:
    """A value as it was written, short."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    written = document.written.get(path)
    return repr(value) if written is None else written[:60] or "nothing"


def unknown(key: str, known: Iterable[str]) -> str:
    """What is said of a key that nobody knows."""
    if "：" in key:
        return f"unknown key; {CHINESE_COLON}"
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
    return f"unknown key{hint}"
