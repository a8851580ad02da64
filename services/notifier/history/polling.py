"""Asking providers what became of messages, where they can reach no address of ours to tell.

A message is asked about again and again, less and less often, until a report is there, whichever way it came, or
three days are over: no provider knows more by then. Several notifiers share the questions as they share the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import psycopg
import structlog

from services.notifier.channels import Channel, ChannelError, NoAnswerError
from services.notifier.channels.delivery_status import DeliveryStatus, ReportsStatus, StatusQuery
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.history.receipts import Receipts, Report
from services.notifier.model.metrics import Metrics
from shared.contract.contacts import mask
from shared.platform.clock import BusinessClock, MachineClock
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import rows_of
from shared.sealing.opener import Opener

HORIZON: Final = timedelta(days=3)
# How long after the sending it is first asked, and how long after each question it is asked again.
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 20, 60, 240, 1440, 1440))
_LOOK: Final = 15.0
# As many as the limit of questions allows, and how long until it does again: no look asks for more than it may put.
_MOST: Final = 5
_NEXT: Final = 3.0


class Poller:
    """Puts the questions whose time has come, one after another."""

    def __init__(
        self,
        database: Database,
        channels: Sequence[Channel],
        clocks: tuple[BusinessClock, MachineClock],
        metrics: Metrics,
        opener: Opener | None = None,
    ) -> None:
        self._database = database
        self._opener = opener or Opener()
        self._channels = {one.name: one for one in channels if isinstance(one, ReportsStatus)}
        self._business, self._machine = clocks
        self._receipts = Receipts(database)
        self._metrics = metrics
        self._sql = queries("services.notifier")
        # Whether there may be more to ask at once.
        self._more = False
        self._log = structlog.get_logger("notifier.polling")

    async def run(self) -> None:
        """Until it is cancelled; a database that is away is waited for."""
        while self._channels:
            try:
                await self.look()
            except psycopg.Error as error:
                self._log.warning("the database does not answer", error=type(error).__name__)
            await asyncio.sleep(_NEXT if self._more else _LOOK)

    async def look(self) -> int:
        """Put what is to be asked now; answers how many reports came of it."""
        self._more = False
        questions = await asyncio.to_thread(self._claim)
        self._more = len(questions) == _MOST
        return sum([await self._put(question) for question in questions])

    async def _put(self, question: StatusQuery) -> int:
        channel = self._channels[question.channel]
        try:
            status = await channel.ask(question)
        except TryLaterError as later:
            await asyncio.to_thread(self._postpone, question, later.wait)
            return self._count(question, "later")
        except ChannelError as error:
            # Asked again at its next time: what is refused today may be allowed tomorrow, until the last time.
            self._log.warning(
                "not told", channel=question.channel, kind=type(error).__name__, answer=error.answer
            )
            return self._count(question, "unanswered" if isinstance(error, NoAnswerError) else "refused")
        except Exception:  # a defect of one sender, or of its SDK, must not end the service that sends alerts
            self._log.exception("a defect while asking", channel=question.channel)
            return self._count(question, "unanswered")
        if status is None:
            return self._count(question, "waiting")
        await asyncio.to_thread(self._keep, question, status)
        self._count(question, "told")
        return 1

    def _count(self, question: StatusQuery, result: str) -> int:
        self._metrics.asked(question.channel, result)
        return 0

    def _claim(self) -> list[StatusQuery]:
        given = {
            "channels": list(self._channels),
            "waits": list(WAITS),
            "horizon": HORIZON,
            "now": self._machine.now(),
            "limit": _MOST,
        }
        with self._database.connection() as connection:
            asked = rows_of(connection.execute(self._sql["claim_questions"], given), StatusQuery)
        destinations = self._opener.texts([one.destination for one in asked])
        return [replace(one, destination=clear) for one, clear in zip(asked, destinations, strict=True)]

    def _postpone(self, question: StatusQuery, wait: timedelta) -> None:
        at: datetime = self._machine.now() + wait
        given = {"channel": question.channel, "message": question.message, "at": at}
        with self._database.connection() as connection:
            connection.execute(self._sql["postpone_question"], given)

    def _keep(self, question: StatusQuery, status: DeliveryStatus) -> None:
        key = None if question.provider_id is not None else question.key
        report = Report(
            (question.channel,),
            key,
            question.provider_id,
            "delivered" if status.status == "delivered" else "failed",
            status.at,
            mask(f"{status.answer} (asked)"),
        )
        self._receipts.put([report], (self._business.now(), self._machine.now()))
