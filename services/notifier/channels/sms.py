"""What the two SMS providers have in common: who gets one, by which template, and threads of their own.

Limits are a number's; an SDK blocks, so it has threads of its own; the words are in `sms_templates`.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from services.notifier.channels import RefusedError, composing
from services.notifier.channels.contact import number_of
from services.notifier.channels.delivery_status import DeliveryStatus, StatusQuery
from services.notifier.channels.limits import ZERO, Limit, Limiter
from services.notifier.channels.provider_verdict import (
    Reading,
    RetryLater,
    TryLaterError,
    presentable,
    settled,
)
from services.notifier.channels.sms_templates import Templates
from services.notifier.model.alert import LeasedAlert, Person, RenderedMessage

_WORKERS: Final = 8
_BUSY: Final = timedelta(seconds=1)
# Far below what the providers allow (20 a second and more): nobody waits for a report.
QUESTIONS: Final = (Limit(5, timedelta(seconds=1)),)
T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """An account at a provider; its keys are never shown."""

    base: str
    key_id: str = field(repr=False)
    key_secret: str = field(repr=False)
    sign_name: str


class SmsChannel(ABC):
    """SMS as a channel; the providers differ in SDK, codes and limits."""

    name: ClassVar[str]
    limits: ClassVar[tuple[Limit, ...]]
    # Whether the limits are a number's, whatever is sent to it, or each template has its own.
    limits_by_number: ClassVar[bool] = False
    # Whether the provider can be asked for every message that it took, also before its network has told of it.
    knows_all: bool = False
    after_crash: Literal["resend"] = "resend"

    def __init__(
        self, account: Account, templates: Templates, limiter: Limiter, zone: ZoneInfo, *, timeout: float
    ) -> None:
        self.timeout = timeout
        self.account = account
        self._templates = templates
        self._limiter = limiter
        self._zone = zone
        self._room = threading.BoundedSemaphore(_WORKERS)
        # The SDKs block. In threads of their own, a provider that hangs takes none from the database.
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix=f"panke-{self.name}")

    def destination(self, person: Person) -> str | None:
        return number_of(person.contact("sms") or "")

    def says(self, members: Sequence[LeasedAlert], *, standing_in: bool = False) -> bool:
        """Whether a template was approved for what is to be said of these alerts."""
        return self._templates.says(members, standing_in=standing_in)

    async def ready_in(self, destination: str) -> timedelta:
        """How long until the number may be sent to, by the template that has the least left."""
        keys = {self._key(template, destination) for template in self._templates.ids}
        return max([await self._limiter.wait(key, self.limits) for key in sorted(keys)], default=ZERO)

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        if number_of(destination) != destination:
            raise RefusedError("not a phone number in E.164")
        with composing():
            template, given = self._templates.of(notice, notice.zone or self._zone)
        key = self._key(template, destination)
        wait = await self._limiter.take(key, self.limits)
        if wait > ZERO:
            raise TryLaterError(f"{self.name}: the limit of the number is reached", wait)
        reading = await self._in_thread(lambda: self.call(notice, destination, template, given))
        if isinstance(reading, RetryLater) and reading.hold:
            await self._limiter.hold(key, reading.wait)
        return settled(reading)

    async def ask(self, question: StatusQuery) -> DeliveryStatus | None:
        """What became of a message, as the provider knows it now."""
        status = await self.find(question)
        return None if status is None or status.status == "taken" else status

    async def find(self, question: StatusQuery) -> DeliveryStatus | None:
        """Whether the provider has taken a message, and what became of it."""
        wait = await self._limiter.take(f"{self.name}:reports", QUESTIONS)
        if wait > ZERO:
            raise TryLaterError(f"{self.name}: the limit of questions is reached", wait)
        return await self._in_thread(lambda: self.asked(question))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @abstractmethod
    def call(self, notice: RenderedMessage, number: str, template: str, given: Mapping[str, str]) -> Reading:
        """Call the provider, in a thread; answers what came of it, or raises a refusal of the port."""

    @abstractmethod
    def asked(self, question: StatusQuery) -> DeliveryStatus | None:
        """Ask the provider, in a thread; raises a refusal of the port."""

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """A caller that gives up does not end the call: its room stays taken until the thread is back."""
        if not self._room.acquire(blocking=False):
            raise TryLaterError(f"{self.name}: {_WORKERS} calls are under way", _BUSY)
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)

    def _key(self, template: str, number: str) -> str:
        """What the provider's limits count: sendings to a number, perhaps by each signature and template."""
        if self.limits_by_number:
            return f"{self.name}:{number}"
        return f"{self.name}:{self.account.sign_name}:{template}:{number}"

    def _storable(self, text: str) -> str:
        return presentable(text, [self.account.key_secret, self.account.key_id])
