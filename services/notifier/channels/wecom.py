"""WeCom group robots (企业微信群机器人).

hazards.md#signatures-of-robots: no signature, the key is all; text of at most 2048 bytes with a list of mobile
numbers to mention, Markdown of at most 4096 bytes, which cannot mention by number; the answer is HTTP 200
with `errcode`; 20 messages a minute from a robot. An alert is for one person, so it goes as text.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from services.notifier.channels.contact import national_mobile
from services.notifier.channels.limits import Limit
from services.notifier.channels.provider_verdict import Reason, whole
from services.notifier.channels.robot import Codes, Robot, linked, plain
from services.notifier.channels.truncation import cut
from services.notifier.model.alert import RenderedMessage

LONGEST_TEXT = 2048
LONGEST_MARKDOWN = 4096
_MINUTE = timedelta(minutes=1)
_BUSY = timedelta(seconds=5)
_BRACKETS = str.maketrans("<>[]", "＜＞［］")
_MARKUP = str.maketrans("<>[]*`#_", "＜＞［］＊｀＃＿")


class WeComRobot(Robot):
    """Text with the person mentioned by mobile number; with a user id, Markdown can mention too."""

    provider = "wecom"
    contact = "wecom"
    limits = (Limit(20, _MINUTE),)
    codes = Codes(
        too_fast={45009: _MINUTE, 45033: _BUSY},
        meanings={
            -1: _BUSY,
            40008: Reason.CONTENT,
            40058: Reason.CONTENT,
            44004: Reason.CONTENT,
            45002: Reason.CONTENT,
            60020: Reason.ADDRESS,
            93000: Reason.RECEIVER,
        },
    )

    def fits(self, notice: RenderedMessage, destination: str) -> bool:
        text, limit = self._content(notice, destination)
        return len(text.encode("utf-8", "replace")) <= limit

    def message(self, notice: RenderedMessage, destination: str) -> bytes:
        mobile = national_mobile(destination)
        text, limit = self._content(notice, destination)
        if self._form == "rich" and mobile is None:
            body: dict[str, Any] = {"msgtype": "markdown", "markdown": {"content": cut(text, limit)}}
        else:
            mentioned = {"mentioned_mobile_list": [mobile]} if mobile else {"mentioned_list": [destination]}
            body = {"msgtype": "text", "text": {"content": cut(text, limit), **mentioned}}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    def _content(self, notice: RenderedMessage, destination: str) -> tuple[str, int]:
        """The whole text, and how many bytes of it the provider takes."""
        if self._form == "rich" and national_mobile(destination) is None:
            return (
                f"<@{destination.translate(_BRACKETS)}>\n{linked(_inert(plain(notice)), notice)}",
                LONGEST_MARKDOWN,
            )
        return plain(notice), LONGEST_TEXT

    def target(self) -> str:
        return f"/cgi-bin/webhook/send?key={self._access.token}"

    def result(self, body: dict[str, Any]) -> tuple[int | None, str]:
        return whole(body.get("errcode")), str(body.get("errmsg", ""))


def _inert(text: str) -> str:
    """Of a name that an office has entered, nothing may become a mention, a link or a colour."""
    return text.translate(_MARKUP)
