"""What a service said instead of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import httpx
import msgspec
from msgspec import Struct

GONE: Final = 503


class WrongField(Struct, frozen=True):
    """One field of what was sent: where it stands, by which rule it is wrong, and what that means."""

    path: str = ""
    rule: str = ""
    message: str = ""


class _RefusalDocument(Struct, frozen=True):
    detail: str = ""
    errors: tuple[WrongField, ...] = ()


class ServiceRefusedError(Exception):
    """A service refused, or does not answer: `status` as it answered, 503 where it did not.

    `detail` and the messages of `errors` are in both languages on one line, as services write them.
    """

    def __init__(
        self, service: str, status: int, detail: str, errors: Sequence[WrongField] = (), retry_after: str = ""
    ) -> None:
        super().__init__(f"{service}: {status} {detail}")
        self.service = service
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after

    def wrong(self, path: str) -> WrongField | None:
        """What is wrong with a field, by its path in what was sent."""
        return next((one for one in self.errors if one.path == path), None)


def refusal(service: str, answer: httpx.Response) -> ServiceRefusedError:
    """What the problem document of an answer says."""
    try:
        told: Any = msgspec.json.decode(answer.content, type=_RefusalDocument)
    except msgspec.MsgspecError:
        told = _RefusalDocument(answer.reason_phrase)
    return ServiceRefusedError(
        service, answer.status_code, told.detail or answer.reason_phrase, told.errors,
        answer.headers.get("retry-after", ""),
    )  # fmt: skip
