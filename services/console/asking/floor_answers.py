"""What the floor shows of the answers of registers: rows of a day, what waits for approval, findings."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from services.console.asking.customer_answers import CustomerOnRow, StaffOnRow
from shared.contract.answers.values import BothLanguages


class FloorRow(Struct, frozen=True, kw_only=True):
    """A record of a register, with what was remarked on it."""

    row: str
    register: str | None
    happened_at: str
    customer: CustomerOnRow | None
    name: str | None
    staff: StaffOnRow | None
    stage: str | None
    late: bool
    flags: list[str]
    values: dict[str, Any]

    @property
    def is_remarked(self) -> bool:
        """Whether something is said of it besides."""
        return self.late or bool(self.flags)


class FloorRows(Struct, frozen=True):
    """Some rows of a register, and how many there are."""

    rows: list[FloorRow]
    total: int


class AwaitingRecord(Struct, frozen=True):
    """A record that waits for a stage, and who may set it; `mine` where whoever asks may. A request is `about` the
    customer of the record that it names."""

    awaits: str
    roles: list[str]
    mine: bool
    row: FloorRow
    about: CustomerOnRow | None = None

    @property
    def kind(self) -> str:
        """Of which register it is, and for which stage it waits: what is chosen together."""
        return f"{self.row.register}.{self.awaits}"


class AwaitingReportRow(Struct, frozen=True):
    """An issued report, as far as the floor names it."""

    id: str
    report: str
    first: str
    last: str


class AwaitingReport(Struct, frozen=True):
    """An issued report that waits for a stage."""

    awaits: str
    mine: bool
    report: AwaitingReportRow


class WaitingPage(Struct, frozen=True):
    """What waits for review, approval and filing; `counts` by stage, of all of it."""

    records: list[AwaitingRecord]
    reports: list[AwaitingReport]
    counts: dict[str, int]
    total: int
    cursor: str | None


class FindingOnFloor(Struct, frozen=True, kw_only=True):
    """What a machine found, for somebody to look at."""

    finding: str
    kind: str
    title: BothLanguages
    says: BothLanguages | None
    customer: CustomerOnRow | None
    staff: StaffOnRow | None
    state: str


class FindingsOnFloor(Struct, frozen=True):
    """Some findings, and how many are not closed."""

    findings: list[FindingOnFloor]
    total: int
    cursor: str | None = None


class LapsedFigure(Struct, frozen=True):
    """The claims behind a figure, each as the customer and the instant at which it ended."""

    ids: list[str]


class LapsedLine(Struct, frozen=True):
    figures: dict[str, LapsedFigure]


class LapsedTable(Struct, frozen=True):
    table: str
    lines: list[LapsedLine]


class LossesAnswered(Struct, frozen=True):
    """The report of losses, of which the floor reads the claims that lapsed."""

    tables: list[LapsedTable]
