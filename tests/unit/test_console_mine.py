"""One's own customers: groups by the time left, the month, and what is recorded of a customer in two taps."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from services.console.asking.customer_answers import WorkListAnswered
from services.console.frame.office_books import OfficeBooks
from services.console.pages.mine import calendar, own_list
from services.console.pages.mine.profile import changed
from shared.contract.answers.scopes import ListedCustomer
from shared.contract.case_numbers import case_number
from tests.support.console_answers import HOSTILE, NOW, MadeUpAnswers, customer, refused

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 12)
MINE = "/at/east/east-1/mine"
LIST = "attribution GET /v1/scopes/east/customers"
WORK = "registers GET /v1/offices/east-1/work-list"
ONE = "attribution GET /v1/scopes/east/customers/c1"
HISTORY = f"{ONE}/history"
SEND = "intake POST /v1/events"
EVENT = "019cdf9f-9034-7e06-b0d2-47c9612f7662"


def listed(**given: Any) -> ListedCustomer:
    return msgspec.convert(customer(**given), ListedCustomer)


def due(name: str = "张伟", **given: Any) -> dict[str, Any]:
    return {
        "customer": {"customer": "c1", "case": case_number("c1"), "name": name, "contacts": []},
        "owner": {"staff": "li", "name": "李娜"}, "level": "A", "last_on": "2026-03-09",
        "due_on": "2026-03-13", "by_level": "2026-03-16", "by_claim": "2026-03-13", "by_plan": None,
        "overdue": 0, "next_step": None,
    } | given  # fmt: skip


def work(*coming: dict[str, Any], **given: Any) -> dict[str, Any]:
    totals = {"overdue": 0, "due": 0, "coming": len(coming)}
    none: dict[str, Any] = {"overdue": [], "due": [], "plans": []}
    return {"day": "2026-03-12", "totals": totals, **none, "coming": list(coming)} | given


@pytest.fixture
def services() -> MadeUpAnswers:
    made = MadeUpAnswers()
    made.answers[ONE] = customer() | {"as_of_seq": 9}
    made.answers["registers GET /v1/offices/east-1/level-board"] = {"levels": [{"level": "A"}]}
    made.answers[WORK] = work()
    return made


def answer_list(services: MadeUpAnswers, *owned: dict[str, Any], disputed: tuple[Any, ...] = ()) -> None:
    def told(request: httpx.Request) -> dict[str, Any]:
        those = disputed if request.url.params["status"] == "disputed" else owned
        return {"customers": list(those), "cursor": None, "as_of_seq": 9}

    services.answers[LIST] = told


def placed(_request: httpx.Request) -> dict[str, Any]:
    return {"id": EVENT, "scope": "east", "seq": 10, "recorded_at": "2026-03-12T01:00:01Z"}


def history(flags: list[str], *decisions: str) -> dict[str, Any]:
    made = [
        {"customer": "c1", "at": "2026-03-12T01:00:00Z", "decision": one, "owner": "li", "previous": "li",
         "clause": "base.4", "because": [EVENT], "clause_text": {"zh": "四日一访", "en": "Every four days"},
         "explanation": {"zh": "续期了", "en": "It runs anew"},
         "rulebook": {"name": "base", "version": 1, "sha256": "0" * 64}}
        for one in decisions
    ]  # fmt: skip
    fact = {
        "seq": 10, "actor": "li", "data": {}, "id": EVENT, "occurred_at": "2026-03-12T01:00:00Z",
        "office": "east-1", "recorded_at": "2026-03-12T01:00:01Z", "scope": "east", "type": "followup.recorded",
        "decided": {"decisions": made, "flags": flags, "penalties": []}, "later": [],
    }  # fmt: skip
    return {"scope": "east", "customer": "c1", "events": [fact], "decisions": [], "as_of_seq": 10}


@pytest.mark.parametrize(
    ("given", "group"),
    [
        ({"expires_at": "2026-03-12T16:00:00Z"}, "today"),
        ({"expires_at": "2026-03-13T16:00:00Z"}, "soon"),
        ({"expires_at": "2026-03-15T16:00:00Z"}, "soon"),
        ({"expires_at": "2026-03-16T16:00:00Z"}, "later"),
        ({"expires_at": None}, "standing"),
        ({"status": "disputed", "expires_at": "2026-03-12T16:00:00Z"}, "disputed"),
    ],
)
def test_a_customer_stands_where_the_time_left_puts_it(given: dict[str, Any], group: str) -> None:
    """A claim that ends at midnight is of the day before."""
    assert [one.key for one in own_list.groups([listed(**given)], None, NOW, ZONE)] == [group]


def test_who_runs_out_first_stands_first() -> None:
    late, soon = listed(customer="a", expires_at="2026-03-14T16:00:00Z"), listed(customer="b")
    (group,) = own_list.groups([late, soon], None, NOW, ZONE)
    assert [one.customer for one in group.customers] == ["b", "a"]


def test_a_group_shows_so_many_and_says_how_many_more() -> None:
    (group,) = own_list.groups([listed(customer=f"c{n}") for n in range(own_list.SHOWN + 3)], None, NOW, ZONE)
    assert (len(group.customers), group.more) == (own_list.SHOWN, 3)


def test_a_month_has_each_date_of_a_customer_once_and_the_end_of_a_claim_first() -> None:
    told = msgspec.convert(work(due(by_plan="2026-03-13", by_level="2026-03-16")), WorkListAnswered)
    month = calendar.month(date(2026, 3, 1), TODAY, [listed()], told, ZONE)
    assert {one.day.day: [date.kind for date in one.dates] for one in month.days} == {
        13: ["ends"],
        16: ["due"],
    }
    assert all(len(week) == 7 for week in month.weeks)
    assert (month.before, month.after) == (None, "2026-04")


@pytest.mark.parametrize("given", ["", "2026-13", "2020-01", "2027-01", "x"])
def test_a_month_of_which_nothing_can_be_told_is_this_one(given: str) -> None:
    assert calendar.first_of(given, TODAY) == date(2026, 3, 1)
    assert calendar.first_of("2026-05", TODAY) == date(2026, 5, 1)


@pytest.mark.parametrize(("language", "word"), [("zh", "今天到期"), ("en", "Runs out today")])
async def test_the_list_tells_the_reason_and_escapes_names(
    services: MadeUpAnswers, language: str, word: str
) -> None:
    answer_list(services, customer(names=[HOSTILE], expires_at="2026-03-12T16:00:00Z"))
    services.answers[WORK] = work(due(HOSTILE, next_step=HOSTILE))
    page = (await services.client(language=language).get(MINE)).text
    assert word in page
    assert case_number("c1") in page and getattr(OfficeBooks().cited("base.1"), language) in page
    assert 'href="tel:+8613800000001"' in page
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;" in page


async def test_a_consultant_asks_for_their_own_and_a_manager_for_whom_they_choose(
    services: MadeUpAnswers,
) -> None:
    answer_list(services)
    await services.client().get(MINE, params={"staff": "wang"})
    assert {one.get("owner") for one in services.queries(LIST)} == {"li"}
    services.asked.clear()
    page = (await services.client("manager", "gao").get(MINE, params={"staff": "wang"})).text
    assert {one.get("owner") for one in services.queries(LIST)} == {"wang"}
    assert "王强的客户" in page
    services.asked.clear()
    await services.client("manager", "gao").get(MINE)
    assert {one.get("owner") for one in services.queries(LIST)} == {None}
    assert "expires_before" in services.queries(LIST)[0]


async def test_an_empty_list_says_what_to_do(services: MadeUpAnswers) -> None:
    answer_list(services)
    assert "前台" in re.sub(r"<nav.*?</nav>", "", (await services.client().get(MINE)).text, flags=re.DOTALL)


async def test_an_outcome_records_a_follow_up_and_leads_to_what_it_brought(services: MadeUpAnswers) -> None:
    services.answers |= {SEND: placed, HISTORY: history([], "renewed")}
    form = {
        "event": EVENT,
        "at": "2026-03-12T01:00:00Z",
        "outcome": "coming",
        "content": "周末来",
        "method": "phone",
    }
    answer = await services.client().post(f"{MINE}/c1/follow-up", data=form)
    assert answer.status_code == 303
    (sent,) = services.sent(SEND)
    assert (sent["id"], sent["type"], sent["actor"]) == (EVENT, "followup.recorded", "li")
    assert sent["data"]["customer"] == {"phones": ["+8613800000001"]}
    assert (sent["data"]["reached"], sent["data"]["by"]) == (True, "li")
    assert sent["data"]["content"] == "已联系：约好到访\n周末来"
    page = (await services.client().get(answer.headers["location"])).text
    assert "计为有效" in page and "四日一访" in page and "3月13日（周五）24:00" in page
    assert services.queries(HISTORY)[0]["min_seq"] == "10"
    assert 'data-done="follow-up/c1"' in page


@pytest.mark.parametrize(
    ("next_on", "shown", "late"),
    [("2026-03-13", "3月13日（周五）", False), ("2026-03-14", "3月14日（周六）", True)],
)
async def test_the_next_contact_is_told_and_whether_the_claim_runs_out_before(
    services: MadeUpAnswers, next_on: str, shown: str, late: bool
) -> None:
    """A claim that ends at midnight has the day before as its last."""
    told = history([], "renewed")
    told["events"][0]["data"] = {"next_on": next_on}
    services.answers |= {SEND: placed, HISTORY: told}
    answer = await services.client().post(f"{MINE}/c1/follow-up", data={"event": EVENT, "outcome": "coming"})
    page = (await services.client().get(answer.headers["location"])).text
    assert f"下次回访：{shown}" in page
    assert ("晚于归属到期日3月13日（周五）" in page) is late


async def test_who_was_not_reached_is_told_that_it_does_not_count(services: MadeUpAnswers) -> None:
    services.answers |= {SEND: placed, HISTORY: history(["not_reached"])}
    form = {"event": EVENT, "outcome": "unreached"}
    answer = await services.client().post(f"{MINE}/c1/follow-up", data=form)
    assert services.sent(SEND)[0]["data"]["reached"] is False
    page = (await services.client(language="en").get(answer.headers["location"])).text
    assert "Does not count." in page and "The customer was not reached" in page


async def test_without_an_outcome_nothing_is_recorded_and_nothing_is_lost(services: MadeUpAnswers) -> None:
    form = {"event": EVENT, "outcome": "", "content": HOSTILE, "level": "B"}
    answer = await services.client().post(f"{MINE}/c1/follow-up", data=form)
    assert answer.status_code == 422
    assert services.sent(SEND) == []
    assert f'value="{EVENT}"' in answer.text and 'value="B"' in answer.text
    assert "&lt;script&gt;" in answer.text and "<script>alert" not in answer.text
    assert "data-answered" in answer.text


async def test_a_refusal_stands_beside_its_field(services: MadeUpAnswers) -> None:
    wrong = {"path": "data.next_on", "rule": "date", "message": "不是日期 (is no day)"}
    services.answers[SEND] = lambda _: refused(422, "错 (wrong)", wrong)
    form = {"event": EVENT, "outcome": "coming", "next_on": "2026-99-99"}
    answer = await services.client().post(f"{MINE}/c1/follow-up", data=form)
    assert answer.status_code == 422
    assert '<span class="wrong" id="next_on-wrong">日期格式不对，例如 2026-03-31。</span>' in answer.text


async def test_a_form_that_was_recorded_already_is_another_one_when_sent_again(
    services: MadeUpAnswers,
) -> None:
    services.answers[SEND] = lambda _: refused(409, "已有 (is there)")
    answer = await services.client().post(f"{MINE}/c1/follow-up", data={"event": EVENT, "outcome": "coming"})
    assert answer.status_code == 409
    assert "已经登记过" in answer.text and EVENT not in answer.text


async def test_a_superior_enters_whom_it_was_and_a_consultant_nobody_else(services: MadeUpAnswers) -> None:
    services.answers[SEND] = placed
    form = {"event": EVENT, "outcome": "coming", "by": "wang"}
    await services.client("manager", "gao").post(f"{MINE}/c1/follow-up", data=form)
    await services.client().post(f"{MINE}/c1/follow-up", data=form)
    assert [(one["actor"], one["data"]["by"]) for one in services.sent(SEND)] == [
        ("gao", "wang"),
        ("li", "li"),
    ]


async def test_of_a_customer_whose_contacts_are_masked_nothing_can_be_recorded(
    services: MadeUpAnswers,
) -> None:
    services.answers[ONE] = customer(contacts=["+86138****0001"]) | {"as_of_seq": 9}
    page = (await services.client().get(f"{MINE}/c1/follow-up")).text
    assert "不能在此登记" in page and 'name="outcome"' not in page


async def test_a_customer_is_named_by_a_wechat_id(services: MadeUpAnswers) -> None:
    services.answers[ONE] = customer(contacts=["wechat:zhang_wei"]) | {"as_of_seq": 9}
    services.answers[SEND] = placed
    await services.client().post(f"{MINE}/c1/follow-up", data={"event": EVENT, "outcome": "coming"})
    assert services.sent(SEND)[0]["data"]["customer"] == {"wechat": "zhang_wei"}


async def test_the_form_shows_what_a_follow_up_would_bring(services: MadeUpAnswers) -> None:
    services.answers["attribution POST /v1/scopes/east/preview"] = {
        "recorded_at": "2026-03-12T01:00:00Z", "decisions": history([], "renewed")["events"][0]["decided"]["decisions"],
        "deals": [], "flags": [], "penalties": [], "warnings": [], "customer": customer(), "as_of_seq": 9,
        "turns": {"office": "east-1", "before": _no_boards(), "after": _no_boards()},
        "explanation": {"zh": "", "en": ""},
    }  # fmt: skip
    answer = await services.client().post(
        f"{MINE}/c1/follow-up/preview", data={"event": EVENT, "method": "sms"}
    )
    assert "计为有效" in answer.text
    assert services.sent("attribution POST /v1/scopes/east/preview")[0]["data"]["method"] == "sms"


async def test_a_plan_is_made_for_a_day_and_lacks_neither_day_nor_purpose(services: MadeUpAnswers) -> None:
    services.answers[SEND] = placed
    client = services.client()
    answer = await client.post(f"{MINE}/c1/plan", data={"event": EVENT, "kind": "outing"})
    assert answer.status_code == 422 and services.sent(SEND) == []
    assert 'id="on-wrong"' in answer.text and 'id="purpose-wrong"' in answer.text
    form = {"event": EVENT, "kind": "outing", "on": "2026-03-20", "purpose": "看样板间"}
    answer = await client.post(f"{MINE}/c1/plan", data=form)
    assert answer.status_code == 303
    (sent,) = services.sent(SEND)
    assert sent["data"] == {
        "plan": EVENT, "by": "li", "kind": "outing", "on": "2026-03-20", "purpose": "看样板间",
        "customer": {"phones": ["+8613800000001"]},
    }  # fmt: skip


def test_a_profile_says_what_is_new_and_what_is_no_longer_said() -> None:
    typed = {"budget": "200万", "wanted_unit": "", "level": "A", "home_district": ""}
    known = {"wanted_unit": "三居", "level": "A"}
    assert changed(typed, known) == {"set": {"budget": "200万"}, "cleared": ["wanted_unit"]}
    assert changed({"level": "A"}, known) == {}


async def test_another_office_is_not_there(services: MadeUpAnswers) -> None:
    assert (await services.client().get("/at/east/east-2/mine")).status_code == 404
    assert (await services.client("auditor", "yan").get(MINE)).status_code == 404


def _no_boards() -> dict[str, Any]:
    board = {"queue": [], "next": None}
    return {"visit": board, "call": board}


async def test_what_came_of_it_is_pressed_after_all_that_it_records(services: MadeUpAnswers) -> None:
    page = (await services.client().get(f"{MINE}/c1/follow-up")).text
    fields = ("next_on", "level", "content", "next_step", "method")
    pressed = page.index('class="outcomes"')
    assert [one for one in fields if page.index(f'name="{one}"') > pressed] == []
    assert page.count('<button name="outcome"') == page.count("<button") - page[: page.index("<main")].count(
        "<button"
    )
