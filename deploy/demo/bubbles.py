"""Messages as their readers see them: a chat's bubble with its mention, an SMS with its signature, a mail."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from deploy.demo.conversations import Conversation
from deploy.demo.providers.mail import SENDER
from deploy.demo.providers.message import DeliveredMessage
from deploy.demo.scenario.office import NAMES, ZONE
from shared.i18n import Text as Wording
from shared.i18n import translated

GROUP = "演示花园案场"
_INDENT = 2
_WEEKDAYS = "一二三四五六日"
# A word or a Chinese character, with the marks that close it: no line begins with one of those.
_UNIT = re.compile(r"(?:[\x21-\x7e]+|\S)[，。；：？！、）】」》”…％]*|\s+")


@dataclass(frozen=True)
class Look:
    """How a channel is called and coloured, and from whom its messages come."""

    zh: str
    en: str
    sender: str
    colour: str

    @property
    def name(self) -> str:
        return f"{self.zh} {self.en}"


LOOKS = {
    "dingtalk": Look("钉钉", "DingTalk", "判客提醒（机器人 robot）", "bright_blue"),
    "wecom": Look("企业微信", "WeCom", "判客提醒（机器人 robot）", "green"),
    "feishu": Look("飞书", "Feishu", "判客提醒（机器人 robot）", "cyan"),
    "aliyun-sms": Look("短信", "SMS", "1069 0000（演示）", "yellow"),
    "email": Look("邮件", "mail", SENDER, "magenta"),
    "webhook": Look("签名回调", "webhook", "判客 Panke", "white"),
}
_ROBOTS = ("dingtalk", "wecom", "feishu")


def bubble(one: Conversation, width: int) -> Group:
    """A message under a line that says when and where it came, and above one that says if it was refused before."""
    message = one.message
    look = LOOKS[message.channel]
    inside = _mail(message) if message.channel == "email" else _chat(message)
    text = Text("\n").join(_lines(inside, width - 4))
    panel = Panel(text, title=Text(look.sender), title_align="left", border_style=look.colour, width=width)
    parts: list[RenderableType] = [_head(one, look), panel]
    if one.instead_of is not None:
        refused = LOOKS[one.instead_of[0]]
        other = translated(
            "{refused} refused it, so it went by {taken}",
            refused=Wording(refused.zh, refused.en), taken=Wording(look.zh, look.en),
        )  # fmt: skip
        said = f"↪ {other.beside}: "
        parts.append(Text("\n".join(wrapped(said + one.instead_of[1], width)), "dim"))
    return Group(*(Padding(part, (0, 0, 0, _INDENT)) for part in parts), "")


def transcript(conversations: Iterable[Conversation], width: int = 104) -> str:
    """All of them as plain text, for a file; as wide as the address of a report is long."""
    out = io.StringIO()
    console = Console(file=out, width=width + _INDENT, highlight=False)
    for one in conversations:
        console.print(bubble(one, width))
    return "\n".join(told.rstrip() for told in out.getvalue().splitlines()) + "\n"


def line(message: DeliveredMessage) -> Text:
    """The message in one line, while the office lives."""
    look = LOOKS[message.channel]
    when = local(message.at)
    to = named(message.to)
    text = Text(f"  {when:%m-%d %H:%M}  ")
    text.append(_padded(look.zh, 8), look.colour)
    text.append(f"  → {_padded(to, 6)}  ")
    return text.append(message.headline, "dim")


def named(staff: str) -> str:
    """A name without the mark, where there is little room."""
    return NAMES[staff].removesuffix("（演示）")


def local(at: datetime) -> datetime:
    return at.astimezone(ZONE)


def _head(one: Conversation, look: Look) -> Text:
    message = one.message
    at = local(message.at)
    head = Text(f"{at.month}月{at.day}日 周{_WEEKDAYS[at.weekday()]} {at:%H:%M}  ")
    head.append(look.name, f"bold {look.colour}")
    if message.channel in _ROBOTS:
        head.append(f" · 群 group「{GROUP}」")
    else:
        number = f"{message.mention} " if message.channel == "aliyun-sms" else ""
        head.append(f" → {number}{NAMES[message.to]}")
    if one.several:
        head.append(f"  ({len(one.alerts)} 条合一 in one)", "dim")
    return head


def _chat(message: DeliveredMessage) -> Iterator[tuple[str, str]]:
    """The lines of a bubble, each with its style; who is mentioned stands first."""
    if message.channel in _ROBOTS:
        shown = message.mention if "*" in message.mention else f"@{NAMES[message.to]}"
        yield (f"{shown} {named(message.to)}" if "*" in message.mention else shown), "bold blue"
    if message.title:
        yield message.title, "bold"
    yield from ((line, "") for line in message.lines)


def _mail(message: DeliveredMessage) -> Iterator[tuple[str, str]]:
    yield f"收件人 To: {message.mention}", "dim"
    yield f"主题 Subject: {message.title}", "bold"
    yield "", ""
    yield from ((line, "") for line in message.lines)


def _lines(inside: Iterator[tuple[str, str]], width: int) -> Iterator[Text]:
    for text, style in inside:
        for part in wrapped(text, width):
            yield Text(part, style)


def wrapped(text: str, width: int) -> Iterator[str]:
    """The text in lines of so many cells: Chinese breaks anywhere but before what closes, other words stay whole."""
    line, used = "", 0
    for unit in _UNIT.findall(text):
        cells = cell_len(unit)
        if line and used + cells > width and not unit.isspace():
            yield line.rstrip()
            line, used = "", 0
        line, used = line + unit, used + cells
    yield line.rstrip()


def _padded(text: str, cells: int) -> str:
    return text + " " * max(cells - cell_len(text), 0)
