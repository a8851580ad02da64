"""What the calls about issued reports and approvals answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from services.registers.answering.answers import DayText, RegisterRow, RowCustomer, RowStaff
from shared.contract.answers.values import CURSOR, Count, InstantText, Seq

StageText = Annotated[str, Meta(description="issued, reviewed, approved, filed or returned")]
AwaitsText = Annotated[
    str | None,
    Meta(description="the stage that it waits for: reviewed, approved, filed; null where none is left"),
]


class IssuedStepAnswer(Struct, frozen=True):
    """A stage that was set, by whom and when."""

    stage: StageText
    by: str
    at: InstantText
    remark: str | None


class IssuedReportAnswer(Struct, frozen=True, kw_only=True):
    """An issued report: of what, as known when, by whom, and how far it has come; `digest` is SHA-256 of its bytes."""

    id: str
    office: str
    report: str
    first: DayText
    last: DayText
    by: str | None
    known_at: InstantText
    as_of: InstantText
    as_of_seq: Seq
    scheme: str
    rulebook: str
    issued_by: str
    issued_at: InstantText
    digest: str
    stage: StageText
    stage_at: InstantText
    awaits: AwaitsText
    steps: list[IssuedStepAnswer] | UnsetType = UNSET


class IssuedPage(Struct, frozen=True):
    """Some issued reports, the latest first."""

    reports: list[IssuedReportAnswer]
    cursor: Annotated[str | None, Meta(description=CURSOR)]


class WaitingRecord(Struct, frozen=True):
    """A record that waits for a stage: who may set it, by role or in person, and whether the caller may. A request that
    names a record says `about` whom it is: the customer of that record."""

    awaits: Annotated[str, Meta(description="reviewed, approved or filed")]
    roles: list[str]
    by: RowStaff | None
    mine: bool
    row: RegisterRow
    about: RowCustomer | UnsetType = UNSET


class WaitingRecords(Struct, frozen=True, kw_only=True):
    """Records that wait, the oldest first; `counts` is by the stage awaited, of all within reach."""

    records: list[WaitingRecord]
    counts: Annotated[dict[str, int], Meta(description="by the stage that is waited for")]
    total: Count
    first: DayText
    last: DayText
    known_at: InstantText
    cursor: Annotated[str | None, Meta(description=CURSOR)]
    as_of_seq: Seq


class WaitingReport(Struct, frozen=True):
    """An issued report that waits for a stage, and whether the caller may set it."""

    awaits: str
    mine: bool
    report: IssuedReportAnswer


class WaitingApprovals(WaitingRecords, frozen=True, kw_only=True):
    """What waits for whom: records of the registers, and issued reports."""

    reports: list[WaitingReport]
