"""Reports as pages: days, figures that open their rows, charts by their numbers, words in one language."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from services.console.asking.registers_answers import ShownIssued, ShownRegister, ShownReport, ShownStage
from services.console.frame.forms import Wrong
from services.console.frame.report_words import REPORTS
from services.console.frame.trade_words import AWAITED
from services.console.frame.words import LANGUAGES, Language, in_language
from services.console.pages.reports.charts import chart_data, number_of
from services.console.pages.reports.drawing import PLOT, TOP, drawn, steps_of
from services.console.pages.reports.figures import tables_of
from services.console.pages.reports.issued import difference_words
from services.console.pages.reports.names import GRAINS, ISSUED_STAGES, NEXT, cell_words, scheme_name
from services.console.pages.reports.one_report import line_words
from services.console.pages.reports.periods import TypedPeriod, asked_period
from services.console.pages.reports.registers import SORTS, RegisterFilter, said_columns
from services.console.pages.reports.row_words import RowWords
from services.registers.reports.catalogue import REPORTS as KNOWN
from shared.contract.sealed import NOT_SHOWN
from shared.i18n import Text
from shared.platform.place_names import PlaceNames
from tests.support.console_answers import MadeUpAnswers, refused
from tests.support.console_rendering import HOSTILE, NOW, ZONE, made_up_scope, page_text

PLACES = PlaceNames({}, {"east-1": Text("东一案场", "East one")})
DAYS = [("2026-03-01", "4", ["a"]), ("2026-03-02", "11", ["b", "c"]), ("2026-03-03", "0", [])]


def both(word: str) -> dict[str, str]:
    return {"zh": f"{word}汉字", "en": f"{word} english"}


def column(name: str, kind: str) -> dict[str, Any]:
    return {"column": name, "heading": both(name), "definition": both(f"def {name}"), "kind": kind}


def traffic(days: list[tuple[str, str, list[str]]] = DAYS, **more: Any) -> ShownReport:
    lines = [
        {
            "line": [day],
            "figures": {"day": {"value": day, "rows": 0}, "visits": {"value": count, "rows": len(ids)}},
        }
        for day, count, ids in days
    ]
    total = {
        "line": [],
        "figures": {"day": {"value": "—", "rows": 0}, "visits": {"value": "15", "rows": 3}},
    }
    table = {
        "table": "day", "title": both("traffic"), "columns": [column("day", "text"), column("visits", "count")],
        "lines": lines, "total": total,
    }  # fmt: skip
    report = {
        "report": "traffic", "title": both("traffic"), "from": "2026-03-01", "to": "2026-03-03",
        "as_of": "2026-03-12T01:00:00Z", "known_at": "2026-03-12T01:00:00Z", "rulebook": "base 1",
        "scheme": "base 1", "remarks": [both("remark")], "tables": [table],
    }  # fmt: skip
    return msgspec.convert(report | more, ShownReport)


def period(typed: TypedPeriod, report: str = "traffic", now: datetime = NOW) -> tuple[date, date, Wrong]:
    wrong = Wrong()
    asked = asked_period(report, typed, now, ZONE, wrong)
    return asked.first, asked.last, wrong


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", date(2026, 3, 12), date(2026, 3, 12)),
        ("week", date(2026, 3, 9), date(2026, 3, 12)),
        ("month", date(2026, 3, 1), date(2026, 3, 12)),
        ("last_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("", date(2026, 3, 1), date(2026, 3, 12)),
    ],
)
def test_a_period_ends_today_as_the_office_counts_days(name: str, first: date, last: date) -> None:
    assert period(TypedPeriod(name))[:2] == (first, last)


def test_a_day_begins_by_the_clock_of_the_office() -> None:
    """At 23:30 of the 11th in UTC it is the 12th in Shanghai."""
    assert period(TypedPeriod("today"), now=datetime(2026, 3, 11, 23, 30, tzinfo=UTC))[0] == date(2026, 3, 12)


def test_targets_are_of_the_whole_month_and_the_daily_report_of_today() -> None:
    assert period(TypedPeriod(), "targets")[:2] == (date(2026, 3, 1), date(2026, 3, 31))
    assert period(TypedPeriod(), "daily")[:2] == (date(2026, 3, 12), date(2026, 3, 12))


def test_days_that_cannot_be_are_told_beside_their_field() -> None:
    first, last, wrong = period(TypedPeriod("days", "2026-02-30", "2026-03-05"))
    assert (first, last) == (date(2026, 3, 1), date(2026, 3, 5))
    assert list(wrong.fields) == ["from"]
    assert list(period(TypedPeriod("days", "2026-03-05", "2026-03-01"))[2].fields) == ["to"]
    assert list(period(TypedPeriod("month", known_at="yesterday"))[2].fields) == ["known_at"]


def test_a_time_of_knowing_is_typed_by_the_clock_of_the_office() -> None:
    asked = asked_period("traffic", TypedPeriod("month", known_at="2026-03-10T18:00"), NOW, ZONE, Wrong())
    assert asked.known_at == "2026-03-10T10:00:00Z"


def test_a_figure_leads_to_its_rows_where_there_are_any() -> None:
    """By table, column and line, over the same days; the total without a line."""
    table = tables_of(traffic(), "/rows", {"from": "2026-03-01", "by": "day"}, PLACES)[0]
    opened = [line[1].rows for line in table.lines]
    assert opened[2] is None, "nothing stands behind a nought"
    asked = parse_qs(urlsplit(str(opened[1])).query)
    assert asked["line"] == ['["2026-03-02"]']
    assert (asked["table"], asked["column"], asked["by"]) == (["day"], ["visits"], ["day"])
    assert table.total is not None
    assert "line=" not in str(table.total[1].rows)
    assert tables_of(traffic(), None, {}, PLACES)[0].lines[0][1].rows is None


def test_a_chart_has_the_numbers_of_its_table() -> None:
    data = chart_data("traffic", traffic().tables[0], PLACES)
    assert data is not None
    assert [one.numbers for one in data.series] == [[Decimal(4), Decimal(11), Decimal(0)]]
    picture = drawn(data)
    heights = {mark.written: mark.y for mark in picture.marks}
    top, bottom = picture.grid[-1], picture.grid[0]
    assert heights["0"] == bottom.y
    assert (top.y, bottom.y) == (TOP, TOP + PLOT), "the picture is used from its top to its bottom"
    share = (bottom.y - heights["11"]) / (bottom.y - top.y)
    assert share == pytest.approx(11 / float(str(top.text)), abs=0.01)


def test_bars_are_as_long_as_their_numbers() -> None:
    report = traffic()
    weekly = msgspec.structs.replace(report.tables[0], table="week")
    data = chart_data("traffic", weekly, PLACES)
    assert data is not None
    bars = {mark.written: mark.width for mark in drawn(data).marks}
    assert bars["0"] == 0
    assert bars["4"] / bars["11"] == pytest.approx(4 / 11, abs=0.01)
    assert all(mark.behind < 75 for mark in drawn(data).marks), "behind the longest stands its number"


def test_a_line_is_called_by_names_and_a_total_by_nothing() -> None:
    facts = made_up_scope(li="小李")
    assert line_words('["li"]', facts, PLACES) == Text("小李", "小李")
    assert line_words('["east-1"]', facts, PLACES) == Text("东一案场", "East one")
    assert line_words("", facts, PLACES) is None


def test_there_is_no_chart_of_nothing_or_of_a_crowd() -> None:
    assert chart_data("traffic", traffic([("2026-03-01", "0", [])] * 3).tables[0], PLACES) is None
    assert chart_data("traffic", traffic(DAYS * 30).tables[0], PLACES) is None
    assert chart_data("checks", traffic().tables[0], PLACES) is None


@pytest.mark.parametrize("most", ["0.3", "1", "4", "7", "13", "99", "100", "1234", "7400000"])
def test_heights_are_named_in_numbers_that_people_count_by(most: str) -> None:
    steps = steps_of(Decimal(most))
    assert steps[0] == 0
    assert steps[-1] >= Decimal(most)
    assert steps[-1] <= max(Decimal(most) * 3, Decimal(4))
    assert all(step == step.to_integral_value() for step in steps)


@pytest.mark.parametrize(
    ("written", "number"), [("7,400,000.00", "7400000"), ("25.0%", "25"), ("—", "0"), ("", "0"), ("-3", "-3")]
)
def test_a_figure_is_read_as_it_is_written(written: str, number: str) -> None:
    assert number_of(written) == Decimal(number)


def test_words_of_a_report_are_shown_in_one_language_and_words_of_people_as_they_are() -> None:
    assert cell_words("figure", "批次 visits", PLACES) == Text("批次", "visits")
    assert cell_words("channel", "未填 not stated", PLACES) == Text("未填", "not stated")
    assert cell_words("notes", "看房 demo", PLACES) == "看房 demo"
    assert cell_words("figure", "plain", PLACES) == "plain"
    assert cell_words("office", "east-1", PLACES) == Text("东一案场", "East one")
    assert cell_words("month", "2026-03", PLACES) == Text("2026年3月", "March 2026")
    assert cell_words("due_on", "2026-03-02", PLACES) == Text("2026年3月2日", "2 March 2026")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_told_in_one_language_with_what_its_figures_mean(language: Language) -> None:
    text = report_page(language, traffic())
    other = {"zh": "english", "en": "汉字"}[language]
    assert other not in re.sub(r"<[^>]*>", "", text)
    assert in_language(language, Text("def visits汉字", "def visits english")) in text
    assert "<svg" in text
    assert "<title" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_words_of_a_report_stay_words(language: Language) -> None:
    text = report_page(language, traffic([(HOSTILE, "4", [HOSTILE]), ("2026-03-02", HOSTILE, [])]))
    assert "<script>alert" not in text
    assert "<img" not in text.replace('<img src="/assets/seal.svg"', "")
    assert "&lt;script&gt;" in text


def report_page(language: Language, report: ShownReport) -> str:
    asked = asked_period("traffic", TypedPeriod("month"), NOW, ZONE, Wrong())
    return page_text(
        language, "reports/report.html", report="traffic", name=REPORTS["traffic"], shown=report, asked=asked, by="",
        wrong=Wrong(), here="/here", tables=tables_of(report, "/rows", {}, PLACES), periods=[], grains=[], known_at="",
        query={}, scheme_name=scheme_name, may_issue=True,
    )  # fmt: skip


REPORT = "registers GET /v1/offices/east-1/reports/traffic"
OFFERED = "registers GET /v1/offices/east-1/reports"


async def test_a_page_asks_how_many_rows_are_behind_a_figure_and_not_for_their_ids() -> None:
    services = MadeUpAnswers()
    services.answers[REPORT] = msgspec.to_builtins(traffic())
    services.answers[OFFERED] = {"reports": [{"report": "traffic", "code": "R1", "grains": ["day", "hour"]}]}
    async with services.client("manager", "gao") as client:
        page = (await client.get("/at/east/east-1/reports/traffic")).text
    assert [one["ids"] for one in services.queries(REPORT)] == ["false"]
    assert page.count("/reports/traffic/rows?") == 3, "two days and the total have rows"
    assert 'value="hour"' in page


async def test_a_report_that_is_asked_for_wrongly_has_its_form_all_the_same() -> None:
    services = MadeUpAnswers()
    services.answers[REPORT] = lambda _: refused(
        422, "x", {"path": "query.by", "rule": "grain", "message": "x"}
    )
    services.answers[OFFERED] = {"reports": [{"report": "traffic", "code": "R1", "grains": ["day"]}]}
    async with services.client("manager", "gao") as client:
        answer = await client.get("/at/east/east-1/reports/traffic", params={"by": "moon"})
    assert answer.status_code == 422
    assert 'id="by-wrong"' in answer.text and 'name="period"' in answer.text


def register(values: dict[str, Any], name: str = "客户") -> ShownRegister:
    row = {
        "row": "r1", "happened_at": "2026-03-02T02:00:00Z", "recorded_at": None, "stage": None, "late": True,
        "carried": False, "values": values, "name": name,
        "customer": {"customer": "c1", "case": "AAAA-BBBB", "name": name, "contacts": ["+8613800000001"]},
        "staff": {"staff": "li", "name": "小李"},
    }  # fmt: skip
    columns = [{"column": one, "heading": both(one)} for one in ("capacity", "notes", "level")]
    page = {
        "register": "visits", "title": both("visits"), "columns": columns, "rows": [row], "total": 1,
        "known_at": "2026-03-12T01:00:00Z", "cursor": None,
    }  # fmt: skip
    return msgspec.convert(page, ShownRegister)


VISITS = "registers GET /v1/offices/east-1/registers/visits"
CALLED = "/at/east/east-1/registers/visits"


async def test_what_is_searched_in_a_register_stands_in_no_address() -> None:
    services = MadeUpAnswers()
    told = msgspec.to_builtins(register({"capacity": "on_turn", "notes": "x", "level": None}))
    services.answers[VISITS] = told | {"cursor": "next&1"}
    async with services.client("manager", "gao") as client:
        assert "张伟" not in (await client.get(CALLED, params={"search": "张伟"})).text
        typed = {"search": "张伟", "from": "2026-03-01", "sort": "customer"}
        page = (await client.post(CALLED, data=typed)).text
        again = (await client.post(CALLED, data=typed | {"cursor": "next&1"})).text
    asked = services.queries(VISITS)
    assert [one.get("search") for one in asked] == [None, "张伟", "张伟"]
    assert [one.get("cursor") for one in asked] == [None, None, "next&1"]
    assert asked[1] | {"from": "2026-03-01", "sort": "customer"} == asked[1]
    for text in (page, again):
        assert not re.search(r'(href|action)="[^"]*(search|%E5%BC%A0)', text)
        assert '<button name="cursor" value="next&amp;1">' in text
        assert text.count('name="search" value="张伟"') == 2  # of the next page, and of the workbook


async def test_a_day_that_is_none_is_told_beside_its_field_of_the_search() -> None:
    services = MadeUpAnswers()
    wrong = {"path": "query.from", "rule": "date", "message": "x"}
    services.answers[VISITS] = lambda _: refused(422, "query.from: x", wrong)
    async with services.client("manager", "gao") as client:
        answer = await client.post(CALLED, data={"search": "张伟", "from": "2026-02-30"})
    assert answer.status_code == 422
    assert 'id="from-wrong">日期格式不对' in answer.text and 'value="张伟"' in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_register_hides_empty_columns_and_escapes_what_was_typed(language: Language) -> None:
    shown = register({"capacity": "on_turn", "notes": HOSTILE, "level": None}, name=HOSTILE)
    assert [one.column for one in said_columns(shown)] == ["capacity", "notes"]
    text = page_text(
        language, "reports/register.html", register="visits", shown=shown, columns=said_columns(shown),
        chosen=RegisterFilter(search=HOSTILE), wrong=Wrong(), sorts=SORTS, words=RowWords(made_up_scope()),
        people=[("li", HOSTILE)], here="/here",
    )  # fmt: skip
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "on_turn" not in text
    assert {"zh": "按轮接待", "en": "On turn"}[language] in text


@pytest.mark.parametrize(
    ("field", "value", "zh"),
    [
        ("owner", "li", "小李"),
        ("next_on", "2026-03-14", "2026年3月14日"),
        ("unit", "2026-13-99", "2026-13-99"),
        ("content", "Not reached\n下午再打", "未联系上\n下午再打"),
        ("pending", False, "否"),
        ("method", "door_visit", "上门拜访"),
        ("shares", {"li": 5000, "wang": 5000}, "小李：50%；小王：50%"),
        ("signed_at", "2026-03-09T07:07:00Z", "2026年3月9日15:07"),
        ("reason", NOT_SHOWN, "已加密，不可见"),
        ("notes", "on_turn", "on_turn"),
        ("level", None, ""),
    ],
)
def test_values_of_rows_are_words(field: str, value: Any, zh: str) -> None:
    said = RowWords(made_up_scope(li="小李", wang="小王")).said(field, value)
    assert in_language("zh", said) == zh


def issued(stage: str, awaits: str | None) -> ShownIssued:
    return ShownIssued(
        id="i1", report="traffic", first="2026-03-01", last="2026-03-03", by=None, known_at="2026-03-12T01:00:00Z",
        issued_by="li", issued_at="2026-03-12T01:00:00Z", digest="ab", stage=stage, awaits=awaits,
        steps=[ShownStage("issued", "li", "2026-03-12T01:00:00Z", HOSTILE)],
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_issued_report_says_what_it_waits_for_and_what_is_different_since(language: Language) -> None:
    report = traffic(
        differences=[
            {"table": "day", "line": ["2026-03-02"], "column": "visits", "issued": "11", "later": "12",
             "rows": [{"row": "x", "amount": "1", "reasons": [{"reason": "late", "title": both("late")}]}]},
        ]
    )  # fmt: skip
    told = difference_words(report, report.differences[0], PLACES)
    assert (told["line"], told["issued"], told["later"]) == ([Text("3月2日", "2 Mar")], "11", "12")
    text = page_text(
        language, "reports/issued.html", kept=issued("issued", "reviewed"), name=REPORTS["traffic"], document=report,
        tables=tables_of(report, None, {}, PLACES), differences=[told], stages=ISSUED_STAGES, awaited=AWAITED,
        steps=[("reviewed", NEXT["reviewed"])], others=None, wrong=Wrong(), remark="",
        now_at="2026-03-12T01:00:00Z",
    )  # fmt: skip
    assert str(in_language(language, AWAITED["reviewed"])) in text
    assert str(in_language(language, Text("late汉字", "late english"))) in text
    assert "<script>alert" not in text
    assert "小李" in text


ISSUED = "registers GET /v1/offices/east-1/issued-reports/i1"


@pytest.mark.parametrize(("by", "offered"), [("gao", False), ("li", True)])
async def test_whoever_issued_a_report_is_not_offered_to_approve_it(by: str, offered: bool) -> None:
    """And is told who may; sending it back, which the issuer may, is offered to both."""
    services = MadeUpAnswers()
    kept = msgspec.to_builtins(issued("reviewed", "approved")) | {"issued_by": by}
    document = msgspec.to_builtins(traffic())
    services.answers |= {ISSUED: kept, f"{ISSUED}/document": document, f"{ISSUED}/differences": document}
    async with services.client("manager", "gao") as client:
        page = (await client.get("/at/east/east-1/issued-reports/i1")).text
    assert ('value="approved"' in page) == offered
    assert ("须由其他人审批：案场经理、总监、行政经理、总经理" in page) == (not offered)
    assert 'value="returned"' in page


def test_every_report_grain_and_step_has_its_words() -> None:
    """Whatever the registers offer is called by a name that people know."""
    assert set(REPORTS) == set(KNOWN)
    assert {grain for one in KNOWN.values() for grain in one.grains} <= set(GRAINS)
