"""What offices write in cells: marks, answers, and the words for closed lists of the contract (imports.md#cells)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

DITTO: Final = frozenset({"同上", "上同", "〃", "″", "″″", '"', '""', "''", "'", "”", "“", "ditto"})
NOTHING: Final = frozenset({"", "无", "没有", "暂无", "-", "--", "—", "——", "/", "\\", "n/a", "×", "x"})
NO_PHONE: Final = frozenset({
    "拒留", "没留", "未留", "不留", "拒绝", "拒绝留", "没有留", "不愿留", "未提供", "不提供", "拒绝提供", "没留电话",
    "未留电话", "不留电话", "拒留电话", "无电话", "没电话", "没有电话", "不肯留", "未登记",
})  # fmt: skip
"""What is written where a customer left no number."""
BESIDE_PHONES: Final = frozenset({
    "本人", "机主", "自己", "微信", "微信号", "微信同号", "同微信", "微信同步", "加微信", "已加微信", "同号", "短信",
    "妻", "妻子", "夫", "丈夫", "老公", "老婆", "爱人", "配偶", "太太", "先生", "父", "父亲", "爸爸", "母", "母亲",
    "妈妈", "儿", "儿子", "女", "女儿", "子", "兄", "哥", "哥哥", "弟", "弟弟", "姐", "姐姐", "妹", "妹妹",
    "家", "家人", "家属", "家里", "宅", "宅电", "住宅", "单位", "办公", "办公室", "公司", "朋友", "同事", "亲戚",
    "常用", "备用", "主", "副", "座机", "新", "旧", "男", "女士",
})  # fmt: skip
"""Whose or what a number is, beside it: no other name."""
SURNAMES: Final = (
    "小老王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏锺钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
"""What a name of a second customer begins with."""
YES: Final = frozenset({"√", "v", "✓", "✔", "☑", "是", "有", "y", "yes", "1", "true"})
CATEGORIES: Final[Mapping[str, str]] = {
    "准客户": "prospect", "意向客户": "interested", "优质潜在客户": "promising", "一般潜在客户": "general",
}  # fmt: skip
METHODS: Final[Mapping[str, str]] = {
    "短信": "sms", "群发": "sms", "sms": "sms", "外拓": "field", "外出拓客": "field", "派单": "field", "拓客": "field",
    "实地": "field", "field": "field", "网络": "web", "网络拓客": "web", "网上": "web", "微信": "web", "web": "web",
}  # fmt: skip
NUMBERS: Final = frozenset({"序号", "编号", "序", "号", "no", "no.", "№"})
"""Headings of columns that are numbered beforehand."""
COUNTED: Final = ("人", "位", "个", "口")
SIZES: Final[Mapping[str, int]] = {
    "一": 1, "二": 2, "两": 2, "俩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
YUAN: Final = "元"
TEN_THOUSAND: Final = "万"


def tidy(text: str) -> str:
    """As it is compared: compatibility form, lower case, no white space around."""
    return unicodedata.normalize("NFKC", text).strip().lower()
