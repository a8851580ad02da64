"""Alerts to a receiver over HTTP, signed as Standard Webhooks says (headers webhook-id, -timestamp and
-signature).

`webhook-id` is the alert's id: a receiver that keeps the ids which it has seen takes each alert once, also
when the answer to the first call was lost.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from standardwebhooks.webhooks import Webhook

from services.notifier.channels import RefusedError, TemporaryError, composing
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.pinned_http import PinnedCaller, Reply
from services.notifier.channels.provider_verdict import (
    Reason,
    RetryLater,
    TryLaterError,
    by_status,
    presentable,
)
from services.notifier.model.alert import DigestLine, NoticeKind, Person, RenderedMessage
from shared.i18n import bilingual
from shared.platform.text.plain import lines, one_line

# What another attempt will not change, since the message is not accepted.
_FINAL = frozenset({400, 413, 414, 415, 422})
# A receiver that was switched off or takes no calls. Anything else that is not 2xx is tried again, also 401 and 404:
# receivers are moved and secrets are changed, and an alert should outlive that.
_OFF = frozenset({405, 410, 501})


# The bytes of a key that Standard Webhooks allows.
SHORTEST_KEY = 24
LONGEST_KEY = 64

_TYPES: Mapping[NoticeKind, str] = {
    "reminder": "claim.expiring",
    "lapsed": "claim.lapsed",
    "event": "claim.changed",
    "report": "report.made",
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
        self._receiver = policy.check(url)
        check_secret(secret)
        self._signer = Webhook(secret)
        self._secrets = (secret, secret.removeprefix("whsec_"))
        self._caller = PinnedCaller(policy, timeout)

    def destination(self, person: Person) -> str | None:
        receiver = self._receiver
        return f"{receiver.scheme}://{receiver.host}:{receiver.port}#{person.staff}"

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        with composing():
            body = payload(notice)
        headers = signed_headers(self._signer, str(notice.id), datetime.now(UTC), body)
        if notice.traceparent is not None:
            headers["traceparent"] = notice.traceparent
        reply = await self._caller.post(self._receiver, self._receiver.target, body.encode(), headers)
        return _read(reply, presentable(reply.text, self._secrets))

    async def close(self) -> None:
        await self._caller.close()


class SecretError(ValueError):
    """A secret that Standard Webhooks does not allow; the message does not repeat it."""


def check_secret(secret: str) -> None:
    """SecretError unless it is the base64 of 24 to 64 bytes, with or without `whsec_` before it.

    The library leaves out what is no base64, so that a password becomes a key of a byte or two: whoever tries
    all of those can sign in the receiver's name.
    """
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise SecretError(bilingual("not base64, with or without `whsec_` before it")) from None
    if len(encoded) % 4:  # the library takes a sign of padding that stands alone
        raise SecretError(bilingual("not base64, with or without `whsec_` before it"))
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise SecretError(
            bilingual(
                "a key of {count} bytes; it must have {shortest} to {longest}",
                count=len(key),
                shortest=SHORTEST_KEY,
                longest=LONGEST_KEY,
            )
        )


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


def payload(notice: RenderedMessage) -> str:
    """The body: Standard Webhooks' `type`, `timestamp` and `data`; no name or phone of a customer is in
    it."""
    words = notice.words
    (zh, en) = (
        {"subject": one_line(subject), "text": lines(text)}
        for subject, text in ((words.subject_zh, words.body_zh), (words.subject_en, words.body_en))
    )
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
        "zh": zh,
        "en": en,
        "language": words.language.value,
    }
    if notice.items:
        data["items"] = [_item(one) for one in notice.items]
    body = {"type": _TYPES[notice.kind], "timestamp": _text(notice.composed_at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _item(item: DigestLine) -> dict[str, object]:
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


def _read(reply: Reply, answer: str) -> str:
    if 200 <= reply.status < 300:
        return answer
    if 300 <= reply.status < 400:
        raise RefusedError(f"{answer} (redirects are not followed)", Reason.ADDRESS)
    if reply.status in _OFF:
        raise RefusedError(answer, Reason.RECEIVER)
    if reply.status in _FINAL:
        raise RefusedError(answer, Reason.CONTENT)
    if reply.retry_after is not None:
        reading = by_status(503, reply.retry_after, answer)
        assert isinstance(reading, RetryLater)
        raise TryLaterError(answer, reading.wait, everyone=True)
    raise TemporaryError(answer)
