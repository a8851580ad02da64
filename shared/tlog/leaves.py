r"""What an entry of the log says: one form for each kind, and one way to write it (log.md#leaves).

An entry is a head of lines, an empty line, and for kinds that have one the body, byte for byte as it is stored. The
first line names the version and the kind; a later version gets another first line, and old entries stay as they are:

    panke.log/v1 fact
    scope east
    seq 6
    recorded_at 2026-03-02T03:00:04Z
    body 812

    {"id": … as it stands in the journal

The head has no line twice and none in another order, numbers have no zeros in front, and times are written as the
contract writes them, so that two entries that say the same are the same bytes. A body of more than 64,000 bytes
stands by its digest, `body 200000 sha256 <hex>`, and nothing follows; the bytes lie beside the tiles, in
`body/<hex>`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from shared.contract import BadEvent, format_instant
from shared.contract.times import parse_utc
from shared.i18n import bilingual
from shared.tlog.errors import BadLeafError, TlogError
from shared.tlog.notes import Verifier, read_vkey

VERSION: Final = "panke.log/v1"
MAX_INLINE: Final = 64_000
"""An entry of tlog-tiles has at most 65,535 bytes, and the head needs some of them."""

_SCOPE: Final = re.compile(r"[a-z0-9-]{1,64}").fullmatch
_NUMBER: Final = re.compile(r"[1-9]\d{0,17}", re.ASCII).fullmatch
_HEX: Final = re.compile(r"[0-9a-f]{64}").fullmatch
_BODY: Final = re.compile(r"(0|[1-9]\d{0,8})(?: sha256 ([0-9a-f]{64}))?", re.ASCII).fullmatch
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}").fullmatch


class Body(Struct, frozen=True):
    """The bytes that an entry is about; `raw` is None where they lie beside it."""

    length: int
    sha256: str
    raw: bytes | None

    @classmethod
    def of(cls, raw: bytes) -> Body:
        """These bytes, in the entry if they are not too many."""
        digest = hashlib.sha256(raw).hexdigest()
        return cls(len(raw), digest, raw if len(raw) <= MAX_INLINE else None)

    @property
    def path(self) -> str:
        """Where bytes that are not in the entry lie, behind the prefix of the log."""
        return f"body/{self.sha256}"

    def holds(self, raw: bytes) -> bool:
        """Whether these are the bytes."""
        return len(raw) == self.length and hashlib.sha256(raw).hexdigest() == self.sha256


class FactLeaf(Struct, frozen=True, tag="fact"):
    """A fact of the journal at its place; `body` is the envelope as it stands there, sealed in a sealed journal."""

    scope: str
    seq: int
    recorded_at: datetime
    body: Body

    def encode(self) -> bytes:
        recorded = format_instant(self.recorded_at)
        head = [("scope", self.scope), ("seq", self.seq), ("recorded_at", recorded)]
        return _entry("fact", head, self.body)


class RulebookLeaf(Struct, frozen=True, tag="rulebook"):
    """Under which text the scope is judged from its fact `seq` on: its first one, or one that adopts a rulebook.

    `sha256` is the digest by which decisions name a rulebook: over the bytes of its chain of files, root first.
    """

    scope: str
    seq: int
    name: str
    version: int
    sha256: str

    def encode(self) -> bytes:
        head = [
            ("scope", self.scope), ("seq", self.seq), ("name", self.name), ("version", self.version),
            ("sha256", self.sha256),
        ]  # fmt: skip
        return _entry("rulebook", head)


class SetAsideLeaf(Struct, frozen=True, tag="set_aside"):
    """That a fact does not count: `body` is the line of the export that says so."""

    scope: str
    body: Body

    def encode(self) -> bytes:
        return _entry("set_aside", [("scope", self.scope)], self.body)


class KeyLeaf(Struct, frozen=True, tag="key"):
    """That the log is signed by this key too from here on: who trusts an earlier one may trust it."""

    vkey: str

    def encode(self) -> bytes:
        return _entry("key", [("vkey", self.vkey)])

    @property
    def verifier(self) -> Verifier:
        return read_vkey(self.vkey)


Leaf: TypeAlias = FactLeaf | RulebookLeaf | SetAsideLeaf | KeyLeaf


def fact_entry(scope: str, seq: int, recorded_at: datetime, body: bytes) -> bytes:
    """The entry of a fact: `body` is the envelope as it stands in the journal and in the topic."""
    return FactLeaf(scope, seq, recorded_at, Body.of(body)).encode()


def set_aside_entry(scope: str, line: bytes) -> bytes:
    """The entry of a fact that does not count: `line` is what the export says of it."""
    return SetAsideLeaf(scope, Body.of(line)).encode()


def decode_entry(entry: bytes) -> Leaf:
    """What an entry says; raises `BadLeafError` for one that is not written in the one right way."""
    head, blank, rest = entry.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError:
        raise _bad("head") from None
    version, _, kind = lines[0].partition(" ")
    if version != VERSION or kind not in _FIELDS or not blank:
        raise BadLeafError(
            bilingual("not an entry of this log: it begins with {line}", line=ascii(lines[0][:80]))
        )
    values = _values(lines[1:], _FIELDS[kind])
    leaf = _leaf(kind, values, rest)
    if leaf.encode() != entry:
        raise _bad("head")
    return leaf


_FIELDS: Final[dict[str, Sequence[str]]] = {
    "fact": ("scope", "seq", "recorded_at", "body"),
    "rulebook": ("scope", "seq", "name", "version", "sha256"),
    "set_aside": ("scope", "body"),
    "key": ("vkey",),
}


def _leaf(kind: str, values: dict[str, str], rest: bytes) -> Leaf:
    match kind:
        case "fact":
            return FactLeaf(_scope(values), _number(values, "seq"), _instant(values), _body(values, rest))
        case "set_aside":
            return SetAsideLeaf(_scope(values), _body(values, rest))
        case "key":
            return KeyLeaf(_vkey(values))
        case _:
            return RulebookLeaf(
                _scope(values), _number(values, "seq"), _matching(values, "name", _NAME(values["name"])),
                _number(values, "version"), _matching(values, "sha256", _HEX(values["sha256"])),
            )  # fmt: skip


def _values(lines: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    pairs = [line.partition(" ")[::2] for line in lines]
    if [name for name, _ in pairs] != list(fields):
        raise BadLeafError(bilingual("an entry of this kind has the lines {lines}", lines=", ".join(fields)))
    return dict(pairs)


def _scope(values: dict[str, str]) -> str:
    return _matching(values, "scope", _SCOPE(values["scope"]))


def _number(values: dict[str, str], name: str) -> int:
    return int(_matching(values, name, _NUMBER(values[name])))


def _instant(values: dict[str, str]) -> datetime:
    try:
        return parse_utc(values["recorded_at"])
    except BadEvent:
        raise _bad("recorded_at") from None


def _vkey(values: dict[str, str]) -> str:
    try:
        return read_vkey(values["vkey"]).vkey
    except TlogError:
        raise _bad("vkey") from None


def _body(values: dict[str, str], rest: bytes) -> Body:
    found = _BODY(values["body"])
    if found is None:
        raise _bad("body")
    length, digest = int(found[1]), found[2]
    if digest is not None:
        if length <= MAX_INLINE or rest:
            raise _bad("body")
        return Body(length, digest, None)
    if length > MAX_INLINE or length != len(rest):
        raise _bad("body")
    return Body.of(rest)


def _matching(values: dict[str, str], name: str, found: object) -> str:
    if found is None:
        raise _bad(name)
    return values[name]


def _bad(line: str) -> BadLeafError:
    return BadLeafError(bilingual("an entry of the log whose {line} is not written as it must be", line=line))


def _entry(kind: str, head: Sequence[tuple[str, object]], body: Body | None = None) -> bytes:
    lines = [f"{VERSION} {kind}", *(f"{name} {value}" for name, value in head)]
    rest = b""
    if body is not None:
        by_digest = "" if body.raw is not None else f" sha256 {body.sha256}"
        lines.append(f"body {body.length}{by_digest}")
        rest = body.raw or b""
    return "\n".join(lines).encode() + b"\n\n" + rest
