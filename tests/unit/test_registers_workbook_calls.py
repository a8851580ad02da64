"""Workbooks over HTTP: the rows that the pages have, contacts as they are shown there, a file with a Chinese name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from services.registers.lists.kinds import REGISTERS
from services.registers.reports.catalogue import REPORTS
from services.registers.sheets.forms import FORMS
from tests.support.office_month import office_month
from tests.support.registers import Calling, JournalReader, served, staff
from tests.support.workbooks import ReadSheet, read_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GAO, LI, SUN = staff("manager", "gao"), staff("consultant", "li"), staff("supervisor", "sun")


@pytest.fixture(scope="module")
def client() -> Iterator[Calling]:
    with served(JournalReader(office_month().lines(), scheme="habc"), "04-02 12:00") as client:
        yield client


def got(client: Calling, path: str, who: dict[str, str] = GAO, **query: Any) -> httpx.Response:
    return client.get(f"/v1/offices/east/{path}/workbook", params=query, auth=who)


def sheets(client: Calling, path: str, who: dict[str, str] = GAO, **query: Any) -> list[ReadSheet]:
    answer = got(client, path, who, **query)
    assert answer.status_code == 200, answer.text
    return read_workbook(answer.content)


@pytest.mark.parametrize("register", REGISTERS)
def test_every_register_has_a_workbook_with_the_rows_of_its_pages(client: Calling, register: str) -> None:
    """As many as the list has in all, where a row is a record."""
    (sheet, notes) = sheets(client, f"registers/{register}")
    page = client.get(f"/v1/offices/east/registers/{register}", auth=GAO).json()
    first = FORMS[register].columns[0].heading.zh
    rows = len(sheet.rows) - sheet.row_of(first) - 1 if "无记录" not in sheet.texts() else 0
    if register not in ("profiles", "checks"):
        assert rows == page["total"]
    assert (rows or register == "data-changes") and "gao" in notes.texts()


def test_a_filter_and_an_order_of_the_list_are_those_of_the_workbook(client: Calling) -> None:
    """What was on the screen is what is exported, in that order."""
    query = {"staff": "wang", "sort": "-happened", "from": "2026-03-04", "to": "2026-03-20"}
    page = client.get("/v1/offices/east/registers/visits", params=query, auth=GAO).json()
    sheet = sheets(client, "registers/visits", **query)[0]
    assert sheet.below("客户姓名") == [row["name"] for row in page["rows"]]
    assert len(page["rows"]) == 2 and "2026-03-04" in str(sheet.rows[1])


def test_a_consultant_exports_own_rows_with_contacts_of_own_customers(client: Calling) -> None:
    """Rows of others are not in the file, nor are their phones."""
    sheet = sheets(client, "registers/visits", LI)[0]
    assert set(sheet.below("接待人")) == {"li"}
    assert len(sheet.below("接待人")) < len(sheets(client, "registers/visits")[0].below("接待人"))
    clear = {str(one) for one in sheet.below("联系方式") if one}
    assert "13912340000" in clear


def test_the_file_has_a_chinese_name_and_a_plain_one(client: Calling) -> None:
    """By RFC 6266, with the days that were asked for."""
    answer = got(client, "registers/visits", **{"from": "2026-03-01", "to": "2026-03-31"})
    assert answer.headers["content-type"] == XLSX
    named = answer.headers["content-disposition"]
    assert 'filename="visits_east_2026-03-01_2026-03-31.xlsx"' in named
    assert (
        unquote(named.partition("filename*=UTF-8''")[2]) == "客户来访登记表_east_2026-03-01_2026-03-31.xlsx"
    )


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_has_a_workbook(client: Calling, report: str) -> None:
    """With its code on the last sheet."""
    *tables, notes = sheets(client, f"reports/{report}", **{"from": "2026-03-01", "to": "2026-03-31"})
    assert tables and any(one.startswith(f"{REPORTS[report].code} ") for one in notes.texts())


def test_headings_are_in_english_too_where_that_is_asked_for(client: Calling) -> None:
    """`english=true`."""
    assert "客户姓名\nname of the customer" in sheets(client, "registers/visits", english="true")[0].texts()


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("registers/none", {}, 404),
        ("reports/none", {}, 404),
        ("registers/visits", {"sort": "colour"}, 422),
        ("registers/visits", {"from": "2026-03-05", "to": "2026-03-01"}, 422),
        ("reports/due", {"by": "day"}, 422),
        ("registers/visits", {"format": "xlsx"}, 422),
    ],
)
def test_a_wrong_question_is_refused(client: Calling, path: str, query: dict[str, str], status: int) -> None:
    """As the list and the report refuse it."""
    assert got(client, path, **query).status_code == status


def test_nobody_exports_what_they_may_not_read(client: Calling) -> None:
    """Checks are for back office and auditors; without a token nothing is."""
    assert got(client, "registers/checks", LI).status_code == 403
    assert client.get("/v1/offices/east/registers/visits/workbook").status_code == 401
