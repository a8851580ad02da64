"""Old books are read as their offices mean them, and what cannot be read is said by row, column and rule."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest

from services.intake.books.grid import BookLimits, UnreadableBookError
from services.intake.books.reading import read_book
from services.intake.books.workbooks import NOTES
from services.intake.imports.rejected import rejected_workbook
from services.intake.imports.sheet import ReadSheet
from tests.support import old_books
from tests.support.old_books import BOOKS, OldBook, csv_of, sheet_of


def faults_of(sheet: ReadSheet) -> list[tuple[int, str, str]]:
    return [(row.row, fault.column, fault.rule) for row in sheet.rejected for fault in row.faults]


def data_of(sheet: ReadSheet) -> list[dict[str, Any]]:
    return [json.loads(one.body)["data"] for one in sheet.entries]


def opened(book: OldBook, **changes: Any) -> ReadSheet:
    return old_books.read(book.content, book.kind, book.sheet, year=book.year, **changes)


@pytest.mark.parametrize("name", BOOKS)
def test_an_old_book_is_counted_and_its_rejected_rows_are_explained(name: str) -> None:
    """Each row of a book is an entry, a rejected row with every reason, or a line that is left out and counted."""
    book = BOOKS[name]()
    sheet = opened(book)
    assert faults_of(sheet) == book.rejected
    assert len(sheet.entries) == book.entries
    assert {why: count for why, count in sheet.summary.skipped.items() if count} == book.skipped
    assert sheet.summary.without_time == book.noon


def test_a_day_that_is_merged_or_marked_holds_for_the_rows_below() -> None:
    """A cell over several rows, and a mark for the same as above, say what stands above; a title has the year."""
    first, second, third = opened(BOOKS["merged_days"]()).entries
    days = [json.loads(one.body)["occurred_at"] for one in (first, second, third)]
    assert days == ["2026-03-05T04:00:00Z", "2026-03-05T04:00:00Z", "2026-03-06T04:00:00Z"]
    told = json.loads(second.body)["data"]
    assert (told["channel"], told["level"], told["received_by"]) == ("路过", "B", "li")
    assert json.loads(first.body)["data"]["notes"].startswith("现场订购：√；")


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    """The same number is another day in a workbook whose days are counted from 1904."""
    (only,) = opened(BOOKS["since_1904"]()).entries
    assert only.at.date().isoformat() == "2024-03-01"


def test_name_and_numbers_of_one_cell_come_apart() -> None:
    """A cell may hold a name and several numbers; a range of times is when they came and left."""
    first, second = data_of(opened(BOOKS["names_with_numbers"]()))
    assert first["customer"] == {"name": "聂阿姨", "phones": ["13979515387"]}
    assert (first["started_at"], first["ended_at"]) == ("2023-01-01T02:20:00Z", "2023-01-01T03:05:00Z")
    assert second["customer"]["phones"] == ["13900000031", "13900000032"]


def test_a_masked_number_is_kept_and_names_nobody() -> None:
    """A number with stars stays as it is written; full-width digits are digits."""
    told = data_of(opened(BOOKS["old_excel"]()))
    assert [one["customer"]["phones"] for one in told[2:]] == [["13900000013"], ["139****0014"]]


@pytest.mark.parametrize(
    ("name", "cell", "phones"),
    [
        ("甲", "13900000001/138****0002", ["13900000001", "138****0002"]),
        ("甲", "138****0002 13900000001", ["138****0002", "13900000001"]),
        ("甲", "13900000001*13800000002", ["13900000001", "13800000002"]),
        ("", "张* 13900000001", ["13900000001"]),
        ("甲", "138 **** 0002", ["138 **** 0002"]),
        ("甲", "010-8888666*", ["010-8888666*"]),
    ],
)
def test_a_whole_number_beside_something_masked_is_read(name: str, cell: str, phones: list[str]) -> None:
    """By it the earlier owner is found: only what is masked itself stays as it is written."""
    rows = [["日期", "姓名", "电话", "业务员"], ["2026-03-05", name, cell, "李娜"]]
    (entry,) = old_books.read(csv_of(rows)).entries
    assert json.loads(entry.body)["data"]["customer"]["phones"] == phones


def test_what_an_event_has_no_field_for_stands_in_its_notes() -> None:
    """An amount below 万元, a referrer without a number: each under its heading; a day without a year is the next."""
    first, second = data_of(opened(BOOKS["many_consultants"]()))
    assert first["notes"].startswith("总价(万元)：1285000.00 元")
    assert first["referred_by"] == [{"phone": "13900000099"}]
    assert first["next_on"] == "2026-03-09"
    assert second["received_by"] == "wang"
    assert "介绍人：老客户老周" in second["notes"]


def test_rejected_rows_mended_add_only_themselves() -> None:
    """The rejected rows are the same sheet with a reason: mended and read again they are the rows that were missing,
    and every cell of them is text, also one that would be a formula."""
    book = BOOKS["hostile_cells"]()
    sheet = opened(book)
    made = rejected_workbook(sheet, sheet.rejected)
    grid = read_book(made, BookLimits())
    assert grid.rows[0][:5] == ["日期", "姓名", "电话", "业务员", "备注"]
    assert grid.rows[1][1:5] == ["=HYPERLINK(1)", "13900000081", "李娜", "+SUM(1)"]
    with zipfile.ZipFile(BytesIO(made)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    mended = [["2026-03-10", *row[1:]] if n else row for n, row in enumerate(grid.rows)]
    again = old_books.read(sheet_of(mended, strings_to_formulas=False))
    assert len(again.entries) == 1
    assert {one.id for one in again.entries} & {one.id for one in sheet.entries} == set()


def test_a_rejected_row_stands_by_itself() -> None:
    """A row that looks to the line above for its day says the day itself among the rejected ones."""
    sheet = opened(BOOKS["merged_days"]())
    grid = read_book(rejected_workbook(sheet, sheet.rejected), BookLimits())
    assert grid.rows[1][:5] == ["2026-03-05", "陈先生", "1.39E+10", "王强", "报纸"]


def test_the_same_rows_have_the_same_ids_whatever_the_file() -> None:
    """A row has one id in whatever file, at whatever line and beside whatever else it comes; two who left only a
    surname on one day are two."""
    heads = ["日期", "姓名", "电话", "业务员"]
    one, other = ["2026-03-05", "甲", "13900000001", "李娜"], ["2026/3/5", "某先生", "无", "王强"]
    first = old_books.read(csv_of([heads, one, other, other]), register="a.csv")
    later = old_books.read(sheet_of([["2026年"], [], heads, other, one, other]), register="b.xlsx")
    assert {entry.id for entry in first.entries} == {entry.id for entry in later.entries}
    assert len({entry.id for entry in first.entries}) == 3


def test_an_id_tells_nothing_without_the_secret_of_the_journal() -> None:
    """Another journal gives the same row another id: nobody can try names and numbers against one."""
    book = BOOKS["old_excel"]()
    order = old_books.SheetOrder(book.content, old_books.terms(), old_books.MEMBERS, b"t" * 32)
    assert not {one.id for one in ReadSheet(order).entries} & {one.id for one in opened(book).entries}


def zipped(members: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def with_member(content: bytes, name: str, data: bytes) -> bytes:
    made = BytesIO(content)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


HEADS = ["日期", "姓名", "电话", "业务员"]
SOUND = sheet_of([HEADS, ["2026-03-05", "甲", "13900000001", "李娜"]])
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"%PDF-1.4\n\x00\x01", "type"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "type"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "type"),
        (OLE, "damaged"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "protected"),
        (OLE + "_VBA_PROJECT_CUR".encode("utf-16-le"), "macros"),
        (with_member(SOUND, "xl/vbaProject.bin", b"x"), "macros"),
        (with_member(SOUND, "xl/media/bomb.bin", b"\0" * 9_000_000), "too_large"),
        (SOUND[:-40], "damaged"),
        (sheet_of([HEADS, ["x"] * 300]), "too_large"),
        (sheet_of([]), "empty"),
    ],
)
def test_what_is_no_old_book_is_refused_in_words(content: bytes, rule: str) -> None:
    """A file goes by what is in it: passwords, macros, bombs and other kinds of files are named as what they are."""
    with pytest.raises(UnreadableBookError) as refused:
        read_book(content, BookLimits())
    assert (refused.value.path, refused.value.rule) == ("file", rule)


def test_an_xml_spreadsheet_of_2003_is_told_as_what_it_is() -> None:
    """And not as a web page, although both begin with a mark of XML."""
    head = b'<?xml version="1.0"?>\r\n<?mso-application progid="Excel.Sheet"?>\r\n<Workbook'
    for content in (
        head,
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
    ):
        with pytest.raises(UnreadableBookError, match="2003") as refused:
            read_book(content, BookLimits())
        assert (refused.value.path, refused.value.rule) == ("file", "type")
    with pytest.raises(UnreadableBookError, match="web page"):
        read_book(b'<?xml version="1.0"?><html><body>', BookLimits())


def test_the_notes_of_an_export_are_no_sheet_to_choose() -> None:
    """Beside one filled sheet they are left out, beside two the others are named, and alone they are what there is."""

    def filled(*names: str) -> bytes:
        def fill(book: Any, _: Any) -> None:
            for name in names:
                book.add_worksheet(name).write_row(0, 0, ["日期", "姓名", "业务员"])

        return old_books.xlsx(fill)

    assert read_book(filled("来访", NOTES.zh), BookLimits()).name == "来访"
    assert read_book(filled(NOTES.zh), BookLimits()).name == NOTES.zh
    with pytest.raises(UnreadableBookError, match="来访, 来电"):
        read_book(filled("来访", "来电", NOTES.zh), BookLimits())


def test_one_of_several_sheets_is_named() -> None:
    """Of several filled sheets one is to be named; a hidden one is said, and read only by its name."""

    def fill(book: Any, _: Any) -> None:
        for name in ("一月", "二月", "底稿"):
            book.add_worksheet(name).write_row(0, 0, ["日期", "姓名", "业务员"])
        book.get_worksheet_by_name("底稿").hide()

    content = old_books.xlsx(fill)
    with pytest.raises(UnreadableBookError, match="一月, 二月") as refused:
        read_book(content, BookLimits())
    assert refused.value.rule == "several_sheets"
    assert read_book(content, BookLimits(), "底稿").name == "底稿"
    assert read_book(content, BookLimits(), "一月").hidden == ("底稿",)


def test_a_sheet_without_a_column_that_is_needed_is_refused_by_the_mapping() -> None:
    """Who received the customer, and when, has to have a column; the refusal says which is missing."""
    with pytest.raises(UnreadableBookError, match="置业顾问") as refused:
        old_books.read(csv_of([["日期", "姓名", "电话"], ["2026-03-05", "甲", ""]]))
    assert (refused.value.path, refused.value.rule) == ("mapping", "required")
