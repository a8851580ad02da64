"""A finding of a machine, and what people made of it: open, owned, closed, open again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from shared.i18n import Text
from shared.ids import CustomerId, StaffId

FindingState: TypeAlias = Literal["open", "owned", "closed"]
FindingAct: TypeAlias = Literal["owned", "closed"]


class MachineFinding(Struct, frozen=True):
    """What was found: of which kind, of whom, by which rows; `known_seq` is the last fact that bears on it.

    Its id is of its kind and whom it is about; where that is nobody, of its rows.
    """

    kind: str
    says: Text
    rows: tuple[str, ...]
    customer: CustomerId | None = None
    staff: StaffId | None = None
    known_seq: int = 0
    about: str = ""

    @property
    def id(self) -> str:
        """The same each time that it is found."""
        subject = self.about or self.customer or "/".join(sorted(self.rows))
        return hashlib.sha256(f"{self.kind}/{subject}".encode()).hexdigest()[:24]


class FindingStep(Struct, frozen=True, kw_only=True):
    """That somebody was given a finding, or closed it with a note; `as_of_seq` is what was known then."""

    finding: str
    number: int
    step: FindingAct
    owner: str | None
    note: str | None
    by: str
    at: datetime
    as_of_seq: int
    body: bytes


class FindingStanding(Struct, frozen=True):
    """How a finding stands."""

    state: FindingState
    owner: str | None
    reopened: bool
    steps: tuple[FindingStep, ...]


def standing(found: MachineFinding | None, steps: Sequence[FindingStep]) -> FindingStanding:
    """Closed until something new that bears on it was recorded and it still stands; then open again, with its owner."""
    owner = next((one.owner for one in reversed(steps) if one.owner is not None), None)
    last = steps[-1] if steps else None
    closed = last is not None and last.step == "closed"
    again = closed and last is not None and found is not None and found.known_seq > last.as_of_seq
    if closed and not again:
        return FindingStanding("closed", owner, False, tuple(steps))
    return FindingStanding("owned" if owner is not None else "open", owner, again, tuple(steps))


def by_finding(steps: Iterable[FindingStep]) -> dict[str, list[FindingStep]]:
    """The steps of each finding, in order."""
    found: dict[str, list[FindingStep]] = {}
    for one in steps:
        found.setdefault(one.finding, []).append(one)
    return found
