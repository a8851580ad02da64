"""Alerts to a receiver over HTTP, signed as Standard Webhooks says (headers webhook-id, -timestamp and
-signature).

`webhook-id` is the alert's id: a receiver that keeps the ids which it has seen takes each alert once, also
when the answer to the first call was lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import httpx
from standardwebhooks.webhooks import Webhook

from services.notifier.alert import Item, Notice, NoticeKind, Person
from services.notifier.channels import LONGEST_ANSWER, NoAnswer, Refused, Temporary
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.outcome import Later, TryLater, by_status

# What another attempt will not change. Anything else that is not 2xx is tried again, also 401 and 404:
# receivers are moved and secrets are changed, and an alert should outlive that.
_FINAL = frozenset({400, 405, 410, 413, 414, 415, 422, 501})


_TYPES: Mapping[NoticeKind, str] = {
    "reminder": "claim.expiring",
    "lapsed": "claim.lapsed",
    "event": "claim.changed",
    "digest": "claims.digest",
    "test": "test",
}


class WebhookChannel:
    """Calls one receiver, which passes alerts on to people."""

    after_crash: Literal["resend"] = "resend"

    def __init__(
        self, url: str, secret: str, policy: AddressPolicy, timeout: float, name: str = "webhook"
    ) -> None:
        self.name = name
        self.timeout = timeout
        self._policy = policy
        self._receiver = policy.check(url)
        self._signer = Webhook(secret)
        # No proxy from the environment, no redirects: the call goes where the policy has looked, or nowhere.
        self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)

    def destination(self, person: Person) -> str | None:
        receiver = self._receiver
        return f"{receiver.scheme}://{receiver.host}:{receiver.port}#{person.staff}"

    async def send(self, notice: Notice, destination: str) -> str:
        address = await self._policy.resolve(self._receiver)
        try:
            return await self._call(address, notice)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Temporary(f"not reached: {error}") from error
        except httpx.TransportError as error:
            raise NoAnswer(f"no answer: {type(error).__name__} {error}") from error

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, address: str, notice: Notice) -> str:
        receiver = self._receiver
        body = payload(notice)
        url = httpx.URL(
            scheme=receiver.scheme, host=address, port=receiver.port, raw_path=receiver.target.encode()
        )
        headers = signed_headers(self._signer, str(notice.id), datetime.now(UTC), body)
        headers["host"] = f"{receiver.host}:{receiver.port}"
        if notice.traceparent is not None:
            headers["traceparent"] = notice.traceparent
        extensions = {"sni_hostname": receiver.host}
        request = self._client.build_request(
            "POST", url, content=body, headers=headers, extensions=extensions
        )
        response = await self._client.send(request, stream=True)
        try:
            return _read(
                response.status_code, await _beginning(response), response.headers.get("retry-after")
            )
        finally:
            await response.aclose()


def signed_headers(signer: Webhook, message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of Standard Webhooks; `at` is machine time in UTC (the library takes the zone for
    granted)."""
    moment = at.astimezone(UTC)
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "panke-notifier",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signer.sign(message_id, moment, body),
    }


def payload(notice: Notice) -> str:
    """The body: Standard Webhooks' `type`, `timestamp` and `data`; no name or phone of a customer is in
    it."""
    words = notice.words
    data: dict[str, object] = {
        "alert": str(notice.id),
        "scope": notice.scope,
        "customer": notice.customer,
        "case": notice.case,
        "step": notice.rung.value,
        "audience": notice.audience.value,
        "to": notice.to.staff,
        "owner": notice.owner,
        "due_at": _text(notice.due_at),
        "deadline": _text(notice.deadline),
        "known_at": None if notice.known_at is None else _text(notice.known_at),
        "behind": notice.behind,
        "zh": {"subject": words.subject_zh, "text": words.body_zh},
        "en": {"subject": words.subject_en, "text": words.body_en},
        "language": words.language.value,
    }
    if notice.items:
        data["items"] = [_item(one) for one in notice.items]
    body = {"type": _TYPES[notice.kind], "timestamp": _text(notice.composed_at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _item(item: Item) -> dict[str, object]:
    return {
        "alert": str(item.alert),
        "customer": item.customer,
        "case": item.case,
        "step": item.rung.value,
        "audience": item.audience.value,
        "owner": item.owner,
        "deadline": _text(item.deadline),
    }


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read(status: int, said: str, retry_after: str | None = None) -> str:
    answer = f"{status} {said}".strip()
    if 200 <= status < 300:
        return answer
    if 300 <= status < 400 or status in _FINAL:
        raise Refused(answer)
    if retry_after is not None:
        reading = by_status(503, retry_after, answer)
        assert isinstance(reading, Later)
        raise TryLater(answer, reading.wait)
    raise Temporary(answer)


async def _beginning(response: httpx.Response) -> str:
    """As much of an answer as is stored; the rest is not waited for."""
    read = b""
    async for part in response.aiter_bytes():
        read += part
        if len(read) >= LONGEST_ANSWER:
            break
    return read[:LONGEST_ANSWER].decode("utf-8", "replace")
