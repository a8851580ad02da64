"""What stands in a pack, file by file (evidence.md#form)."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from shared.evidence.verdict import UnverifiableError
from shared.i18n import translated

FORM: Final = 1

README: Final = "README.md"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.note"
CHECKPOINT: Final = "checkpoint"
KEYS: Final = "keys.json"
FACTS: Final = "facts.ndjson"
LEAVES: Final = "leaves.ndjson"
NODES: Final = "nodes.bin"
PEOPLE: Final = "people.json"
OPENED: Final = "opened.ndjson"
DECISIONS: Final = "decisions.json"
ALERTS: Final = "alerts.json"
ACCESS: Final = "access.json"
Language = Literal["zh", "en"]
REPORTS: Final[dict[Language, str]] = {"zh": "report.zh.pdf", "en": "report.en.pdf"}
NEEDED: Final = (
    SIGNATURE,
    README,
    CHECKPOINT,
    KEYS,
    FACTS,
    LEAVES,
    NODES,
    PEOPLE,
    OPENED,
    DECISIONS,
    ALERTS,
    ACCESS,
)


class ListedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the pack by its bytes."""

    name: str
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a pack is about, under what it is judged, and every other file but the note over these bytes."""

    panke_evidence: int
    scope: str
    customer: str
    seq: int
    rulebook: str
    as_of: str | None
    origin: str
    size: int
    files: tuple[ListedFile, ...]


class LeafLine(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A leaf of the log that is of this scope: where it stands, its hash, and of what it is."""

    index: int
    hash: str
    kind: Literal["fact", "set_aside", "rulebook"]
    seq: int | None = None
    event: str | None = None
    data: str | None = None
    """The leaf itself, in base64, where no file of the pack has what it is made of."""


class ShownPerson(Struct, frozen=True, forbid_unknown_fields=True):
    """A person whose words are shown: the contact that the id stands for, and the key that proves their records.

    With that key nothing is read: it only says whether words are those that were sealed.
    """

    contact: str | None
    proof: str


encode: Final = msgspec.json.Encoder(order="sorted").encode


def pretty(value: Any) -> bytes:
    """JSON for a person to look into: the same bytes for the same value."""
    return msgspec.json.format(encode(value), indent=2) + b"\n"


def _demand_once(pairs: list[tuple[str, Any]]) -> None:
    """A name that stands twice would be one thing to this reader and another to somebody else's."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands there twice")


def decoded(raw: bytes, kind: type[Any], name: str) -> Any:
    """What a file of the pack holds; raises `UnverifiableError`."""
    try:
        found = msgspec.json.decode(raw, type=kind)
        json.loads(raw, object_pairs_hook=_demand_once)
        return found
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnverifiableError(
            translated("{name} is not what a pack holds: {error}", name=name, error=error)
        ) from None
