"""What the other services say of a customer, asked in the name of whoever asks for the pack.

So a pack shows nobody more than they may see, and each service puts on record itself what it showed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from shared.i18n import bilingual
from shared.platform.http.problem import detail_of

WAIT: Final = 30.0
PAGES: Final = 1_000
"""Pages of a list that are asked for at most."""
_ALERT: Final = (
    "id", "claim_seq", "step", "audience", "staff", "owner", "due_at", "deadline", "state", "reason",
    "told_before_deadline",
)  # fmt: skip
_ENTRY: Final = ("at", "business_at", "what", "channel", "answer", "reason", "number", "behind", "known_at")
"""What is told of an alert: not its words, in which the customer may stand, nor where its reader is reached."""

Json = dict[str, Any]


class NotGatheredError(Exception):
    """A service did not answer, or refused."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Gathering:
    """Asks attribution, the notifier and access, in the name of one caller."""

    def __init__(self, addresses: Mapping[str, str | None], headers: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._http = httpx.Client(timeout=WAIT, trust_env=False, headers=headers)

    def __enter__(self) -> Gathering:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def folded(self, scope: str) -> int:
        """Up to which fact attribution has judged the scope."""
        return int(self._get("attribution", f"/v1/scopes/{quote(scope)}")["as_of_seq"])

    def rulebook_texts(self, name: str, version: int) -> tuple[bytes, ...]:
        """The texts of a rulebook as attribution keeps them, root first."""
        path = f"/v1/rulebooks/{quote(name)}/{version}"
        return tuple(text.encode() for text in self._get("attribution", path)["texts"])

    def alerts(self, scope: str, customer: str) -> list[Json]:
        """Whom the system told what, with the providers' answers."""
        found = self._pages("notifier", "/v1/alerts/log", "alerts", "cursor", scope=scope, customer=customer)
        return [
            {name: alert.get(name) for name in _ALERT}
            | {"history": [{name: entry.get(name) for name in _ENTRY} for entry in alert["history"]]}
            for alert in found
        ]

    def access(self, scope: str, customer: str) -> list[Json]:
        """Who looked at the customer when, the earliest first."""
        if self._addresses["access"] is None:
            return []
        found = self._pages(
            "access", "/v1/access/log", "entries", "before", scope=scope, customer=customer, limit=500
        )
        return sorted(found, key=lambda entry: entry["seq"])

    def _pages(self, service: str, path: str, items: str, cursor: str, **query: Any) -> list[Json]:
        found: list[Json] = []
        after: Any = None
        for _ in range(PAGES):
            page = self._get(service, path, **query, **({cursor: after} if after is not None else {}))
            found += page[items]
            after = page["next"]
            if after is None:
                return found
        raise NotGatheredError(bilingual("{service} has more than can be put into a pack", service=service))

    def _get(self, service: str, path: str, **query: Any) -> Json:
        address = self._addresses[service]
        try:
            answer = self._http.get(f"{address}{path}", params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = bilingual(
                "{service} does not answer at {address}: {error}",
                service=service, address=address, error=type(error).__name__,
            )  # fmt: skip
            raise NotGatheredError(told) from None
        if not answer.is_success:
            told = bilingual(
                "{service} refused with {status}: {detail}",
                service=service, status=answer.status_code, detail=detail_of(answer),
            )  # fmt: skip
            raise NotGatheredError(told, answer.status_code)
        try:
            found: Json = msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.MsgspecError:
            told = bilingual("what answers at {address} is not {service}", address=address, service=service)
            raise NotGatheredError(told) from None
        return found
