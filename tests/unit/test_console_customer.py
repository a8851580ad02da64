"""All customers and one customer: whose, both clocks, what a record says in words; hostile texts are texts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from services.console.frame.words import LANGUAGES
from services.console.pages.customer import timeline
from services.console.pages.customer.moments import asked_moment, stepped
from services.console.pages.customer.record_lines import lines_of
from shared.contract.answers.history import HistoryAnswer
from shared.contract.case_numbers import case_number
from shared.i18n import Text
from tests.support.console_answers import HOSTILE, MadeUpAnswers, customer, refused

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 12)
PAGE = "/in/east/customers/c1"
LIST = "/in/east/customers"
ONE = "attribution GET /v1/scopes/east/customers/c1"
HISTORY = f"{ONE}/history"
CARD = "registers GET /v1/offices/east-1/customers/c1/card"
ALERTS = "notifier GET /v1/alerts"
DEAL = "attribution GET /v1/scopes/east/deals/d1"
CASES = "attribution GET /v1/scopes/east/cases/K7QF-2M9D"
FOUND = "registers GET /v1/offices/east-1/registers/customers"
LISTED = "attribution GET /v1/scopes/east/customers"
KEYS = "audit GET /v1/log/keys"
PACK = "audit GET /v1/scopes/east/customers/c1/evidence"


def fact(seq: int, kind: str, recorded_at: str, data: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {
        "seq": seq, "actor": "li", "data": data, "id": f"e{seq}", "occurred_at": recorded_at,
        "office": "east-1", "recorded_at": recorded_at, "scope": "east", "type": kind,
    } | given  # fmt: skip


def decision(seq: int, at: str, decided: str, owner: str | None = "li") -> dict[str, Any]:
    return {
        "at": at, "decision": decided, "owner": owner, "previous": None, "clause": "base.1", "because": [],
        "clause_text": {"zh": "首次登记", "en": "First registered"},
        "explanation": {"zh": f"因为{decided}", "en": f"Because {decided}"}, "seq": seq, "recorded_at": at,
    }  # fmt: skip


VISIT = {
    "visit": "v1", "received_by": "li", "capacity": "on_turn", "purpose": HOSTILE, "notes": "看三居",
    "customer": {"name": HOSTILE, "phones": ["138 0000 0001"]}, "asked": {"visited_before": "no"},
}  # fmt: skip
FACTS = [
    fact(3, "visit.registered", "2026-03-09T02:00:00Z", VISIT),
    fact(5, "followup.recorded", "2026-03-11T02:00:00Z", {"by": "li", "method": "phone", "content": "约周末"},
         occurred_at="2026-03-10T02:00:00Z"),
    fact(6, "deal.subscribed", "2026-03-11T03:00:00Z", {"deal": "d1", "closed_by": "wang", "unit": "3-2"}),
]  # fmt: skip
DECISIONS = [
    decision(3, "2026-03-09T02:00:00Z", "established"),
    decision(5, "2026-03-10T16:00:00Z", "lapsed", None),
]


def history(*facts: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {
        "scope": "east", "customer": "c1", "events": list(facts), "decisions": DECISIONS, "set_aside": [],
        "as_of_seq": 9,
    } | given  # fmt: skip


@pytest.fixture
def services() -> MadeUpAnswers:
    made = MadeUpAnswers()
    row = {"customer": "c1", "case": case_number("c1"), "name": HOSTILE, "contacts": []}
    rows = {"row": "e5", "register": "follow-ups", "happened_at": "2026-03-10T02:00:00Z", "recorded_at": None,
            "office": "east-1", "staff": None, "late": True, "flags": ["backfilled"], "values": {}}  # fmt: skip
    made.answers |= {
        ONE: customer(names=[HOSTILE]) | {"as_of_seq": 9},
        HISTORY: history(*FACTS),
        CARD: {
            "customer": row, "standing": {"level": "A"}, "deals": [], "before": {"rows": [rows]}, "after": {"rows": []},
            "profile": [{"key": "budget", "label": {"zh": "预算", "en": "budget"}, "value": HOSTILE,
                         "withheld": False, "recorded_on": "2026-03-09"}],
        },
        DEAL: {
            "scope": "east", "deal": "d1", "customer": "c1", "closed_by": "wang", "status": "final",
            "shares": {"wang": 6667, "li": 3333}, "clause": "base.9", "because": [], "decisions": [],
            "project": HOSTILE, "unit": "3-2", "amount": "1000000.00", "subscribed_at": "2026-03-11T03:00:00Z",
            "signed_at": None, "cancelled_at": None, "as_of_seq": 9,
        },
        ALERTS: {"alerts": [{
            "step": "last_call", "audience": "owner", "staff": "li", "due_at": "2026-03-12T00:00:00Z",
            "deadline": "2026-03-13T16:00:00Z", "state": "sent",
            "attempts": [{"channel": "dingtalk/east", "recipient": "li", "message": HOSTILE,
                          "business_at": "2026-03-12T00:00:00Z", "outcome": "sent"}],
        }]},
    }  # fmt: skip
    return made


def read(*facts: dict[str, Any]) -> list[HistoryAnswer]:
    return [msgspec.convert(history(*facts), HistoryAnswer)]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_customer_is_told_whole_and_hostile_texts_are_texts(
    services: MadeUpAnswers, language: str
) -> None:
    page = (await services.client("manager", "gao", language).get(PAGE)).text
    assert "<script>alert" not in page and "<img src=x" not in page
    assert page.count("&lt;script&gt;") >= 6
    for shown in ("李娜", "王强", "66.67%", "33.33%", "138 0000 0001", case_number("c1")):
        assert shown in page
    words = {
        "zh": ("归李娜", "首次登记", "钉钉", "不计"),
        "en": ("With 李娜", "First registered", "DingTalk", "does not count"),
    }
    for said in words[language]:
        assert said in page


def test_a_history_has_both_clocks_and_what_was_entered_late_says_so() -> None:
    entries = timeline.timeline(read(*FACTS), {"e5": ["backfilled"]}, lambda one: one or "", ZONE, TODAY)
    assert [one.type for one in entries] == [
        "deal.subscribed",
        "lapsed",
        "followup.recorded",
        "visit.registered",
    ]
    late = entries[2]
    assert (late.happened_at, late.recorded_at) == ("2026-03-10T02:00:00Z", "2026-03-11T02:00:00Z")
    assert late.later is not None and late.later.en == "1 day later"
    assert len(late.flags) == 1 and entries[3].later is None


def test_a_lapse_is_no_record_and_a_decision_stands_with_the_record_that_brought_it() -> None:
    entries = timeline.timeline(read(*FACTS), {}, lambda one: one or "", ZONE, TODAY)
    lapse, visit = entries[1], entries[3]
    assert (lapse.id, lapse.recorded_at, lapse.decided[0].explanation.en) == (None, None, "Because lapsed")
    assert [one.explanation.zh for one in visit.decided] == ["因为established"]


def test_a_step_is_what_was_known_when_its_record_was_made_and_the_last_is_now() -> None:
    points = timeline.points(read(*FACTS))
    moment = stepped(points, 2)
    assert moment is not None and moment.known_at == datetime(2026, 3, 11, 2, tzinfo=UTC)
    assert stepped(points, 3) is None and stepped(points, None) is None and stepped(points, 0) is None
    assert timeline.point_at(points, moment.known_at) == 2
    assert timeline.point_at(points, None) == 3
    assert timeline.point_at(points, datetime(2026, 3, 1, tzinfo=UTC)) == 0


def test_times_are_by_the_clock_of_the_office_or_with_an_offset() -> None:
    moment = asked_moment("2026-03-09T10:00", "2026-03-10T02:00:00Z", None, ZONE)
    assert moment.query() == {"as_of": "2026-03-09T02:00:59.999999Z", "known_at": "2026-03-10T02:00:00Z"}
    assert moment.typed(ZONE) == {"as_of": "2026-03-09T10:00", "known_at": "2026-03-10T10:00"}
    assert asked_moment("yesterday", "", None, ZONE).wrong == ("as_of",)
    assert not asked_moment("", "", None, ZONE).earlier


async def test_an_earlier_time_is_asked_of_every_service_and_said_on_the_page(
    services: MadeUpAnswers,
) -> None:
    services.answers[HISTORY] = lambda request: history(
        *(FACTS[:1] if "known_at" in request.url.params else FACTS)
    )
    page = (await services.client("manager", "gao").get(PAGE, params={"step": 1})).text
    assert "这是较早的时间" in page and "回到现在" in page
    for asked in (ONE, CARD):
        assert services.queries(asked)[0]["known_at"] == "2026-03-09T02:00:00Z"
    assert services.queries(DEAL) == []
    assert "还没有发过提醒" in page


async def test_a_time_at_which_nobody_knew_the_customer_says_so(services: MadeUpAnswers) -> None:
    services.answers[ONE] = lambda _: refused(404, "没有 (none)")
    answer = await services.client("manager", "gao").get(PAGE, params={"known_at": "2026-03-01T00:00:00Z"})
    assert answer.status_code == 200 and "当时还不知道这位客户" in answer.text
    assert 'name="step"' in answer.text
    assert (await services.client("manager", "gao").get(PAGE)).status_code == 404


async def test_what_is_no_time_is_said_beside_its_field(services: MadeUpAnswers) -> None:
    answer = await services.client("manager", "gao").get(PAGE, params={"as_of": "yesterday"})
    assert answer.status_code == 422 and "不是时间" in answer.text


async def test_what_is_out_of_reach_is_left_out_and_the_rest_is_shown(services: MadeUpAnswers) -> None:
    for gone in (CARD, DEAL, ALERTS):
        services.answers[gone] = lambda _: refused(403, "不可 (not allowed)")
    answer = await services.client().get(PAGE)
    assert answer.status_code == 200 and "尚未成交" in answer.text and "还没有发过提醒" in answer.text


async def test_the_pack_is_offered_to_auditors_and_comes_under_its_name(services: MadeUpAnswers) -> None:
    assert "/evidence" not in (await services.client("manager", "gao").get(PAGE)).text
    client = services.client("auditor", "yan")
    assert f'href="{PAGE}/evidence"' in (await client.get(PAGE)).text
    named = 'attachment; filename="evidence-east-c1.zip"'
    services.answers[PACK] = lambda _: httpx.Response(
        200, content=b"PK", headers={"content-type": "application/zip", "content-disposition": named}
    )
    answer = await client.get(f"{PAGE}/evidence")
    assert (answer.content, answer.headers["content-type"]) == (b"PK", "application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="evidence-{case_number("c1")}.zip"'


async def test_whoever_makes_a_pack_reads_the_command_that_verifies_it(services: MadeUpAnswers) -> None:
    services.answers[KEYS] = {"origin": "east.example/log", "keys": ["east.example/log+1c9f424f+AUEi"]}
    command = f"panke verify evidence-{case_number('c1')}.zip --key east.example/log+1c9f424f+AUEi<"
    assert command in (await services.client("auditor", "yan").get(PAGE)).text
    assert "--key" not in (await services.client("manager", "gao").get(PAGE)).text
    services.answers[KEYS] = lambda _: refused(503, "没有回应 (no answer)")
    without = await services.client("auditor", "yan").get(PAGE)
    assert without.status_code == 200 and "--key KEY<" in without.text


async def test_a_customer_in_dispute_leads_to_the_dispute(services: MadeUpAnswers) -> None:
    opened = fact(7, "dispute.opened", "2026-03-11T04:00:00Z", {"dispute": "q1", "opened_by": "wang"})
    services.answers[HISTORY] = history(*FACTS, opened)
    assert 'href="/in/east/disputes?customer=c1"' in (await services.client("manager", "gao").get(PAGE)).text


async def test_a_pack_that_takes_a_minute_to_make_is_waited_for(services: MadeUpAnswers) -> None:
    def made(request: httpx.Request) -> httpx.Response:
        if request.extensions["timeout"]["read"] < 60:
            raise httpx.ReadTimeout("not made yet", request=request)
        return httpx.Response(200, content=b"PK", headers={"content-type": "application/zip"})

    services.answers[PACK] = made
    answer = await services.client("auditor", "yan").get(f"{PAGE}/evidence")
    assert (answer.status_code, answer.content) == (200, b"PK")


async def test_a_case_number_leads_to_its_customer(services: MadeUpAnswers) -> None:
    services.answers[CASES] = customer() | {"as_of_seq": 9}
    client = services.client()
    for answer in (
        await client.get("/c/east/K7QF-2M9D"),
        await client.post(LIST, data={"search": "K7QF-2M9D"}),
    ):
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    del services.answers[CASES]
    assert (await client.get("/c/east/K7QF-2M9D")).status_code == 404
    assert (await client.get("/c/west/K7QF-2M9D")).status_code == 404


async def test_the_link_of_a_digest_leads_to_ones_own_list_or_to_all(services: MadeUpAnswers) -> None:
    for role, staff, where in (("consultant", "li", "/at/east/east-1/mine"), ("auditor", "yan", LIST)):
        answer = await services.client(role, staff).get("/c/east")  # type: ignore[arg-type]
        assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert (await services.client("reception", "desk").get("/c/east")).status_code == 404


async def test_a_list_is_by_owner_and_status_and_a_search_by_the_register(services: MadeUpAnswers) -> None:
    services.answers[LISTED] = {"customers": [customer(names=[HOSTILE])], "cursor": "next&1", "as_of_seq": 9}
    client = services.client("manager", "gao")
    page = (await client.get(LIST, params={"owner": "li", "status": "owned"})).text
    assert services.queries(LISTED)[0] | {"owner": "li", "status": "owned"} == services.queries(LISTED)[0]
    assert "cursor=next%261" in page and "owner=li" in page and "&lt;script&gt;" in page
    row = {"customer": "c1", "case": case_number("c1"), "name": HOSTILE, "contacts": ["+86138****0001"]}
    services.answers[FOUND] = {
        "rows": [{"customer": row, "values": {"owner": "li", "status": "won", "level": "A"}}], "total": 1,
        "cursor": None,
    }  # fmt: skip
    page = (await client.post(LIST, data={"search": "张伟"})).text
    assert services.queries(FOUND)[0]["search"] == "张伟"
    assert "李娜" in page and ">138****0001<" in page and "<script>alert" not in page


async def test_an_empty_search_says_how_to_look(services: MadeUpAnswers) -> None:
    services.answers[FOUND] = {"rows": [], "total": 0, "cursor": None}
    assert "没有找到" in (await services.client().post(LIST, data={"search": "张"})).text


LOOKUP = "attribution POST /v1/scopes/east/lookup"
OF_A_COLLEAGUE = {
    "contact": "138****0009", "known": True, "customer": "c9", "names": ["赵**"], "contacts": ["138****0009"],
    "owner": "wang", "owner_name": "王强", "status": "owned", "basis": "visit", "since": None, "expires_at": None,
    "ask": [], "do": [], "clause": "shijiazhuang.1", "clause_text": None, "as_of_seq": 9,
}  # fmt: skip


async def test_a_whole_number_of_a_colleague_s_customer_says_whose_it_is(services: MadeUpAnswers) -> None:
    services.answers[FOUND] = {"rows": [], "total": 0, "cursor": None}
    services.answers[LOOKUP] = OF_A_COLLEAGUE
    page = (await services.client().post(LIST, data={"search": "13800000009"})).text
    assert "客户归王强" in page and "138****0009" in page and "赵**" in page and "没有找到" not in page
    assert "c9" not in page
    assert services.sent(LOOKUP) == [{"contact": "13800000009"}]


async def test_a_name_or_a_part_of_a_number_is_asked_of_nobody_else(services: MadeUpAnswers) -> None:
    services.answers[FOUND] = {"rows": [], "total": 0, "cursor": None}
    services.answers[LOOKUP] = OF_A_COLLEAGUE
    for typed in ("张三", "1380000", "li", case_number("c1")):
        page = (await services.client().post(LIST, data={"search": typed})).text
        assert "客户归王强" not in page
    assert services.sent(LOOKUP) == []


async def test_who_has_asked_too_much_is_told_so(services: MadeUpAnswers) -> None:
    services.answers[FOUND] = {"rows": [], "total": 0, "cursor": None}
    services.answers[LOOKUP] = lambda _: refused(429, "太多 (too many)")
    page = (await services.client().post(LIST, data={"search": "13800000009"})).text
    assert "查询过于频繁，请" in page and "没有找到" in page


def test_a_record_is_told_in_words() -> None:
    names = {"li": "李娜", "wang": "王强"}.get
    data = VISIT | {"present": ["li", "wang"], "started_at": "2026-03-09T02:00:00Z", "category": "general",
                    "shares": {"li": 5000, "wang": 5000}, "deal": "d1"}  # fmt: skip
    said = {
        line.label.en: str(getattr(line.said, "en", line.said))
        for line in lines_of(data, lambda one: str(names(one)), ZONE, TODAY)
    }
    assert said["received by"] == "李娜" and said["present on the floor"] == "李娜, 王强"
    assert said["capacity"] == "On turn" and said["category"] == "general customer"
    assert said["shares"] == "李娜 50%, 王强 50%" and said["was here before"] == "no"
    assert "d1" not in said.values() and "v1" not in said.values()


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("relation", "spouse", Text("夫妻", "husband and wife")),
        ("kind", "reception", Text("接待", "reception")),
        ("kind", "complaint", Text("投诉", "complaint")),
        ("kind", "户型册", "户型册"),
        ("via", "call_back", Text("回电", "by calling back")),
        ("medium", "fax", Text("传真", "fax")),
        ("reached", False, Text("否", "no")),
    ],
)
def test_a_closed_list_is_told_in_words_and_what_was_typed_as_it_was(
    field: str, value: object, word: Text | str
) -> None:
    (line,) = lines_of({field: value}, str, ZONE, TODAY)
    assert line.said == word


@pytest.mark.parametrize(
    ("said", "chinese", "english"),
    [
        ("已联系：仍有意向", "已联系：仍有意向", "Reached: still interested"),
        ("Not reached\n下午再打", "未联系上\n下午再打", "Not reached\n下午再打"),
        ("仍有意向", "仍有意向", "仍有意向"),
    ],
)
def test_what_the_form_of_a_follow_up_said_by_itself_is_in_the_language_of_the_reader(
    said: str, chinese: str, english: str
) -> None:
    (line,) = lines_of({"content": said}, str, ZONE, TODAY)
    assert [str(getattr(line.said, language, line.said)) for language in ("zh", "en")] == [chinese, english]


def test_days_and_contacts_of_a_record_are_as_people_write_them() -> None:
    party = {"phones": ["+8613800000001", "138 0000 0002"], "wechat": "lily_88"}
    data = {"customer": party, "next_on": "2026-03-14", "until": "2027-01-02", "on": "soon"}
    said = {line.label.en: line.said for line in lines_of(data, str, ZONE, TODAY)}
    assert said["contacts as given"] == Text(
        "13800000001、138 0000 0002、微信lily_88", "13800000001, 138 0000 0002, WeChat lily_88"
    )
    assert said["next contact"] == Text("3月14日（周六）", "Saturday 14 March")
    assert said["until"] == Text("2027年1月2日（周六）", "Saturday 2 January 2027")
    assert said["day"] == "soon"


async def test_ids_that_are_none_reach_no_service(services: MadeUpAnswers) -> None:
    for path in ("/in/east/customers/c1%3Flimit=1", "/in/EAST/customers", "/in/east/customers/..%2Fx"):
        assert (await services.client("manager", "gao").get(path)).status_code in (404, 422)
    assert not any("limit=1" in str(one.url) for one in services.asked)
