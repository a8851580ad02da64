"""What the calls about findings answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from services.registers.answering.answers import DayText, RowCustomer, RowStaff
from shared.contract.answers.values import CURSOR, BothLanguages, Count, InstantText, Seq


class FindingStepAnswer(Struct, frozen=True):
    """That somebody was given the finding, or closed it."""

    step: Annotated[str, Meta(description="owned or closed")]
    owner: str | None
    note: str | None
    by: str
    at: InstantText


class FoundFinding(Struct, frozen=True, kw_only=True):
    """A finding: what it says, of whom, by which rows, and what became of it; `stands` is null of one that is gone."""

    finding: str
    kind: str
    title: BothLanguages
    says: BothLanguages | None
    customer: RowCustomer | None
    staff: RowStaff | None
    rows: list[str]
    state: Annotated[str, Meta(description="open, owned or closed")]
    owner: str | None
    reopened: Annotated[
        bool, Meta(description="it was closed, and stands again since something new was recorded")
    ]
    stands: bool
    steps: list[FindingStepAnswer]


class FindingPage(Struct, frozen=True, kw_only=True):
    """Some findings by kind; `counts` is of those that are not closed, by kind."""

    day: DayText
    findings: list[FoundFinding]
    counts: Annotated[dict[str, int], Meta(description="by kind")]
    total: Count
    known_at: InstantText
    cursor: Annotated[str | None, Meta(description=CURSOR)]
    as_of_seq: Seq


class FindingAnswer(FoundFinding, frozen=True, kw_only=True):
    """One finding as it stands now."""

    known_at: InstantText
    as_of_seq: Seq
