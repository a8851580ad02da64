"""The invented office: its people, its hours, and names that nobody can take for real ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SCOPE = "demo"
OFFICE = "demo-office"
RULEBOOK = "shijiazhuang"
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_DAY = date(2026, 3, 2)
MARK = "演示数据 demo"

# The hours at which the notifier reminds, and the evening; a moment later, since the watermark stays a moment behind.
REMINDER_HOURS = (time(9), time(16), time(17), time(18, 30))
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class Colleague:
    """Somebody who works in the office."""

    staff: str
    name: str
    role: str


def _colleagues(role: str, names: dict[str, str]) -> tuple[Colleague, ...]:
    return tuple(Colleague(staff, f"{name}（演示）", role) for staff, name in names.items())


CONSULTANTS = _colleagues(
    "consultant",
    {
        "li": "小李",
        "wang": "小王",
        "zhao": "小赵",
        "qian": "小钱",
        "sun": "小孙",
        "zhou": "小周",
        "wu": "小吴",
        "zheng": "小郑",
    },
)
SUPERVISORS = _colleagues("supervisor", {"chen": "陈主管", "lin": "林主管"})
MANAGER = Colleague("gao", "高经理（演示）", "manager")
DESK = Colleague("desk", "前台（演示）", "reception")
EVERYBODY = (*CONSULTANTS, *SUPERVISORS, MANAGER, DESK)

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"


def instant(day: int, at: time) -> datetime:
    """That hour of a day of the demonstration, counted from 0; UTC."""
    local = datetime.combine(FIRST_DAY + timedelta(days=day), at, ZONE)
    return local.astimezone(UTC)


def reminder_hours(day: int) -> list[datetime]:
    """When everything must have settled, so that what fell due then has gone out."""
    return [instant(day, at) + _MOMENT for at in REMINDER_HOURS]


def phone(number: int) -> str:
    """A number of a row that is plainly invented: 138000 and five digits."""
    return f"138000{number:05d}"
