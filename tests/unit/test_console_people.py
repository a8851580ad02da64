"""People: enrolling beside who is there, customers handed over once, hostile texts escaped."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from services.console.pages.people.enrolling import names_alike
from services.console.pages.people.handing_over import transfer_id
from services.console.pages.people.routes import (
    act_on_member,
    enrol,
    member,
    people,
)
from shared.platform.http.problem import ProblemError
from tests.support.console_pages import (
    OFFICE,
    PEOPLE,
    SCOPE,
    MadeUpServices,
    answered,
    person,
    refused,
    shown,
)

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
FORM = {"event": "0195a000-0000-7000-8000-0000000000aa", "at": "2026-03-12T00:59:00Z"}
ENROLMENT = {**FORM, "name": "孙悦", "role": "consultant", "staff": "sun", "sms": "13800000199"}
GONE = person("qian", "钱多", "consultant", departed_at="2026-03-10T00:00:00Z")


def customer(number: int, **more: Any) -> dict[str, Any]:
    return {
        "scope": SCOPE, "customer": f"c{number}", "contacts": [f"+861380000000{number}"], "names": [f"客户{number}"],
        "owner": "li", "status": "owned", "basis": "visit", "since": "2026-03-02T00:00:00Z",
        "expires_at": "2026-03-15T16:00:00Z", "clause": "shijiazhuang.1", "decisions": [], "as_of_seq": 7, **more,
    }  # fmt: skip


class HandedOver(MadeUpServices):
    """Customers who move to whom they are transferred, as attribution would have it."""

    def __init__(self, customers: list[dict[str, Any]], **more: Any) -> None:
        self.customers = {one["customer"]: one for one in customers}
        self.counting = True
        scope = f"/v1/scopes/{SCOPE}"
        own = {f"{scope}/customers/{name}": self._one for name in self.customers}
        people = {
            "staff": [*PEOPLE, GONE, person("evil", HOSTILE, "consultant")],
            "cursor": None,
            "as_of_seq": 7,
        }
        super().__init__(
            {
                f"{scope}/customers": self._list,
                f"{scope}/staff": people,
                f"{scope}/preview": self._preview,
                **own,
            },
            **more,
        )

    def _one(self, request: Any) -> Any:
        name = request.url.path.rpartition("/")[2]
        for event in self.recorded if self.counting else ():
            if event["data"]["customer"]["phones"] == self.customers[name]["contacts"]:
                return {**self.customers[name], "owner": event["data"]["to"]}
        return self.customers[name]

    def _list(self, request: Any) -> Any:
        asked = request.url.params
        moved = {
            event["data"]["customer"]["phones"][0]
            for event in self.recorded
            if event["type"] == "claim.transferred"
        }
        there = [
            one
            for one in self.customers.values()
            if one["contacts"][0] not in moved
            and (one["owner"] == asked.get("owner") or one["status"] == asked.get("status"))
        ]
        return {"customers": there, "cursor": None, "as_of_seq": 7}

    def _preview(self, request: Any) -> Any:
        data = json.loads(request.content)["data"]
        board = {"visit": {"queue": [], "next": None}, "call": {"queue": [], "next": None}}
        words = {"zh": "移交。", "en": "Handed over."}
        made = {
            "customer": "c1", "at": "2026-03-12T00:59:00Z", "decision": "transferred", "owner": data["to"],
            "previous": "li", "clause": "base.transfer", "because": [], "clause_text": None, "explanation": words,
        }  # fmt: skip
        return {
            "recorded_at": "2026-03-12T00:59:00Z", "decisions": [made] if self.counting else [], "deals": [],
            "flags": [] if self.counting else [{"event": "x", "flag": "unapproved"}], "penalties": [],
            "warnings": [], "turns": {"office": OFFICE, "before": board, "after": board}, "customer": None,
            "explanation": words, "as_of_seq": 7,
        }  # fmt: skip


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_stand_there_by_name_and_their_names_are_text(language: str) -> None:
    made = HandedOver([customer(1, names=[HOSTILE])])
    for handler, of in ((people, ()), (member, ("li",)), (member, ("evil",))):
        made._answers[f"/v1/offices/{OFFICE}/boards"] = BOARDS
        status, page = shown(handler, made.page("manager", language=language), SCOPE, OFFICE, *of)
        assert status == 200
        assert "<script>alert" not in page and "<img src=x" not in page
    _, page = shown(people, made.page("manager"), SCOPE, OFFICE)
    told = plain(page)
    assert told.index("李娜 置业顾问") < told.index("高经理 案场经理")
    assert "已离职（1） 钱多" in told


BOARDS = {
    "office": OFFICE, "scope": SCOPE, "visit": {"queue": ["wang", "li"], "next": "wang"},
    "call": {"queue": ["wang", "li"], "next": "wang"}, "as_of_seq": 7,
}  # fmt: skip


def test_somebody_is_enrolled_as_typed_and_the_people_are_asked_anew() -> None:
    made = HandedOver([])
    sent = answered(enrol, made.page("manager", form=ENROLMENT), SCOPE, OFFICE)
    assert sent.status_code == 303 and sent.headers["location"] == "/at/east/east-1/people"
    (event,) = made.recorded
    assert event["type"] == "staff.enrolled" and event["actor"] == "gao"
    assert event["data"] == {
        "staff": "sun", "name": "孙悦", "role": "consultant", "contacts": {"sms": "13800000199"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "李 娜"}, "李娜"),
        ({"name": "新人", "staff": "li"}, "此编号属于此人"),
        ({"name": "钱多多"}, "已离职"),
    ],
)
def test_who_is_there_under_a_like_name_is_shown_first(changed: dict[str, str], told: str) -> None:
    made = HandedOver([])
    status, page = shown(enrol, made.page("manager", form={**ENROLMENT, **changed}), SCOPE, OFFICE)
    assert status == 422 and made.recorded == []
    assert "是否同一人" in page and told in plain(page)
    for value in {**ENROLMENT, **changed}.values():
        assert value in page
    sure = {**ENROLMENT, **changed, "sure": "yes"}
    assert answered(enrol, made.page("manager", form=sure), SCOPE, OFFICE).status_code == 303


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("李娜", "李娜", True), ("李 娜", "李娜", True), ("李娜（演示）", "李娜", True), ("张小伟", "张小玮", True),
        ("李娜", "李明", False), ("ＬＩ Na", "li na", True), ("", "李娜", False), ("（演示）", "李娜", False),
    ],
)  # fmt: skip
def test_names_that_may_be_of_one_person(one: str, other: str, alike: bool) -> None:
    assert names_alike(one, other) is alike
    assert names_alike(other, one) is alike


def test_what_lacks_of_an_enrolment_stands_beside_its_field() -> None:
    made = HandedOver([])
    bare = {**FORM, "name": "", "role": "boss", "staff": ""}
    status, page = shown(enrol, made.page("manager", form=bare), SCOPE, OFFICE)
    assert status == 422
    for field in ("name", "role", "staff"):
        assert f'id="{field}-wrong"' in page
    made._answers["/v1/events"] = lambda _: refused(
        422, "data.contacts.sms", "phone", "不是手机号 (no phone)"
    )
    _, page = shown(enrol, made.page("manager", form=ENROLMENT), SCOPE, OFFICE)
    assert re.search(r'id="sms-wrong">不是手机号<', page)


HAND_OVER = {
    **FORM,
    "do": "transfer",
    "to_all": "wang",
    "to_c2": "zhao",
    "to_c3": "-",
    "reason": "离职移交",
    "approved_by": ["gao"],
}


def test_customers_go_to_one_for_all_or_to_one_each_and_some_stay() -> None:
    made = HandedOver([customer(number) for number in (1, 2, 3)])
    status, page = shown(act_on_member, made.page("manager", form=HAND_OVER), SCOPE, OFFICE, "li")
    assert status == 200 and "已移交 2 / 2" in page and "移交结果" in page
    assert [(one["data"]["customer"]["phones"], one["data"]["to"]) for one in made.recorded] == [
        (["+8613800000001"], "wang"), (["+8613800000002"], "zhao"),
    ]  # fmt: skip
    first = made.recorded[0]
    assert first["data"]["approved_by"] == ["gao"] and first["data"]["requested_by"] == "li"
    assert first["id"] == transfer_id(FORM["event"], "c1", "wang")
    assert "客户3" in page[page.index('id="customers"') :]


def test_sending_again_hands_nobody_over_twice() -> None:
    """The connection broke after the first of two: the same form gives the others, each under the id of before."""
    made = HandedOver([customer(1), customer(2)])
    form = {**HAND_OVER, "to_c2": ""}
    shown(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li")
    ids = [one["id"] for one in made.recorded]
    del made.recorded[1]
    shown(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li")
    assert [one["id"] for one in made.recorded] == ids


def test_what_is_refused_stops_no_other_and_is_told() -> None:
    made = HandedOver([customer(1), customer(2)])
    record = made._record

    def some(request: Any) -> Any:
        if "0002" in request.content.decode():
            return refused(409, "id", "same_content", "编号已占用 (the id is taken)")
        return record(request)

    made._answers["/v1/events"] = some
    _, page = shown(act_on_member, made.page("manager", form={**HAND_OVER, "to_c2": ""}), SCOPE, OFFICE, "li")
    told = plain(page)
    assert "已移交 1 / 2" in told and "未成功 这一条已经登记过，内容不同" in told


def test_what_is_recorded_without_its_approvals_is_no_success() -> None:
    made = HandedOver([customer(1)])
    made.counting = False
    form = {**HAND_OVER, "approved_by": []}
    _, page = shown(act_on_member, made.page("supervisor", staff="zhao", form=form), SCOPE, OFFICE, "li")
    assert "已移交 0 / 1" in page and "已登记但无效" in page
    assert made.recorded[0]["data"]["approved_by"] == []


def test_whoever_sees_no_contact_in_clear_is_told_who_records_it() -> None:
    made = HandedOver([customer(1, contacts=["+86138****0001"])])
    _, page = shown(
        act_on_member, made.page("general_manager", staff="hua", form=HAND_OVER), SCOPE, OFFICE, "li"
    )
    assert made.recorded == [] and "请由案场经理或总监登记" in page


def test_a_preview_hands_nobody_over() -> None:
    made = HandedOver([customer(1)])
    form = {**HAND_OVER, "do": "preview"}
    _, page = shown(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li")
    assert made.recorded == [] and "可移交 1 / 1" in page and 'value="离职移交"' in page
    made.counting = False
    _, page = shown(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li")
    assert "可移交 0 / 1" in page and "未经批准" in page


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"to_all": "", "to_c1": "", "to_c2": ""}, "to_all", "请选择接收人"),
        ({"to_all": "li", "to_c2": ""}, "to_all", "请选择其他人"),
        ({"reason": ""}, "reason", "请填写理由"),
    ],
)
def test_what_lacks_of_a_hand_over_is_told(changed: dict[str, str], field: str, told: str) -> None:
    made = HandedOver([customer(1), customer(2)])
    form = {**HAND_OVER, **changed}
    status, page = shown(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li")
    assert status == 422 and made.recorded == []
    assert re.search(rf'id="{field}-wrong">{told}', page)


def test_of_somebody_who_left_those_are_handed_over_who_were_left_without_an_owner() -> None:
    released = {
        "at": "2026-03-10T00:00:00Z", "decision": "released", "owner": None, "previous": "qian",
        "clause": "base.departed", "because": [],
    }  # fmt: skip
    other = {**released, "previous": "zhao"}
    made = HandedOver([
        customer(1, owner=None, status="unowned", decisions=[released]),
        customer(2, owner=None, status="unowned", decisions=[other]),
    ])  # fmt: skip
    _, page = shown(member, made.page("manager"), SCOPE, OFFICE, "qian")
    assert "离职后无主的客户" in page and "客户1" in page and "客户2" not in page


def test_a_departure_is_confirmed_first() -> None:
    made = HandedOver([customer(1)])
    form = {**FORM, "do": "depart"}
    status, page = shown(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li")
    assert status == 422 and made.recorded == [] and "请确认离职后" in page
    sent = answered(act_on_member, made.page("manager", form={**form, "sure": "yes"}), SCOPE, OFFICE, "li")
    assert sent.status_code == 303
    assert (made.recorded[0]["type"], made.recorded[0]["data"]) == ("staff.departed", {"staff": "li"})


def test_absences_are_recorded_with_their_reason() -> None:
    made = HandedOver([])
    for do, data in (("away", {"staff": "li", "reason": "business"}), ("back", {"staff": "li"})):
        form = {**FORM, "do": do, "away_for": "business"}
        assert (
            answered(act_on_member, made.page("manager", form=form), SCOPE, OFFICE, "li").status_code == 303
        )
        assert made.recorded[-1]["data"] == data


def test_somebody_of_another_office_is_not_there() -> None:
    for staff, office in (("nobody", OFFICE), ("li", "east-9")):
        with pytest.raises(ProblemError) as raised:
            shown(member, HandedOver([]).page("manager"), SCOPE, office, staff)
        assert raised.value.status == 404
