"""What was exported comes in again as what it is: a register's rows are the records that are there."""

from __future__ import annotations

import io
import json

import pytest

from services.intake.imports.headings import ImportKind
from services.registers.sheets.form import FormReader
from services.registers.sheets.forms import FORMS
from services.registers.sheets.register_book import write_register
from tests.support import old_books
from tests.support.office_month import office_month
from tests.unit.test_register_workbooks import basis_of


@pytest.mark.parametrize("sees", [True, False])
@pytest.mark.parametrize("kind", ["visits", "calls", "outreach"])
def test_each_row_of_an_exported_register_is_the_record_that_it_was(kind: ImportKind, sees: bool) -> None:
    """Headings are understood by themselves, and every row says the id of its record, with phones masked or not, also
    one that cannot be read otherwise."""
    reader, file = FormReader(basis_of(office_month().posted()), sees=lambda customer: sees), io.BytesIO()
    count = write_register(FORMS[kind], reader, file)
    ids = sorted(row.record.id for row in FORMS[kind].rows(reader) if row.record is not None)
    sheet = old_books.read(file.getvalue(), kind)
    found = [one.id for one in sheet.entries] + [str(one.given) for one in sheet.rejected]
    assert count > 0 and sorted(found) == ids
    assert {fault.rule for one in sheet.rejected for fault in one.faults} <= {"consultant_unknown"}
    assert {json.loads(one.body)["id"] for one in sheet.entries} <= set(ids)
