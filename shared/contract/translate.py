"""What the decoder says of a wrong event, told as a path and a rule of the contract.

The decoder's own words may repeat the value that it refused; they are taken apart here and never passed on.
"""

import re
from typing import Final

from msgspec import inspect

from shared.contract.errors import BadEvent, bad
from shared.contract.fields import ID_PATTERN

_located = re.compile(r"^(?P<said>.*?)(?: - at (?:`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL).fullmatch
_length = re.compile(r"of length (?P<limit>[<>=]+ \d+)").search
_bound = re.compile(r"(?:int|float)(?: \| null)?` (?P<limit>[<>=]+ \S+)").search
_named = re.compile(r"`(?P<name>[^`]*)`$").search
_kind = re.compile(r"Expected `(?P<kind>[^`]*)`, got").match
_pattern = re.compile(r"matching regex '(?P<pattern>.*)'$").search
_step = re.compile(r"[a-z_]+").findall
_KINDS: Final = {"object": "object", "array": "array", "str": "text", "int": "integer", "bool": "true/false"}


def translate(said: str, model: type, prefix: str) -> BadEvent:
    """The contract's error for a validation message of msgspec about `model`, which stands at `prefix`."""
    parts = _located(said)
    if parts is None:
        return bad(prefix, "type", expected="-")
    within = (parts["path"] or "").replace("[...]", "")
    path = join(prefix, within)
    if parts["said"].startswith("Invalid enum value"):
        return bad(path, "one_of", expected=", ".join(map(str, allowed(model, within))))
    return _refusal(parts["said"], path)


def join(prefix: str, path: str) -> str:
    """`data` and `.customer.phones[0]` make `data.customer.phones[0]`."""
    return prefix + path if prefix else path.removeprefix(".")


def allowed(model: type, path: str) -> tuple[object, ...]:
    """The values that the field at `path` within a model may have, where it names them."""
    node = _bare(inspect.type_info(model))
    for name in _step(path):
        if not isinstance(node, inspect.StructType):
            return ()
        node = _bare(next(field.type for field in node.fields if field.name == name))
    return tuple(node.values) if isinstance(node, inspect.LiteralType) else ()


def _bare(node: inspect.Type) -> inspect.Type:
    """What is meant by a field that may be left out, by a list, or by what only describes it."""
    if isinstance(node, inspect.Metadata):
        return _bare(node.type)
    if isinstance(node, inspect.VarTupleType):
        return _bare(node.item_type)
    if isinstance(node, inspect.UnionType):
        return _bare(next(one for one in node.types if not isinstance(one, inspect.NoneType)))
    return node


def _refusal(said: str, path: str) -> BadEvent:
    if said.startswith("Object missing required field"):
        return bad(join(path, "." + _name(said)), "required")
    if said.startswith("Object contains unknown field"):
        return bad(join(path, "." + _name(said)), "unknown_field")
    if said.startswith("Invalid instant"):
        return bad(path, "instant")
    if "encoded date" in said:
        return bad(path, "date")
    return _constraint(said, path)


def _constraint(said: str, path: str) -> BadEvent:
    length = _length(said)
    if length:
        blank = length["limit"] == ">= 1" and "`str" in said
        return bad(path, "blank") if blank else bad(path, "length", limit=length["limit"])
    pattern = _pattern(said)
    if pattern:
        expected = pattern["pattern"].replace("\\\\", "\\")
        return bad(path, "id") if expected == ID_PATTERN else bad(path, "pattern", expected=expected)
    bound = _bound(said)
    if bound:
        return bad(path, "range", limit=bound["limit"])
    if "out of range" in said:
        return bad(path, "number")
    kind = _kind(said)
    expected = kind["kind"].removesuffix(" | null") if kind else "-"
    return bad(path, "type", expected=_KINDS.get(expected, expected))


def _name(said: str) -> str:
    name = _named(said)
    return re.sub(r"[^\w.\-]", "?", name["name"])[:64] if name else "?"
