"""The providers' signatures, reckoned as they publish them and apart from what the senders do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

_PAIR = re.compile(r"(\w+)=([^,\s]+)")


class RequestHeaders(Protocol):
    """The headers of a request, by their names in lower case."""

    def __getitem__(self, name: str, /) -> str: ...
    def get(self, name: str, default: str, /) -> str: ...


def dingtalk(secret: str, at_ms: int) -> str:
    """`sign` as it arrives, decoded from the query."""
    text = str(at_ms) + "\n" + secret
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()


def feishu(secret: str, at: int) -> str:
    """`sign` of a body: time and secret are the key."""
    return base64.b64encode(hmac.digest(f"{at}\n{secret}".encode(), b"", "sha256")).decode()


def aliyun(
    headers: RequestHeaders, query: Mapping[str, str], body: bytes, key_id: str, key_secret: str
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
    whole = headers.get("x-acs-content-sha256", "") == payload and {"host", "x-acs-date"} <= set(signed)
    return None if whole and hmac.compare_digest(right, pairs["Signature"]) else "SignatureDoesNotMatch"
