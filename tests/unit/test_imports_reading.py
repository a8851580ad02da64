"""How single cells and lines of old books are read: what would be taken wrongly in silence is rejected instead."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from services.intake.books.grid import BookLimits, UnreadableBookError
from services.intake.books.reading import read_book
from services.intake.imports.sheet import ReadSheet
from tests.support import old_books
from tests.support.old_books import csv_of, sheet_of

HEADS = ["日期", "姓名", "电话", "业务员", "途径", "下次回访", "序号", "时刻", "人数"]
DAY = date(2026, 3, 5)
SOMEBODY = ["2026-03-05", "甲", "13900000001", "李娜"]


def book(
    *rows: list[Any], titles: list[list[Any]] | None = None, name: str = "Sheet1", **told: Any
) -> ReadSheet:
    content = sheet_of([*(titles or []), HEADS, *rows], name, default_date_format="yyyy-mm-dd")
    return old_books.read(content, **told)


def faults(sheet: ReadSheet) -> list[tuple[str, str]]:
    return [(fault.column, fault.rule) for row in sheet.rejected for fault in row.faults]


def skips(sheet: ReadSheet) -> dict[str, int]:
    return {why: count for why, count in sheet.summary.skipped.items() if count}


def customers(sheet: ReadSheet) -> list[dict[str, Any]]:
    return [json.loads(one.body)["data"]["customer"] for one in sheet.entries]


@pytest.mark.parametrize(
    "row",
    [
        [DAY, "小计", "13900000001", "李娜"],
        [DAY, "合计", "13900000001", "李娜"],
        [DAY, "累计先生", "13900000001", "李娜"],
        [DAY, "合计", "", "李娜"],
        [DAY, "甲", "139****0001", "李娜", "累计推荐"],
        [DAY, "甲", "13900000001", "李娜", "合计"],
        [DAY, "共计", 13900000001.0, "李娜"],
    ],
)
def test_a_line_that_says_somebody_is_never_left_out(row: list[Any]) -> None:
    """Whoever has a number or a consultant is an entry, whatever their name or their channel is called."""
    sheet = book(row)
    assert (len(sheet.entries), faults(sheet), skips(sheet)) == (1, [], {})


def test_a_channel_of_totals_in_the_first_column_leaves_nobody_out() -> None:
    """The first column may say by what way somebody came, and begin as a total does."""
    rows = [
        ["途径", "日期", "姓名", "电话", "业务员"],
        ["累计推荐", "2026-03-05", "甲", "13900000001", "李娜"],
    ]
    sheet = old_books.read(csv_of(rows))
    assert (len(sheet.entries), skips(sheet)) == (1, {})


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["3月合计", 12], "total"),
        (["当日小计", "3组"], "total"),
        (["第一周小计", "", 3], "total"),
        (["共 2 组"], "total"),
        (["合计", "来访12组 成交3套"], "total"),
        (["2026-03-05", "小计", "4"], "total"),
        (["", "2026年3月总计：12组"], "total"),
        (["来访日期", "客户姓名", "联系电话", "置业顾问"], "headings"),
        (["", "", "", "", "", "", 7], "empty"),
        (["", "", "", "", "", "", "8"], "empty"),
        (["\u200b", "\ufeff"], "empty"),
        (["备注：以上均为一期"], "remark"),
    ],
)
def test_totals_headings_and_numbered_lines_are_left_out_and_counted(row: list[Any], why: str) -> None:
    """Sums under any period, headings in other words, and lines that hold a number alone are no entries."""
    sheet = book(row, SOMEBODY)
    assert (len(sheet.entries), faults(sheet), skips(sheet)) == (1, [], {why: 1})


@pytest.mark.parametrize(
    ("day", "clock", "at"),
    [
        ("2026/03/01 12:00 AM", "", "2026-02-28T16:00:00Z"),
        ("2026/03/01 12:30 PM", "", "2026-03-01T04:30:00Z"),
        ("2026-03-01", "中午1:00", "2026-03-01T05:00:00Z"),
        ("2026-03-01", "中午12:30", "2026-03-01T04:30:00Z"),
        ("2026-03-01", "下午3点半", "2026-03-01T07:30:00Z"),
        ("2026-03-01 下午3点一刻", "", "2026-03-01T07:15:00Z"),
        ("2026-03-01", "上午9:05", "2026-03-01T01:05:00Z"),
        ("2026-03-01", "早上8点", "2026-03-01T00:00:00Z"),
        ("2026-03-01", "凌晨12:30", "2026-02-28T16:30:00Z"),
        ("2026-03-01", "晚上7:30", "2026-03-01T11:30:00Z"),
        ("2026-03-01", "下午15:30", "2026-03-01T07:30:00Z"),
    ],
)
def test_a_time_is_of_its_half_of_the_day(day: str, clock: str, at: str) -> None:
    """Morning, noon, afternoon and night move a time as people mean them."""
    (only,) = book([day, "甲", "13900000001", "李娜", "", "", "", clock]).entries
    assert (json.loads(only.body)["occurred_at"], only.noon) == (at, False)


@pytest.mark.parametrize(
    "clock", ["晚上12:30", "晚上1:00", "上午12:30", "中午5:00", "上午15:00", "上午9:00 PM"]
)
def test_a_time_of_either_half_of_the_day_is_rejected(clock: str) -> None:
    """What may have been noon or midnight is not guessed."""
    sheet = book(["2026-03-01", "甲", "13900000001", "李娜", "", "", "", clock])
    assert faults(sheet) == [("时刻", "time_half")]


def test_a_half_of_the_day_holds_for_a_whole_range() -> None:
    """下午2:00-3:30 begins and ends in the afternoon."""
    rows = [
        ["日期", "姓名", "业务员", "起止时间", "级别"],
        [DAY.isoformat(), "甲", "李娜", "下午2:00-3:30", "a级"],
    ]
    told = json.loads(old_books.read(csv_of(rows)).entries[0].body)["data"]
    assert (told["started_at"], told["ended_at"]) == ("2026-03-05T06:00:00Z", "2026-03-05T07:30:00Z")
    assert told["level"] == "A"


def test_midnight_written_out_is_a_day_without_a_time() -> None:
    """A day alone, with 0:00 behind it or beside it, is one entry at 12:00 with one id, and the notes say so."""
    days = [("2026-03-05", ""), ("2026-03-05 00:00:00", ""), ("2026/3/5 0:00", ""), ("2026-03-05", "0:00")]
    sheets = [book([day, "甲", "13900000001", "李娜", "", "", "", clock]) for day, clock in days]
    assert {(one.id, one.noon) for sheet in sheets for one in sheet.entries} == {
        (sheets[0].entries[0].id, True)
    }


@pytest.mark.parametrize(
    ("titles", "name", "year"),
    [
        ([["中央国际2025年度来访登记表"]], "Sheet1", 2025),
        ([["2025年3月客户登记"]], "Sheet1", 2025),
        ([["登记时间：2025年3月1日至2025年3月31日"]], "Sheet1", 2025),
        ([["来访登记表"]], "2025.3", 2025),
        ([["来访登记表", "打印日期：2026-01-03"]], "Sheet1", None),
        ([["来访登记表"], ["填表日期", "2026年1月3日"]], "Sheet1", None),
        ([["2025年度登记表 制表日期：2026年1月3日"]], "Sheet1", 2025),
        ([["导出时间 2026年"]], "Sheet1", None),
        ([["2025年12月-2026年1月来访"]], "Sheet1", None),
        ([["国家大道2049号案场"]], "Sheet1", None),
    ],
)
def test_a_year_is_the_sheets_own_only_where_it_stands_as_such(
    titles: list[list[Any]], name: str, year: int | None
) -> None:
    """A day of printing or an address in a title says nothing of the year of the rows."""
    sheet = book(["3月5日", "甲", "13900000001", "李娜"], titles=titles, name=name)
    assert sheet.summary.year == year
    assert faults(sheet) == ([] if year else [("日期", "date_year")])


def test_days_without_a_year_are_rejected_behind_the_end_of_one() -> None:
    """From 12月30日 to 1月2日 a year ends: rows without one are rejected from there, whatever year the sheet says."""
    rows = [
        [day, "甲", "13900000001", "李娜"] for day in ("12月30日", "1月2日", "1月3日", "2026-01-04", "1月5日")
    ]
    sheet = book(*rows, titles=[["2025年度来访登记表"]])
    assert [(row.row, row.faults[0].rule) for row in sheet.rejected] == [(n, "date_turn") for n in (4, 5, 7)]
    assert [one.at.date().isoformat() for one in sheet.entries] == ["2025-12-30", "2026-01-04"]


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("13979515387(本人)", ["13979515387"]),
        ("13979515387（微信）", ["13979515387"]),
        ("13979515387 微信同号", ["13979515387"]),
        ("13979515387（妻）13979515388（夫）", ["13979515387", "13979515388"]),
        ("电话:13979515387", ["13979515387"]),
        ("手机13979515387", ["13979515387"]),
        ("13979515387或13979515388", ["13979515387", "13979515388"]),
        ("'13979515387", ["13979515387"]),
        ('="13900000002"', ["13900000002"]),
        ("\u200b13979515387\u202c", ["13979515387"]),
        ("拒留", []),
        ("没留", []),
        ("未留", []),
    ],
)
def test_a_number_is_read_with_what_people_write_beside_it(cell: str, phones: list[str]) -> None:
    """Whose number it is, a label, or a word that none was left: it is the number alone, and the name stays."""
    sheet = old_books.read(sheet_of([HEADS, ["2026-03-05", "甲", cell, "李娜"]], strings_to_formulas=False))
    assert faults(sheet) == []
    (told,) = customers(sheet)
    assert (told["name"], told.get("phones", [])) == ("甲", phones)


def test_whose_a_number_is_stands_in_the_notes() -> None:
    """What stands beside a number is not lost."""
    (only,) = book(["2026-03-05", "甲", "13979515387（妻）13979515388（夫）", "李娜"]).entries
    assert "电话：妻、夫" in json.loads(only.body)["data"]["notes"]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [("改天再问", "phone"), ("13979515387（乙某）", "phone_of_another"), ("139795", "phone")],
)
def test_what_is_no_number_is_told_at_its_own_column(cell: str, rule: str) -> None:
    """The column of numbers is to blame for what stands in it, not the name."""
    assert faults(book(["2026-03-05", "甲", cell, "李娜"])) == [("电话", rule)]


def test_a_mark_with_nothing_above_is_rejected_at_its_column() -> None:
    """The same as above says nothing where nothing stands above: not for names and numbers either."""
    sheet = book(["〃", "同上", "同上", "〃"], ["2026-03-05", "甲", "", "李娜"], ["同上", "〃", "〃", "同上"])
    assert [row.row for row in sheet.rejected] == [2, 4]
    assert {(one.column, one.rule) for one in sheet.rejected[0].faults} == {
        (column, "ditto") for column in ("日期", "姓名", "电话", "业务员")
    }
    assert [(one.column, one.rule) for one in sheet.rejected[1].faults] == [("电话", "ditto")]


@pytest.mark.parametrize(
    "name",
    [
        "张三和李四",
        "张先生李女士",
        "张三&李四",
        "张三＆李四",
        "小王与小李",
        "张先生、李女士",
        "张三+李四",
        "Anna & Bob",
    ],
)
def test_two_customers_of_one_cell_are_rejected(name: str) -> None:
    """However two names are joined, each is a customer of their own."""
    assert faults(book(["2026-03-05", name, "13900000001", "李娜"])) == [("姓名", "two_customers")]


@pytest.mark.parametrize(
    "name",
    ["张和平", "欧阳和平", "吐尔和买提", "张先生(李女士介绍)", "张先生的太太", "李和", "张三+1", "J+K地产"],
)
def test_a_name_that_holds_such_a_sign_is_one_customer(name: str) -> None:
    """A sign that joins names may be of a name."""
    assert [one["name"] for one in customers(book(["2026-03-05", name, "13900000001", "李娜"]))] == [name]


@pytest.mark.parametrize(
    ("visit", "said", "day"),
    [
        ("2026-03-05", "2月29日", "2028-02-29"),
        ("2026-03-05", "3月9日", "2026-03-09"),
        ("2025-12-28", "1月3日", "2026-01-03"),
        ("2026-03-05", "2026-03-05", "2026-03-05"),
    ],
)
def test_the_next_contact_is_on_the_next_such_day(visit: str, said: str, day: str) -> None:
    """A day without a year is the next of its kind after the visit."""
    (only,) = book([visit, "甲", "13900000001", "李娜", "", said]).entries
    assert json.loads(only.body)["data"]["next_on"] == day


@pytest.mark.parametrize(("said", "rule"), [("2026-03-01", "next_before"), ("2月30日", "date")])
def test_a_next_contact_before_the_visit_is_rejected(said: str, rule: str) -> None:
    """Nobody is to be called back on a day before they came, or on one that never comes."""
    assert faults(book(["2026-03-05", "甲", "13900000001", "李娜", "", said])) == [("下次回访", rule)]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("23/3/5", "2023-03-05"),
        ("14-02-26", "2014-02-26"),
        ("2026-03-05（周四）", "2026-03-05"),
        ("2026-03-05(四)", "2026-03-05"),
        ("06-05-10", "date_order"),
        ("3/5/23", "date_order"),
        ("3/5/2023", "date_order"),
    ],
)
def test_a_year_of_two_digits_comes_first_or_is_rejected(said: str, found: str) -> None:
    """Year first, as offices write it; where it may as well be a month the row is rejected."""
    sheet = book([said, "甲", "13900000001", "李娜"])
    days = [one.at.date().isoformat() for one in sheet.entries]
    assert [*days, *(rule for _, rule in faults(sheet))] == [found]


def test_people_are_counted_in_words_too() -> None:
    """两人 are two."""
    (only,) = book([*SOMEBODY, "", "", "", "", "两人"]).entries
    assert json.loads(only.body)["data"]["party_size"] == 2


def far_cell(content: bytes, place: bytes) -> bytes:
    """The workbook with a cell of its sheet moved far away."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'r="D2"', b'r="%b"' % place))
    return made.getvalue()


@pytest.mark.parametrize("place", [b"XFD1048576", b"D1048576", b"GR99999"])
def test_a_sheet_with_a_far_cell_is_refused_before_it_is_opened(place: bytes) -> None:
    """The extent of a sheet is known before room is made for it."""
    with pytest.raises(UnreadableBookError) as refused:
        read_book(far_cell(sheet_of([HEADS, SOMEBODY]), place), BookLimits())
    assert refused.value.rule == "too_large"


def test_a_cell_that_is_formatted_and_empty_makes_no_sheet_larger() -> None:
    """Whole columns are often formatted down to the last row of a sheet."""

    def fill(written: Any, _: Any) -> None:
        sheet = written.add_worksheet()
        sheet.write_row(0, 0, HEADS)
        sheet.write_blank(1_048_575, 16_383, None, written.add_format({"bold": True}))

    assert len(read_book(old_books.xlsx(fill), BookLimits()).rows) == 1


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_line() -> None:
    """What follows such a mark would all be one cell."""
    with pytest.raises(UnreadableBookError, match="3") as refused:
        read_book(csv_of([HEADS, SOMEBODY, ["2026-03-06", '"乙'], SOMEBODY]), BookLimits())
    assert refused.value.rule == "quote"


def test_what_nothing_is_taken_of_is_counted_and_told() -> None:
    """Cells under no heading or an unknown one are told by heading or letters; numbered lines and totals are not."""
    rows = [[*HEADS[:4], "序号", "楼书"], [*SOMEBODY, "1", "已取", "", "备忘"], ["小计", "", "", "", "", "1"]]
    assert old_books.read(csv_of([[*row, ""] for row in rows])).summary.unread == {"楼书": 1, "H": 1}


def test_a_way_of_reaching_out_that_a_visit_has_no_field_for_stands_in_its_notes() -> None:
    """Nothing of a column that means something is lost."""
    (only,) = old_books.read(csv_of([[*HEADS[:4], "方式"], [*SOMEBODY, "派单"]])).entries
    assert "方式：派单" in json.loads(only.body)["data"]["notes"]
