"""A journal written by hand: events as NDJSON through the decoder, posted to registers, asked for reports."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.registers.model.periods import DaySpan
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.posting.journal import post_journal
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import make_report
from services.registers.reports.explaining import explain
from services.registers.reports.report import OfficeReport, ReportLine, ReportTable
from shared.contract import parse_instant
from shared.ids import OfficeId, ScopeId
from shared.rules.judge.reading import EventReader, in_order
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import load_scheme

ZONE = ZoneInfo("Asia/Shanghai")
STAFF = {"li": "consultant", "wang": "consultant", "sun": "supervisor", "gao": "manager", "bo": "back_office"}


def local(text: str) -> datetime:
    """`03-02 10:00` of 2026 in Shanghai; with a zone, the instant itself."""
    if "T" in text:
        return parse_instant(text)
    year = "" if text.count("-") == 2 else "2026-"
    return datetime.fromisoformat(f"{year}{text}").replace(tzinfo=ZONE)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


@dataclass
class WrittenJournal:
    """Events as an office would write them; each is recorded when it happens, unless said."""

    office: str = "east"
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for staff, role in STAFF.items():
            self.add("staff.enrolled", "2025-12-01 08:00", staff=staff, name=staff, role=role)

    def add(
        self, type_: str, at: str, recorded: str | None = None, *, carried: bool = False, **data: Any
    ) -> str:
        """Add an event; answers its id."""
        id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, str(len(self.events))))
        event = {
            "id": id_,
            "type": type_,
            "scope": "north",
            "office": self.office,
            "actor": "bo",
            "occurred_at": local(at).isoformat(),
            "recorded_at": local(recorded or at)
            .astimezone(ZoneInfo("UTC"))
            .isoformat()
            .replace("+00:00", "Z"),
            "data": {name.rstrip("_"): value for name, value in data.items()},
        }
        if carried:
            event["carried"] = {"register": "book", "row": 1, "attested_by": "gao"}
        self.events.append(event)
        return id_

    def visit(self, at: str, who: str, by: str = "li", recorded: str | None = None, **more: Any) -> str:
        carried = more.pop("carried", False)
        data = {
            "visit": f"v{len(self.events)}",
            "customer": party(who),
            "received_by": by,
            "capacity": "on_turn",
        }
        return self.add("visit.registered", at, recorded, carried=carried, **{**data, **more})

    def call(self, at: str, who: str, by: str = "li", **more: Any) -> str:
        return self.add("call.registered", at, customer=party(who), answered_by=by, **more)

    def follow(
        self, at: str, who: str | dict[str, Any], by: str = "li", recorded: str | None = None, **more: Any
    ) -> str:
        data = {"customer": party(who), "by": by, "method": "phone", "subject": "s", "content": "c"}
        return self.add("followup.recorded", at, recorded, **{**data, **more})

    def deal(
        self, at: str, who: str, name: str, amount: str | None = None, by: str = "li", **more: Any
    ) -> str:
        stated = {"amount": amount} if amount is not None else {}
        data = {
            "deal": name,
            "customer": party(who),
            "closed_by": by,
            "project": "garden",
            "unit": f"u-{name}",
        }
        return self.add("deal.subscribed", at, **{**data, **stated, **more})

    def lines(self) -> list[bytes]:
        return [json.dumps(event, ensure_ascii=False).encode() for event in self.events]

    def posted(
        self, until: str = "12-31 23:59", rulebook: str = "base", known: str | None = None
    ) -> Registers:
        """The registers; `known` cuts the journal there."""
        return posted(self.lines(), local(until), rulebook, local(known) if known is not None else None)

    def report(
        self, name: str, first: str, last: str, known: str = "12-31 23:59", *, scheme: str = "base",
        rulebook: str = "base", grain: str | None = None, office: str | None = "east",
    ) -> OfficeReport:  # fmt: skip
        registers = self.posted(rulebook=rulebook)
        return report_of(
            registers, name, first, last, local(known), scheme=scheme, grain=grain, office=office
        )

    def differences(
        self, name: str, first: str, last: str, known: str, *, issued: str, grain: str | None = None
    ) -> list[Difference]:
        """What explains how a report differs from the run that was known at `issued`."""
        registers = self.posted()
        before, after = (
            report_of(registers, name, first, last, local(at), grain=grain) for at in (issued, known)
        )
        return [
            (
                one.table,
                one.line,
                one.column,
                one.later - one.issued,
                tuple((row.row, row.reasons) for row in one.rows),
            )
            for one in explain(registers, before, after)
        ]


Difference = tuple[str, tuple[str, ...], str, Decimal, tuple[tuple[str, tuple[str, ...]], ...]]
"""Table, line, column, by how much, and of each row why."""


def posted(
    lines: Iterable[bytes], until: datetime, rulebook: str = "base", known: datetime | None = None
) -> Registers:
    """The registers of the one scope of these lines."""
    books = Registry()
    events = in_order(EventReader(books.books).events(lines), known)
    return post_journal(
        events, ScopeId(events[0].scope), books.find(rulebook).rulebook, books.books, known or until
    )


def report_of(
    registers: Registers, name: str, first: str, last: str, known: datetime, *, scheme: str = "base",
    grain: str | None = None, office: str | None = "east",
) -> OfficeReport:  # fmt: skip
    basis = ReportBasis(
        registers.known(known),
        values_of(load_scheme(scheme)),
        OfficeId(office) if office is not None else None,
        DaySpan(day(first), day(last)),
        "base 1",
    )
    return make_report(name, basis, grain)


def party(who: str | dict[str, Any]) -> dict[str, Any]:
    """A customer by a letter, whose phone it makes; `-` leaves no contact."""
    if isinstance(who, dict):
        return who
    if who == "-":
        return {"name": "某先生"}
    return {"name": f"客户{who}", "phones": [f"138{int.from_bytes(who.encode()[-3:], 'big'):08d}"]}


def phones(*people: str) -> list[str]:
    return [party(one)["phones"][0] for one in people]


def total(table: ReportTable) -> dict[str, str]:
    """What the total says below each heading."""
    assert table.total is not None
    return shown(table, table.total)


def shown(table: ReportTable, line: ReportLine) -> dict[str, str]:
    """What a line says below each heading."""
    return {column.key: line.shown(column) for column in table.columns}


def terms(journal: WrittenJournal, at: str, deal: str, **more: Any) -> str:
    """Agree on something of a deal; `sign_by` is the day of its signing."""
    sign_by = more.pop("sign_by", None)
    due = [{"what": "signed", "on": f"2026-{sign_by}"}] if sign_by is not None else []
    return journal.add("deal.terms_set", at, deal=deal, by="bo", **({"due": due} if due else {}), **more)


def survey(journal: WrittenJournal, at: str, who: str, answers: str, score: int, by: str = "li") -> str:
    """A survey; `answers` are five digits in the order of the form: greeted, introduced, patient, clear, recommend."""
    names = ("greeted", "introduced", "patient", "clear", "would_recommend")
    said = {"answers": dict(zip(names, map(int, answers), strict=True))} if answers else {}
    return journal.add("survey.recorded", at, customer=party(who), consultant=by, score=score, **said)
