"""The exact look at one document: what a typed decoder passes over or cannot name.

Duplicate keys, null, depth, control characters and blank texts are found here, each with its path. It is
slow (some 30 µs), so `decode` calls it only for a document that a cheap exact test could not clear, and for
one that is about to be refused.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from shared.contract.errors import bad
from shared.contract.fields import EMPTY_FIELDS, LOOSE_FIELDS, MAX_DEPTH, PROSE_FIELDS
from shared.contract.plain import is_blank
from shared.contract.profile import BY_SCHEME, PROFILE_KEYS

_tokens = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL).finditer
_control = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_control_in_prose = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]").search
_PROSE: Final = PROSE_FIELDS | BY_SCHEME
_LOOSE: Final = LOOSE_FIELDS | PROFILE_KEYS
_OPEN: Final = frozenset("[{")
_CLOSE: Final = frozenset("]}")


class _Object(list[tuple[str, object]]):
    """An object as it is written: pairs in order, doubles and all."""


def check_depth(text: str) -> None:
    """Refuses what is nested too deep, before anything recurses into it."""
    depth = 0
    for token in _tokens(text):
        mark = token.group()
        if mark in _OPEN:
            depth += 1
            if depth > MAX_DEPTH:
                raise bad("", "depth", limit=MAX_DEPTH)
        elif mark in _CLOSE:
            depth -= 1


def _refuse_constant(name: str) -> object:
    raise bad("", "json", place="")


def _any_number(_digits: str) -> int:
    """Numbers are not looked at here, and Python refuses to read one of more than some thousand digits."""
    return 0


def scrutinise(text: str) -> None:
    """Refuses a document with a duplicate key, a null, or a text that is blank, padded or holds controls."""
    check_depth(text)
    try:
        document = json.loads(
            text, object_pairs_hook=_Object, parse_constant=_refuse_constant, parse_int=_any_number
        )
    except json.JSONDecodeError as error:
        raise bad("", "json", place=f" [{error.pos + 1}]") from None
    for path, field, leaf in _leaves(document, "", ""):
        if leaf is None:
            raise bad(path, "null")
        if isinstance(leaf, str):
            check_text(leaf, path, field)


def _leaves(node: object, path: str, field: str) -> Iterator[tuple[str, str, object]]:
    """Every value that holds no other, with its path and the name of the field that it stands in."""
    if isinstance(node, _Object):
        yield from _members(node, path, field)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _leaves(item, f"{path}[{index}]", field)
    else:
        yield path, field, node


def _members(node: _Object, path: str, field: str) -> Iterator[tuple[str, str, object]]:
    seen: set[str] = set()
    for key, value in node:
        here = f"{path}.{key}" if path else key
        if field == "shares":  # the keys are staff ids, not names of fields
            check_text(key, path, "")
        elif _control(key):
            raise bad(path, "control")
        if key in seen:
            raise bad(here, "duplicate_key")
        seen.add(key)
        yield from _leaves(value, here, key)


def check_text(text: str, path: str, field: str) -> None:
    """Refuses a text that says nothing or holds a control character, and an id with white space around it."""
    if (_control_in_prose if field in _PROSE else _control)(text):
        raise bad(path, "control")
    stripped = text.strip()
    if is_blank(text):
        if field in EMPTY_FIELDS:
            return
        raise bad(path, "blank")
    if len(stripped) != len(text) and field not in _LOOSE:
        raise bad(path, "padded")
