"""What the calls about rows answer: registers, cards, the board, the work list."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from shared.contract.answers.values import CURSOR, BothLanguages, Count, InstantText, Seq

RowValues = Annotated[
    dict[str, Any],
    Meta(description="what stands below each heading, by the column's name; null of what is not said"),
]
DayText = Annotated[str, Meta(extra_json_schema={"format": "date"})]
ClearOrMasked = Annotated[
    list[str], Meta(description="phones in E.164 and `wechat:` ids; masked unless `clear`")
]


class RowCustomer(Struct, frozen=True):
    """The customer that a row is known to be of."""

    customer: str
    number: Annotated[int, Meta(ge=1, description="running, never given twice")]
    case: str
    name: str | None
    contacts: ClearOrMasked
    clear: bool


class RowStaff(Struct, frozen=True):
    """A member of staff, by name where they are enrolled."""

    staff: str
    name: str


class RegisterColumn(Struct, frozen=True):
    """A heading of a register."""

    column: str
    heading: BothLanguages


class RegisterRow(Struct, frozen=True, kw_only=True):
    """A row of a register: a record, a deal or a customer."""

    row: str
    register: str | None
    happened_at: InstantText
    recorded_at: InstantText | None
    office: str | None
    customer: RowCustomer | None
    name: Annotated[str | None, Meta(description="as the record has it")]
    staff: RowStaff | None
    stage: Annotated[
        str | None, Meta(description="the last that was set: reviewed, approved, filed, returned")
    ]
    late: bool
    carried: bool
    flags: list[str]
    values: RowValues


class RegisterPage(Struct, frozen=True, kw_only=True):
    """Some rows of a register, of one moment; `total` is how many there are of what was asked for."""

    register: str
    title: BothLanguages
    columns: list[RegisterColumn]
    rows: list[RegisterRow]
    total: Count
    known_at: InstantText
    as_of: InstantText
    scheme: str
    cursor: Annotated[str | None, Meta(description=CURSOR)]
    as_of_seq: Seq


class KnownRegister(Struct, frozen=True):
    """A register that may be asked for, with its columns."""

    register: str
    title: BothLanguages
    columns: list[RegisterColumn]


class RegisterList(Struct, frozen=True):
    """The registers that the caller may read."""

    registers: list[KnownRegister]


class ProfileEntry(Struct, frozen=True):
    """What is held under a key of a profile; `value` is null of what is answered with nothing, or withheld."""

    key: str
    label: BothLanguages
    kind: Annotated[str, Meta(description="plain, personal or sensitive")]
    value: str | None
    withheld: bool
    recorded_on: DayText


class CardSide(Struct, frozen=True):
    """One side of the card: the customer's records, and where the side begins."""

    since: InstantText | None
    rows: list[RegisterRow]


class CustomerCard(Struct, frozen=True, kw_only=True):
    """The customer's card: `before` a standing deal (反面), and `after` it (正面)."""

    customer: RowCustomer
    names: list[str]
    office: str | None
    standing: RowValues
    profile: list[ProfileEntry]
    deals: list[RegisterRow]
    before: CardSide
    after: CardSide
    known_at: InstantText
    as_of: InstantText
    as_of_seq: Seq


class SensitiveProfile(Struct, frozen=True):
    """The sensitive keys of a customer's profile; reading them is on the record of access."""

    customer: str
    profile: list[ProfileEntry]
    as_of_seq: Seq


class BoardCustomer(Struct, frozen=True, kw_only=True):
    """A customer on the level board."""

    customer: RowCustomer
    owner: RowStaff
    before: Annotated[str | None, Meta(description="the last other level")]
    last_on: DayText | None
    due_on: DayText | None
    overdue: Count
    obstacle: str | None


class BoardLevel(Struct, frozen=True):
    """A level of the board with who stands there."""

    level: str
    every: Annotated[int | None, Meta(description="days between contacts")]
    customers: list[BoardCustomer]


class BoardMovement(Struct, frozen=True):
    """Where those went who stood at a level when the period began; `level` is null of who came on the board."""

    level: str | None
    start: Count
    became: Annotated[dict[str, int], Meta(description="by level at the end, and won, lost, ended")]


class LevelBoard(Struct, frozen=True, kw_only=True):
    """The level board at the last day, with the movements since the first."""

    office: str
    first: DayText
    last: DayText
    levels: list[BoardLevel]
    movements: list[BoardMovement]
    known_at: InstantText
    scheme: str
    as_of_seq: Seq


class DueCustomer(Struct, frozen=True, kw_only=True):
    """A customer who is to be contacted: when, and by which of the three reasons."""

    customer: RowCustomer
    owner: RowStaff
    level: str | None
    last_on: DayText | None
    due_on: DayText | None
    by_level: DayText | None
    by_claim: DayText | None
    by_plan: DayText | None
    overdue: Annotated[int, Meta(ge=0, description="days")]
    next_step: str | None
    rows: list[str]


class PlannedWork(Struct, frozen=True, kw_only=True):
    """A plan of the day that no record has carried out."""

    row: str
    plan: str
    staff: RowStaff
    kind: str
    purpose: str
    customer: RowCustomer | None
    place: str | None


class WorkTotals(Struct, frozen=True):
    """How many customers each part of a work list has, of whom it may list some."""

    overdue: Count
    due: Count
    coming: Count


class WorkList(Struct, frozen=True, kw_only=True):
    """What is to be done: who is overdue, the longest first, due that day or in the days after; and the day's plans.

    Each part lists up to `limit` customers, those due first; `totals` counts all.
    """

    office: str
    day: DayText
    staff: RowStaff | None
    totals: WorkTotals
    overdue: list[DueCustomer]
    due: list[DueCustomer]
    coming: list[DueCustomer]
    plans: list[PlannedWork]
    known_at: InstantText
    scheme: str
    as_of_seq: Seq
