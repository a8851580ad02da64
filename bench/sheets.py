"""A register of 10,000 rows as a workbook, against writing the same cells with the library alone, in turns.

The rows are visits of an office, each of another customer, with a phone, words and a level; all twenty columns of the
form. The limit of two seconds is of a quiet machine; the ratio is what the form costs above the library.
"""

from __future__ import annotations

import io
import tracemalloc
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median

from xlsxwriter import Workbook

from bench.measure import Result, at_most, in_turns, median_ratio, rounded, seconds, summary
from services.registers.model.customers import NumberedCustomer
from services.registers.model.periods import DaySpan
from services.registers.model.records import PostedRecord
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.reports.basis import ReportBasis
from services.registers.sheets.form import FormReader
from services.registers.sheets.forms import FORMS
from services.registers.sheets.register_book import Line, lines_of_form, write_register
from shared.contract import VisitRegistered
from shared.contract.event_parts import Party
from shared.ids import Contact, CustomerId, EventId, OfficeId, ScopeId, StaffId
from shared.rules.schemes.loading import load_scheme

ROWS = 10_000
ROUNDS = 5
BEGUN = datetime(2026, 3, 1, 1, tzinfo=UTC)


def run(rows: int = ROWS, rounds: int = ROUNDS) -> Result:
    """The same form both ways."""
    basis = _basis(rows)
    lines = lines_of_form(FORMS["visits"], FormReader(basis))

    def form() -> None:
        write_register(FORMS["visits"], FormReader(basis), io.BytesIO())

    def library() -> None:
        _written(lines)

    found = in_turns(rounds, form=lambda: seconds(form), library=lambda: seconds(library))
    tracemalloc.start()
    form()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    figures = {
        "rows": rows,
        "cells": sum(map(len, lines)),
        "seconds": {name: summary(each) for name, each in found.items()},
        "peak_mib": rounded(peak / 2**20),
    }
    goals = (
        at_most(f"seconds of a workbook of {rows:,} rows", median(found["form"]), 2.0),
        at_most("the form to the library alone", median_ratio(found["form"], found["library"]), 2.0),
    )
    return Result("sheets", goals, figures)


def _written(lines: Sequence[Line]) -> None:
    """Texts as texts, in the library's leanest way."""
    with Workbook(io.BytesIO(), {"constant_memory": True}) as book:
        sheet, lined = book.add_worksheet(), book.add_format({"border": 1, "text_wrap": True})
        for row, line in enumerate(lines):
            for place, cell in enumerate(line):
                if isinstance(cell, str):
                    sheet.write_string(row, place, cell, lined)
                else:
                    sheet.write_blank(row, place, None, lined)


def _basis(rows: int) -> ReportBasis:
    registers = Registers(ScopeId("north"), "Asia/Shanghai")
    for number in range(rows):
        _put(registers, number)
    known = registers.known(BEGUN + timedelta(days=365))
    scheme = values_of(load_scheme("habc"))
    return ReportBasis(
        known, scheme, OfficeId("east"), DaySpan(date(2026, 1, 1), date(2026, 12, 31)), "base 1"
    )


def _put(registers: Registers, number: int) -> None:
    at, id_ = BEGUN + timedelta(minutes=20 * number), EventId(str(uuid.UUID(int=number)))
    phone, who = f"139{number:08d}", CustomerId(f"c{number}")
    contact, name = Contact(f"+86{phone}"), f"客户{number}"
    visit = VisitRegistered(
        visit=f"v{number}", customer=Party(name=name, phones=(phone,)), received_by=StaffId(f"s{number % 20}"),  # type: ignore[arg-type]
        capacity="on_turn", started_at=at, ended_at=at + timedelta(minutes=30), channel="介绍", level="A",
        purpose="看两室两厅，预算一百二十万", notes="带家人看样板间，满意，约周末再来", project="葛天花园",
    )  # fmt: skip
    record = PostedRecord(
        id_, number + 1, OfficeId("east"), StaffId("bo"), at, at, visit, who, name, (contact,)
    )
    registers.entries.put(id_, record, at, "entered", id_)
    registers.customers.put(
        who, NumberedCustomer(who, number + 1, (name,), (contact,), number + 1), at, "entered", id_
    )
