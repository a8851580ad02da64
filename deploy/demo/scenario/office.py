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
MARK = "演示数据"

# The hours at which the notifier reminds, closing, at which a report goes out, and the evening; a moment later, since
# the watermark stays a moment behind.
REMINDER_HOURS = (time(9), time(16), time(17), time(18), time(18, 30))
_MOMENT = timedelta(seconds=1)
# The day of the first reminders: that day WeCom's robot is missing from its group.
ABSENT_DATE = FIRST_DAY + timedelta(days=3)


# Staff have numbers of the same invented row as customers, far behind theirs.
_STAFF_NUMBERS = 90_000


@dataclass(frozen=True)
class Colleague:
    """Somebody who works in the office: how they like to be told, first of all, and in which language."""

    staff: str
    name: str
    role: str
    number: int
    channels: tuple[str, ...] = ("dingtalk",)
    language: str = "zh"

    @property
    def mobile(self) -> str:
        return phone(_STAFF_NUMBERS + self.number)

    @property
    def contacts(self) -> dict[str, str]:
        """As enrolled; in WeCom some are known by their number and some by their user id."""
        return {
            "sms": self.mobile,
            "dingtalk": self.mobile,
            "wecom": self.staff if self.language == "en" else self.mobile,
            "feishu": f"ou_demo_{self.staff}",
            "email": f"{self.staff}@office.invalid",
        }


def phone(number: int) -> str:
    """A number of a row that is plainly invented: 138000 and five digits."""
    return f"138000{number:05d}"


CONSULTANTS = (
    Colleague("li", "小李（演示）", "consultant", 1, ("dingtalk", "email")),
    Colleague("wang", "小王（演示）", "consultant", 2, ("wecom", "email")),
    Colleague("zhao", "小赵（演示）", "consultant", 3, ("webhook", "feishu")),
    Colleague("qian", "小钱（演示）", "consultant", 4, ("dingtalk", "email"), "en"),
    Colleague("sun", "小孙（演示）", "consultant", 5, ("aliyun-sms", "feishu")),
    Colleague("zhou", "小周（演示）", "consultant", 6, ("wecom", "feishu"), "en"),
    Colleague("wu", "小吴（演示）", "consultant", 7, ("feishu", "aliyun-sms"), "en"),
    Colleague("zheng", "小郑（演示）", "consultant", 8, ("email", "dingtalk")),
)
SUPERVISORS = (
    Colleague("chen", "陈主管（演示）", "supervisor", 9, ("feishu", "aliyun-sms")),
    Colleague("lin", "林主管（演示）", "supervisor", 10, ("webhook", "email")),
)
MANAGER = Colleague("gao", "高经理（演示）", "manager", 11)
GENERAL_MANAGER = Colleague("hua", "华总（演示）", "general_manager", 16, ("email",))
DESK = Colleague("desk", "前台（演示）", "reception", 12)
# Who neither receives nor is reminded, but signs, rules or looks.
OFFICE_STAFF = (
    Colleague("tao", "陶总监（演示）", "director", 13),
    Colleague("jin", "金内勤（演示）", "back_office", 14),
    Colleague("wei", "魏行政（演示）", "admin_manager", 15),
    GENERAL_MANAGER,
    Colleague("yan", "严审计（演示）", "auditor", 17),
)
EVERYBODY = (*CONSULTANTS, *SUPERVISORS, MANAGER, DESK, *OFFICE_STAFF)
NAMES = {person.staff: person.name for person in EVERYBODY}

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"


def instant(day: int, at: time) -> datetime:
    """That hour of a day of the demonstration, counted from 0; UTC."""
    local = datetime.combine(FIRST_DAY + timedelta(days=day), at, ZONE)
    return local.astimezone(UTC)


def reminder_hours(day: int) -> list[datetime]:
    """When everything must have settled, so that what fell due then has gone out."""
    return [instant(day, at) + _MOMENT for at in REMINDER_HOURS]
