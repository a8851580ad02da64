"""Which column says what: headings as offices write them, and the field of an import that each means (imports.md)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from services.intake.books.grid import Cell
from services.intake.imports.words import TEN_THOUSAND

ImportKind: TypeAlias = Literal["visits", "calls", "outreach"]
ImportField: TypeAlias = Literal[
    "record", "date", "time", "times", "name", "phones", "wechat", "consultant", "channel", "level", "category",
    "notes", "purpose", "next_on", "project", "party_size", "referrer", "method", "wanted", "ordered", "unit", "area",
    "price", "amount", "subscribed_on", "signed_on", "payment",
]  # fmt: skip
FIELDS: Final = frozenset(get_args(ImportField))

SYNONYMS: Final[Mapping[ImportField, tuple[str, ...]]] = {
    "record": ("记录编号", "事件编号"),
    "date": (
        "来访日期", "来电日期", "拓客日期", "到访日期", "接待日期", "日期", "来访时间", "来电时间",
        "到访时间", "接待时间", "拓客时间", "时间", "登记日期", "登记时间",
    ),
    "time": ("时刻", "来访时间", "来电时间", "到访时间", "接待时间", "拓客时间", "时间"),
    "times": ("进店-离去时间", "进店离去时间", "进店-离店时间", "起止时间", "接待起止时间", "通话起止时间"),
    "name": ("客户姓名", "姓名", "客户名称", "顾客名称", "顾客姓名", "客户", "称呼", "客户称呼"),
    "phones": (
        "联系电话", "电话", "手机", "手机号", "手机号码", "联系方式", "电话号码", "联系电话2", "电话2", "备用电话",
    ),
    "wechat": ("微信号", "微信"),
    "consultant": (
        "置业顾问", "销售顾问", "接待人员", "接待人", "接待顾问", "销售代表", "业务员", "跟进人", "售楼员", "销售员",
        "接听人", "接电人", "拓客人", "拓客人员",
    ),
    "channel": ("来访渠道", "来电渠道", "渠道", "途径", "来访途径", "获知途径", "信息来源", "认知途径"),
    "level": ("意向级别", "客户级别", "等级", "级别", "意向等级", "客户等级"),
    "category": ("客户类别", "类别"),
    "notes": ("接待内容", "来电内容", "跟进情况", "注释", "备注", "说明"),
    "purpose": ("来访目的", "来电目的", "目的"),
    "next_on": ("下次回访", "下次回访日期", "下次回访时间", "下次联系"),
    "project": ("项目名称", "项目"),
    "party_size": ("来访人数", "人数"),
    "referrer": ("介绍人", "老客户", "推荐人"),
    "method": ("拓客方式", "方式"),
    "wanted": ("意向户型", "拟购车型", "需求户型"),
    "ordered": ("现场订购",),
    "unit": ("房号", "房源", "单元"),
    "area": ("面积", "建筑面积"),
    "price": ("单价",),
    "amount": ("成交金额", "总价", "成交总价", "金额"),
    "subscribed_on": ("认购日期", "大定日期", "大定/认购日期", "大定", "成交日期"),
    "signed_on": ("签约日期",),
    "payment": ("付款方式",),
}  # fmt: skip
"""Field → headings, the more telling ones first."""

LABELS: Final[Mapping[ImportField, str]] = {field: words[0] for field, words in SYNONYMS.items()}
MANY: Final = frozenset({"phones", "notes"})
"""What several columns may say together."""

_brackets = re.compile(r"[(\[【][^)\]】]*[)\]】]").sub
_marks = re.compile(r"[\s*:_]").sub


def heading_of(cell: Cell) -> str:
    """A heading as it is compared: without white space, stars and colons."""
    return _marks("", unicodedata.normalize("NFKC", cell)).lower() if isinstance(cell, str) else ""


def _known() -> dict[str, list[tuple[int, ImportField]]]:
    found: dict[str, list[tuple[int, ImportField]]] = {}
    for field, words in SYNONYMS.items():
        for rank, word in enumerate(words):
            found.setdefault(heading_of(word), []).append((rank, field))
    return found


_KNOWN: Final = _known()


def meanings(heading: str) -> list[tuple[int, ImportField]]:
    """What a heading may mean, each with its rank among the synonyms; what stands in brackets is tried without."""
    return _KNOWN.get(heading) or _KNOWN.get(_brackets("", heading)) or []


def in_ten_thousands(heading: str) -> bool:
    """Whether amounts below it are 万元."""
    return TEN_THOUSAND in heading
