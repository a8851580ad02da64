"""What intake asks attribution: on which fact a scope fails, and whether it has a rulebook that is to be adopted.

Only the fact on which a scope fails may be set aside (architecture, choice 6): one that was folded stays in what was
decided, so leaving it out of the journal's export would make the offline judge decide otherwise than the services did,
for good. And an adoption of a book that attribution lacks would make its scope wait.
"""

from __future__ import annotations

from typing import Final

import httpx
import structlog
from msgspec import DecodeError, Struct, ValidationError, json

from services.intake.model import Unavailable

log: Final = structlog.get_logger()

WAIT: Final = 10.0
BOOKS_WAIT: Final = 2.0
RETRY_AFTER: Final = 5


class NotFailing(Exception):
    """The scope does not fail on that fact; `failing` is the one on which it does, if it fails at all."""

    def __init__(self, failing: str | None) -> None:
        super().__init__(failing)
        self.failing = failing


class _Waiting(Struct):
    event: str | None


class _Book(Struct):
    rulebook: str
    version: int


class _Books(Struct):
    rulebooks: list[_Book]


_decode: Final = json.Decoder(_Waiting).decode
_decode_books: Final = json.Decoder(_Books).decode


class Attribution:
    """What attribution says when it is asked; a fact waits for it only where the contract has it so."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def failing(self, scope: str) -> str | None:
        """The id of the event on which the scope fails, None while it waits for nothing; raises `Unavailable`."""
        try:
            async with httpx.AsyncClient(base_url=self._address, timeout=WAIT, trust_env=False) as client:
                answer = await client.get(f"/v1/scopes/{scope}/quarantine")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return _decode(answer.content).event
        except (httpx.HTTPError, httpx.InvalidURL, DecodeError, ValidationError) as error:
            raise Unavailable(
                "无法向归属服务核实该记录，未作更改 (attribution cannot be asked whether the scope fails on this event;"
                f" nothing was changed; PANKE_INTAKE_ATTRIBUTION is {self._address})",
                RETRY_AFTER,
            ) from error

    async def lacks(self, name: str, version: int) -> bool:
        """Whether attribution says that it lacks the rulebook; while it is away, intake goes by its own list."""
        try:
            async with httpx.AsyncClient(
                base_url=self._address, timeout=BOOKS_WAIT, trust_env=False
            ) as client:
                answer = await client.get("/v1/rulebooks")
            answer.raise_for_status()
            known = _decode_books(answer.content).rulebooks
        except (httpx.HTTPError, httpx.InvalidURL, DecodeError, ValidationError) as error:
            log.warning("rulebooks_unknown", address=self._address, error=type(error).__name__)
            return False
        return _Book(name, version) not in known
