"""What verification says: what is wrong, where, and what cannot be told (evidence.md#findings).

The kinds are a closed list, for programs; the words are for people, Chinese first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct, field

from shared.i18n import Text

Kind = Literal[
    "archive.damaged", "archive.unexpected", "archive.repeated", "archive.missing",
    "manifest.unreadable", "manifest.unlisted", "manifest.digest", "manifest.signature", "manifest.head",
    "checkpoint.unreadable", "checkpoint.signature", "checkpoint.origin", "checkpoint.witness", "checkpoint.fork",
    "checkpoint.cut", "key.history",
    "proof.unreadable", "proof.broken", "proof.consistency",
    "fact.unreadable", "fact.altered", "fact.removed", "fact.inserted", "fact.reordered", "fact.repeated",
    "fact.moved", "fact.backdated", "fact.cut",
    "leaf.unreadable", "leaf.altered", "leaf.backdated", "leaf.gap", "leaf.cut", "leaf.repeated",
    "tile.altered", "tile.missing",
    "set_aside.altered", "set_aside.removed", "set_aside.inserted",
    "rulebook.text", "rulebook.missing", "rulebook.unlogged", "rulebook.default",
    "opened.unreadable", "opened.unknown", "opened.altered", "opened.contact", "opened.repeated", "opened.key",
    "opened.unproven",
    "decision.altered", "decision.missing", "decision.inserted", "judgement.failed", "judgement.differs",
    "person.erased",
]  # fmt: skip

MOST: Final = 100
"""Findings that are told one by one; of the others, how many there are."""


class Discrepancy(Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong. `line` counts from 1, `index` is of the log, from 0."""

    kind: Kind
    text: Text
    file: str = ""
    line: int | None = None
    scope: str | None = None
    seq: int | None = None
    event: str | None = None
    index: int | None = None

    def where(self) -> str:
        """The place, as it stands behind the words."""
        told: Mapping[str, object] = {
            "file": self.file or None, "line": self.line, "scope": self.scope, "seq": self.seq, "event": self.event,
            "leaf": self.index,
        }  # fmt: skip
        return " ".join(f"{name}={value}" for name, value in told.items() if value is not None)


class Verdict(Struct):
    """All that verification has to say of one thing."""

    what: Literal["pack", "export", "tiles"]
    path: str
    findings: list[Discrepancy] = field(default_factory=list)
    more: int = 0
    notices: list[Text] = field(default_factory=list)
    unknown: list[Text] = field(default_factory=list)
    facts: int = 0
    leaves: int = 0
    scopes: list[str] = field(default_factory=list)
    customer: str | None = None
    origin: str | None = None
    size: int | None = None
    root: str | None = None

    def find(self, finding: Discrepancy) -> None:
        """Add a finding, up to as many as are told."""
        if len(self.findings) < MOST:
            self.findings.append(finding)
        else:
            self.more += 1

    @property
    def exit_code(self) -> int:
        """0: nothing is wrong; 1: something was found; 2: it cannot be told."""
        return 1 if self.findings else 2 if self.unknown else 0


class UnverifiableError(Exception):
    """What was given cannot be verified at all; the text says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text
