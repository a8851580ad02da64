"""DingTalk group robots (钉钉自定义机器人).

hazards.md#signatures-of-robots: `sign = urlencode(base64(HMAC-SHA256(secret, "{ts_ms}\\n{secret}")))`, encoded
once; the answer is HTTP 200 with `errcode`; 20 messages a minute from a robot, and who sends more is shut out
for ten minutes. A mention needs the number both in the list and in the text.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from services.notifier.channels.contact import national_mobile
from services.notifier.channels.limits import Limit
from services.notifier.channels.provider_verdict import Meaning, Reason, whole
from services.notifier.channels.robot import BoundedRobot, Codes, linked, plain, text_of, title_of
from services.notifier.channels.truncation import cut
from services.notifier.model.alert import RenderedMessage

LONGEST_TITLE = 200
_SHUT_OUT = timedelta(minutes=10)
_BUSY = timedelta(seconds=5)
_NO_MATCH = ("not match", "不匹配")
# A clock that is off, here or there: the next try, with a signature of its own, may be right.
_TOO_OLD = ("timestamp", "expired", "过期", "时间戳")
# Of a name that an office has entered, nothing may become a link, a mention or a heading.
_INERT = str.maketrans("[]<>*_`#@!\\", "［］＜＞＊＿｀＃＠！＼")


class DingTalkRobot(BoundedRobot):
    """Markdown, or plain text, with the person mentioned by mobile number (else by user id)."""

    provider = "dingtalk"
    contact = "dingtalk"
    limits = (Limit(20, timedelta(minutes=1)),)
    codes = Codes(
        too_fast={130101: _SHUT_OUT, 410100: _SHUT_OUT},
        meanings={
            -1: _BUSY,
            40035: Reason.CONTENT,
            43004: Reason.CONTENT,
            300001: Reason.RECEIVER,
            300005: Reason.RECEIVER,
            310000: Reason.SIGNATURE,
            400013: Reason.RECEIVER,
            400101: Reason.RECEIVER,
            400102: Reason.RECEIVER,
            400105: Reason.CONTENT,
            400106: Reason.RECEIVER,
            430101: Reason.CONTENT,
            430102: Reason.CONTENT,
            430103: Reason.CONTENT,
            430104: Reason.CONTENT,
            460101: Reason.CONTENT,
        },
    )

    def whole(self, notice: RenderedMessage, destination: str) -> tuple[Callable[[str], bytes], str]:
        mobile = national_mobile(destination)
        at = {"atMobiles": [mobile]} if mobile else {"atUserIds": [destination]}
        mention = f"@{mobile or destination.translate(_INERT)}"
        build = self._markdown if self._form == "rich" else self._text
        text = _markdown_of(notice) if self._form == "rich" else plain(notice)

        def whole_body(said: str) -> bytes:
            body = {**build(notice, f"{mention}\n\n{said}"), "at": {**at, "isAtAll": False}}
            return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

        return whole_body, text

    def target(self) -> str:
        query = f"access_token={self._access.token}"
        if self._access.secret is not None:
            at = int(self._clock.now().timestamp() * 1000)
            query += f"&timestamp={at}&sign={signature(self._access.secret, at)}"
        return f"/robot/send?{query}"

    def result(self, body: dict[str, Any]) -> tuple[int | None, str]:
        return whole(body.get("errcode")), str(body.get("errmsg", ""))

    def refined(self, code: int, words: str) -> Meaning | None:
        """310000 is the one code of all that the robot's security settings may refuse."""
        if code != 310000:
            return None
        said = words.lower()
        if "keyword" in said or "关键词" in said:
            return Reason.KEYWORD
        if "whitelist" in said or "白名单" in said or " ip" in f" {said}":
            return Reason.ADDRESS
        # The words of a signature that does not match speak of the timestamp too.
        if not any(sign in said for sign in _NO_MATCH) and any(sign in said for sign in _TOO_OLD):
            return _BUSY
        return Reason.SIGNATURE

    @staticmethod
    def _markdown(notice: RenderedMessage, text: str) -> dict[str, Any]:
        title = cut(title_of(notice).translate(_INERT), LONGEST_TITLE)
        return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}

    @staticmethod
    def _text(notice: RenderedMessage, text: str) -> dict[str, Any]:
        return {"msgtype": "text", "text": {"content": text}}


def signature(secret: str, at_ms: int) -> str:
    """The `sign` of a call, ready for the query."""
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(base64.b64encode(digest))


def _markdown_of(notice: RenderedMessage) -> str:
    """The message in DingTalk's Markdown, where only an empty line begins a new one."""
    parts = (title_of(notice), *text_of(notice).split("\n"))
    subject, *lines = (part.translate(_INERT) for part in parts if part.strip())
    return "\n\n".join((f"### {subject}", *(linked(line, notice) for line in lines)))
