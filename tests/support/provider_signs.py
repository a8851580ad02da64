"""The providers' signatures, reckoned as they publish them and apart from what the senders do: the demonstration's,
and Tencent's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from email.message import Message

from deploy.demo.providers.signs import aliyun, dingtalk, feishu

__all__ = ["aliyun", "dingtalk", "feishu", "tencent", "webhook"]

_PAIR = re.compile(r"(\w+)=([^,\s]+)")


def tencent(headers: Message, body: bytes, key_id: str, key_secret: str) -> str | None:
    """The error code of a request that is not signed by this key, by signature TC3-HMAC-SHA256."""
    pairs = dict(_PAIR.findall(headers.get("authorization", "")))
    at = int(headers["X-TC-Timestamp"])
    date = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/sms/tc3_request"
    if pairs.get("Credential") != f"{key_id}/{scope}":
        return "AuthFailure.SecretIdNotFound"
    told = f"content-type:{headers['content-type']}\nhost:{headers['host']}\n"
    canonical = f"POST\n/\n\n{told}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    text = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{key_secret}".encode()
    for part in (date, "sms", "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    right = hmac.new(key, text.encode(), "sha256").hexdigest()
    return None if hmac.compare_digest(right, pairs["Signature"]) else "AuthFailure.SignatureFailure"


def webhook(headers: Message, body: bytes, secret: str) -> bool:
    """Whether a call is signed by this key, as Standard Webhooks has it."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    right = f"v1,{base64.b64encode(digest).decode()}"
    near = abs(datetime.now(UTC).timestamp() - int(headers["webhook-timestamp"])) < 300
    return near and any(hmac.compare_digest(one, right) for one in headers["webhook-signature"].split())
