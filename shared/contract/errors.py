"""The one error of the contract: it names the field by its path and the rule that the field broke.

Messages never repeat the value that was refused: a value may be a phone number, and messages reach logs.
"""

from typing import Final

RULES: Final[dict[str, tuple[str, str]]] = {
    "json": ("不是合法的 JSON{place}", "is not well-formed JSON{place}"),
    "encoding": ("不是合法的 UTF-8，或带有 BOM", "is not UTF-8, or begins with a byte order mark"),
    "empty": ("内容为空", "is empty"),
    "too_large": ("超过 {limit} 字节", "is larger than {limit} bytes"),
    "depth": ("嵌套超过 {limit} 层", "is nested deeper than {limit} levels"),
    "duplicate_key": ("字段重复出现", "is given twice"),
    "null": ("不接受 null；没有内容时请省略该字段", "must not be null; leave the field out instead"),
    "required": ("缺少此项", "is required"),
    "unknown_field": ("没有这个字段", "is not a field of this event"),
    "unknown_type": ("没有这种事件类型", "is not an event type of the contract"),
    "type": ("类型应为 {expected}", "must be of type {expected}"),
    "pattern": ("格式不符：{expected}", "does not match {expected}"),
    "one_of": ("应为 {expected} 之一", "must be one of {expected}"),
    "length": ("长度应 {limit}", "must have a length {limit}"),
    "range": ("数值应 {limit}", "must be {limit}"),
    "number": (
        "数字太大或写法不对，无法表示；请写成普通的整数或小数",
        "is a number too large to be held; write it as a plain whole number or decimal",
    ),
    "plus": (
        "时间中的 + 在网址里会变成空格：请写成 %2B，例如 2026-03-01T10:00:00%2B08:00",
        "has a space where the offset begins: write + as %2B in an address, as in 2026-03-01T10:00:00%2B08:00",
    ),
    "blank": ("不能为空白；没有内容时请省略该字段", "must not be blank; leave the field out instead"),
    "padded": ("前后不能有空白", "must not begin or end with white space"),
    "control": ("含有控制字符", "contains a control character"),
    "instant": (
        "应为带时区的 RFC 3339 时间，小数最多 6 位，年份 2000–2100",
        "must be an RFC 3339 time with an offset, at most 6 decimals, no leap second, years 2000 to 2100",
    ),
    "utc": ("应为 UTC 时间", "must be in UTC"),
    "date": ("应为 2000–2100 年间的日期 YYYY-MM-DD", "must be a date YYYY-MM-DD in the years 2000 to 2100"),
    "future": ("比登记时间晚 5 分钟以上", "is more than 5 minutes after the time of recording"),
    "stamped": ("由接收服务填写，不可自带", "is stamped by intake and must not be given"),
    "carried_type": ("只有来访、来电、拓客登记可以结转", "is only for registrations (visit, call, outreach)"),
    "carried_import": ("结转登记只能经导入接口", "is accepted only through an import"),
    "id": (
        "编号应为 1–64 个字母、数字或 . _ : @ -，不能有空白或看不见的字符",
        "must be an id of 1 to 64 letters, digits or . _ : @ -, without white space or invisible characters",
    ),
    "phone": ("不是有效的电话号码", "is not a valid phone number"),
    "phone_length": (
        "手机号应为 11 位，多一位或少一位都不是这位客户",
        "is a mobile number with a digit too many or too few; it has 11",
    ),
    "phone_area": (
        "缺少区号：请写成 010-88886666",
        "lacks its area code; write it as 010-88886666",
    ),
    "phone_several": (
        "一栏只能填一个号码，请把每个号码分开填写",
        "holds more than one number; give each an entry of its own",
    ),
    "phone_beside": (
        "号码旁边不能有其他内容，分机请写作 转8001",
        "has something beside the number; only an extension may stand there, as in x8001",
    ),
    "wechat": (
        "微信号应为 2–64 个字母、数字或 _ - .，且至少有一个字母；没有时请留空",
        "is not a WeChat id: 2 to 64 of a-z 0-9 _ - . with a letter among them; leave it out where there is none",
    ),
    "masked": (
        "号码有遮挡，无法查询：请输入完整的电话或微信号",
        "has something left out and matches nobody; give the whole number or id",
    ),
    "blank_contact": ("请输入电话或微信号", "says nothing; give a phone number or a WeChat id"),
    "contact": ("需要电话或微信", "needs a phone or a WeChat id"),
    "shares": ("各份额之和应为 10000 基点", "must sum to 10000 basis points"),
    "repeated": ("不能重复", "must not name anyone twice"),
    "receiver": (
        "接待人自己不能是应得人",
        "is the receiver of that visit, who concealed it",
    ),
    "with_assist": ("仅在 capacity 为 assist 时填写", "is only for the capacity assist"),
}
"""Rule → how it is told, in Chinese and in English."""


class BadEvent(ValueError):  # noqa: N818 - the name by which integrators know it
    """An event that is not of the contract, named by path and rule."""

    def __init__(self, path: str, rule: str, message: str) -> None:
        super().__init__(path, rule, message)
        self.path = path
        self.rule = rule
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def bad(path: str, rule: str, **detail: object) -> BadEvent:
    """The error for `rule` at `path`, told in both languages."""
    zh, en = RULES[rule]
    return BadEvent(path, rule, f"{zh.format(**detail)} ({en.format(**detail)})")
