"""One row of a sheet as an event of the contract, or what is wrong with it (imports.md#rows)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from services.intake.books.grid import Cell, CellError, is_said
from services.intake.imports.clocks import NOON, range_of, said_clock
from services.intake.imports.days import SaidDay, day_after, day_of
from services.intake.imports.faults import RULES, RowFault, RowFaultError
from services.intake.imports.headings import LABELS, ImportField, ImportKind
from services.intake.imports.ids import RowIds
from services.intake.imports.mapping import Layout
from services.intake.imports.notes import NO_TIME, notes_of
from services.intake.imports.roster import Roster
from services.intake.imports.values import (
    SaidPhones,
    customer_of,
    is_ditto,
    level_of,
    phones_of,
    text_of,
)
from services.intake.imports.words import CATEGORIES, COUNTED, METHODS, SIZES, tidy
from services.intake.imports.years import YearOrder
from shared.contract import BadEvent, decode_event, format_instant
from shared.contract.events import Party
from shared.contract.phones import is_masked, phone_fault

T = TypeVar("T")
TYPES: Final[Mapping[ImportKind, str]] = {
    "visits": "visit.registered",
    "calls": "call.registered",
    "outreach": "outreach.registered",
}
_WORKER: Final[Mapping[ImportKind, str]] = {"visits": "received_by", "calls": "answered_by", "outreach": "by"}
_LEAP_YEAR: Final = 2024
_TOLERANCE: Final = timedelta(minutes=5)
_encode: Final = msgspec.json.Encoder().encode


class ImportTerms(Struct, frozen=True):
    """What an import says of all its rows."""

    kind: ImportKind
    scope: str
    office: str
    actor: str
    register: str
    now: datetime
    zone: str = "Asia/Shanghai"
    year: int | None = None
    attested_by: str | None = None


class ReadEntry(Struct, frozen=True, gc=False):
    """A row that is an event: its line, its id, when it happened, and whether it named no time."""

    row: int
    id: str
    at: datetime
    body: bytes
    noon: bool
    again: int


class RejectedRow(Struct, frozen=True, gc=False):
    """A row that is none, with everything that is wrong with it; the id that it would have had where it had a twin, and
    the one that the sheet gives it."""

    row: int
    faults: list[RowFault]
    id: str | None = None
    given: str | None = None


class RowReader:
    """Reads rows in their order, since a day holds for the lines below it."""

    def __init__(
        self, layout: Layout, terms: ImportTerms, roster: Roster, ids: RowIds, *, since_1904: bool
    ) -> None:
        self._terms = terms
        self._roster = roster
        self._ids = ids
        self._since_1904 = since_1904
        self._zone = ZoneInfo(terms.zone)
        self._layout = layout
        self._columns = {
            one.field: (one.index, one.heading) for one in reversed(layout.columns) if one.field is not None
        }
        self._phones = layout.of("phones")
        self._day: date | None = None
        self._years = YearOrder()
        self.days: dict[int, str] = {}
        self._faults: list[RowFault] = []
        self._remarks: list[str] = []
        self._row: Sequence[Cell] = ()

    def read(self, number: int, row: Sequence[Cell]) -> ReadEntry | RejectedRow:
        """The entry of a line, or all that is wrong with it."""
        self._row, self._faults, self._remarks, self.days = row, [], [], {}
        if marks := self._marks():
            return self._marked(number, row, marks)
        data: dict[str, Any] = {}
        at, noon = self._moment(data)
        customer = self._customer()
        consultant = self._cell("consultant", self._consultant)
        self._details(data, at, noon=noon)
        given = self._cell("record", _record)
        if at is None or customer is None or consultant is None:
            return RejectedRow(number, self._faults, given=given)
        id_, again = self._ids.next(at, customer, consultant)
        id_ = given or id_
        if at - self._terms.now > _TOLERANCE:
            self._fault("date", "future")
        body = self._body(number, id_, at, data, customer, consultant)
        self._check(body)
        if self._faults:
            return RejectedRow(number, self._faults, id_ if again > 1 else None, given)
        return ReadEntry(number, id_, at, body, noon, again)

    def _marks(self) -> dict[int, str]:
        """The columns whose mark for the same as above has nothing above; a day holds by itself."""
        return {
            one.index: one.heading
            for one in self._layout.columns
            if one.field not in (None, "date")
            and one.index < len(self._row)
            and is_ditto(self._row[one.index])
        }

    def _marked(self, number: int, row: Sequence[Cell], marks: Mapping[int, str]) -> RejectedRow:
        """What else is wrong with a row that has such marks; what they leave open is not told twice."""
        read = self.read(number, [None if index in marks else cell for index, cell in enumerate(row)])
        marked = [RowFault(heading, "ditto", str(RULES["ditto"])) for heading in marks.values()]
        if isinstance(read, ReadEntry):
            return RejectedRow(number, marked)
        return RejectedRow(
            number,
            [*marked, *(one for one in read.faults if one.column not in marks.values())],
            given=read.given,
        )

    # When it happened.

    def _moment(self, data: dict[str, Any]) -> tuple[datetime | None, bool]:
        said = self._said_day()
        times = self._cell("times", range_of)
        clock = self._cell("time", said_clock)
        if said is None:
            return None, False
        if said.at is not None and (clock is not None and clock != said.at):
            self._fault("time", "day_and_time")
        chosen = said.at or clock or (None if times is None else times[0])
        if times is not None and self._terms.kind != "outreach":
            data["started_at"] = self._instant(said.day, times[0])
            if times[1] is not None:
                data["ended_at"] = self._instant(said.day, times[1])
        return self._at(said.day, chosen or NOON), chosen is None

    def _said_day(self) -> SaidDay | None:
        index, heading = self._columns["date"]
        cell = self._row[index] if index < len(self._row) else None
        if not is_said(cell) or is_ditto(cell):
            if self._day is None:
                self._fault("date", "ditto" if is_said(cell) else "date_missing")
                return None
            self.days[index] = self._day.isoformat()
            return SaidDay(self._day)
        try:
            said = day_of(cell, self._terms.year, since_1904=self._since_1904)
            self._years.hold(said)
        except RowFaultError as error:
            self._day = None  # what stands below it is of no day that can be read
            self._faults.append(error.at(heading))
            return None
        self._day = said.day
        self.days[index] = said.day.isoformat() if said.at is None else f"{said.day} {said.at}"
        return said

    def _at(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self._zone).astimezone(UTC)

    def _instant(self, day: date, at: time) -> str:
        return format_instant(self._at(day, at))

    # Whom it is of, and who says so.

    def _customer(self) -> Party | None:
        numbers: list[str] = []
        beside: list[str] = []
        blamed = ""
        sound = len(self._faults)
        for column in self._phones:
            said = self._read(column.index, column.heading, phones_of)
            if said is not None:
                numbers += said.phones
                beside += [said.beside] if said.beside else []
                blamed = blamed or (column.heading if said.beside else "")
                self._remarks += [f"{column.heading}：{'、'.join(said.remarks)}"] if said.remarks else []
        wechat = self._cell("wechat", text_of) or None
        index, heading = self._columns.get("name") or (self._phones[0].index, self._phones[0].heading)
        name = self._row[index] if "name" in self._columns and index < len(self._row) else None
        try:
            found = customer_of(name, SaidPhones(tuple(numbers), " ".join(beside)))
        except RowFaultError as error:
            self._faults.append(error.at(blamed if error.rule in ("phone", "phone_of_another") else heading))
            return None
        if len(self._faults) > sound:
            return None
        self._remarks += [f"{heading}：{'、'.join(found.remarks)}"] if found.remarks else []
        if not found.name and not found.phones and not wechat:
            self._faults.append(RowFault(heading, "nobody", str(RULES["nobody"])))
            return None
        return Party(name=found.name or None, phones=found.phones, wechat=wechat)

    def _consultant(self, cell: Cell) -> str:
        said = text_of(cell)
        if not said:
            raise RowFaultError("required")
        return self._roster.find(said)

    # What else the row says.

    def _details(self, data: dict[str, Any], at: datetime | None, *, noon: bool) -> None:
        kind = self._terms.kind
        if kind == "outreach":
            data["method"] = self._cell("method", self._method) or self._layout.method or "field"
        else:
            self._plain(data, "channel", "project")
            if level := self._cell("level", level_of):
                data["level"] = level
            self._category(data)
            if (next_on := self._cell("next_on", lambda cell: self._next_on(cell, at))) is not None:
                data["next_on"] = self.days[self._columns["next_on"][0]] = next_on.isoformat()
        if kind == "visits":
            data["capacity"] = "on_turn"
            self._plain(data, "purpose")
            if (size := self._cell("party_size", _size)) is not None:
                data["party_size"] = size
            self._referrer(data)
        if notes := [said for said in (self._noted(data), *self._remarks, NO_TIME if noon else "") if said]:
            data["notes"] = "；".join(notes)

    def _plain(self, data: dict[str, Any], *fields: ImportField) -> None:
        for field in fields:
            if text := self._cell(field, text_of):
                data[field] = text

    def _category(self, data: dict[str, Any]) -> None:
        said = self._cell("category", text_of)
        if said and (known := CATEGORIES.get(said)):
            data["category"] = known

    def _next_on(self, cell: Cell, at: datetime | None) -> date | None:
        """A day without a year is the next of its kind, from the day of the entry on; no day before it is one."""
        if not text_of(cell):
            return None
        if at is None:  # whether it can be read
            return day_of(cell, _LEAP_YEAR, since_1904=self._since_1904).day
        return day_after(cell, at.astimezone(self._zone).date(), since_1904=self._since_1904)

    def _referrer(self, data: dict[str, Any]) -> None:
        said = self._cell("referrer", text_of)
        if not said:
            return
        if phone_fault(said) is None and not is_masked(said):
            data["referred_by"] = [{"phone": said}]
            return
        try:
            data["referred_by"] = [{"consultant": self._roster.find(said)}]
        except RowFaultError:
            data["referrer"] = said  # the notes say so

    def _method(self, cell: Cell) -> str | None:
        said = text_of(cell)
        if not said and self._layout.method is not None:
            return None
        if (found := METHODS.get(tidy(said))) is None:
            raise RowFaultError("method")
        return found

    def _noted(self, data: dict[str, Any]) -> str:
        """What the event has no field for stands in the notes under its heading: nothing of a row is lost."""
        category = "category" not in data
        referrer = data.pop("referrer", None) is not None
        try:
            return notes_of(self._row, self._layout, self._terms.kind, category=category, referrer=referrer)
        except RowFaultError as error:
            self._faults.append(error.at(error.args[1] if len(error.args) > 1 else LABELS["notes"]))
            return ""

    # The event.

    def _body(
        self, number: int, id_: str, at: datetime, data: dict[str, Any], customer: Party, consultant: str
    ) -> bytes:
        terms = self._terms
        if terms.kind == "visits":
            data["visit"] = f"v-{id_}"
        data |= {"customer": customer, _WORKER[terms.kind]: consultant}
        envelope: dict[str, Any] = {
            "id": id_,
            "type": TYPES[terms.kind],
            "scope": terms.scope,
            "office": terms.office,
            "actor": terms.actor,
            "occurred_at": format_instant(at),
            "data": data,
        }
        if terms.attested_by is not None:
            envelope["carried"] = {
                "register": terms.register, "row": number, "attested_by": terms.attested_by,
            }  # fmt: skip
        return _encode(envelope)

    def _check(self, body: bytes) -> None:
        """By the decoder of the contract: what it refuses would be refused later."""
        try:
            decode_event(body, recorded=False, imported=True)
        except BadEvent as error:
            self._faults.append(RowFault(self._heading(error.path), error.rule, error.message))

    def _heading(self, path: str) -> str:
        """The column from which a field of the event came."""
        part = path.removeprefix("data.").removeprefix("customer.").partition("[")[0]
        named = {"occurred_at": "date", _WORKER[self._terms.kind]: "consultant", "referred_by": "referrer"}
        column = self._columns.get(named.get(part, part))  # type: ignore[call-overload]
        return path if column is None else str(column[1])

    def _cell(self, field: ImportField, read: Callable[[Cell], T | None]) -> T | None:
        column = self._columns.get(field)
        return (
            None if column is None else self._read(*column, read, demanded=field in ("consultant", "method"))
        )

    def _read(
        self, index: int, heading: str, read: Callable[[Cell], T | None], *, demanded: bool = False
    ) -> T | None:
        cell = self._row[index] if index < len(self._row) else None
        if not demanded and not isinstance(cell, CellError) and not is_said(cell):
            return None
        try:
            return read(cell)
        except RowFaultError as error:
            self._faults.append(error.at(heading))
            return None

    def _fault(self, field: ImportField, rule: str) -> None:
        heading = self._columns[field][1] if field in self._columns else LABELS[field]
        self._faults.append(RowFault(heading, rule, str(RULES[rule])))


def _record(cell: Cell) -> str | None:
    """The id that a sheet itself gives a row: of an export, or of rows that were rejected before."""
    said = text_of(cell)
    try:
        return str(UUID(said)) if said else None
    except ValueError:
        raise RowFaultError("record") from None


def _size(cell: Cell) -> int | None:
    said = text_of(cell)
    for word in COUNTED:
        said = said.removesuffix(word)
    if not said:
        return None
    if said in SIZES:
        return SIZES[said]
    if not said.isdigit() or not 1 <= int(said) <= 1000:
        raise RowFaultError("party_size")
    return int(said)
