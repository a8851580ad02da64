"""Registers as workbooks: the office's forms with their headings, contacts shown to whom they may be, nothing lost."""

from __future__ import annotations

import io

import pytest

from services.registers.model.periods import DaySpan
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.reports.basis import ReportBasis
from services.registers.sheets.form import FormReader
from services.registers.sheets.forms import FORMS, UnknownFormError, find_form
from services.registers.sheets.register_book import RegisterEdition, write_register
from shared.ids import OfficeId
from shared.rules.schemes.loading import load_scheme
from tests.support.journal import WrittenJournal, day, local, phones
from tests.support.office_month import office_month
from tests.support.workbooks import ReadSheet, read_workbook


def basis_of(registers: Registers, first: str = "03-01", last: str = "03-31") -> ReportBasis:
    known = registers.known(local("04-30 12:00"))
    scheme = values_of(load_scheme("habc"))
    return ReportBasis(known, scheme, OfficeId("east"), DaySpan(day(first), day(last)), "base 1")


@pytest.fixture(scope="module")
def basis() -> ReportBasis:
    return basis_of(office_month().posted())


def written(
    name: str, reader: FormReader, edition: RegisterEdition | None = None, **more: int
) -> list[ReadSheet]:
    file = io.BytesIO()
    count = write_register(FORMS[name], reader, file, edition, **more)
    sheets = read_workbook(file.getvalue())
    assert f"{count:,}" in sheets[-1].texts()
    return sheets


@pytest.mark.parametrize("name", FORMS)
def test_every_form_has_its_headings_and_rows(basis: ReportBasis, name: str) -> None:
    """Title, office, period, each heading once, rows below; the last sheet says where each column comes from."""
    form = FORMS[name]
    sheet, notes = written(name, FormReader(basis), RegisterEdition(exported_by="文员"))
    headings = [column.heading.zh for column in form.columns]
    at = sheet.row_of(headings[0])
    assert form.title.zh in sheet.rows[0] and sheet.rows[at] == headings
    assert len(set(headings)) == len(headings)
    assert len(sheet.rows) > at + 1
    assert {"文员", basis.rulebook, "habc 1"} <= set(notes.texts())
    assert {column.source for column in form.columns} <= set(notes.texts())
    assert (
        "$1:$" in sheet.repeated
        and 'state="frozen"' in sheet.xml
        and "<autoFilter" in sheet.xml
        and "containsBlanks" in sheet.xml
    )


def test_a_visit_stands_as_it_was_known(basis: ReportBasis) -> None:
    """With the local time, the referrer, and a return visit of whoever had come before."""
    sheet = written("visits", FormReader(basis))[0]
    assert sheet.below("来访日期")[0] == "2026-03-01 10:00"
    assert sheet.below("联系方式")[0] == "13912340000"
    assert sheet.below("介绍人")[-1] == "13912340000"
    assert sheet.below("新来访或回访")[:1] + sheet.below("新来访或回访")[5:6] == ["新来访", "回访"]
    assert sheet.below("接待人")[2] == "陈晓明"
    assert sheet.kinds["D5"] == "inlineStr"


def test_phones_are_masked_for_whom_they_are_not(basis: ReportBasis) -> None:
    """Also those that stand in words; names stay."""
    reader = FormReader(basis, sees=lambda customer: False)
    visits = written("visits", reader)[0]
    assert visits.below("联系方式")[0] == "139****0000" and visits.below("介绍人")[-1] == "139****0000"
    changes = written("data-changes", reader)[0]
    assert changes.below("变更内容")[0] == "电话改为 139****0000"
    for name in FORMS:
        text = "".join(cell for sheet in written(name, reader) for cell in sheet.texts())
        assert "1391234000" not in text and "13700001111" not in text, name


def test_a_corrected_phone_is_the_one_that_stands() -> None:
    """What was mistyped is not exported; a masked one is as it was recorded."""
    journal = WrittenJournal()
    visit = journal.visit("03-02 10:00", "a")
    journal.visit("03-03 10:00", {"name": "王", "phones": ["138****0001"]})
    gao = {"requested_by": "li", "approved_by": ["gao"], "reason": "r"}
    journal.add("record.corrected", "03-05 10:00", record=visit, customer={"phones": phones("b")}, **gao)
    sheet = written("visits", FormReader(basis_of(journal.posted())))[0]
    assert sheet.below("联系方式") == [phones("b")[0], "138****0001"]


def test_staff_of_one_name_are_told_apart() -> None:
    """By their ids, so that a sheet that is read in again names nobody else."""
    journal = WrittenJournal()
    for staff in ("zhang1", "zhang2"):
        journal.add("staff.enrolled", "2025-12-02 08:00", staff=staff, name="张伟", role="consultant")
    journal.visit("03-02 10:00", "a", by="zhang1")
    journal.visit("03-02 11:00", "b", by="li")
    assert written("visits", FormReader(basis_of(journal.posted())))[0].below("接待人") == ["zhang1", "li"]


def test_late_and_carried_rows_are_marked() -> None:
    """A late entry under 补录, one of an older register under 存量登记; a late deal under 其中补录."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a", recorded="03-04 10:00")
    journal.visit("03-01 10:00", "b", recorded="03-04 11:00", carried=True)
    journal.add(
        "deal.subscribed", "03-03 10:00", "03-06 10:00", deal="d", closed_by="li", project="g", unit="u",
        customer={"name": "a", "phones": phones("a")},
    )  # fmt: skip
    reader = FormReader(basis_of(journal.posted()))
    sheet = written("visits", reader)[0]
    assert (sheet.below("补录"), sheet.below("存量登记")) == ([None, "√"], ["√", None])
    assert written("deals", reader)[0].below("其中补录") == ["√"]


def test_a_deal_has_its_last_terms_and_everyones_share(basis: ReportBasis) -> None:
    """Price for each square metre by amount and area; amounts are numbers."""
    sheet = written("deals", FormReader(basis))[0]
    assert sheet.below("单价")[0] == 12533.68 and sheet.below("总价")[0] == 1234567.89
    assert sheet.below("付款方式")[:2] == ["按揭", "公积金"]
    assert sheet.below("签约日期")[0] == "2026-03-18 10:00"


def test_a_card_is_turned_when_the_customer_buys(basis: ReportBasis) -> None:
    """What was recorded before a standing deal is on its back, what came after on its front."""
    sheet = written("cards", FormReader(basis))[0]
    rows = list(zip(sheet.below("顾客名称"), sheet.below("正反面"), sheet.below("事项"), strict=True))
    assert ("王建国", "反面（成交前）", "来访登记") in rows
    assert ("王建国", "正面（成交后）", "认购登记") in rows


def test_a_register_that_is_too_long_goes_on_on_another_sheet(basis: ReportBasis) -> None:
    """With the same headings; nothing is left out."""
    *sheets, _ = written("visits", FormReader(basis), most_rows=8)
    assert [one.name for one in sheets] == ["客户来访登记表", "客户来访登记表 2", "客户来访登记表 3"]
    assert sum(len(one.below("来访日期")) for one in sheets) == 11


def test_a_register_without_rows_says_so() -> None:
    """An empty month is a sheet with headings."""
    sheet = written("visits", FormReader(basis_of(WrittenJournal().posted())))[0]
    assert "无记录" in sheet.texts() and "客户姓名" in sheet.texts()


def test_rows_may_be_chosen(basis: ReportBasis) -> None:
    """An export of a list that was filtered has the rows that were on the screen."""
    reader = FormReader(basis)
    file = io.BytesIO()
    chosen = [row for row in FORMS["visits"].rows(reader) if row.data.received_by == "wang"]
    assert write_register(FORMS["visits"], reader, file, rows=chosen) == 3
    assert set(read_workbook(file.getvalue())[0].below("接待人")) == {"wang"}


def test_a_wide_form_is_printed_over_more_pages_and_names_the_customer_on_each(basis: ReportBasis) -> None:
    """What could not be read at the scale of one page is not squeezed into it."""
    sheet = written("profiles", FormReader(basis))[0]
    assert "$A:$C" in sheet.repeated and 'fitToWidth="1"' not in sheet.xml
    assert sheet.rows[0].index("客户资料卡") == 3


def test_a_form_that_nobody_knows_is_an_error() -> None:
    """Named in the error."""
    with pytest.raises(UnknownFormError, match="none"):
        find_form("none")
