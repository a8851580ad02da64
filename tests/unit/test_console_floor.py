"""The floor and its approvals: every part by itself, corrections previewed and recorded once, hostile texts escaped."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from services.console.pages.floor.approvals import approvals, stage_id, take_further
from services.console.pages.floor.correcting import (
    CorrectionTyped,
    phones_of,
    proposals,
    proposed,
    proposed_words,
)
from services.console.pages.floor.corrections import correct, correction
from services.console.pages.floor.findings import close_finding, findings
from services.console.pages.floor.routes import floor, floor_findings, lately_on_floor
from services.console.pages.people.routes import people
from shared.i18n import Text
from shared.platform.http.problem import ProblemError
from tests.support.console_pages import OFFICE, SCOPE, MadeUpServices, answered, refused, shown

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
VISIT, REQUEST, OTHER = (f"0195a000-0000-7000-8000-00000000020{n}" for n in range(3))
FORM = {"event": "0195a000-0000-7000-8000-0000000000aa", "at": "2026-03-12T00:59:00Z"}
C3 = "0195a000-0000-7000-8000-00000000c003"
LAPSED = "58c219cf-9e80-5339-8516-6a2058d6215a"
MARK = {
    "type": "visit.registered", "office": OFFICE, "occurred_at": "2026-03-12T00:30:00Z",
    "recorded_at": "2026-03-12T00:30:00Z", "actor": "li", "actor_name": "李娜", "consultant": "li",
    "consultant_name": "李娜",
}  # fmt: skip


def row(
    id_: str = VISIT, register: str = "visits", flags: tuple[str, ...] = (), **values: Any
) -> dict[str, Any]:
    return {
        "row": id_, "register": register, "happened_at": "2026-03-12T00:30:00Z", "name": HOSTILE,
        "customer": {"customer": "c1", "case": "QMZX-HBAZ", "name": HOSTILE, "contacts": []},
        "staff": {"staff": "li", "name": "李娜"}, "stage": None, "late": False, "flags": list(flags),
        "values": values,
    }  # fmt: skip


def customer(**more: Any) -> dict[str, Any]:
    return {
        "scope": SCOPE, "customer": "c1", "contacts": [], "names": [HOSTILE], "owner": "li", "status": "owned",
        "basis": "visit", "since": None, "expires_at": "2026-03-12T16:00:00Z", "clause": None, "decisions": [],
        **more,
    }  # fmt: skip


def claim(whose: str, ends: str) -> dict[str, Any]:
    return {"customer": whose, "owner": "li", "status": "owned", "expires_at": ends}


def waiting(*rows: dict[str, Any], awaits: str = "reviewed") -> dict[str, Any]:
    records = [{
        "awaits": awaits, "roles": ["manager"], "mine": True, "row": one,
        "about": {"customer": "c9", "case": "ABCD-EFGH", "name": "王芳", "contacts": []},
    } for one in rows]  # fmt: skip
    counts = {"reviewed": len(rows), "approved": 0, "filed": 0}
    return {"records": records, "reports": [], "counts": counts, "total": len(rows), "cursor": None}


def services(**more: Any) -> MadeUpServices:
    scope, office = f"/v1/scopes/{SCOPE}", f"/v1/offices/{OFFICE}"

    def customers(request: httpx.Request) -> Any:
        held = [customer()] if request.url.params["status"] in ("owned", "disputed") else []
        return {"customers": held, "cursor": None, "as_of_seq": 7}

    board = {"queue": ["wang", "li"], "next": "wang"}
    lapsed = {
        "table": "lapsed",
        "lines": [
            {
                "figures": {
                    "lapsed": {
                        "ids": [f"{LAPSED}:2026-03-11T{hour}:00:00+00:00" for hour in range(10, 17)] * 2
                    }
                }
            }
        ],
    }
    old = {
        **MARK,
        "recorded_at": "2026-03-01T00:00:00Z",
        "staff": "zhao",
        "clause": "x.1",
        "on": "complaint",
        "event": OTHER,
        "text": "旧罚则",
    }
    new = {
        **MARK,
        "staff": "li",
        "clause": "reception.2",
        "on": "out_of_turn",
        "event": VISIT,
        "text": HOSTILE,
    }
    warned = {
        "scope": SCOPE, "rule": "unknown_staff", "value": "ghost", "path": "data.by", "message": "没登记 (unknown)",
        "records": 2, "first": None, "last": None, "settled": False,
    }  # fmt: skip
    return MadeUpServices({
        f"{office}/boards": {
            "office": OFFICE, "scope": SCOPE, "visit": board, "call": {"queue": [], "next": None}, "as_of_seq": 7,
        },
        f"{office}/registers/visits": {"rows": [row(flags=("out_of_turn",))], "total": 31},
        f"{office}/registers/calls": {"rows": [], "total": 0},
        f"{scope}/customers": customers,
        f"{scope}/claims": {
            "claims": [claim(C3, "2026-03-14T16:00:00Z"), claim("c1", "2026-03-12T16:00:00Z")], "cursor": None,
            "as_of_seq": 7,
        },
        f"{scope}/customers/c1": customer(),
        f"{scope}/customers/{C3}": customer(customer=C3, names=["陈静"]),
        f"{office}/reports/losses": {"tables": [{"table": "losses", "lines": []}, lapsed]},
        f"{scope}/penalties": {"penalties": [old, new], "cursor": None, "as_of_seq": 7},
        f"{scope}/warnings": {
            "warnings": [warned, {**warned, "value": "known", "settled": True}], "cursor": None, "as_of_seq": 7,
        },
        f"{office}/work-list": {
            "day": "2026-03-12", "totals": {"overdue": 0, "due": 0, "coming": 0}, "overdue": [], "due": [],
            "coming": [], "plans": [],
        },
        f"{office}/approvals": waiting(row(), row(REQUEST, "data-changes", reason="号码录错一位")),
        f"{office}/findings": {"findings": [], "total": 0},
        f"/v1/events/{VISIT}": recorded(),
        f"/v1/events/{REQUEST}": recorded(REQUEST, "request.submitted", {
            "request": "s1", "kind": "data_change", "by": "li", "reason": "号码录错一位", "record": VISIT,
            "proposed": "电话：13800000011",
        }),
        **more,
    })  # fmt: skip


def recorded(
    id_: str = VISIT, kind: str = "visit.registered", data: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "actor": "li", "id": id_, "type": kind, "office": OFFICE, "scope": SCOPE,
        "occurred_at": "2026-03-12T00:30:00Z", "recorded_at": "2026-03-12T00:30:01Z",
        "data": data or {"visit": "v1", "customer": {"name": "张伟", "phones": ["138 0000 0001"]}, "received_by": "li"},
    }  # fmt: skip


def previewed(request: httpx.Request) -> Any:
    data = json.loads(request.content)["data"]
    board = {"visit": {"queue": [], "next": None}, "call": {"queue": [], "next": None}}
    words = {"zh": f"归还{HOSTILE}", "en": "returned"}
    made = {
        "customer": LAPSED, "at": "2026-03-12T00:59:00Z", "decision": "returned", "owner": "wang",
        "previous": "li", "clause": "base.correction", "because": [], "clause_text": None, "explanation": words,
    }  # fmt: skip
    return {
        "recorded_at": "2026-03-12T00:59:00Z", "decisions": [made] if data["approved_by"] else [], "deals": [],
        "flags": [] if data["approved_by"] else [{"event": "x", "flag": "unapproved"}], "penalties": [],
        "warnings": [], "turns": {"office": OFFICE, "before": board, "after": board}, "customer": None,
        "explanation": words, "as_of_seq": 7,
    }  # fmt: skip


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_texts_of_others_are_escaped_on_every_page(language: str) -> None:
    made = services()
    for handler, of in ((floor, ()), (floor, (True,)), (approvals, ()), (correction, (REQUEST,))):
        status, page = shown(handler, made.page("manager", language=language), SCOPE, OFFICE, *of)
        assert status == 200
        assert "<script>alert" not in page and "<img src=x" not in page


def test_the_floor_says_who_receives_and_every_number_leads_to_its_rows() -> None:
    _, page = shown(floor, services().page("manager"), SCOPE, OFFICE)
    told = plain(page)
    assert "当值：来访 王强" in told and "尚未开班" in told
    assert "今日来访 31" in told
    assert leads(page, 5) and "近日抢接 1" in plain(lately()) and leads(lately(), 6)


def leads(page: str, count: int) -> bool:
    """Whether there are so many numbers, and each leads to a section of the page."""
    tiles = page[page.index('class="cards tiles"') : page.index("</ul>", page.index('class="cards tiles"'))]
    there = re.findall(r'href="#(\w+)"', tiles)
    return len(there) == count and all(f'<section class="card" id="{one}"' in page for one in there)


def lately(made: MadeUpServices | None = None) -> str:
    """The part with the last days."""
    status, page = shown(lately_on_floor, (made or services()).page("manager", part=True), SCOPE, OFFICE)
    assert status == 200
    return page


def test_the_last_days_come_behind_the_floor_and_with_it_where_scripts_are_off() -> None:
    made = services()
    _, page = shown(floor, made.page("manager"), SCOPE, OFFICE)
    assert f'hx-get="/at/{SCOPE}/{OFFICE}/floor/lately" hx-trigger="load' in page
    assert f'<noscript><p><a class="button" href="/at/{SCOPE}/{OFFICE}/floor?whole=true#lately">' in page
    assert not [one for one in made.asked if one.endswith(("/losses", "/penalties", "/work-list"))]
    _, page = shown(floor, made.page("manager"), SCOPE, OFFICE, whole=True)
    assert leads(page, 5) and 'id="behind"' in page and "<noscript>" not in page
    led = answered(lately_on_floor, services().page("manager"), SCOPE, OFFICE)
    assert (led.status_code, led.headers["location"]) == (
        303,
        f"/at/{SCOPE}/{OFFICE}/floor?whole=true#lately",
    )


def test_the_floor_has_what_lapses_ahead_and_behind() -> None:
    page = lately()
    ahead = page[page.index('id="ahead"') : page.index('id="behind"')]
    assert "还有14小时59分钟" in ahead
    assert ahead.index("14小时59分钟") < ahead.index("陈静 <code>"), "the one that ends next stands first"
    assert "三天内到期 2" in plain(page)
    behind = lately()[lately().index('id="behind"') :]
    assert "ZATB-EWK8" in behind and "9小时前" in behind
    assert (
        "近日失效 14" in plain(page) and behind.count("ZATB-EWK8") == 10 and "此处为最近10条" in plain(behind)
    )


def test_a_customer_in_dispute_leads_from_the_floor_to_the_dispute() -> None:
    _, page = shown(floor, services().page("manager"), SCOPE, OFFICE)
    there = page[page.index('id="disputes"') :]
    assert re.search(rf'href="/in/{SCOPE}/disputes\?customer=[0-9a-f-]+"', there[: there.index("</section>")])


def test_penalties_of_the_last_days_and_warnings_that_stand() -> None:
    told = plain(lately())
    assert "李娜 ：抢接" in told or "李娜：抢接" in told
    assert "旧罚则" not in told
    assert "ghost" in told and "known" not in told


@pytest.mark.parametrize(
    ("recorded_at", "is_told"), [("2026-03-08T15:59:59Z", False), ("2026-03-08T16:00:00Z", True)]
)
def test_the_last_days_begin_at_midnight_of_the_office(recorded_at: str, is_told: bool) -> None:
    one = {
        **MARK, "event": VISIT, "text": "抢接罚款", "staff": "li", "clause": "reception.2", "on": "complaint",
        "recorded_at": recorded_at,
    }  # fmt: skip
    told = {"penalties": [one], "cursor": None, "as_of_seq": 7}
    page = plain(lately(services(**{f"/v1/scopes/{SCOPE}/penalties": told})))
    assert "近日处罚 1" in page if is_told else "近日处罚 0" in page
    assert ("抢接罚款" in page) is is_told


def test_a_part_that_cannot_be_told_hides_no_other() -> None:
    away = refused(503, "", "", "登记簿正在读取 (registers are being read)")
    made = services(
        **{f"/v1/offices/{OFFICE}/{one}": lambda _: away for one in ("work-list", "registers/calls")}
    )
    status, page = shown(floor, made.page("manager"), SCOPE, OFFICE)
    assert status == 200
    assert plain(page).count("登记簿正在读取") == 1 and "今日来访 31" in plain(page)
    assert "今日来电 —" in plain(page)
    told = plain(lately(made))
    assert told.count("登记簿正在读取") == 1 and "逾期未访 —" in told and "近日抢接 1" in told


def test_requests_stand_on_the_floor_and_lead_to_what_is_asked() -> None:
    _, page = shown(floor, services().page("manager"), SCOPE, OFFICE)
    assert f'href="/at/{SCOPE}/{OFFICE}/corrections/{REQUEST}">李娜：号码录错一位' in page


def test_records_are_taken_further_many_at_once_each_once() -> None:
    made = services()
    form = {**FORM, "do": "reviewed", "record": [VISIT, OTHER], "remark": ""}
    for _ in range(2):
        sent = answered(take_further, made.page("manager", form=form), SCOPE, OFFICE)
        assert sent.status_code == 303 and sent.headers["location"].endswith("/approvals?seq=8")
    assert [one["id"] for one in made.recorded] == [
        stage_id(FORM["event"], one, "reviewed") for one in (VISIT, OTHER)
    ] * 2
    assert made.recorded[0]["data"] == {"record": VISIT, "stage": "reviewed", "by": "gao"}


def test_a_request_to_decide_says_about_whom_it_is() -> None:
    _, page = shown(approvals, services().page("manager"), SCOPE, OFFICE)
    request = page[page.index('id="requests"') : page.index('id="records"')]
    assert "王芳 <code>ABCD-EFGH" in request and "号码录错一位" in request and "李娜" in request


def test_an_issued_report_that_waits_is_called_by_its_name_and_days() -> None:
    issued = {"id": OTHER, "report": "traffic", "first": "2026-03-01", "last": "2026-03-11"}
    told = waiting(row()) | {"reports": [{"awaits": "approved", "mine": True, "report": issued}]}
    _, page = shown(
        approvals, services(**{f"/v1/offices/{OFFICE}/approvals": told}).page("manager"), SCOPE, OFFICE
    )
    assert "客流量统计表，2026年3月1日至3月11日" in plain(page[page.index('id="reports"') :])


def test_all_records_of_one_kind_are_chosen_by_one_button_without_a_script() -> None:
    rows = [row(VISIT), row(OTHER), row(LAPSED, "calls")]
    made = services(**{f"/v1/offices/{OFFICE}/approvals": waiting(*rows)})
    _, page = shown(approvals, made.page("manager"), SCOPE, OFFICE)
    assert re.findall(r'form="choose" name="choose" value="([^"]+)"', page) == ["visits.reviewed"]
    assert 'form method="get"' in page and "已选0条" in page and " checked" not in page
    _, page = shown(approvals, made.page("manager"), SCOPE, OFFICE, choose=("visits.reviewed",))
    assert re.findall(r'data-kind="([^"]+)" value="([^"]+)" checked', page) == [
        ("visits.reviewed", VISIT), ("visits.reviewed", OTHER),
    ]  # fmt: skip
    assert "已选2条" in page and re.search(r'role="status"[^>]*>已选2条', page)


def test_records_that_wait_for_different_stages_are_chosen_apart() -> None:
    told = waiting(row(VISIT), row(OTHER))
    told["records"] += waiting(row(LAPSED), row(REQUEST, "visits"), awaits="approved")["records"]
    made = services(**{f"/v1/offices/{OFFICE}/approvals": told})
    _, page = shown(approvals, made.page("manager"), SCOPE, OFFICE)
    assert re.findall(r'data-choose="([^"]+)"', page) == ["visits.reviewed", "visits.approved"]
    assert "全选来访登记，待审核" in plain(page) and "全选来访登记，待审批" in plain(page)


def test_a_choice_on_a_later_page_stays_on_that_page() -> None:
    made = services()
    form = {**FORM, "do": "returned", "record": [VISIT], "remark": "", "cursor": "behind-100"}
    status, page = shown(take_further, made.page("manager", form=form), SCOPE, OFFICE)
    assert status == 422 and page.count('name="cursor" value="behind-100"') >= 1
    assert f'value="{VISIT}" checked' in page


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"record": []}, "请勾选已核对的记录"),
        ({"do": "returned"}, "请写明需要修改什么"),
        ({"do": "<b>"}, "请勾选已核对的记录"),
    ],
)
def test_what_lacks_of_a_stage_is_told_and_the_choice_stays(changed: dict[str, Any], told: str) -> None:
    made = services()
    form = {**FORM, "do": "reviewed", "record": [VISIT], "remark": ""}
    status, page = shown(take_further, made.page("manager", form={**form, **changed}), SCOPE, OFFICE)
    assert status == 422 and made.recorded == [] and told in page
    assert ("record" in changed) or f'value="{VISIT}" checked' in page


def test_one_record_that_is_refused_stops_no_other() -> None:
    made = services()
    record = made._record
    made._answers["/v1/events"] = lambda request: (
        refused(403, "", "", "无权 (not allowed)") if OTHER in request.content.decode() else record(request)
    )
    form = {**FORM, "do": "reviewed", "record": [OTHER, VISIT]}
    status, page = shown(take_further, made.page("manager", form=form), SCOPE, OFFICE)
    assert status == 422 and len(made.recorded) == 1
    assert "已登记 1 / 2" in page and "无权" in page


CORRECTION = {
    **FORM,
    "do": "correct",
    "name": "张伟",
    "phones": "138 0000 0011",
    "wechat": "",
    "reason": "录错一位",
    "approved_by": ["gao"],
}


def test_a_request_is_shown_with_what_it_proposes_in_the_form() -> None:
    _, page = shown(correction, services().page("manager"), SCOPE, OFFICE, REQUEST)
    assert 'value="13800000011"' in page and 'value="张伟"' in page
    assert "李娜申请更正" in page and "138 0000 0001" in page


def test_an_approved_correction_is_recorded_with_the_approval_of_the_request() -> None:
    made = services()
    for _ in range(2):
        sent = answered(correct, made.page("manager", form=CORRECTION), SCOPE, OFFICE, REQUEST)
        assert sent.status_code == 303 and f"done={REQUEST}" in sent.headers["location"]
    first, second = made.recorded[:2]
    assert made.recorded[2:] == [first, second]
    assert first["type"] == "record.corrected" and first["id"] == FORM["event"]
    assert first["data"] == {
        "record": VISIT, "customer": {"phones": ["138 0000 0011"]}, "reason": "录错一位", "requested_by": "li",
        "approved_by": ["gao"], "request": "s1",
    }  # fmt: skip
    assert second["data"] == {"record": REQUEST, "stage": "approved", "by": "gao"}


def test_a_preview_says_what_changes_and_records_nothing() -> None:
    made = services(**{f"/v1/scopes/{SCOPE}/preview": previewed})
    status, page = shown(
        correct, made.page("manager", form={**CORRECTION, "do": "preview"}), SCOPE, OFFICE, REQUEST
    )
    assert status == 200 and made.recorded == []
    assert made.previewed[0]["id"] != FORM["event"]
    assert "ZATB-EWK8：王强" in plain(page).replace(" ", "")
    assert 'value="138 0000 0011"' in page and "<script>alert" not in page


def test_a_consultant_asks_for_a_correction() -> None:
    made = services()
    form = {**CORRECTION, "do": "correct", "approved_by": ["gao"]}
    _, page = shown(correction, made.page("consultant", staff="li"), SCOPE, OFFICE, VISIT)
    assert "申请更正" in page and "批准并更正" not in page
    answered(correct, made.page("consultant", staff="li", form=form), SCOPE, OFFICE, VISIT)
    (event,) = made.recorded
    assert event["type"] == "request.submitted"
    assert event["data"] == {
        "request": f"r-{FORM['event']}", "kind": "data_change", "by": "li", "reason": "录错一位", "record": VISIT,
        "proposed": "电话：138 0000 0011",
    }  # fmt: skip


def test_a_request_is_sent_back_with_a_remark() -> None:
    made = services()
    form = {**CORRECTION, "do": "return", "remark": ""}
    status, page = shown(correct, made.page("manager", form=form), SCOPE, OFFICE, REQUEST)
    assert status == 422 and 'id="remark-wrong"' in page
    answered(correct, made.page("manager", form={**form, "remark": "请附证明"}), SCOPE, OFFICE, REQUEST)
    assert made.recorded[0]["data"] == {
        "record": REQUEST, "stage": "returned", "by": "gao", "remark": "请附证明",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"phones": "138 0000 0001"}, "name", "与现有登记没有不同"),
        ({"phones": "138****0011"}, "phones", "不能使用脱敏号码"),
        ({"reason": ""}, "reason", "请填写理由"),
    ],
)
def test_what_lacks_of_a_correction_stands_beside_its_field(
    changed: dict[str, str], field: str, told: str
) -> None:
    made = services()
    status, page = shown(correct, made.page("manager", form={**CORRECTION, **changed}), SCOPE, OFFICE, VISIT)
    assert status == 422 and made.recorded == []
    assert re.search(rf'id="{field}-wrong">{told}', page)


def test_what_intake_refuses_of_a_correction_stands_beside_its_field() -> None:
    wrong = refused(422, "data.customer.phones[0]", "phone_length", "位数不对 (a digit too many)")
    made = services(**{"/v1/events": lambda _: wrong})
    status, page = shown(correct, made.page("manager", form=CORRECTION), SCOPE, OFFICE, VISIT)
    assert status == 422 and re.search(r'id="phones-wrong">位数不对<', page)


def test_a_record_that_names_no_customer_cannot_be_corrected() -> None:
    away = recorded(OTHER, "staff.away", {"staff": "li", "reason": "brief"})
    with pytest.raises(ProblemError) as raised:
        shown(correction, services(**{f"/v1/events/{OTHER}": away}).page("manager"), SCOPE, OFFICE, OTHER)
    assert raised.value.status == 404


def test_what_is_proposed_is_read_as_it_was_written() -> None:
    party = {"name": "张玮", "phones": ["13800000011", "13800000012"], "wechat": ""}
    said = proposals(proposed(party))
    assert said == {"name": "张玮", "phones": "13800000011，13800000012", "wechat": ""}
    assert phones_of(said["phones"]) == party["phones"]
    as_is = CorrectionTyped("张伟", "1", "w", "")
    assert as_is.with_proposed("请改电话", "录错") == CorrectionTyped("张伟", "1", "w", "录错")


def test_what_is_proposed_is_shown_in_the_language_of_the_reader() -> None:
    lines = proposed_words("电话：13800000011\n请改电话\n微信：无")
    assert lines == [Text("电话：13800000011", "Phones: 13800000011"), "请改电话", "微信：无"]


@pytest.mark.parametrize("handler", [floor, people])
def test_a_part_that_moves_asks_anew_who_is_away(handler: Any) -> None:
    made = services()
    first = made.page("manager")
    shown(handler, first, SCOPE, OFFICE)
    for part, times in ((False, 1), (True, 2)):
        page = made.page("manager", part=part)
        page.parts = first.parts
        shown(handler, page, SCOPE, OFFICE)
        assert made.asked.count(f"GET /v1/scopes/{SCOPE}/staff") == times


FOUND = {
    "finding": "a" * 24, "kind": "r18", "title": {"zh": "成交早于来访", "en": "A deal before the visit"}, "says": None,
    "customer": {"customer": "c1", "case": "AAAA-BBBB", "name": HOSTILE, "contacts": []},
    "staff": None, "state": "open",
}  # fmt: skip


def closing(asked: list[Any], status: int = 200) -> MadeUpServices:
    def close(request: Any) -> Any:
        asked.append(request.content.decode())
        return refused(409, "finding", "taken", "已有人处理 (taken)") if status == 409 else FOUND

    path = f"/v1/offices/{OFFICE}/findings"
    return services(**{path: {"findings": [FOUND], "total": 1}, f"{path}/{FOUND['finding']}/closing": close})


def test_findings_of_one_reason_stand_below_it_with_their_count() -> None:
    lacks = {"zh": "在跟客户缺级别、计划", "en": "neither closed nor lost, and without level, plan"}
    fourth = {"zh": "表卡逻辑关系第 4 条不符", "en": "relation 4 of the forms fails"}
    alike = [
        FOUND | {"finding": letter * 24, "kind": "relation_4", "title": fourth, "says": lacks}
        for letter in "bc"
    ]
    path = f"/v1/offices/{OFFICE}/findings"
    made = services(**{path: {"findings": [alike[0], FOUND, alike[1]], "total": 3}})
    _, page = shown(findings, made.page("manager"), SCOPE, OFFICE)
    assert [plain(one).strip() for one in re.findall(r"<h2[^>]*>(.*?)</h2>", page)] == [
        "在跟客户缺级别、计划 2", "成交早于来访 1",
    ]  # fmt: skip
    assert page.count("表卡逻辑关系第 4 条不符") == 1
    assert re.findall(r'<li id="finding-(\w)', page) == ["b", "c", "a"]
    _, page = shown(floor_findings, made.page("manager", part=True), SCOPE, OFFICE)
    assert "在跟客户缺级别、计划：" in plain(page) and "表卡逻辑关系" not in page


def test_the_remarks_of_a_day_have_a_column_where_there_are_some() -> None:
    visits, none = f"/v1/offices/{OFFICE}/registers/visits", {"rows": [row()], "total": 1}
    for told, column in ((services(), True), (services(**{visits: none}), False)):
        _, page = shown(floor, told.page("manager"), SCOPE, OFFICE)
        part = page[page.index('id="visits"') : page.index('id="calls"')]
        assert part.count("<th>") == (4 if column else 3)
        assert "08:30 8" not in part and ">08:30 <time" in part and "3月12日" not in part


def test_a_finding_is_closed_from_the_floor_with_a_remark() -> None:
    asked: list[Any] = []
    made = closing(asked)
    _, page = shown(floor_findings, made.page("manager", part=True), SCOPE, OFFICE)
    assert f'href="/at/{SCOPE}/{OFFICE}/findings#finding-{FOUND["finding"]}"' in page
    assert '<span class="tag">1</span></h2>' in page
    _, page = shown(findings, made.page("manager"), SCOPE, OFFICE)
    assert "成交早于来访" in page and "<script>alert" not in page
    form = {"finding": str(FOUND["finding"]), "note": "补登来访"}
    sent = answered(close_finding, made.page("manager", form=form), SCOPE, OFFICE)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/at/{SCOPE}/{OFFICE}/findings")
    assert asked == ['{"note":"补登来访"}']


def test_the_floor_does_not_wait_for_what_is_looked_through() -> None:
    """Findings come as a part behind it, and say so when they cannot be told; by itself the part is no page."""
    made = services()
    _, page = shown(floor, made.page("manager"), SCOPE, OFFICE)
    assert f'hx-get="/at/{SCOPE}/{OFFICE}/floor/findings" hx-trigger="load' in page
    assert f'href="/at/{SCOPE}/{OFFICE}/findings"' in page
    assert not [one for one in made.asked if one.endswith("/findings")]
    _, page = shown(floor_findings, made.page("manager", part=True), SCOPE, OFFICE)
    assert "没有发现问题" in page
    away = refused(503, "findings", "late", "正在追赶 (catching up)")
    made = services(**{f"/v1/offices/{OFFICE}/findings": lambda _: away})
    status, page = shown(floor_findings, made.page("manager", part=True), SCOPE, OFFICE)
    assert status == 200 and "正在追赶" in page
    led = answered(floor_findings, services().page("manager"), SCOPE, OFFICE)
    assert (led.status_code, led.headers["location"]) == (303, f"/at/{SCOPE}/{OFFICE}/floor#findings")


def test_a_finding_is_not_closed_without_a_remark_and_none_is_lost() -> None:
    asked: list[Any] = []
    finding = str(FOUND["finding"])
    status, page = shown(
        close_finding, closing(asked).page("manager", form={"finding": finding, "note": ""}), SCOPE, OFFICE
    )
    assert status == 422 and 'id="note-wrong">请写明核查结果' in page and asked == []
    form = {"finding": finding, "note": "补登来访"}
    status, page = shown(close_finding, closing(asked, 409).page("manager", form=form), SCOPE, OFFICE)
    assert status == 422 and "已有人处理" in page and "补登来访</textarea>" in page
