"""Feishu group robots (飞书自定义机器人).

hazards.md#signatures-of-robots: `timestamp` (seconds) and `sign = base64(HMAC-SHA256(key="{ts}\\n{secret}",
message=""))` stand in the body; the answer has `code` (older robots: `StatusCode`); 100 messages a minute and
5 a second from a robot; a body of at most 20 KB. These robots mention by open id or user id, not by number:
somebody who is enrolled with a number is named in words.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.notifier.channels.contact import national_mobile
from services.notifier.channels.limits import Limit
from services.notifier.channels.provider_verdict import Reason, whole
from services.notifier.channels.robot import BoundedRobot, Codes, masked, plain, text_of, title_of
from services.notifier.channels.truncation import cut
from services.notifier.model.alert import RenderedMessage
from shared.platform.text.plain import one_line

LONGEST_TITLE = 200
_MINUTE = timedelta(minutes=1)
# Not "limit" alone: a body beyond a limit of size is the content.
_TOO_MANY = ("too many request", "frequen", "rate limit", "频", "限流")


class FeishuRobot(BoundedRobot):
    """Rich text (`post`), or plain text, with the person mentioned by id."""

    provider = "feishu"
    contact = "feishu"
    limits = (Limit(5, timedelta(seconds=1)), Limit(100, _MINUTE))
    codes = Codes(
        too_fast={11232: _MINUTE, 99991400: _MINUTE},
        meanings={
            9499: Reason.CONTENT,
            19001: Reason.RECEIVER,
            19002: Reason.CONTENT,
            19021: Reason.SIGNATURE,
            19022: Reason.ADDRESS,
            19024: Reason.KEYWORD,
        },
    )

    def whole(self, notice: RenderedMessage, destination: str) -> tuple[Callable[[str], bytes], str]:
        signed = self._signature()
        user = None if national_mobile(destination) else destination
        name = cut(one_line(notice.to.name or notice.to.staff), LONGEST_TITLE)
        build = _post if self._form == "rich" else _text

        def whole_body(said: str) -> bytes:
            body = {**signed, **build(notice, said, user, name)}
            return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

        return whole_body, text_of(notice) if self._form == "rich" else plain(notice)

    def target(self) -> str:
        return f"/open-apis/bot/v2/hook/{self._access.token}"

    def result(self, body: dict[str, Any]) -> tuple[int | None, str]:
        code = body.get("code", body.get("StatusCode"))
        return whole(code), str(body.get("msg", body.get("StatusMessage", "")))

    def too_fast(self, code: int, words: str) -> timedelta | None:
        """9499 is a body that was not understood, and the limit of the gateway before the robots."""
        if code == 9499 and any(sign in words.lower() for sign in _TOO_MANY):
            return _MINUTE
        return super().too_fast(code, words)

    def _signature(self) -> dict[str, str]:
        if self._access.secret is None:
            return {}
        at = int(self._clock.now().timestamp())
        return {"timestamp": str(at), "sign": signature(self._access.secret, at)}


def signature(secret: str, at: int) -> str:
    """The `sign` of a body: the secret is part of the key, and nothing is the message."""
    return base64.b64encode(hmac.new(f"{at}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def _post(notice: RenderedMessage, text: str, user: str | None, name: str) -> dict[str, Any]:
    who = (
        {"tag": "at", "user_id": user}
        if user
        else {"tag": "text", "text": f"@{_inert(masked(name, notice))}"}
    )
    rows = [[who], *(_row(line, notice.link) for line in text.split("\n") if line.strip())]
    title = cut(title_of(notice), LONGEST_TITLE)
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": title, "content": rows}}}}


def _row(line: str, link: str) -> list[dict[str, str]]:
    """A line, in which the address that the message leads to can be pressed."""
    before, found, behind = line.partition(link) if link else (line, "", "")
    parts = [{"tag": "text", "text": before}] if before else []
    parts += [{"tag": "a", "text": found, "href": found}] if found else []
    return parts + ([{"tag": "text", "text": behind}] if behind else [])


def _text(notice: RenderedMessage, text: str, user: str | None, name: str) -> dict[str, Any]:
    # In plain text a mention is written as a tag: of a name that an office has entered, nothing may become one.
    said = _inert(text)
    who = f'<at user_id="{_attribute(user)}"></at>' if user else f"@{_inert(masked(name, notice))}"
    return {"msg_type": "text", "content": {"text": f"{who} {said}"}}


def _inert(text: str) -> str:
    return text.translate(str.maketrans("<>@", "＜＞＠"))


def _attribute(user: str) -> str:
    return "".join(character for character in user if character.isalnum() or character in "_-")
