"""Alerts into the log: for development, where no receiver is at hand."""

from __future__ import annotations

from typing import Literal

import structlog

from services.notifier.model.alert import Person, RenderedMessage


class LogChannel:
    """Writes the alert as one log line."""

    name = "log"
    timeout = 5.0
    after_crash: Literal["resend"] = "resend"

    def __init__(self) -> None:
        self._log = structlog.get_logger("notifier.alert")

    def destination(self, person: Person) -> str | None:
        return f"log:{person.staff}"

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        self._log.info(
            "alert",
            alert=str(notice.id),
            to=destination,
            rung=notice.rung.value,
            zh=notice.words.body_zh,
            en=notice.words.body_en,
        )
        return "logged"

    async def close(self) -> None:
        """There is nothing to let go of."""
