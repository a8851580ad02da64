"""Reports over a whole scope: counted over its offices together, for whoever reaches all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from services.registers.reports.catalogue import REPORTS
from shared.access.caller import GrantedRole
from tests.support.journal import WrittenJournal
from tests.support.registers import Calling, JournalReader, as_, ok, served, staff
from tests.support.tokens import Bearer
from tests.support.workbooks import read_workbook

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
GAO, SUN, LI = staff("manager", "gao"), staff("supervisor", "sun"), staff("consultant", "li")
PATH = "/v1/scopes/north/reports"


def two_offices() -> WrittenJournal:
    """East and west of one scope: a customer who came to both, visits and deals of each."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a", notes="电话 13900001111 也可")
    journal.visit("03-03 10:00", "b", by="wang")
    journal.deal("03-10 10:00", "b", "d1", "1000000", by="wang")
    journal.office = "west"
    journal.visit("03-04 10:00", "a", by="zhao")
    journal.visit("03-05 10:00", "c", by="zhao")
    journal.call("03-06 10:00", "d", by="zhao")
    journal.deal("03-11 10:00", "c", "d2", "800000", by="zhao")
    return journal


@pytest.fixture(scope="module")
def client() -> Iterator[Calling]:
    with served(JournalReader(two_offices().lines()), "04-02 12:00") as client:
        yield client


def totals(document: dict[str, Any], table: str | None = None) -> dict[str, str]:
    tables = document["tables"]
    found = tables[0] if table is None else next(one for one in tables if one["table"] == table)
    return {key: one["value"] for key, one in found["total"]["figures"].items()}


def of_office(client: Calling, office: str, report: str, **query: str) -> dict[str, Any]:
    path = f"/v1/offices/{office}/reports/{report}"
    return dict(ok(client.get(path, params={**MARCH, **query}, auth=GAO)))


def of_scope(client: Calling, report: str, caller: Bearer = GAO, **query: str) -> dict[str, Any]:
    return dict(ok(client.get(f"{PATH}/{report}", params={**MARCH, **query}, auth=caller)))


def test_figures_of_a_scope_are_those_of_its_offices_together(client: Calling) -> None:
    """Visits, calls, deals and money sum over the offices; the report says that it is of none of them."""
    whole = of_scope(client, "traffic", by="channel")
    parts = [of_office(client, office, "traffic", by="channel") for office in ("east", "west")]
    assert (whole["scope"], whole["office"]) == ("north", None)
    for column in ("visits", "new", "returning", "calls", "sold"):
        assert int(totals(whole)[column]) == sum(int(totals(one)[column]) for one in parts), column
    money = [totals(of_office(client, office, "period"), "ranking")["amount"] for office in ("east", "west")]
    all_of_it = Decimal(totals(of_scope(client, "period"), "ranking")["amount"].replace(",", ""))
    assert all_of_it == sum(Decimal(one.replace(",", "")) for one in money)


def test_who_came_to_two_offices_is_one_customer(client: Calling) -> None:
    """The visit to west is a return of a customer whom east received first: two new ones in east, one in west."""
    assert totals(of_scope(client, "traffic", by="channel"))["new"] == "3"
    assert totals(of_scope(client, "traffic", by="channel"))["returning"] == "1"


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_answered_and_written_over_a_scope(client: Calling, report: str) -> None:
    """As JSON and as a workbook that says that it is of the whole scope."""
    assert of_scope(client, report)["report"] == report
    answer = client.get(f"{PATH}/{report}/workbook", params=MARCH, auth=GAO)
    assert answer.status_code == 200, answer.text
    *_, notes = read_workbook(answer.content)
    assert "整个判客范围" in " ".join(notes.texts())
    assert f'filename="{report}_north_2026-03-01_2026-03-31.xlsx"' in answer.headers["content-disposition"]


def test_a_figure_is_opened_to_rows_of_all_offices(client: Calling) -> None:
    """Each row with its office, page by page."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {**MARCH, "by": "channel", "column": "visits", "limit": 3}
    while True:
        page = ok(client.get(f"{PATH}/traffic/rows", params=query, auth=GAO))
        found += page["rows"]
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    assert Counter(one["row"]["office"] for one in found) == {"east": 2, "west": 2}


def test_a_scope_is_for_who_reaches_all_of_it(client: Calling) -> None:
    """A manager, head office; neither a supervisor of one office nor a consultant; and checks not for head office."""
    head = as_(GrantedRole("head_office", ("north",)), login="head")
    assert of_scope(client, "traffic", head, by="channel")["office"] is None
    for caller, report, status in (
        (SUN, "traffic", 403), (LI, "traffic", 403), (head, "checks", 403),
        (staff("manager", "hu", "south-1", "south"), "traffic", 404), (None, "traffic", 401), (GAO, "none", 404),
    ):  # fmt: skip
        assert client.get(f"{PATH}/{report}", params=MARCH, auth=caller).status_code == status
    listed = [one["report"] for one in ok(client.get(PATH, auth=head))["reports"]]
    assert "traffic" in listed
    assert "checks" not in listed


def test_a_scope_without_facts_is_not_there(client: Calling) -> None:
    """404 for who holds a role in it."""
    caller = as_(GrantedRole("head_office", ("south",)), login="head")
    assert client.get("/v1/scopes/south/reports/traffic", params=MARCH, auth=caller).status_code == 404


def test_contacts_of_a_scope_are_masked_as_those_of_an_office(client: Calling) -> None:
    """In notes too, for who sees no contacts; a manager sees them."""
    auditor = staff("auditor", "shen")
    masked = client.get(f"{PATH}/activity", params=MARCH, auth=auditor).text
    assert "也可" in masked
    assert "13900001111" not in masked
    assert "13900001111" in client.get(f"{PATH}/activity", params=MARCH, auth=GAO).text
