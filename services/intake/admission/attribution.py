"""What intake asks attribution: on which fact a scope fails, and whether it has a rulebook that is to be adopted.

Only the fact on which a scope fails may be set aside (contract.md#setting-aside): one that was folded stays in what was
decided, so leaving it out of the journal's export would make the offline judge decide otherwise than the services did,
for good. And an adoption of a book that attribution lacks, or has in two texts, would make its scope wait: so its
text is kept there for all before the adoption is taken. Where intake's own folder has another text than the one that
is kept, the office would be judged by other words than those that it was shown: that adoption is refused too.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from functools import partial
from typing import Final

import httpx
import structlog
from msgspec import DecodeError, Struct, ValidationError, json

from services.intake.admission.rulebooks import AdoptableRulebooks
from services.intake.model.submission import IntakeUnavailableError, RefusedEvent
from shared.access.machine import AsMachine, MachineTokenError, MachineTokens
from shared.contract import SettingAside
from shared.i18n import bilingual

log: Final = structlog.get_logger()

WAIT: Final = 10.0
BOOKS_WAIT: Final = 2.0
RETRY_AFTER: Final = 5
KNOWN_FOR: Final = 60.0
"""Seconds for which a text that was kept is not asked for again: what is kept stays."""
AWAY: Final = 1.0
"""Seconds for which nobody waits for an attribution that did not answer, where its answer decides nothing."""


class FactNotFailingError(Exception):
    """The scope does not fail on that fact; `failing` is the one on which it does, if it fails at all."""

    def __init__(self, failing: str | None) -> None:
        super().__init__(failing)
        self.failing = failing


class _Waiting(Struct):
    event: str | None


class _Problem(Struct):
    detail: str


_UNANSWERED: Final = (
    httpx.HTTPError, httpx.InvalidURL, DecodeError, ValidationError, MachineTokenError,
)  # fmt: skip
_decode: Final = json.Decoder(_Waiting).decode
_decode_problem: Final = json.Decoder(_Problem).decode


class AttributionClient:
    """What attribution says when it is asked; a fact waits for it only where the contract has it so."""

    def __init__(self, address: str, rulebooks: AdoptableRulebooks, machine: MachineTokens) -> None:
        self._address = address
        self._machine = AsMachine(machine)
        self._rulebooks = rulebooks
        self._trust = ssl.create_default_context()  # reading the certificates takes longer than a question
        self._kept: dict[tuple[str, int], float] = {}
        self._away_until = -math.inf
        self._asking: dict[tuple[str, int], asyncio.Task[RefusedEvent | None]] = {}

    def _client(self, wait: float) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._address, timeout=wait, trust_env=False, verify=self._trust, auth=self._machine
        )

    async def failing(self, scope: str) -> str | None:
        """The id of the event on which the scope fails, None while it waits for nothing.

        Raises `IntakeUnavailableError`.
        """
        try:
            async with self._client(WAIT) as client:
                answer = await client.get(f"/v1/scopes/{scope}/quarantine")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return _decode(answer.content).event
        except _UNANSWERED as error:
            raise self._unasked() from error

    def mark(self, scope: str, asked: SettingAside) -> None:
        """Have attribution mark the event, so that from now on no retry folds what the journal leaves out.

        In a thread. Raises `FactNotFailingError` where it was retried meanwhile, or `IntakeUnavailableError`.
        """
        place, given = f"/v1/scopes/{scope}/quarantine/mark", {"id": asked.id, "by": asked.by}
        try:
            with httpx.Client(
                base_url=self._address, timeout=WAIT, trust_env=False, verify=self._trust, auth=self._machine
            ) as client:
                answer = client.put(place, json=given)
            if answer.status_code == httpx.codes.CONFLICT:
                raise FactNotFailingError(None)
            if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
                # Of an earlier release, in which the command alone puts the mark.
                log.warning("set_aside_not_marked", scope=scope, event_id=asked.id)
                return
            answer.raise_for_status()
        except _UNANSWERED as error:
            raise self._unasked() from error

    def _unasked(self) -> IntakeUnavailableError:
        return IntakeUnavailableError(
            bilingual(
                "attribution cannot be asked whether the scope fails on this event; nothing was changed; "
                "PANKE_INTAKE_ATTRIBUTION is {address}",
                address=self._address,
            ),
            RETRY_AFTER,
        )

    async def keep(self, name: str, version: int) -> RefusedEvent | None:
        """Have attribution keep the text of a rulebook for all its processes, or say why it may not be adopted.

        While attribution is away, what every installation has is taken; of another book nobody knows that its text is
        there, which raises `IntakeUnavailableError`. What intake itself does not know is refused where it is
        journalled.
        """
        if not self._rulebooks(name, version) or self._settled(name, version):
            return None
        return await asyncio.shield(self._pending(name, version))

    def _pending(self, name: str, version: int) -> asyncio.Task[RefusedEvent | None]:
        """The question that is under way, for all who wait for its answer; asked where none is."""
        asking = self._asking.get((name, version))
        if asking is None:
            asking = asyncio.create_task(self._ask(name, version))
            self._asking[name, version] = asking
            asking.add_done_callback(partial(self._forget, (name, version)))
        return asking

    def _forget(self, book: tuple[str, int], asked: asyncio.Task[RefusedEvent | None]) -> None:
        del self._asking[book]
        if not asked.cancelled():
            asked.exception()  # whoever asked may have left

    async def _ask(self, name: str, version: int) -> RefusedEvent | None:
        texts = ", ".join(f'"{sha256}"' for sha256 in self._rulebooks.texts(name, version))
        headers = {"If-Match": texts} if texts else {}  # an earlier release does not read it
        try:
            async with self._client(BOOKS_WAIT) as client:
                answer = await client.put(f"/v1/rulebooks/{name}/{version}", headers=headers)
            if answer.status_code == httpx.codes.NOT_FOUND:
                lacking = bilingual(
                    "attribution at {address} has no rulebook of this name and version, which intake has",
                    address=self._address,
                )
                return RefusedEvent("data.rulebook", "known_rulebook", lacking)
            if answer.status_code == httpx.codes.CONFLICT:
                return RefusedEvent("data.rulebook", "one_text", _decode_problem(answer.content).detail)
            answer.raise_for_status()
            self._kept[name, version] = time.monotonic()
        except _UNANSWERED as error:
            self._away_until = time.monotonic() + AWAY
            log.warning("rulebook_text_unknown", address=self._address, error=type(error).__name__)
            if not self._rulebooks.has_everywhere(name, version):
                raise IntakeUnavailableError(
                    bilingual(
                        "attribution cannot be asked for the text of this rulebook; nothing was recorded; "
                        "PANKE_INTAKE_ATTRIBUTION is {address}",
                        address=self._address,
                    ),
                    RETRY_AFTER,
                ) from error
        return None

    def _settled(self, name: str, version: int) -> bool:
        """Whether it needs no asking: answered a moment ago, or attribution was away and every installation has it."""
        now = time.monotonic()
        if now < self._kept.get((name, version), -math.inf) + KNOWN_FOR:
            return True
        return now < self._away_until and self._rulebooks.has_everywhere(name, version)
