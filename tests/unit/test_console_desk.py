"""The desk: what is typed becomes the event that was meant, questions lead to fields, refusals stand beside them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from services.console.frame.forms import Form, Wrong
from services.console.pages.desk.entry import DeskEntry, EntryKind, entry_of, time_of_day, wechat_in
from services.console.pages.desk.floor import OfficeFloor, opened_when
from services.console.pages.desk.looked_up import _FIELDS, LookedUpCustomer, cannot_be_asked
from services.console.pages.desk.presets import ReceiverChoice, ReceiverPreset, preset_of
from shared.contract import decode_event
from shared.contract.answers.desk import AskedAbout, BoardsAnswer, LookupAnswer
from shared.contract.answers.lists import StaffPage
from tests.support.made_up_desk import (
    BOARDS,
    DESK,
    HOSTILE,
    LOOKUP,
    NOW,
    PREVIEW,
    QUEUES,
    RECORD,
    STAFF,
    DeskServices,
    customer_of,
    preview_of,
    refused,
    staff,
    stranger,
)  # fmt: skip

ZONE = ZoneInfo("Asia/Shanghai")
EVENT = "019cdf9f-9034-7e06-b0d2-47c9612f7662"


def typed(kind: EntryKind = "visit", **fields: str) -> tuple[DeskEntry, Wrong]:
    wrong = Wrong()
    form = Form({name: [value] for name, value in {"receiver": "li", **fields}.items()})
    return entry_of(kind, form, EVENT, wrong), wrong


def floor(shift: str | None = "2026-03-12T00:55:00Z", **away: str) -> OfficeFloor:
    boards = msgspec.convert(
        {"office": "east-1", "scope": "east", "visit": QUEUES[0], "call": QUEUES[1], "shift_opened_at": shift,
         "as_of_seq": 9}, BoardsAnswer,
    )  # fmt: skip
    people = msgspec.convert(staff(**away), StaffPage).staff
    return OfficeFloor("east-1", boards, {one.staff: one for one in people}, "today")


def answer(told: dict[str, Any]) -> LookupAnswer:
    return msgspec.convert(told, LookupAnswer)


async def sent(services: DeskServices, where: str = "entries", **fields: str) -> httpx.Response:
    form = {
        "event": EVENT,
        "at": "2026-03-12T00:59:00Z",
        "kind": "visit",
        "receiver": "li",
        "step": "check",
        **fields,
    }
    async with services.browser() as browser:
        return await browser.post(f"{DESK}/{where}", data=form)


async def checked_and_recorded(services: DeskServices, **fields: str) -> httpx.Response:
    """Checked, and recorded as the page that was shown then sends it."""
    page = (await sent(services, **fields)).text
    form = page.partition('id="entry-form"')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    (receiver,) = re.findall(r'<select id="receiver".*?value="(\w+)" selected', form, re.S)
    return await sent(services, **(fields | hidden | {"step": "record", "receiver": receiver}))


# From the form to the event ------------------------------------------------------------------------------------------


def test_a_visit_holds_all_that_was_typed() -> None:
    entry, wrong = typed(
        contact="138 0000 0001", phone_2="010-88886666", wechat="wx_zhang", name="张伟", relation="本人",
        capacity="assist", on_behalf_of="wang", designated="wang", visited_before="yes", named_consultant="wang",
        ref_phone="13800000009", present="wang", companions="王芳 139 0000 0001\n李四，\n", purpose="三居",
        channel="朋友", party_size="3", notes="周末再来",
    )  # fmt: skip
    assert not wrong
    assert entry.data == {
        "customer": {"name": "张伟", "phones": ["138 0000 0001", "010-88886666"], "wechat": "wx_zhang",
                     "relation": "本人"},
        "received_by": "li", "visit": EVENT, "capacity": "assist", "on_behalf_of": "wang", "designated": "wang",
        "asked": {"visited_before": "yes", "named_consultant": "wang"}, "referred_by": [{"phone": "13800000009"}],
        "present": ["wang"], "companions": [{"name": "王芳", "phones": ["139 0000 0001"]}, {"name": "李四"}],
        "purpose": "三居", "channel": "朋友", "party_size": 3, "notes": "周末再来",
    }  # fmt: skip


@pytest.mark.parametrize("kind", get_args(EntryKind))
def test_what_a_form_says_is_an_event_of_the_contract(kind: EntryKind) -> None:
    """Of each kind, with everything that the form has for it."""
    names = (
        "name",
        "relation",
        "visited_before",
        "channel",
        "purpose",
        "notes",
        "no_contact_reason",
        "companions",
    )
    entry, _ = typed(kind, contact="13800000001", designated="wang", **dict.fromkeys(names, "no"))
    event = {
        "id": EVENT, "type": f"{kind}.registered", "scope": "east", "office": "east-1", "actor": "desk",
        "occurred_at": "2026-03-12T01:00:00Z", "data": entry.data,
    }  # fmt: skip
    assert decode_event(msgspec.json.encode(event), recorded=False).type == f"{kind}.registered"


def test_a_call_and_an_outreach_hold_what_they_have() -> None:
    call, _ = typed("call", contact="13800000001", contacted_by="wang", capacity="assist", designated="wang")
    assert call.data == {
        "customer": {"phones": ["13800000001"]}, "answered_by": "li",
        "asked": {"visited_before": "unsure", "contacted_by": "wang"},
    }  # fmt: skip
    outreach, _ = typed("outreach", contact="13800000001", method="sms", visited_before="yes")
    assert outreach.data == {"customer": {"phones": ["13800000001"]}, "by": "li", "method": "sms"}


def test_who_received_by_turn_received_for_nobody() -> None:
    """The choice of a colleague stands there still when somebody changes their mind."""
    entry, _ = typed(name="张伟", capacity="on_turn", on_behalf_of="wang")
    assert "on_behalf_of" not in entry.data


@pytest.mark.parametrize(
    ("contact", "is_one"),
    [("wx_zhangwei", True), ("微信：zhang-wei", True), ("13800000001", False), ("138xxxx0001", False),
     ("010-88886666转8001", False), ("010-88886666 x8001", False), ("none", False), ("1380000000", False)],
)  # fmt: skip
def test_a_wechat_id_is_known_from_a_phone(contact: str, is_one: bool) -> None:
    assert (wechat_in(contact) is not None) is is_one
    party = typed(contact=contact)[0].data["customer"]
    assert ("wechat" in party, "phones" in party) == (is_one, not is_one)


def test_a_wechat_id_is_told_without_the_word_before_it() -> None:
    assert typed(contact="微信：zhang-wei")[0].data["customer"] == {"wechat": "zhang-wei"}


def test_what_the_page_knows_to_be_wrong_stands_beside_its_field() -> None:
    _, wrong = typed(receiver="", party_size="many")
    assert set(wrong.fields) == {"receiver", "contact", "party_size"}
    assert not typed(no_contact_reason="不愿留")[1]


def test_an_hour_of_today_is_when_it_happened() -> None:
    def at(when: str) -> tuple[str, set[str]]:
        wrong = Wrong()
        return time_of_day(Form({"when": [when]}), "2026-03-12T00:59:00Z", NOW, ZONE, wrong), set(
            wrong.fields
        )

    assert at("") == ("2026-03-12T00:59:00Z", set())
    assert at("8:05") == ("2026-03-12T00:05:00Z", set())
    assert at("09:30")[1] == {"when"}  # it is nine there
    assert at("25:00")[1] == at("soon")[1] == {"when"}


# Who receives --------------------------------------------------------------------------------------------------------


def test_an_owner_who_is_there_receives_and_is_assisted_while_away() -> None:
    owned = answer(customer_of("wang", "owner"))
    assert preset_of("visit", floor(), owned, None) == ReceiverPreset("wang")
    assert preset_of("visit", floor(wang="business"), owned, None) == ReceiverPreset("li", "assist", "wang")
    far = answer(customer_of("far", "owner"))
    assert preset_of("visit", floor(), far, None) == ReceiverPreset("li", "assist", "far")


def test_an_owner_whom_the_customer_has_to_name_is_not_preset() -> None:
    for told in (customer_of("wang", "unprompted"), stranger(), customer_of(None, "unprompted")):
        assert preset_of("visit", floor(), answer(told), None) == ReceiverPreset("li")


def test_who_names_nobody_else_receives_alone() -> None:
    owned = answer(customer_of("li", "owner"))
    assert preset_of("visit", floor(), None, "wang") == ReceiverPreset("wang")
    assert preset_of("visit", floor(), owned, "wang") == ReceiverPreset("wang", "assist", "li")
    assert preset_of("visit", floor(), owned, "li") == ReceiverPreset("li")


def test_a_call_was_answered_by_whoever_is_next_at_the_telephone() -> None:
    owned = answer(customer_of("li", "owner"))
    assert preset_of("call", floor(), owned, None) == ReceiverPreset("wang")
    assert preset_of("outreach", floor(), owned, None) == ReceiverPreset("")


def test_what_was_chosen_by_hand_stays() -> None:
    """However often a contact is looked up; what nobody touched follows what is found."""
    preset, other = ReceiverPreset("wang"), ReceiverPreset("li", "assist", "wang")

    def looked_up(receiver: str, preset_before: str) -> ReceiverChoice:
        form = Form({"receiver": [receiver], "capacity": ["on_turn"], "preset": [preset_before]})
        return ReceiverChoice.typed(form, preset).following(preset).following(other)

    assert looked_up("chen", "li|on_turn|").now == ReceiverPreset("chen")
    assert looked_up("li", "li|on_turn|").now == looked_up("", "").now == other


async def test_whom_the_page_proposed_for_an_answer_is_recorded() -> None:
    """What was checked is what stands in the form that records."""
    services = DeskServices()
    fields = {"contact": "13900000000", "name": "张伟", "designated": "wang", "receiver": "wang"}
    await checked_and_recorded(services, **fields, preset="wang|on_turn|")
    (event,) = services.sent(RECORD)
    assert event["data"]["received_by"] == "wang"


# What is asked -------------------------------------------------------------------------------------------------------


def test_every_question_leads_to_fields_and_each_stands_once() -> None:
    """Whatever the rulebook asks together."""
    assert set(_FIELDS) == set(get_args(AskedAbout))
    found = LookedUpCustomer(answer(stranger(*get_args(AskedAbout))))
    fields = [name for one in found.questions("visit") for name in one.fields]
    assert len(fields) == len(set(fields))
    assert set(fields) == {name for names in _FIELDS.values() for name in names}


def test_at_a_call_is_asked_what_a_call_holds() -> None:
    found = LookedUpCustomer(answer(stranger("visited_before", "designated", "referred_by")))
    assert [one.words.about for one in found.questions("call")] == ["visited_before"]


@pytest.mark.parametrize(
    ("contact", "whole"),
    [("13800000001", True), ("010-88886666", True), ("wx_zhang", True), ("1380000000", False), ("138****0001", False),
     ("无", False), ("wx1", False)],
)  # fmt: skip
def test_a_contact_is_looked_up_once_it_is_whole(contact: str, whole: bool) -> None:
    assert (cannot_be_asked(contact) is None) is whole


async def test_a_number_that_is_not_whole_is_not_asked_for() -> None:
    services = DeskServices()
    page = await sent(services, "lookup", contact="1380000000")
    assert services.sent(LOOKUP) == []
    assert "11 位" in page.text


async def test_whose_customer_it_is_stands_in_the_page_and_not_in_an_address() -> None:
    """With what to ask and to do, each with its clause; the contact is in a body."""
    services = DeskServices()
    services.answers[LOOKUP] = customer_of("wang", "owner")
    page = (await sent(services, "lookup", contact="13900000000", receiver="")).text
    assert services.sent(LOOKUP) == [{"contact": "13900000000"}]
    assert all("13900000000" not in str(one.url) for one in services.asked)
    assert "客户归王强" in page
    assert "是来找李娜的吗" in page
    assert "base.ask" in page
    assert 'value="wang" selected' in page


async def test_too_many_look_ups_are_told_kindly_and_nothing_is_lost() -> None:
    services = DeskServices()
    services.answers[LOOKUP] = refused(429, "太多 (too many)", **{"retry-after": "17"})
    page = await sent(services, "lookup", contact="13900000000", name="张伟")
    assert page.status_code == 200
    assert "17 秒" in page.text
    assert 'value="张伟"' in page.text


# Checked and recorded ------------------------------------------------------------------------------------------------


async def test_an_entry_is_checked_before_it_is_recorded() -> None:
    services = DeskServices()
    page = await sent(services, contact="13900000000", name="张伟")
    assert len(services.sent(PREVIEW)) == 1
    assert services.sent(RECORD) == []
    assert "登记后归李娜" in page.text
    assert 'value="record"' in page.text


async def test_a_checked_entry_is_recorded_as_it_was_checked_and_told() -> None:
    """Under the id that stood in the form, as of when it was checked; whose it is comes from a look-up thereafter."""
    services = DeskServices()
    services.answers[LOOKUP] = customer_of("li", "owner")
    page = await checked_and_recorded(services, contact="13900000000", name="张伟")
    (event,) = services.sent(RECORD)
    assert (event["id"], event["actor"], event["occurred_at"]) == (EVENT, "desk", "2026-03-12T01:00:00Z")
    asked = [one for one in services.asked if one.url.path.endswith("/lookup")]
    assert asked[-1].url.params["min_seq"] == "10"
    assert "已登记" in page.text
    assert "该客户归李娜" in page.text
    assert 'data-done="desk-visit-east-1"' in page.text
    assert EVENT not in page.text.partition("<form")[2].partition('data-keep="desk-visit')[2]


async def test_who_receives_for_the_owner_is_told_so_and_is_not_sent_to_the_owner() -> None:
    services = DeskServices()
    services.answers[LOOKUP] = customer_of("wang", "owner")
    assisting = {"capacity": "assist", "on_behalf_of": "wang", "receiver": "li"}
    page = (await checked_and_recorded(services, contact="13900000000", name="张伟", **assisting)).text
    told = page[page.index('id="outcome"') : page.index("</div>", page.index('id="outcome"'))]
    assert "现在请李娜代王强接待" in told and 'class="todo"' not in told


async def test_the_name_of_whoever_is_on_record_is_asked_for_all_the_same() -> None:
    """The desk sees it masked, and an entry without one is incomplete."""
    services = DeskServices()
    services.answers[LOOKUP] = customer_of("wang", "owner")
    asked = "请询问姓名并填写"
    assert asked in (await sent(services, "lookup", contact="13900000000")).text
    assert asked not in (await sent(services, "lookup", contact="13900000000", name="张伟")).text
    services.answers[LOOKUP] = stranger()
    assert asked not in (await sent(services, "lookup", contact="13900000000")).text


async def test_an_entry_happened_when_it_was_checked() -> None:
    """However long somebody looks at it before they record it: the same each time that it is sent."""
    services = DeskServices()
    page = (await sent(services, contact="13900000000", name="张伟", at="2026-03-12T00:40:00Z")).text
    (digest,) = re.findall(r'name="checked" value="(\w+)"', page)
    said = {"contact": "13900000000", "name": "张伟", "checked": digest, "step": "record"}
    for _ in range(2):
        await sent(services, **said, at="2026-03-12T00:45:00Z")
    assert 'name="at" value="2026-03-12T01:00:00Z"' in page
    assert [one["occurred_at"] for one in services.sent(RECORD)] == ["2026-03-12T00:45:00Z"] * 2


async def test_what_was_changed_after_it_was_checked_is_checked_again() -> None:
    services = DeskServices()
    first = (await sent(services, contact="13900000000", name="张伟")).text
    (digest,) = re.findall(r'name="checked" value="(\w+)"', first)
    page = await sent(services, contact="13900000000", name="李四", step="record", checked=digest)
    assert services.sent(RECORD) == []
    assert 'value="record"' in page.text


async def test_a_refusal_stands_beside_its_field_and_nothing_typed_is_lost() -> None:
    services = DeskServices()
    wrong = {"path": "data.customer.phones[1]", "rule": "phone", "message": "不是号码 (is no number)"}
    services.answers[PREVIEW] = refused(422, "不对 (wrong)", wrong)
    page = await sent(
        services, contact="13900000000", phone_2="88", name="张伟", notes="备注在此", visited_before="no"
    )
    assert page.status_code == 422
    assert re.search(r'id="phone_2"[^>]*aria-invalid="true"', page.text)
    assert '<span class="wrong" id="phone_2-wrong">不是号码</span>' in page.text
    assert "备注在此" in page.text
    assert f'name="event" value="{EVENT}"' in page.text
    assert re.search(r'value="no" checked', page.text)
    assert '<details id="more" open>' in page.text


async def test_an_entry_may_be_recorded_where_nobody_can_preview_it() -> None:
    services = DeskServices()
    services.answers[PREVIEW] = refused(429, "太多 (too many)", **{"retry-after": "5"})
    page = await checked_and_recorded(services, contact="13900000000", name="张伟")
    assert len(services.sent(RECORD)) == 1
    assert "已登记" in page.text


async def test_an_entry_that_is_recorded_already_is_told_as_recorded() -> None:
    """Sent twice: intake answers with the first answer, and no preview can be made of an id that is taken."""
    services = DeskServices()
    services.answers[PREVIEW] = refused(
        409, "已有 (taken)", {"path": "id", "rule": "repeated", "message": "x (y)"}
    )
    page = await sent(services, contact="13900000000", name="张伟")
    assert "已登记" in page.text


async def test_an_id_of_another_entry_leads_to_another_id() -> None:
    services = DeskServices()
    services.answers[RECORD] = refused(
        409, "已有 (taken)", {"path": "id", "rule": "same_content", "message": "x (y)"}
    )
    page = await checked_and_recorded(services, contact="13900000000", name="张伟")
    assert page.status_code == 409
    assert "内容不同" in page.text
    (event,) = set(re.findall(r'<form[^>]*entry-form.*?name="event" value="([^"]+)"', page.text, re.S))
    assert event != EVENT
    assert 'value="张伟"' in page.text


async def test_flags_and_penalties_are_told_before_with_what_mends_them() -> None:
    services = DeskServices()
    fine = {
        "staff": "li",
        "clause": "base.fine",
        "on": "out_of_turn",
        "event": EVENT,
        "text": "扣一轮 (a turn)",
    }
    services.answers[PREVIEW] = preview_of(
        "li", flags=[{"event": EVENT, "flag": "out_of_turn"}], penalties=[fine]
    )
    page = (await sent(services, contact="13900000000", name="张伟")).text
    assert "请改选当值的人" in page
    assert "对李娜的处罚" in page
    assert "扣一轮" in page


async def test_a_repetition_and_another_s_contact_are_doubted_before_they_are_recorded() -> None:
    services = DeskServices()
    services.answers[LOOKUP] = customer_of("li", "owner", since="2026-03-12T00:30:00Z")
    page = (await sent(services, contact="13900000000", name="李四")).text
    assert "今天已在" in page
    assert "是同一个人吗" in page
    services.answers[LOOKUP] = customer_of("li", "owner", since="2026-03-09T00:30:00Z")
    page = (await sent(services, contact="13900000000", name="张伟")).text
    assert "今天已在" not in page
    assert "是同一个人吗" not in page


# Without a connection ------------------------------------------------------------------------------------------------


async def test_an_entry_that_waited_counts_from_when_it_happened() -> None:
    """Be that yesterday; whose the customer is comes back on one line."""
    services = DeskServices()
    services.answers[LOOKUP] = customer_of("li", "owner")
    told = await sent(
        services, "queued", contact="13900000000", name="张伟", at="2026-03-11T08:00:00Z", step=""
    )
    assert told.json() == {"recorded": True, "told": "已登记：客户归李娜。", "fields": {}}
    (event,) = services.sent(RECORD)
    assert event["occurred_at"] == "2026-03-11T08:00:00Z"


async def test_an_entry_that_waited_and_is_wrong_says_where() -> None:
    services = DeskServices()
    wrong = {"path": "data.customer.phones[0]", "rule": "phone", "message": "不是号码 (is no number)"}
    services.answers[RECORD] = refused(422, "不对 (wrong)", wrong)
    told = await sent(services, "queued", contact="88", name="张伟")
    assert (told.status_code, told.json()) == (
        422, {"recorded": False, "told": "不是号码", "fields": {"contact": "不是号码"}},
    )  # fmt: skip
    services.answers[RECORD] = refused(503, "稍后 (later)")
    assert (await sent(services, "queued", contact="13900000000")).status_code == 503


async def test_an_entry_without_an_id_is_refused_and_not_given_one() -> None:
    """It could not be told from itself when it is sent again."""
    services = DeskServices()
    for lacks in ({"event": ""}, {"at": "soon"}):
        told = await sent(services, "queued", contact="13900000000", **lacks)
        assert told.status_code == 422
    assert services.sent(RECORD) == []


# The day's order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "told"),
    [(None, "never"), ("2026-03-11T16:30:00Z", "today"), ("2026-03-11T15:30:00Z", "before")],
)
def test_a_shift_is_of_the_day_of_the_office(opened: str | None, told: str) -> None:
    boards = floor(opened).boards
    assert opened_when(boards, datetime(2026, 3, 12, 1, 0, tzinfo=UTC), ZONE) == told
    assert opened_when(boards, NOW + timedelta(days=1), ZONE) == ("never" if opened is None else "before")


async def test_who_is_away_is_shown_so_and_comes_back() -> None:
    services = DeskServices()
    services.answers[STAFF] = staff(li="business")
    services.answers[BOARDS] |= {"visit": {"queue": ["li", "wang"], "next": "wang"}}
    async with services.browser() as browser:
        page = (await browser.get(DESK)).text
        boards = page.partition('id="boards"')[2].partition("</section>")[0]
        assert re.search(r"李娜 <span[^>]*>因公", boards)
        back = await browser.post(f"{DESK}/back", data={"event": EVENT, "staff": "li"})
    assert back.status_code == 303
    (event,) = services.sent(RECORD)
    assert (event["type"], event["data"]) == ("staff.back", {"staff": "li"})


async def test_going_away_needs_somebody_and_a_reason() -> None:
    services = DeskServices()
    for lacks in ({"staff": "", "reason": "personal"}, {"staff": "li", "reason": "holiday"}):
        answer = await sent(services, "away", **lacks)
        assert answer.status_code == 422
    assert services.sent(RECORD) == []


# What is offered, and to whom ----------------------------------------------------------------------------------------


async def test_who_has_left_is_received_for_by_nobody_and_may_be_named_of_earlier_days() -> None:
    services = DeskServices()
    told = staff()
    gone = told["staff"][1] | {
        "staff": "lin",
        "name": "林离职",
        "status": "departed",
        "departed_at": "2026-03-10T00:00:00Z",
    }
    services.answers[STAFF] = told | {"staff": [*told["staff"], gone]}
    async with services.browser() as browser:
        page = (await browser.get(DESK)).text
    offered = {
        name: re.findall(r'<option value="(\w+)"', select)
        for name, select in re.findall(r'<select id="(\w+)"(.*?)</select>', page, re.S)
    }
    assert "lin" in offered["named_consultant"]
    assert [name for name in ("receiver", "on_behalf_of", "designated") if "lin" in offered[name]] == []


async def test_a_consultant_is_offered_what_they_do_themselves() -> None:
    async with DeskServices().browser("consultant", "wang") as browser:
        page = (await browser.get(DESK)).text
    (receivers,) = re.findall(r'<select id="receiver".*?</select>', page, re.S)
    assert re.findall(r'<option value="(\w+)"', receivers) == ["wang"]
    assert "/at/east/east-1/shift" not in page


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_texts_of_others_are_escaped_in_every_part(language: str) -> None:
    services = DeskServices()
    services.answers[STAFF]["staff"][0]["name"] = HOSTILE
    services.answers[LOOKUP] = customer_of(
        "li", "owner", names=[HOSTILE], clause_text={"zh": HOSTILE, "en": HOSTILE}
    )
    services.answers[PREVIEW] = preview_of("li", explanation={"zh": HOSTILE, "en": HOSTILE})
    fields = {"event": EVENT, "kind": "visit", "receiver": "li", "contact": "13900000000", "name": HOSTILE,
              "notes": HOSTILE, "companions": HOSTILE, "no_contact_reason": HOSTILE}  # fmt: skip
    async with services.browser(language=language) as browser:
        for where, step in (("lookup", ""), ("entries", "check"), ("queued", "")):
            page = (await browser.post(f"{DESK}/{where}", data=fields | {"step": step})).text
            assert "<script>alert" not in page
            assert "<img src=x" not in page


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", get_args(EntryKind))
async def test_the_desk_is_told_in_the_language_of_the_page(language: str, kind: str) -> None:
    """Nothing of the words of the page stands in the other one."""
    services = DeskServices()
    async with services.browser(language=language) as browser:
        page = (await browser.get(f"{DESK}?kind={kind}")).text
    words = re.findall(r"<(?:h1|h2|h3|label|legend|summary|th)\b[^>]*>([^<]+)", page)
    chinese = [one for one in words if re.search("[一-鿿]", one)]
    assert words
    assert len(chinese) == (len(words) if language == "zh" else 0)


async def test_a_kind_that_is_none_is_refused() -> None:
    async with DeskServices().browser() as browser:
        assert (await browser.get(f"{DESK}?kind=deal")).status_code == 422
