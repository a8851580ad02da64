"""The providers' signatures, reckoned as they publish them and apart from what the senders do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import quote

_PAIR = re.compile(r"(\w+)=([^,\s]+)")


def dingtalk(secret: str, at_ms: int) -> str:
    """`sign` as it arrives, decoded from the query."""
    text = str(at_ms) + "\n" + secret
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()


def feishu(secret: str, at: int) -> str:
    """`sign` of a body: time and secret are the key."""
    return base64.b64encode(hmac.digest(f"{at}\n{secret}".encode(), b"", "sha256")).decode()


def aliyun(
    headers: Message, query: Mapping[str, str], body: bytes, key_id: str, key_secret: str
) -> str | None:
    """The error code of a request that is not signed by this key, by signature version 3."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    pairs = dict(_PAIR.findall(rest))
    if scheme != "ACS3-HMAC-SHA256" or pairs.get("Credential") != key_id:
        return "InvalidAccessKeyId.NotFound"
    payload = hashlib.sha256(body).hexdigest()
    signed = pairs["SignedHeaders"].split(";")
    said = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    told = "".join(f"{name}:{headers[name].strip()}\n" for name in signed)
    canonical = f"POST\n/\n{said}\n{told}\n{';'.join(signed)}\n{payload}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    right = hmac.new(key_secret.encode(), text.encode(), "sha256").hexdigest()
    whole = headers.get("x-acs-content-sha256") == payload and {"host", "x-acs-date"} <= set(signed)
    return None if whole and hmac.compare_digest(right, pairs["Signature"]) else "SignatureDoesNotMatch"


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
