"""What offices write in cells: marks, answers, and the words for closed lists of the contract (imports.md#cells)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DITTO: Final = frozenset({"同上", "上同", "〃", "″", "″″", '"', '""', "''", "'", "”", "“", "ditto"})
NOTHING: Final = frozenset({"", "无", "没有", "暂无", "-", "--", "—", "——", "/", "\\", "n/a", "×", "x"})
YES: Final = frozenset({"√", "v", "✓", "✔", "☑", "是", "有", "y", "yes", "1", "true"})
CATEGORIES: Final[Mapping[str, str]] = {
    "准客户": "prospect", "意向客户": "interested", "优质潜在客户": "promising", "一般潜在客户": "general",
}  # fmt: skip
METHODS: Final[Mapping[str, str]] = {
    "短信": "sms", "群发": "sms", "sms": "sms", "外拓": "field", "外出拓客": "field", "派单": "field", "拓客": "field",
    "实地": "field", "field": "field", "网络": "web", "网络拓客": "web", "网上": "web", "微信": "web", "web": "web",
}  # fmt: skip
AFTERNOON: Final = ("下午", "晚上", "pm")
COUNTED: Final = ("人", "位")
YUAN: Final = "元"
TEN_THOUSAND: Final = "万"
