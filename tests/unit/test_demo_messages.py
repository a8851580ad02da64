"""What the demonstration shows of messages: bubbles that fit the screen, and none that was sent is missing."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from deploy.demo.bubbles import LOOKS, line, transcript, wrapped
from deploy.demo.choosing import worth_showing
from deploy.demo.console import Screen
from deploy.demo.conversations import Conversation, NotArrivedError, joined
from deploy.demo.providers.message import DeliveredMessage
from deploy.demo.scenario.office import ZONE

NINE = datetime(2026, 3, 5, 9, tzinfo=ZONE).astimezone(UTC)
WIDTH = 60


def message(
    channel: str = "dingtalk", to: str = "li", case: str = "K7QF-2M9D", **more: Any
) -> DeliveredMessage:
    mention = {"dingtalk": "@138****0001", "feishu": f"@ou_demo_{to}"}.get(channel, "138****0001")
    text = f"您的客户（编号 {case}）归属将于3月6日（周五）24:00到期，还剩1天15小时。"
    given = {"title": f"【判客】客户 {case}", "lines": (text, "请在到期前联系客户。")}
    return DeliveredMessage(NINE, channel, to, mention, **given | more)


def alert(case: str = "K7QF-2M9D", *, to: str = "li", by: str = "dingtalk", **more: Any) -> dict[str, Any]:
    taken = {"channel": by, "recipient": to, "digest": None, "outcome": "sent", "answer": "0 ok"}
    taken["business_at"] = "2026-03-05T01:00:01Z"
    return {
        "id": case,
        "case": case,
        "step": "day_before",
        "audience": "owner",
        "attempts": [taken],
    } | more


def shown(one: Conversation, width: int = WIDTH) -> str:
    return transcript([one], width)


def told(
    message: DeliveredMessage, *, instead_of: tuple[str, str] | None = None, several: int = 1
) -> Conversation:
    alerts: tuple[Mapping[str, Any], ...] = tuple(alert() for _ in range(several))
    return Conversation(message, alerts, instead_of)


def test_a_bubble_tells_channel_time_sender_mention_and_text() -> None:
    """The time is the office's; the number in the mention has its middle hidden; the heading is a line of its own."""
    text = shown(told(message()))
    assert "3月5日 周四 09:00  钉钉 DingTalk · 群 group「演示花园案场」" in text
    assert "机器人 robot" in text
    assert re.search(r"│ @138\*{4}0001 小李 +│\n +│ 【判客】客户 K7QF-2M9D +│", text)
    assert "请在到期前联系客户。" in text


def test_a_mention_by_id_is_shown_by_name() -> None:
    """Feishu's readers see the name, not the id by which the robot mentions."""
    text = shown(told(message("feishu", "wu")))
    assert "@小吴（演示）" in text and "ou_demo" not in text


def test_an_sms_and_a_mail_have_their_own_heads() -> None:
    """An SMS goes to a hidden number and bears its signature; a mail has receiver and subject."""
    sms = shown(told(message("aliyun-sms", title="", lines=("【判客】客户（编号K7QF-2M9D）…",))))
    assert "短信 SMS → 138****0001 小李（演示）" in sms and "【判客】" in sms
    mail = shown(told(message("email")))
    assert "收件人 To: 138****0001" in mail and "主题 Subject: 【判客】客户 K7QF-2M9D" in mail


def test_what_another_channel_refused_is_told_below() -> None:
    """Which channel refused, with its code, and which one it went by."""
    text = shown(told(message("email"), instead_of=("wecom", "93000 invalid webhook url")))
    assert "↪ 企业微信拒收，改由邮件送达" in text and "93000" in text


@pytest.mark.parametrize("channel", LOOKS)
@pytest.mark.parametrize("width", [40, 60, 84])
def test_no_line_of_a_bubble_is_wider_than_the_screen(channel: str, width: int) -> None:
    """Chinese takes two cells a character; frames stay whole on any width."""
    lines = shown(told(message(channel)), width).splitlines()
    frames = [one for one in lines if set(one) & set("╭│╰")]
    assert len(frames) > 3 and {cell_len(one) for one in frames} == {width + 2}
    inside = [one.strip(" │") for one in frames if "│" in one]
    expected = [part for text in message(channel).lines for part in wrapped(text, width - 4)]
    assert inside[-len(expected) :] == expected, "a line was broken again where it was drawn"


@given(st.text(st.sampled_from("判客，。（）！ abc123-"), max_size=120), st.integers(8, 60))
def test_wrapping_loses_nothing_and_keeps_words_and_what_closes_them_whole(text: str, width: int) -> None:
    """Whatever is told: the same characters in the same order; a line is too wide only where one word is."""
    parts = list(wrapped(text, width))
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(cell_len(part) <= width or " " not in part.strip() for part in parts)
    words = text.split()
    for before, after in pairwise(parts):
        closes = after[:1] in "，。）！"
        assert not closes or any(word.startswith(after[:1]) for word in words), (before, after)


def test_a_message_in_one_line_names_channel_and_reader() -> None:
    """While the office lives, each message is one line: when, by what, to whom, its heading."""
    assert line(message()).plain.split() == [
        "03-05",
        "09:00",
        "钉钉",
        "→",
        "小李",
        "【判客】客户",
        "K7QF-2M9D",
    ]


def test_messages_and_alerts_are_joined_by_channel_reader_and_cases() -> None:
    """A digest has all of its alerts; who was refused elsewhere before is told with the answer."""
    both = message(lines=("· K7QF-2M9D 3月6日", "· 99KY-2M5B 3月6日"))
    first, second = alert("K7QF-2M9D"), alert("99KY-2M5B")
    for one in (first, second):
        one["attempts"][0]["digest"] = "d1"
        refused = one["attempts"][0] | {"channel": "wecom", "outcome": "refused", "answer": "93000 gone"}
        one["attempts"].insert(0, refused)
    (found,) = joined([both], [first, second])
    assert found.several and found.instead_of == ("wecom", "93000 gone")


def report_to(staff: str, by: str = "dingtalk") -> dict[str, Any]:
    return alert("", to=staff, by=by, step="report", id=f"report-{staff}")


def report_message(channel: str = "dingtalk", to: str = "gao") -> DeliveredMessage:
    lines = ("日报", *(f"批次：{count}" for count in range(14)), "打开查看：http://127.0.0.1:8009/at/demo")
    return message(channel, to, title="【判客】日报", lines=lines)


def test_a_report_is_joined_without_a_case_number_and_shown_whole() -> None:
    """It is of no customer; it is longer than what else is shown, and one by chat and one by mail are worth it."""
    both = [report_message(), report_message("email", "hua")]
    chat, mail = joined(both, [report_to("gao"), report_to("hua", "email")])
    assert (chat.report, mail.report) == (True, True)
    assert worth_showing([chat, mail]) == [chat, mail]
    with pytest.raises(NotArrivedError):
        joined(both, [report_to("gao")])


@pytest.mark.parametrize(
    ("messages", "alerts"),
    [
        ([], [alert()]),
        ([message()], []),
        ([message()], [alert(to="wang")]),
        ([message()], [alert(by="wecom")]),
        ([message()], [alert("99KY-2M5B")]),
        ([message(), message()], [alert()]),
    ],
)
def test_a_message_that_is_missing_or_that_nobody_sent_is_found(
    messages: list[DeliveredMessage], alerts: list[dict[str, Any]]
) -> None:
    """Nothing is shown when what was sent and what arrived do not agree, in number, reader, channel or case."""
    with pytest.raises(NotArrivedError):
        joined(messages, alerts)


def test_of_each_kind_one_is_shown_in_the_order_of_time() -> None:
    """A late one, one that another channel refused, an event and one of each channel; none twice, none that is long."""
    late = told(message(lines=("（本提醒应于3月5日（周四）09:00发出，现补发。）",)))
    moved = told(message("feishu", "wu"), instead_of=("wecom", "93000 gone"))
    event = Conversation(message("wecom", case="99KY-2M5B"), (alert("99KY-2M5B", step="ruled"),), None)
    others = [told(message(channel)) for channel in ("dingtalk", "aliyun-sms", "email")]
    long = told(message("email", lines=tuple("十行" * 10)))
    chosen = worth_showing([late, moved, event, *others, *others, long])
    assert [one for one in (late, moved, event) if one not in chosen] == []
    assert {one.message.channel for one in chosen} == {*LOOKS} - {"webhook"}
    assert len(chosen) == 6 and long not in chosen
    assert chosen == sorted(chosen, key=lambda one: (one.message.at, one.message.channel))


def test_a_message_is_whole_where_there_is_no_terminal() -> None:
    """In a pipe or a file a line of a message is as long as it is; on a screen it ends where that ends."""
    told = message(title="【判客】" + "客户归属将于3月6日到期" * 12)
    out = io.StringIO()
    Screen(Console(file=out, width=80, highlight=False, soft_wrap=True)).arrived(told)
    assert out.getvalue() == line(told).plain + "\n"
    screen = io.StringIO()
    Screen(Console(file=screen, width=80, force_terminal=True, no_color=True)).arrived(told)
    assert "…" in screen.getvalue()
