"""Alerts as the dispatcher hands them to a channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.notifier.model.alert import MessageText, Person, RenderedMessage
from services.notifier.model.kinds import Audience, Rung
from tests.support.notifier import END, SCOPE, local

CASE = "K7QF-2M9D"
CONTACTS = {
    "sms": "+8613800000001",
    "dingtalk": "138 0000 0001",
    "wecom": "+86-13800000001",
    "feishu": "ou_0123456789abcdef",
    "email": "li@example.com",
}
LI = Person("li", "李雷", "consultant", CONTACTS)
WORDS = MessageText(
    f"【判客】客户 {CASE} 的归属将于3月5日（周四）24:00到期，还剩15小时",
    f"您的客户（编号 {CASE}）归属将于3月5日（周四）24:00到期，还剩15小时。\n请在到期前联系客户。",
    f"[Panke] Customer {CASE} is yours until the end of Thursday 5 March: 15 hours left",
    f"Your claim on customer {CASE} is valid until the end of Thursday 5 March: 15 hours left.\nContact them.",
)
NOTICE = RenderedMessage(
    id=UUID("0190a000-0000-7000-8000-000000000001"),
    scope=SCOPE,
    customer="c1",
    case=CASE,
    rung=Rung.LAST_MORNING,
    audience=Audience.OWNER,
    to=LI,
    owner="li",
    due_at=local(5, 9),
    deadline=END,
    composed_at=local(5, 9),
    known_at=local(5, 9),
    behind=False,
    words=WORDS,
    traceparent=None,
)


def notice(**changes: Any) -> RenderedMessage:
    """The reminder of the last morning, with these changes."""
    return replace(NOTICE, **changes)


def said(**changes: Any) -> RenderedMessage:
    """The same reminder in other words."""
    return replace(NOTICE, words=replace(WORDS, **changes))


def numbered(number: int) -> RenderedMessage:
    """One of many."""
    return replace(NOTICE, id=UUID(int=number), due_at=NOTICE.due_at + timedelta(seconds=number))
