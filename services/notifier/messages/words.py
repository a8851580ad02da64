"""The words of an alert: case number, deadline, how long that is, what to do. Chinese first, English beside
it.

hazards.md#personal-data-in-messages: never a customer's name or phone, on any channel: a case number stands for the
customer. Deadlines are told in the office's time, as a person there would say them: a claim that ends at
midnight is valid until 24:00 of the day before.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.model.alert import LeasedAlert, MessageText, Person
from services.notifier.model.kinds import Audience, Rung, Unavailable
from shared.contract.case_numbers import case_number
from shared.platform.text.plain import one_line

__all__ = ["case_number"]

_WHY = {
    Unavailable.DEPARTED: ("已离职", "has left"),
    Unavailable.AWAY: ("不在岗", "is away"),
    Unavailable.NO_CONTACT: ("没有可用的联系方式", "cannot be reached"),
}
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


# What an office enters as a name or an id may be long; in a message it is not.
_LONGEST_NAME = 40
_HARMLESS = str.maketrans("<>@[]", "＜＞＠［］")
# The dots of what chats take for a host and link, also without `http://` before it.
_OF_HOST = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")


def compose(
    alert: LeasedAlert,
    owner: Person | None,
    now: datetime,
    zone: ZoneInfo,
    late_after: timedelta,
    instead_of: tuple[Person, Unavailable] | None = None,
) -> MessageText:
    """The message of an alert that is sent at business time `now`, to the person or `instead_of` another.

    In time, what is left is counted from the hour at which the alert was due: seven hours are told as seven, and
    an alert reads the same however quickly it was sent. What is late counts from when it is sent.
    """
    late = is_late(alert, now, late_after)
    now = counted_from(alert, now, late_after)
    case = case_number(alert.customer)
    to_owner = alert.audience is Audience.OWNER and instead_of is None
    if alert.rung is Rung.LAPSED:
        words = _lapsed(alert, case, None if to_owner else (owner,), zone)
    elif to_owner:
        words = _to_owner(alert, case, now, zone)
    else:
        words = _to_supervisor(alert, case, owner, now, zone)
    words = _with_notes(words, alert, zone, late=late)
    return words if instead_of is None else standing_in(words, *instead_of)


def is_late(alert: LeasedAlert, now: datetime, late_after: timedelta) -> bool:
    """Whether it goes out so long after its hour that it must say so."""
    return now - alert.due_at > late_after


def counted_from(alert: LeasedAlert, now: datetime, late_after: timedelta) -> datetime:
    """From when what is left is told: in time the hour at which it was due, else now."""
    return now if is_late(alert, now, late_after) else alert.due_at


def standing_in(words: MessageText, person: Person, why: Unavailable) -> MessageText:
    zh, en = _WHY[why]
    name = name_of(person)
    return replace(
        words,
        body_zh=f"{words.body_zh}\n（{name}{zh}，本提醒由您代收。）",
        body_en=f"{words.body_en}\n({name} {en}: this alert comes to you instead.)",
    )


def _to_owner(alert: LeasedAlert, case: str, now: datetime, zone: ZoneInfo) -> MessageText:
    until_zh, until_en = deadline(alert.deadline, zone)
    left_zh, left_en = span(alert.deadline - now)
    return MessageText(
        f"【判客】客户 {case} 的归属将于{until_zh}到期，还剩{left_zh}",
        f"您的客户（编号 {case}）归属将于{until_zh}到期，还剩{left_zh}。\n"
        "请在到期前联系客户，并在当天登记一次符合本案场规则的跟进；逾期未登记，客户转入公海。",
        f"[Panke] Customer {case} is yours until {until_en}: {left_en} left",
        f"Your claim on customer {case} is valid until {until_en}: {left_en} left.\n"
        "Contact the customer before then and record, on the same day, a follow-up that counts under the"
        " rules of your office. Without one the customer goes to the pool.",
    )


def _to_supervisor(
    alert: LeasedAlert, case: str, owner: Person | None, now: datetime, zone: ZoneInfo
) -> MessageText:
    until_zh, until_en = deadline(alert.deadline, zone)
    left_zh, left_en = span(alert.deadline - now)
    who_zh, who_en = _named(owner)
    return MessageText(
        f"【判客】{who_zh}的客户 {case} 将于{until_zh}到期，尚未跟进",
        f"{who_zh}的客户（编号 {case}）归属将于{until_zh}到期，还剩{left_zh}，目前没有登记新的有效跟进。\n"
        "请提醒该顾问在到期前联系客户并当天登记，或按规则安排转接。",
        f"[Panke] {who_en}'s claim on customer {case} is valid until {until_en}, not followed up",
        f"{who_en}'s claim on customer {case} is valid until {until_en}: {left_en} left, and no new"
        " follow-up that counts is recorded.\nRemind the consultant to contact the customer and record it the"
        " same day, or have the customer transferred as the rules allow.",
    )


def _lapsed(alert: LeasedAlert, case: str, other: tuple[Person | None] | None, zone: ZoneInfo) -> MessageText:
    """`other` is whose claim it was, when the reader is somebody else."""
    until_zh, until_en = deadline(alert.deadline, zone)
    who_zh, who_en = ("您", "You") if other is None else _named(*other)
    whose_en = "Your" if other is None else f"{who_en}'s"
    return MessageText(
        f"【判客】客户 {case} 的归属已到期，转入公海",
        f"{who_zh}的客户（编号 {case}）归属已于{until_zh}到期，客户已转入公海。\n"
        "之后由谁接待，按本案场规则判定；如认为有误，请凭当天的跟进记录向主管提出。",
        f"[Panke] The claim on customer {case} has ended: the customer went to the pool",
        f"{whose_en} claim on customer {case} was valid until {until_en}; the customer went to the pool then.\n"
        "Whose the customer is next goes by the rules of your office. Who thinks this wrong, brings the"
        " follow-up record of the day to the supervisor.",
    )


def _with_notes(words: MessageText, alert: LeasedAlert, zone: ZoneInfo, *, late: bool) -> MessageText:
    zh, en = words.body_zh, words.body_en
    if late:
        due_zh, due_en = moment(alert.due_at, zone)
        zh += f"\n（本提醒应于{due_zh}发出，现补发。）"
        en += f"\n(This alert was due at {due_en} and is late.)"
    if alert.behind and alert.watermark is not None:
        known_zh, known_en = moment(alert.watermark, zone)
        zh += f"\n（截至{known_zh}已知的记录；此后的登记可能尚未计入。）"
        en += f"\n(As known at {known_en}; what was recorded since may not be counted yet.)"
    elif alert.behind:
        zh += "\n（系统尚未确认最新记录；近期的登记可能尚未计入。）"
        en += "\n(As known at an unconfirmed time; what was recorded lately may not be counted yet.)"
    return replace(words, body_zh=zh, body_en=en)


def _named(owner: Person | None) -> tuple[str, str]:
    if owner is None:
        return "原顾问", "The former consultant"
    name = name_of(owner)
    return f"顾问{name}", name


def name_of(person: Person) -> str:
    """How a person is called in a message: by name, else by id."""
    return harmless(person.name) or harmless(person.staff)


def harmless(text: str) -> str:
    """What an office has entered, as it may stand in a message: one line, not endless, no mention, markup or address.

    Each channel makes its own markup inert; a receiver of webhooks passes words on to nobody knows where.
    """
    plain = one_line(text).translate(_HARMLESS).replace("://", "：//")
    return _OF_HOST.sub("．", plain)[:_LONGEST_NAME]


def deadline(instant: datetime, zone: ZoneInfo) -> tuple[str, str]:
    local = instant.astimezone(zone)
    if (local.hour, local.minute, local.second, local.microsecond) != (0, 0, 0, 0):
        zh, en = moment(instant, zone)
        return zh, en
    day = local - timedelta(days=1)
    return f"{_day_zh(day)}24:00", f"the end of {_day_en(day)}"


def moment(instant: datetime, zone: ZoneInfo) -> tuple[str, str]:
    local = instant.astimezone(zone)
    clock = f"{local:%H:%M}"
    return f"{_day_zh(local)}{clock}", f"{clock} on {_day_en(local)}"


def _day_zh(day: datetime) -> str:
    return f"{day.month}月{day.day}日（周{_WEEKDAYS_ZH[day.weekday()]}）"


def _day_en(day: datetime) -> str:
    return f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}"


def span(left: timedelta) -> tuple[str, str]:
    """How long that is, in the two largest units that matter to a person; never more than is left."""
    minutes = max(int(left.total_seconds() // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    if days:
        parts = [(days, "天", "day"), (hours, "小时", "hour")]
    elif hours:
        parts = [(hours, "小时", "hour"), (minutes % 60, "分钟", "minute")]
    else:
        parts = [(minutes, "分钟", "minute")]
    told = [part for part in parts if part[0]] or [(0, "分钟", "minute")]
    zh = "".join(f"{count}{unit}" for count, unit, _ in told)
    en = " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, _, unit in told)
    return zh, en
