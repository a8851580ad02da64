"""Messages lead to the console: by a case number, on every channel that has words, and never by SMS."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.robot import Robot, text_of
from services.notifier.channels.sms_templates import variables
from services.notifier.channels.webhook import payload
from services.notifier.channels.wecom import WeComRobot
from services.notifier.messages.compose import Composer
from services.notifier.model.alert import LeasedAlert, Person, Recipient, RenderedMessage
from services.notifier.model.kinds import Language, Rung
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.ladder import SHANGHAI
from services.notifier.schedule.plan import OfficePlan, Plans
from services.notifier.settings import NotifierSettings, office_plans
from shared.contract.case_numbers import case_number
from shared.ids import ScopeId, StaffId
from shared.platform.settings import SettingsError, read
from tests.unit.test_notifier_hostile_texts import robot
from tests.unit.test_notifier_words import LATE, alert, local

ADDRESS = "https://panke.example.com"
LI = Person(StaffId("li"), "李娜", "consultant")


def notice(
    *members: LeasedAlert, language: Language = Language.ZH, console: str = ADDRESS
) -> RenderedMessage:
    plans = Plans(OfficePlan(language=language), console=console)
    packet = OutgoingMessage(members or (alert(),))
    return Composer(plans, LATE).notice(
        packet, Recipient(LI), {(packet.first.scope, LI.staff): LI}, local(5, 9)
    )


def test_a_message_leads_to_its_customer_by_the_case_number() -> None:
    made = notice()
    link = f"{ADDRESS}/c/demo/{case_number(alert().customer)}"
    assert made.link == link
    assert made.words.body_zh.endswith(f"打开查看：{link}") and made.words.body_en.endswith(f"Open: {link}")
    assert link not in made.words.subject


def test_a_digest_leads_to_the_list_on_which_all_its_customers_stand() -> None:
    made = notice(alert(), alert())
    assert made.words.body_zh.endswith(f"打开查看：{ADDRESS}/c/demo")
    assert made.words.text.count(ADDRESS) == 1


def test_without_an_address_there_is_no_link() -> None:
    made = notice(console="")
    assert (made.link, "/c/demo" in made.words.text, "打开查看" in made.words.text) == ("", False, False)


def test_an_event_has_one_too() -> None:
    event = replace(
        alert(Rung.EVENT), kind="event", detail={"event": "kept", "mine": True, "clause": "base.identity"}
    )
    assert notice(event).words.body_zh.endswith(case_number(event.customer))


@pytest.mark.parametrize("kind", [DingTalkRobot, WeComRobot, FeishuRobot])
def test_the_link_can_be_pressed_in_a_chat(kind: type[Robot]) -> None:
    made = notice()
    body = json.dumps(json.loads(robot(kind).message(made, "user-1")), ensure_ascii=False)
    pressed = {"tag": "a", "text": made.link, "href": made.link}
    assert f"[{made.link}]({made.link})" in body or json.dumps(pressed, ensure_ascii=False) in body


def test_a_link_whose_scope_looks_like_a_number_is_not_masked() -> None:
    made = notice(replace(alert(), scope=ScopeId("13800000001")))
    assert made.link in text_of(made)
    assert "138****0001" not in text_of(made)


def test_a_receiver_of_webhooks_has_it_in_the_words_and_no_key_more() -> None:
    with_link, without = (json.loads(payload(notice(console=one)))["data"] for one in (ADDRESS, ""))
    assert set(with_link) == set(without)
    assert with_link["zh"]["text"].startswith(without["zh"]["text"])


def test_an_sms_has_its_variables_and_nothing_else() -> None:
    assert variables(notice(), SHANGHAI) == variables(notice(console=""), SHANGHAI)


@pytest.mark.parametrize(
    "given",
    ["panke.example.com", "https://panke.example.com/", "ftp://x", "https://x/a b", "https://x/[y](z)"],
)
def test_an_address_that_is_none_stops_the_start(given: str) -> None:
    environ = {"PANKE_DATABASE_URL": "postgresql:///none", "PANKE_KAFKA": "none:1"}
    with pytest.raises(SettingsError, match="PANKE_PUBLIC_ADDRESS"):
        read(NotifierSettings, environ | {"PANKE_PUBLIC_ADDRESS": given})
    assert read(NotifierSettings, environ | {"PANKE_PUBLIC_ADDRESS": ADDRESS}).public_address == ADDRESS


def test_the_plans_have_the_address_of_the_settings() -> None:
    settings = NotifierSettings(database_url="postgresql:///none", kafka="none:1", public_address=ADDRESS)
    assert office_plans(settings).console == ADDRESS
