"""Asks attribution on which fact a scope fails: only that one may be set aside (architecture, choice 6).

A fact that was folded stays in what was decided, so leaving it out of the journal's export would make the offline judge
decide otherwise than the services did, for good.
"""

from __future__ import annotations

from typing import Final

import httpx
from msgspec import DecodeError, Struct, ValidationError, json

from services.intake.model import Unavailable

WAIT: Final = 10.0
RETRY_AFTER: Final = 5


class NotFailing(Exception):
    """The scope does not fail on that fact; `failing` is the one on which it does, if it fails at all."""

    def __init__(self, failing: str | None) -> None:
        super().__init__(failing)
        self.failing = failing


class _Waiting(Struct):
    event: str | None


_decode: Final = json.Decoder(_Waiting).decode


class Quarantine:
    """What attribution says of a scope."""

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
