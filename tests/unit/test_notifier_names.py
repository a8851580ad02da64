"""Masked names in chats: where the policy of an office wants them, by no other channel, and kept nowhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.notifier.channels.customer_names import harmless_name, named
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.robot import Robot
from services.notifier.channels.sms_templates import variables
from services.notifier.channels.webhook import payload
from services.notifier.channels.wecom import WeComRobot
from services.notifier.model.alert import RenderedMessage
from services.notifier.policy.file import read_plans
from services.notifier.reports.asking import AskedRegisters, RegistersAwayError
from services.notifier.reports.naming import MaskedNames
from services.notifier.schedule.ladder import SHANGHAI, OfficeHours
from services.notifier.schedule.plan import OfficePlan, Plans
from shared.contract.case_numbers import case_number
from shared.ids import CustomerId, OfficeId
from tests.unit.test_notifier_hostile_texts import robot
from tests.unit.test_notifier_links import ADDRESS, LI, notice
from tests.unit.test_notifier_words import alert

WANTED = Plans(OfficePlan(masked_names=True))
CASE = case_number(alert().customer)
ROBOTS = [DingTalkRobot, WeComRobot, FeishuRobot]


class Named:
    """Registers that know a name, or none; `asked` is what for."""

    def __init__(self, name: str | Exception | None) -> None:
        self.name = name
        self.asked: list[tuple[str, str]] = []

    async def customer_name(self, office: OfficeId, customer: CustomerId) -> str | None:
        self.asked.append((office, customer))
        if isinstance(self.name, Exception):
            raise self.name
        return self.name


def at_office(**given: Any) -> RenderedMessage:
    return replace(notice(**given), to=replace(LI, office=OfficeId("east-1")))


async def with_names(kind: type[Robot], registers: Named, plans: Plans = WANTED) -> str:
    channel = robot(kind)
    channel.show_names(MaskedNames(registers, plans).of)
    return channel.message(await channel._with_names(at_office(), "someone"), "someone").decode()


@pytest.mark.parametrize("kind", ROBOTS)
async def test_a_chat_shows_a_masked_name_behind_the_case_number(kind: type[Robot]) -> None:
    said = await with_names(kind, Named("张伟"))
    assert f"{CASE} 张＊" in said and "张伟" not in said
    assert f"{ADDRESS}/c/demo/{CASE} 张" not in said and f"{ADDRESS}/c/demo/{CASE}" in said


@pytest.mark.parametrize("kind", ROBOTS)
async def test_without_the_policy_nobody_is_asked(kind: type[Robot]) -> None:
    registers = Named("张伟")
    assert "张" not in await with_names(kind, registers, Plans())
    assert registers.asked == []


@pytest.mark.parametrize("found", [None, "", RegistersAwayError("away")])
async def test_a_message_goes_out_without_a_name_that_cannot_be_had(found: str | Exception | None) -> None:
    assert "＊" not in await with_names(FeishuRobot, Named(found))


async def test_what_would_be_cut_goes_without_names() -> None:
    class Narrow(WeComRobot):
        def fits(self, notice: RenderedMessage, destination: str) -> bool:
            return not notice.names

    assert "＊" not in await with_names(Narrow, Named("张伟"))


async def test_no_other_channel_and_no_stored_word_has_a_name() -> None:
    made = replace(at_office(), names={CASE: "张＊"})
    assert "张" not in payload(made) and "张" not in made.words.text
    assert variables(made, SHANGHAI) == variables(at_office(), SHANGHAI)


async def test_a_digest_names_each_of_its_customers() -> None:
    registers = Named("欧阳锋")
    made = replace(
        notice(alert(), replace(alert(), customer="other")), to=replace(LI, office=OfficeId("east-1"))
    )
    names = await MaskedNames(registers, WANTED).of(made)
    assert names == {CASE: "欧＊＊", case_number("other"): "欧＊＊"}


@pytest.mark.parametrize(
    "name", ["[点我](http://evil.example)", "<@all>", "@所有人", "**粗**", "\u202e雷", "#大"]
)
def test_a_hostile_name_is_no_markup(name: str) -> None:
    said = harmless_name(name[:1] + "*")
    assert not set("[]()<>@#*_`\u202e") & set(said.replace("_", ""))


def test_a_case_number_within_an_address_or_a_word_is_none() -> None:
    names = {"K7QF-2M9D": "张＊"}
    assert named("https://x/c/demo/K7QF-2M9D", names) == "https://x/c/demo/K7QF-2M9D"
    assert named("K7QF-2M9D，K7QF-2M9D1", names) == "K7QF-2M9D 张＊，K7QF-2M9D1"


def test_the_policy_turns_it_on_by_scope(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text("version: 1\ndefaults: {}\nscopes:\n  east: {masked_names: true}\n")
    plans = read_plans(file, OfficeHours(), ("log",))
    assert (plans.of("east").masked_names, plans.of("west").masked_names) == (True, False)  # type: ignore[arg-type]


def test_the_registers_are_asked_for_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any]] = []

    async def get(self: AskedRegisters, path: str, query: Any, wait: float) -> httpx.Response:
        seen.append((path, dict(query)))
        return httpx.Response(200, json={"rows": [{"customer": {"name": "张伟"}}]})

    monkeypatch.setattr(AskedRegisters, "_get", get)
    asked = AskedRegisters.__new__(AskedRegisters)
    assert asyncio.run(asked.customer_name(OfficeId("east-1"), CustomerId("c1"))) == "张伟"
    assert seen == [("/v1/offices/east-1/registers/customers", {"customer": "c1", "limit": "1"})]
