"""Old books of sales offices, invented: names, numbers and days are nobody's, the ways of writing are offices' own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import xlsxwriter
import xlwt

from services.intake.imports.entries import ImportTerms
from services.intake.imports.headings import ImportKind
from services.intake.imports.roster import RosterMember
from services.intake.imports.sheet import ReadSheet, SheetOrder

NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
SECRET = b"s" * 32
MEMBERS = [
    RosterMember("li", "李娜", "demo-office", "0164301"),
    RosterMember("wang", "王强", "demo-office", "0164302"),
    RosterMember("zhao", "赵敏", "demo-office", "0164303"),
    RosterMember("zhou", "赵敏", "demo-office", "0164304"),
    RosterMember("north-wang", "王强", "north-office", "0164305"),
]
Write = Callable[[Any, Any], None]


def terms(kind: ImportKind = "visits", **changes: Any) -> ImportTerms:
    told: dict[str, Any] = {
        "kind": kind, "scope": "demo", "office": "demo-office", "actor": "nei", "register": "old.xlsx", "now": NOW,
        "attested_by": "chen", **changes,
    }  # fmt: skip
    return ImportTerms(**told)


def order(
    content: bytes, kind: ImportKind = "visits", sheet: str | None = None, **changes: Any
) -> SheetOrder:
    return SheetOrder(content, terms(kind, **changes), MEMBERS, SECRET, sheet)


def read(content: bytes, kind: ImportKind = "visits", sheet: str | None = None, **changes: Any) -> ReadSheet:
    return ReadSheet(order(content, kind, sheet, **changes))


def xlsx(fill: Write, **options: Any) -> bytes:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, **options})
    fill(book, book.add_format({"num_format": "yyyy/m/d"}))
    book.close()
    return made.getvalue()


def sheet_of(rows: Sequence[Sequence[Any]], name: str = "Sheet1", **options: Any) -> bytes:
    """A workbook of one sheet, its cells as they are given; a formula is a text that begins with `=`."""

    def fill(book: Any, _: Any) -> None:
        sheet = book.add_worksheet(name)
        for n, row in enumerate(rows):
            for m, cell in enumerate(row):
                if cell is not None:
                    sheet.write(n, m, cell)

    return xlsx(fill, **options)


def old_excel_of(rows: Sequence[Sequence[Any]]) -> bytes:
    """The same as an XLS file."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    for n, row in enumerate(rows):
        for m, cell in enumerate(row):
            sheet.write(n, m, cell)
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def csv_of(rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


@dataclass(frozen=True)
class OldBook:
    """A book, and what is to be read of it: its entries counted, its rejected rows by line, column and rule."""

    content: bytes
    entries: int
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    kind: ImportKind = "visits"
    sheet: str | None = None
    year: int | None = None
    noon: int = 0


def merged_days() -> OldBook:
    """A printed form: a title with the year, a day merged over its visits, totals and a signature below."""

    def fill(book: Any, day: Any) -> None:
        sheet = book.add_worksheet("来访")
        sheet.merge_range(0, 0, 0, 6, "中央国际 2026年3月 客户来访登记表")
        heads = ["来访日期", "客户姓名", "联系电话", "置业顾问", "来访渠道", "意向级别", "现场订购"]
        sheet.write_row(1, 0, heads)
        sheet.merge_range(2, 0, 4, 0, "3月5日")
        sheet.write_row(2, 1, ["张先生", 13900000001.0, "李娜", "路过", "A", "√"])
        sheet.write_row(3, 1, ["刘女士", "13900000002", None, "〃", "B", "-"])
        sheet.merge_range(2, 3, 3, 3, "李娜")
        sheet.write_row(4, 1, ["陈先生", "1.39E+10", "王强", "报纸", "C", "无"])
        sheet.write_row(5, 0, ["小计", 3])
        sheet.write_row(6, 0, heads)
        sheet.write_row(7, 0, ["3.6", "孙先生", "139 0000 0004", "0164302", "介绍", "H"])
        sheet.write_row(9, 0, ["合计", 4])
        sheet.write_row(10, 0, ["制表人：李娜"])

    skips = {"total": 2, "headings": 1, "empty": 1, "remark": 1}
    return OldBook(xlsx(fill), 3, [(5, "联系电话", "phone_scientific")], skips, noon=3)


def calls_in_gb18030() -> OldBook:
    rows = [
        ["来电时间", "称呼", "电话", "接听人", "获知途径", "来电内容", "等级"],
        ["2006-05-10", "聂阿姨", "13979515387", "李娜", "报纸", "问价格", "A"],
        ["2014-02-26 15:39", "黄先生", "010-88886666转8001", "王强", "网络", "问户型", "B"],
        ["2007年3月5日 星期一", "某女士", "无", "李娜", "路过", "未留电话", "C"],
        ["2014-02-30", "错日", "13900000003", "李娜", "", "", ""],
    ]
    return OldBook(csv_of(rows, "gb18030"), 3, [(5, "来电时间", "date")], kind="calls", noon=2)


def old_excel() -> OldBook:
    """An XLS file with days as dates, as numbers of Excel and as marks for the same as above."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("登记")
    day = xlwt.easyxf(num_format_str="yyyy/m/d")
    for m, head in enumerate(["登记日期", "姓名", "手机", "销售顾问", "备注"]):
        sheet.write(0, m, head)
    lines: list[list[Any]] = [
        [date(2023, 1, 1), "马一", 13900000011.0, "李娜", "首访"],
        ["同上", "马二", 13900000012.0, "同上", ""],
        [44928, "马三", "１３９００００００１３", "王强", "看两房"],
        ["〃", "马四", "139****0014", "〃", "号码不全"],
    ]
    for n, line in enumerate(lines, 1):
        for m, cell in enumerate(line):
            sheet.write(n, m, cell, day) if isinstance(cell, date) else sheet.write(n, m, cell)
    made = BytesIO()
    book.save(made)
    return OldBook(made.getvalue(), 4, noon=4)


def since_1904() -> OldBook:
    """Days as bare numbers, counted from 1904 as on an old Macintosh: 43890 is 2024-03-01 there."""
    rows = [["日期", "姓名", "电话", "顾问", "业务员"], [43890, "高一", "13900000021", "", "李娜"]]
    return OldBook(sheet_of(rows, date_1904=True), 1, noon=1)


def names_with_numbers() -> OldBook:
    rows = [
        ["来访日期", "客户姓名", "接待人员", "进店-离去时间", "接待内容"],
        ["2023/01/01", "聂阿姨 13979515387", "李娜", "10:20-11:05", "看样板间"],
        ["", "周先生 13900000031/13900000032", "王强", "11:00—11:30", ""],
        ["2023/01/02", "张三 13900000033 李四 13900000034", "李娜", "", ""],
        ["2023/01/02", "吴先生、吴太太", "李娜", "", ""],
        ["2023/01/02", "郑先生13900000036", "李娜", "15:00-14:00", ""],
    ]
    rejected = [
        (4, "客户姓名", "two_customers"), (5, "客户姓名", "two_customers"), (6, "进店-离去时间", "times_order"),
    ]  # fmt: skip
    return OldBook(csv_of(rows, "utf-8-sig"), 2, rejected)


def without_a_year() -> OldBook:
    rows = [
        ["日期", "姓名", "电话", "销售代表"],
        ["3月5日", "钱一", "13900000041", "李娜"],
        ["", "钱二", "13900000042", "李娜"],
        ["2026-03-06", "钱三", "13900000043", "李娜"],
    ]
    rejected = [(2, "日期", "date_year"), (3, "日期", "date_missing")]
    return OldBook(csv_of(rows), 1, rejected, noon=1)


def outreach() -> OldBook:
    rows = [
        ["拓客日期", "客户姓名", "联系方式", "拓客人员", "拓客方式", "意向户型"],
        ["2026.3.5", "何一", "13900000051、13900000052；13900000053", "李娜", "派单", "三房"],
        ["2026.3.5", "何二", "13900000054", "李娜", "喊话", "两房"],
        ["2026.3.5", "何三", "0", "李娜", "短信", "两房"],
    ]
    return OldBook(
        csv_of(rows), 1, [(3, "拓客方式", "method"), (4, "联系方式", "phone")], kind="outreach", noon=1
    )


def formulas_and_hidden_sheets() -> OldBook:
    """Formulas that came to errors, and a sheet that nobody sees: it is read only where it is named."""

    def fill(book: Any, day: Any) -> None:
        sheet = book.add_worksheet("三月")
        sheet.write_row(0, 0, ["来访日期", "客户姓名", "联系电话", "置业顾问"])
        sheet.write_datetime(1, 0, datetime(2026, 3, 1), day)
        sheet.write_row(1, 1, ["冯一", "13900000061", "李娜"])
        sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
        sheet.write_row(2, 1, ["冯二", "13900000062", "李娜"])
        sheet.write_formula(3, 0, "=DATE(2026,3,3)", day, 46084)
        sheet.write_row(3, 1, ["冯三", "13900000063"])
        sheet.write_formula(3, 3, "=VLOOKUP(1,A1:B2,9)", None, "#REF!")
        hidden = book.add_worksheet("底稿")
        hidden.write_row(0, 0, ["来访日期", "客户姓名", "置业顾问"])
        hidden.hide()

    rejected = [(3, "来访日期", "formula"), (4, "置业顾问", "formula")]
    return OldBook(xlsx(fill), 1, rejected, noon=1)


def many_consultants() -> OldBook:
    rows: list[list[Any]] = [
        ["来访日期", "客户名称", "电话", "置业顾问", "介绍人", "总价(万元)", "下次回访"],
        ["2026-03-05", "褚一", "13900000071", "0164304, 赵敏", "13900000099", 128.5, "3月9日"],
        ["2026-03-05", "褚二", "13900000072", "赵敏", "李娜", "", ""],
        ["2026-03-05", "褚三", "13900000073", "王强", "老客户老周", "", ""],
        ["2026-03-05", "褚四", "13900000074", "陌生人", "", "", ""],
        ["2026-03-05", "褚五", "1390000007", "li", "", "", ""],
        ["2027-03-05", "褚六", "13900000076", "li", "", "", ""],
        ["2026-03-05", "褚七", "88886666", "", "", "", ""],
    ]
    rejected = [
        (3, "置业顾问", "consultant_ambiguous"), (5, "置业顾问", "consultant_unknown"), (6, "电话", "phone_length"),
        (7, "来访日期", "future"), (8, "电话", "phone_area"), (8, "置业顾问", "required"),
    ]  # fmt: skip
    return OldBook(sheet_of(rows), 2, rejected, noon=2)


def hostile_cells() -> OldBook:
    """Cells that would be formulas, a number that lost its end, and two visitors who left nothing but a surname."""
    rows: list[list[Any]] = [
        ["日期", "姓名", "电话", "业务员", "备注"],
        [3.1, "=HYPERLINK(1)", "13900000081", "李娜", "+SUM(1)"],
        ["2026-03-05", "某先生", "-", "李娜", "无"],
        ["2026-03-05", "某先生", "", "李娜", ""],
        [20260306, "卫一", "13900000083.0", "李娜", "@cmd"],
        ["备注：以上均为一期"],
    ]
    content = sheet_of(rows, strings_to_formulas=False)
    return OldBook(content, 3, [(2, "日期", "date_tens")], {"remark": 1}, noon=3)


BOOKS: dict[str, Callable[[], OldBook]] = {
    one.__name__: one
    for one in (
        merged_days, calls_in_gb18030, old_excel, since_1904, names_with_numbers, without_a_year, outreach,
        formulas_and_hidden_sheets, many_consultants, hostile_cells,
    )
}  # fmt: skip
