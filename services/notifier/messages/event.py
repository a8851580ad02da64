"""The words of what else a person must know: what became of a customer, by a case number, and under which clause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.notifier.messages.words import case_number, harmless, moment
from services.notifier.model.alert import LeasedAlert, MessageText
from services.notifier.model.kinds import EventKind

_FULL = 10_000
# By what happened, and whether the reader has the customer now: what to say of it.
_SAID: Mapping[tuple[EventKind, bool], tuple[str, str]] = {
    (EventKind.KEPT, True): ("由他人接待，归属不变，仍归您", "was received by somebody else and stays yours"),
    (EventKind.SUPERSEDED, True): ("按规则归您", "is yours now by rule"),
    (EventKind.SUPERSEDED, False): ("按规则改归他人", "is somebody else's now by rule"),
    (EventKind.RETURNED, True): ("按规则退回给您", "is returned to you by rule"),
    (EventKind.RETURNED, False): ("按规则退回原登记人", "is returned by rule to whose it was"),
    (EventKind.TRANSFERRED, True): ("已转接给您", "is transferred to you"),
    (EventKind.TRANSFERRED, False): ("已转接给他人", "is transferred to somebody else"),
    (EventKind.DISPUTED, True): ("归属有争议，待裁定", "is disputed; a ruling is to come"),
    (EventKind.DISPUTED, False): ("归属有争议，待裁定", "is disputed; a ruling is to come"),
    (EventKind.RULED, True): ("经裁定归您", "is yours by a ruling"),
    (EventKind.RULED, False): ("经裁定不归您", "is not yours, by a ruling"),
}
_DEAL = {
    "final": ("已确定", "final"),
    "pending_ruling": ("待裁定", "until the ruling"),
    "cancelled": ("已取消", "cancelled"),
}


def event_words(alert: LeasedAlert, zone: ZoneInfo) -> MessageText:
    """The message about one event."""
    zh, en = event_line(alert, zone)
    return MessageText(
        f"【判客】客户 {zh.split('（', 1)[0]}",
        f"客户 {zh}\n详情和依据见系统中的判定记录；如有异议，请按本案场规则提出。",
        f"[Panke] Customer {en.split(' (', 1)[0]}",
        f"Customer {en}\nThe decision and its grounds are in the customer's history. Who thinks it wrong,"
        " raises it as the rules of the office say.",
    )


def event_line(alert: LeasedAlert, zone: ZoneInfo) -> tuple[str, str]:
    """The event in one line, in both languages."""
    detail = alert.detail or {}
    zh, en = _shares(detail) if detail.get("event") == EventKind.SHARES else _became(detail)
    at_zh, at_en = moment(alert.deadline, zone)
    clause = harmless(str(detail.get("clause", "")))
    case = case_number(alert.customer)
    return f"{case} {zh}（{at_zh}，依据 {clause}）", f"{case} {en} ({at_en}, clause {clause})"


def _became(detail: Mapping[str, Any]) -> tuple[str, str]:
    return _SAID[EventKind(str(detail["event"])), bool(detail.get("mine"))]


def _shares(detail: Mapping[str, Any]) -> tuple[str, str]:
    zh, en = _DEAL[str(detail["status"])]
    share = detail.get("share")
    if share is None:
        return f"成交分成：{zh}", f"shares of the deal: {en}"
    percent = f"{100 * int(share) / _FULL:g}%"
    return f"成交分成{percent}：{zh}", f"your share of the deal is {percent}: {en}"
