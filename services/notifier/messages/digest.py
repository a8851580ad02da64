"""The words of a digest: the day's list, one line for each customer, by what is to be done.

As everywhere a case number stands for the customer. Lines are short: the smallest message of the chat
providers must hold them all, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.messages.event import event_line
from services.notifier.messages.words import (
    case_number,
    counted_from,
    deadline,
    is_late,
    moment,
    name_of,
    span,
)
from services.notifier.model.alert import LeasedAlert, MessageText, Person
from services.notifier.model.kinds import Audience, Rung

Owners = Mapping[str, Person]


def compose_digest(
    alerts: Sequence[LeasedAlert],
    owners: Owners,
    reader: str,
    now: datetime,
    zone: ZoneInfo,
    late_after: timedelta,
) -> MessageText:
    """One message about several alerts to `reader`, at business time `now`; hours and lateness as in a single one."""
    count = len(alerts)
    ending = [one for one in alerts if one.kind == "claim" and one.rung is not Rung.LAPSED]
    ended = [one for one in alerts if one.rung is Rung.LAPSED]
    others = [one for one in alerts if one.kind == "event"]
    zh, en = [f"您有{count}条提醒。"], [f"You have {count} alerts."]
    if ending:
        zh += ["即将到期，请在到期前联系客户并当天登记有效跟进："]
        en += ["Ending; contact the customer before then and record a follow-up that counts:"]
        froms = [counted_from(one, now, late_after) for one in ending]
        told = zip(ending, froms, strict=True)
        _lines(zh, en, [_ending(one, owners, reader, since, zone) for one, since in told])
    if ended:
        zh += ["已到期，客户转入公海："]
        en += ["Ended; the customer went to the pool:"]
        _lines(zh, en, [_ended(one, owners, reader, zone) for one in ended])
    if others:
        zh += ["其他事项："]
        en += ["Besides:"]
        _lines(zh, en, [event_line(one, zone) for one in others])
    late = [one.due_at for one in (*ending, *ended) if is_late(one, now, late_after)]
    if late:
        due_zh, due_en = moment(min(late), zone)
        zh += [f"（其中最早的应于{due_zh}发出，现补发。）"]
        en += [f"(The earliest was due at {due_en} and is late.)"]
    behind = any(one.behind for one in alerts)
    if behind:
        zh += ["（系统尚未确认最新记录；近期的登记可能尚未计入。）"]
        en += ["(What was recorded lately may not be counted yet.)"]
    return MessageText(f"【判客】您有{count}条提醒", "\n".join(zh), f"[Panke] {count} alerts", "\n".join(en))


def _lines(zh: list[str], en: list[str], told: Sequence[tuple[str, str]]) -> None:
    zh += [f"· {line}" for line, _ in told]
    en += [f"· {line}" for _, line in told]


def _ending(
    alert: LeasedAlert, owners: Owners, reader: str, since: datetime, zone: ZoneInfo
) -> tuple[str, str]:
    until_zh, until_en = deadline(alert.deadline, zone)
    left_zh, left_en = span(alert.deadline - since)
    whose = _whose(alert, owners, reader)
    case = case_number(alert.customer)
    return f"{case} {whose}{until_zh}，剩{left_zh}", f"{case} {whose}{until_en}, {left_en}"


def _ended(alert: LeasedAlert, owners: Owners, reader: str, zone: ZoneInfo) -> tuple[str, str]:
    until_zh, until_en = deadline(alert.deadline, zone)
    case, whose = case_number(alert.customer), _whose(alert, owners, reader)
    return f"{case} {whose}{until_zh}", f"{case} {whose}{until_en}"


def _whose(alert: LeasedAlert, owners: Owners, reader: str) -> str:
    if alert.owner is None or (alert.audience is Audience.OWNER and alert.owner == reader):
        return ""
    return f"{name_of(owners.get(alert.owner) or Person(alert.owner))} "
