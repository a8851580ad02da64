"""The chat robots' side: address, signature, size and pace are checked; a refusal is a code inside of HTTP 200.

What they check and answer is what the providers publish. A message is kept as its reader sees it: Markdown as plain
lines, a mention by number with the middle of the number hidden.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from deploy.demo.providers import signs
from deploy.demo.providers.message import (
    DeliveredMessage,
    ProviderRefusal,
    ProviderRequest,
    paragraphs,
    reached,
)
from deploy.demo.scenario.office import ZONE
from shared.contract.contacts import mask_contact

_HOUR = 3600.0


@dataclass
class RateWindow:
    """At most so many calls in so many seconds of the machine's time; a call too many is not counted."""

    count: int
    seconds: float
    _calls: deque[float] = field(default_factory=deque)

    def passes(self) -> bool:
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - self.seconds:
            self._calls.popleft()
        if len(self._calls) >= self.count:
            return False
        self._calls.append(now)
        return True


class DemoRobot(ABC):
    """A robot of a group; `absent` is a day of the office on which somebody has removed it from the group."""

    channel: ClassVar[str]
    answer: ClassVar[Mapping[str, Any]] = {"errcode": 0, "errmsg": "ok"}

    def __init__(
        self, token: str, secret: str, paces: tuple[RateWindow, ...], absent: date | None = None
    ) -> None:
        self.token = token
        self.secret = secret
        self.paces = paces
        self.absent = absent

    @abstractmethod
    def hears(self, path: str) -> bool:
        """Whether a call to this path is for this robot."""

    def take(self, call: ProviderRequest, now: datetime) -> DeliveredMessage | ProviderRefusal:
        """The message, or why not."""
        body = json.loads(call.body)
        if self.absent == now.astimezone(ZONE).date():
            return self.refused(*self.gone)
        wrong = self.wrong(call, body)
        if wrong is None and not all(pace.passes() for pace in self.paces):
            wrong = self.too_fast
        return self.read(body, now) if wrong is None else self.refused(*wrong)

    gone: ClassVar[tuple[int, str]]
    too_fast: ClassVar[tuple[int, str]]

    @abstractmethod
    def wrong(self, call: ProviderRequest, body: Mapping[str, Any]) -> tuple[int, str] | None:
        """The code and words of what is wrong with a call."""

    @abstractmethod
    def read(self, body: Mapping[str, Any], now: datetime) -> DeliveredMessage:
        """The message as the group sees it."""

    def refused(self, code: int, words: str) -> ProviderRefusal:
        return ProviderRefusal(str(code), words, {"errcode": code, "errmsg": words})


class DingTalk(DemoRobot):
    """钉钉: Markdown that mentions by mobile number, signed in the address."""

    channel = "dingtalk"
    gone = (300005, "token is not exist")
    too_fast = (130101, "send too fast, exceed 20 times per minute")

    def hears(self, path: str) -> bool:
        return path == "/robot/send"

    def wrong(self, call: ProviderRequest, body: Mapping[str, Any]) -> tuple[int, str] | None:
        if call.query.get("access_token") != self.token:
            return self.gone
        at = int(call.query.get("timestamp", "0"))
        if abs(time.time() - at / 1000) > _HOUR:
            return 310000, "invalid timestamp"
        if call.query.get("sign") != signs.dingtalk(self.secret, at):
            return 310000, "sign not match"
        return (460101, "message too long") if len(call.body) > 20_000 else None

    def read(self, body: Mapping[str, Any], now: datetime) -> DeliveredMessage:
        """Of a Markdown message the title is for the list of chats; in the chat its text is seen."""
        (mobile,) = body["at"]["atMobiles"]
        first, heading, *lines = paragraphs(body["markdown"]["text"])
        assert first == f"@{mobile}" and heading.startswith("### "), "the robot would mention nobody"
        to = reached(self.channel, mobile)
        return DeliveredMessage(
            now, self.channel, to, f"@{mask_contact(mobile)}", heading.removeprefix("### "), tuple(lines)
        )


class WeCom(DemoRobot):
    """企业微信: text that mentions by mobile number, Markdown that mentions by user id; the key is all."""

    channel = "wecom"
    gone = (93000, "invalid webhook url, hint: robot removed from the group")
    too_fast = (45009, "api freq out of limit")

    def hears(self, path: str) -> bool:
        return path == "/cgi-bin/webhook/send"

    def wrong(self, call: ProviderRequest, body: Mapping[str, Any]) -> tuple[int, str] | None:
        if call.query.get("key") != self.token:
            return self.gone
        kind = body["msgtype"]
        longest = {"text": 2048, "markdown": 4096}[kind]
        size = len(body[kind]["content"].encode())
        return None if 0 < size <= longest else (40058, f"{kind}.content exceed max length {longest}")

    def read(self, body: Mapping[str, Any], now: datetime) -> DeliveredMessage:
        content = paragraphs(body[body["msgtype"]]["content"])
        if body["msgtype"] == "text":
            (contact,) = body["text"]["mentioned_mobile_list"]
            mention = f"@{mask_contact(contact)}"
        else:
            contact = content[0].removeprefix("<@").removesuffix(">")
            mention, content = f"@{contact}", content[1:]
        return DeliveredMessage(
            now, self.channel, reached(self.channel, contact), mention, "", tuple(content)
        )


class Feishu(DemoRobot):
    """飞书: rich text that mentions by open id, signed in the body."""

    channel = "feishu"
    answer: ClassVar[Mapping[str, Any]] = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}}
    gone = (19001, "param invalid: incoming webhook access token invalid")
    too_fast = (11232, "frequency limited")

    def hears(self, path: str) -> bool:
        return path.startswith("/open-apis/bot/v2/hook/")

    def wrong(self, call: ProviderRequest, body: Mapping[str, Any]) -> tuple[int, str] | None:
        if call.path.rpartition("/")[2] != self.token:
            return self.gone
        at = int(body.get("timestamp", "0"))
        if body.get("sign") != signs.feishu(self.secret, at) or abs(time.time() - at) > _HOUR:
            return 19021, "sign match fail or timestamp is not within one hour from current time"
        return (9499, "Bad Request") if len(call.body) > 20 * 1024 else None

    def read(self, body: Mapping[str, Any], now: datetime) -> DeliveredMessage:
        post = body["content"]["post"]["zh_cn"]
        (who,), *rows = post["content"]
        to = reached(self.channel, who["user_id"])
        lines = tuple("".join(part["text"] for part in row) for row in rows)
        # The provider knows whose id it is; readers see the name.
        return DeliveredMessage(now, self.channel, to, f"@{who['user_id']}", post["title"], lines)

    def refused(self, code: int, words: str) -> ProviderRefusal:
        return ProviderRefusal(str(code), words, {"code": code, "msg": words, "data": {}})
