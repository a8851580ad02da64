"""The services as the commands of privacy ask them: one client, in which a caller says who it is.

What a service cannot answer yet, it is asked again, for a bounded time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, Self, TypeVar

import httpx
import msgspec

from shared.i18n import bilingual
from shared.platform.http.problem import detail_of

WAIT: Final = 30.0
_STEP: Final = 0.2
_AWAY: Final = 503

T = TypeVar("T")


class NotAnsweredError(Exception):
    """A service did not answer, or refused; nothing was changed by what was asked."""


class Services:
    """Calls to intake, attribution and notifier at their addresses; `headers` tell who calls."""

    def __init__(self, addresses: Mapping[str, str], headers: Mapping[str, str] | None = None) -> None:
        self._addresses = {name: address.rstrip("/") for name, address in addresses.items()}
        self._http = httpx.Client(timeout=WAIT, trust_env=False, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, service: str, path: str, kind: type[T], **query: Any) -> T | None:
        """The answer; None for a name that is not known. Raises `NotAnsweredError`."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._answer("GET", service, path, kind, params=asked)

    def post(self, service: str, path: str, kind: type[T], body: Mapping[str, Any]) -> T | None:
        """As `get`."""
        return self._answer("POST", service, path, kind, json=body)

    def _answer(self, method: str, service: str, path: str, kind: type[T], **given: Any) -> T | None:
        answer = self._asked(method, service, path, **given)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            told = bilingual(
                "{service} refused with {status}: {detail}",
                service=service, status=answer.status_code, detail=detail_of(answer),
            )  # fmt: skip
            raise NotAnsweredError(told)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError:
            address = self._addresses[service]
            raise NotAnsweredError(
                bilingual("what answers at {address} is not {service}", address=address, service=service)
            ) from None

    def _asked(self, method: str, service: str, path: str, **given: Any) -> httpx.Response:
        address, deadline = self._addresses[service], time.monotonic() + WAIT
        while True:
            try:
                answer = self._http.request(method, address + path, **given)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                told = bilingual(
                    "{service} does not answer at {address}: {error}",
                    service=service, address=address, error=type(error).__name__,
                )  # fmt: skip
                raise NotAnsweredError(told) from None
            if answer.status_code != _AWAY or time.monotonic() > deadline:
                return answer
            time.sleep(_STEP)
