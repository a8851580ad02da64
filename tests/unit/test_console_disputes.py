"""Disputes: both sides beside each other, what a ruling would come to, shares that are the whole, hostile texts."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.frame.forms import Wrong
from services.console.pages.disputes.case import minutes_of
from services.console.pages.disputes.routes import act, dispute, disputes, open_dispute, open_form
from services.console.pages.disputes.ruling import ShareRow, basis_points_of, percent_of, shares_of
from shared.platform.http.problem import ProblemError
from tests.support.console_pages import OFFICE, SCOPE, MadeUpServices, answered, refused, shown

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
CUSTOMER = "58c219cf-9e80-5339-8516-6a2058d6215a"
VISIT, SECOND, DEAL, OPENED, RULED = (f"0195a000-0000-7000-8000-00000000010{n}" for n in range(5))
CLAUSE = {"zh": "以首次来访为准。", "en": "The first visit decides."}


def event(
    id_: str, kind: str, seq: int, data: dict[str, Any], flags: tuple[str, ...] = (), **more: Any
) -> Any:
    return {
        "seq": seq, "actor": "gao", "data": data, "id": id_, "type": kind, "scope": SCOPE, "office": OFFICE,
        "occurred_at": f"2026-03-12T00:{seq:02}:00Z", "recorded_at": f"2026-03-12T00:{seq:02}:30Z",
        "decided": {"decisions": more.get("decisions", []), "flags": list(flags), "penalties": []},
    }  # fmt: skip


def decision(kind: str, owner: str | None, because: str, clause: str = "shijiazhuang.1") -> dict[str, Any]:
    return {
        "at": "2026-03-12T00:01:00Z", "decision": kind, "owner": owner, "previous": None, "clause": clause,
        "because": [because], "clause_text": CLAUSE, "explanation": CLAUSE,
        "seq": 1, "recorded_at": None,
    }  # fmt: skip


EVENTS = [
    event(VISIT, "visit.registered", 1, {
        "visit": "v1", "received_by": "li", "capacity": "on_turn", "notes": HOSTILE,
        "started_at": "2026-03-12T00:01:00Z", "ended_at": "2026-03-12T00:23:40Z",
    }, ("out_of_turn",)),
    event(SECOND, "visit.registered", 2, {"visit": "v2", "received_by": "wang", "capacity": "assist"}),
    event(DEAL, "deal.subscribed", 3, {"deal": "d1", "closed_by": "wang", "unit": "9-101"}),
    event(OPENED, "dispute.opened", 4, {"dispute": "q1", "opened_by": "wang", "reason": HOSTILE}),
]  # fmt: skip
SHARES = {"li": 10000}


def previewing(request: Any) -> Any:
    """What attribution would tell of a ruling: the owner and shares that it names."""
    data = json.loads(request.content)["data"]
    owner, shares = data.get("owner"), data.get("shares")
    deal = {
        "deal": "d1", "at": "2026-03-12T00:01:00Z", "status": "final", "shares": shares or {owner: 10000},
        "clause": "base.dispute", "because": [RULED], "clause_text": CLAUSE, "explanation": CLAUSE,
    }  # fmt: skip
    board = {"queue": [], "next": None}
    turns = {
        "office": OFFICE,
        "before": {"visit": board, "call": board},
        "after": {"visit": board, "call": board},
    }
    return {
        "recorded_at": "2026-03-12T00:01:00Z", "explanation": CLAUSE, "as_of_seq": 7, "customer": None,
        "decisions": [{**decision("ruled", owner or "li", RULED), "customer": CUSTOMER}], "deals": [deal],
        "flags": [], "penalties": [], "warnings": [], "turns": turns,
    }  # fmt: skip


def customer(**more: Any) -> dict[str, Any]:
    return {
        "scope": SCOPE, "customer": CUSTOMER, "contacts": ["+8613800000001"], "names": [f"张伟{HOSTILE}"],
        "owner": "li", "status": "disputed", "basis": "visit", "since": "2026-03-12T00:01:00Z",
        "expires_at": None, "clause": "base.dispute", "as_of_seq": 7,
        "decisions": [decision("disputed", "li", OPENED, "base.dispute")], **more,
    }  # fmt: skip


def services(
    *more: Any, rulebook: str = "shijiazhuang", status: str = "open", opened_by: str = "wang"
) -> MadeUpServices:
    scope = f"/v1/scopes/{SCOPE}"
    told = {
        "scope": SCOPE, "dispute": "q1", "customer": CUSTOMER, "status": status, "opened_by": opened_by,
        "clause": "base.dispute",
    }  # fmt: skip
    deal = {
        "scope": SCOPE, "deal": "d1", "customer": CUSTOMER, "closed_by": "wang", "status": "pending_ruling",
        "shares": SHARES, "clause": "shijiazhuang.1", "because": [VISIT], "decisions": [], "project": "东岸",
        "unit": "9-101", "amount": "1880000.00", "subscribed_at": None, "signed_at": None,
        "cancelled_at": None, "as_of_seq": 7,
    }  # fmt: skip
    return MadeUpServices(
        {
            f"{scope}/disputes": {"disputes": [told], "cursor": None, "as_of_seq": 7},
            f"{scope}/customers": {"customers": [customer()], "cursor": None, "as_of_seq": 7},
            f"{scope}/customers/{CUSTOMER}": customer(),
            f"{scope}/customers/{CUSTOMER}/history": {
                "scope": SCOPE, "customer": CUSTOMER, "events": [*EVENTS, *more], "as_of_seq": 7,
                "decisions": [decision("established", "li", VISIT)],
            },
            f"{scope}/deals/d1": deal,
            f"{scope}/preview": previewing,
        },
        rulebook,
    )  # fmt: skip


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_texts_of_others_are_escaped_on_every_page(language: str) -> None:
    made = services()
    for handler, of in ((disputes, ()), (dispute, ("q1",))):
        status, page = shown(handler, made.page("manager", language=language), SCOPE, *of)
        assert status == 200
        assert "<script>alert" not in page and "<img" not in page.replace('<img src="/assets', "")
        assert "&lt;script&gt;" in page


def test_both_sides_stand_beside_each_other_with_the_minutes_of_each_reception() -> None:
    _, page = shown(dispute, services().page("manager"), SCOPE, "q1")
    told = plain(page)
    li, wang = told.index("李娜 现归属人"), told.index("王强 提出异议")
    assert li < told.index("历时23分钟") < wang < told.index("未登记时长")
    assert "抢接" in told[li:wang]
    assert "以首次来访为准。 《石家庄公司销售现场客户界定制度》第1条" in told
    assert "归属有异议的，由主管以上裁定" in told


def test_an_empty_list_says_what_begins_a_dispute() -> None:
    none = MadeUpServices({f"/v1/scopes/{SCOPE}/disputes": {"disputes": [], "cursor": None, "as_of_seq": 7}})
    _, page = shown(disputes, none.page("manager"), SCOPE)
    assert "目前没有待裁定的争议" in page


def test_the_list_says_who_is_to_rule() -> None:
    _, page = shown(disputes, services().page("manager", language="en"), SCOPE)
    assert "supervisor, manager or director" in plain(page)
    assert "王强" in page and ">wang<" not in page


def ruled_services(*disputes_about: tuple[str, str], decisions: list[dict[str, Any]]) -> MadeUpServices:
    """Disputes by name and clause that were ruled on, all about one customer."""
    made = services(status="ruled")
    scope = f"/v1/scopes/{SCOPE}"
    told = [{
        "scope": SCOPE, "dispute": name, "customer": CUSTOMER, "status": "ruled", "opened_by": "wang",
        "clause": clause,
    } for name, clause in disputes_about]  # fmt: skip
    made._answers[f"{scope}/disputes"] = {"disputes": told, "cursor": None, "as_of_seq": 7}
    made._answers[f"{scope}/customers/{CUSTOMER}"] = customer(decisions=decisions)
    return made


def ruled_rows(page: str) -> str:
    return plain(page[page.index("</section>", page.index('id="open"')) :])


def test_what_was_ruled_on_says_for_whom_and_when_and_its_clause_once() -> None:
    decisions = [
        decision("established", "li", VISIT), decision("disputed", "li", OPENED),
        decision("ruled", "wang", RULED) | {"at": "2026-03-11T01:30:00Z"},
        decision("disputed", "wang", OPENED), decision("ruled", "li", RULED),
    ]  # fmt: skip
    made = ruled_services(("q1", "base.dispute"), ("q2", "base.dispute"), decisions=decisions)
    _, page = shown(disputes, made.page("manager"), SCOPE)
    told = ruled_rows(page)
    assert told.count("归属有异议的") == 1
    later, first = told.index("3月12日（周四）08:01"), told.index("3月11日（周三）09:30")
    assert later < first, "the last that was ruled on first"
    assert "李娜 3月12日" in told and "王强 3月11日" in told


def test_a_dispute_whose_others_are_out_of_sight_says_of_no_ruling_that_it_is_its_own() -> None:
    decisions = [
        decision("disputed", "li", OPENED), decision("ruled", "wang", RULED), decision("disputed", "wang", OPENED),
    ]  # fmt: skip
    made = ruled_services(("q1", "base.dispute"), decisions=decisions)
    told = ruled_rows(shown(disputes, made.page("manager"), SCOPE)[1])
    assert "— —" in told and "3月12日" not in told


def test_clauses_that_differ_stand_beside_each_dispute() -> None:
    decisions = [decision(kind, "li", RULED) for kind in ("disputed", "ruled") * 2]
    made = ruled_services(("q1", "base.dispute"), ("q2", "base.recognition"), decisions=decisions)
    told = ruled_rows(shown(disputes, made.page("manager"), SCOPE)[1])
    assert "条款" in told and "归属有异议的" in told and "成交前认出自己的客户" in told


def test_what_each_ruling_would_come_to_stands_there_before_it_is_made() -> None:
    made = services()
    _, page = shown(dispute, made.page("manager"), SCOPE, "q1")
    said = [
        {key: value for key, value in one["data"].items() if key in ("owner", "shares")}
        for one in made.previewed
    ]
    assert said == [{"owner": "li"}, {"owner": "wang"}, {"shares": {"li": 5000, "wang": 5000}}]
    told = plain(page).replace("： ", "：")
    assert "客户归王强 填入裁定 王强 东岸 9-101：李娜 100% 东岸 9-101：王强 100%" in told
    assert "李娜与王强各一半 填入裁定 李娜 东岸 9-101：李娜 100% 东岸 9-101：李娜 50%、 王强 50%" in told
    assert made.recorded == []


def test_what_a_ruling_would_come_to_is_put_into_the_form_by_a_button() -> None:
    _, page = shown(dispute, services().page("manager"), SCOPE, "q1")
    assert [json.loads(unescape(one)) for one in re.findall(r"data-fill='([^']*)'", page)] == [
        {"owner": "li", "shares": []},
        {"owner": "wang", "shares": []},
        {"owner": "", "shares": [["li", "50"], ["wang", "50"]]},
    ]


def test_the_button_of_a_ruling_is_short_to_see_and_says_which_one_to_whoever_does_not() -> None:
    _, page = shown(dispute, services().page("manager"), SCOPE, "q1")
    buttons = re.findall(r'data-fill=[^>]* aria-label="([^"]*)"[^>]*>([^<]*)</button>', page)
    assert [seen for _, seen in buttons] == ["填入裁定"] * 3
    assert buttons[2][0] == "填入裁定：李娜与王强各一半"


def test_a_customer_in_dispute_leads_to_the_dispute() -> None:
    sent = answered(disputes, services().page("manager"), SCOPE, None, CUSTOMER)
    assert (sent.status_code, sent.headers["location"]) == (303, "/in/east/disputes/q1")
    status, page = shown(disputes, services().page("manager"), SCOPE, None, "somebody-else")
    assert status == 200 and 'id="open"' in page


def test_whoever_may_not_rule_is_offered_no_ruling() -> None:
    made = services()
    _, page = shown(dispute, made.page("consultant", staff="li"), SCOPE, "q1")
    assert 'value="record"' not in page and made.previewed == []
    assert "补充证据" in page
    _, page = shown(dispute, made.page("auditor", staff="yan"), SCOPE, "q1")
    assert "<textarea" not in page


FORM = {
    "event": "0195a000-0000-7000-8000-0000000000aa", "at": "2026-03-12T00:59:00Z", "do": "record",
    "owner": "li", "share_0_staff": "li", "share_0_percent": "70", "share_1_staff": "wang",
    "share_1_percent": "30", "reason": "登记在先", "clause": "shijiazhuang.1", "ruled_by": "",
}  # fmt: skip


def test_a_split_is_recorded_as_it_was_typed_once() -> None:
    made = services()
    sent = [answered(act, made.page("manager", form=FORM), SCOPE, "q1") for _ in range(2)]
    assert [one.status_code for one in sent] == [303, 303]
    assert sent[0].headers["location"] == "/in/east/disputes/q1?seq=8&done=ruling"
    first, second = made.recorded
    assert first == second
    assert first["type"] == "dispute.ruled" and first["id"] == FORM["event"] and first["actor"] == "gao"
    assert first["occurred_at"] == "2026-03-12T00:59:00Z"
    assert first["data"] == {
        "dispute": "q1", "ruled_by": "gao", "owner": "li", "shares": {"li": 7000, "wang": 3000},
        "reason": "登记在先（《石家庄公司销售现场客户界定制度》第1条）",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"share_1_percent": "20"}, "shares", "分成合计须为100%，现为90%"),
        ({"share_1_percent": "-30"}, "share_1_percent-wrong", "0至100"),
        ({"share_1_staff": "li"}, "share_1_staff-wrong", "此人已有一行"),
        ({"share_1_staff": ""}, "share_1_staff-wrong", "请选择这份分成归谁"),
        ({"owner": "", "share_0_percent": "", "share_1_percent": ""}, "owner-wrong", "归属人或分成"),
        ({"reason": "  "}, "reason-wrong", "请填写理由"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(
    changed: dict[str, str], field: str, told: str
) -> None:
    made = services()
    status, page = shown(act, made.page("manager", form={**FORM, **changed}), SCOPE, "q1")
    assert status == 422 and made.recorded == []
    assert re.search(rf'id="{field}[^"]*">[^<]*{told}', page)
    for value in {**FORM, **changed}.values():
        assert not value.strip() or value in page


def test_what_intake_refuses_stands_beside_its_field() -> None:
    made = services()
    made._answers["/v1/events"] = lambda _: refused(422, "data.reason", "length", "太长 (is too long)")
    status, page = shown(act, made.page("manager", form=FORM), SCOPE, "q1")
    assert status == 422
    assert re.search(r'id="reason-wrong">太长<', page)
    assert "data-answered" in page and FORM["event"] in page


def test_a_preview_records_nothing_and_keeps_the_id() -> None:
    made = services()
    status, page = shown(act, made.page("manager", form={**FORM, "do": "preview"}), SCOPE, "q1")
    assert status == 200 and made.recorded == []
    assert made.previewed[0]["data"]["shares"] == {"li": 7000, "wang": 3000}
    assert "按下方所填" in page and FORM["event"] in page


def test_approvals_say_who_has_approved_and_who_is_missing() -> None:
    """T: a ruling counts once the administration manager and the general manager agreed."""
    ruled = event(RULED, "dispute.ruled", 5, {
        "dispute": "q1", "ruled_by": "gao", "owner": "li", "reason": "登记在先", "shares": {},
        "approved_by": ["wei"],
    }, ("unapproved",))  # fmt: skip
    made = services(ruled, rulebook="handbook")
    _, page = shown(dispute, made.page("general_manager", staff="hua"), SCOPE, "q1")
    told = plain(page)
    assert "无效" in told and "未经批准" in told
    assert "已批准：魏行政。 尚缺：总经理" in told
    assert "批准此裁定" in told
    _, page = shown(dispute, made.page("admin_manager", staff="wei"), SCOPE, "q1")
    assert "批准此裁定" not in page
    form = {"event": FORM["event"], "at": FORM["at"], "do": "approve", "record": RULED}
    sent = answered(act, made.page("general_manager", staff="hua", form=form), SCOPE, "q1")
    assert sent.status_code == 303
    assert made.recorded[0]["type"] == "record.approved"
    assert made.recorded[0]["data"] == {"record": RULED, "stage": "approved", "by": "hua"}


def test_once_all_have_approved_the_form_is_the_ruling_with_all_of_them() -> None:
    ruled = event(RULED, "dispute.ruled", 5, {
        "dispute": "q1", "ruled_by": "gao", "owner": "wang", "reason": "登记在先", "approved_by": ["wei"],
    }, ("unapproved",))  # fmt: skip
    approved = event("0195a000-0000-7000-8000-000000000105", "record.approved", 6, {
        "record": RULED, "stage": "approved", "by": "hua",
    })  # fmt: skip
    _, page = shown(
        dispute,
        services(ruled, approved, rulebook="handbook").page("admin_manager", staff="wei"),
        SCOPE,
        "q1",
    )
    assert "已全部批准" in page
    form = page[page.index("data-shares") :]
    assert re.search(r'value="wei" checked', form) and re.search(r'value="hua" checked', form)
    assert re.search(r'<option value="wang" selected', form)


def test_evidence_is_words_by_line_and_records() -> None:
    made = services()
    form = {
        "event": FORM["event"], "at": FORM["at"], "do": "evidence", "words": "监控 3 月 1 日\n\n聊天记录",
        "record": [VISIT], "by": "",
    }  # fmt: skip
    sent = answered(act, made.page("consultant", staff="li", form=form), SCOPE, "q1")
    assert sent.status_code == 303
    assert made.recorded[0]["data"] == {
        "dispute": "q1", "by": "li", "evidence": [VISIT, "监控 3 月 1 日", "聊天记录"],
    }  # fmt: skip
    status, page = shown(act, made.page("manager", form={**form, "words": "", "record": []}), SCOPE, "q1")
    assert status == 422 and re.search(r'id="words-wrong">请写明证据', page)


def test_evidence_that_the_rulebook_wants_is_asked_for() -> None:
    _, page = shown(dispute, services(rulebook="getian").page("manager"), SCOPE, "q1")
    assert "规则书要求先举证再裁定" in page


def test_a_dispute_is_opened_of_a_customer_or_by_a_contact() -> None:
    made = services()
    _, page = shown(open_form, made.page("consultant", staff="li"), SCOPE, customer=CUSTOMER)
    assert "现归属人" in page and 'name="contact"' not in page
    form = {"event": FORM["event"], "at": FORM["at"], "customer": CUSTOMER, "reason": "我先接待"}
    sent = answered(open_dispute, made.page("consultant", staff="li", form=form), SCOPE)
    assert sent.headers["location"] == f"/in/east/disputes/q-{FORM['event']}?seq=8"
    assert made.recorded[0]["data"]["customer"]["phones"] == ["+8613800000001"]
    assert made.recorded[0]["data"]["opened_by"] == "li"
    by_contact = {"event": FORM["event"], "at": FORM["at"], "contact": "138****0001", "reason": ""}
    status, page = shown(open_dispute, made.page("consultant", staff="li", form=by_contact), SCOPE)
    assert status == 422
    assert re.search(r'id="contact-wrong">请填写客户完整', page) and 'id="reason-wrong"' in page


@pytest.mark.parametrize("role", ["consultant", "admin_manager"])
def test_a_number_that_nobody_registered_is_no_dispute(role: Any) -> None:
    """Whether the door may be asked, or the register is."""
    door = {
        "contact": "139****0001", "known": False, "customer": None, "ask": [], "do": [], "clause": "shijiazhuang.1",
        "clause_text": None, "as_of_seq": 7,
    }  # fmt: skip
    made = services()
    made._answers[f"/v1/scopes/{SCOPE}/lookup"] = door
    register = {"rows": [], "total": 0, "cursor": None}
    made._answers["/v1/offices/east-1/registers/customers"] = register
    form = {"event": FORM["event"], "at": FORM["at"], "contact": "13900000001", "reason": "我先接待"}
    status, page = shown(open_dispute, made.page(role, staff="li", form=form), SCOPE)
    assert status == 422 and made.recorded == []
    assert (
        re.search(r'id="contact-wrong">没有人登记过', page) and "13900000001" in page and "我先接待" in page
    )
    door["known"], register["total"] = True, 1
    sent = answered(open_dispute, made.page(role, staff="li", form=form), SCOPE)
    assert sent.status_code == 303 and len(made.recorded) == 1


def test_a_dispute_that_is_out_of_reach_is_not_there() -> None:
    for scope, name in ((SCOPE, "q2"), ("west", "q1")):
        with pytest.raises(ProblemError) as raised:
            shown(dispute, services().page("manager"), scope, name)
        assert raised.value.status == 404


@given(st.integers(0, 10000))
def test_a_share_is_typed_as_it_is_shown(part: int) -> None:
    assert basis_points_of(percent_of(part)) == part


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("33.33", 3333), ("３３．３３％", 3333), ("100%", 10000), ("0", 0), ("33.333", None), ("101", None),
        ("-1", None), ("NaN", None), ("Infinity", None), ("一半", None), ("", None),
    ],
)  # fmt: skip
def test_per_cent_as_people_type_it(typed: str, part: int | None) -> None:
    assert basis_points_of(typed) == part


@given(st.lists(st.integers(1, 9998), min_size=2, max_size=3))
def test_shares_are_the_whole_or_are_refused(parts: list[int]) -> None:
    wrong = Wrong()
    names = ["li", "wang", "zhao"]
    shares = shares_of(
        [ShareRow(who, percent_of(part)) for who, part in zip(names, parts, strict=False)], wrong
    )
    assert bool(wrong) is (sum(parts) != 10000)
    assert wrong or sum(shares.values()) == 10000


def test_minutes_are_known_where_both_ends_are() -> None:
    assert minutes_of({"started_at": "2026-03-12T08:01:00+08:00", "ended_at": "2026-03-12T00:31:00Z"}) == 30
    assert minutes_of({"started_at": "2026-03-12T08:01:00+08:00"}) is None
