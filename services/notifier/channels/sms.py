"""What the two SMS providers have in common: who gets one, what stands in it, and threads of their own.

Hazards, "Timers and alerts": SMS goes to staff only, with a case number and a deadline, never a customer's
name or phone: templates that carry them are refused by the providers. So a message is an approved template
and a few short variables. They are split finely, since accounts may have variables of six characters only.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from services.notifier.alert import Notice, Person
from services.notifier.channels import Refused
from services.notifier.channels.asking import Question, Told
from services.notifier.channels.limits import ZERO, Limit, Limiter
from services.notifier.channels.outcome import Later, Reading, Reason, TryLater, presentable, settled
from services.notifier.ladder import Audience
from shared.contract.contacts import normalise_phone

VARIABLES: Final = ("case", "case_a", "case_b", "count", "day", "time", "deadline", "left")
_WORKERS: Final = 8
_BUSY: Final = timedelta(seconds=1)
# Far below what the providers allow (20 a second and more): nobody waits for a report.
QUESTIONS: Final = (Limit(5, timedelta(seconds=1)),)
T = TypeVar("T")


@dataclass(frozen=True)
class Templates:
    """The provider's ids of the approved templates, and which variables they have, in order.

    The template of a lapse has no `left`: nothing is. That of a digest has `count` in the place of the case
    numbers. Of other events there is no template: other channels tell them.
    """

    reminder: str
    supervisor: str
    lapsed: str
    variables: tuple[str, ...]
    digest: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.variables if name not in VARIABLES]
        if unknown:
            raise ValueError(f"no such variable: {', '.join(unknown)}; there are {', '.join(VARIABLES)}")

    def of(self, notice: Notice, zone: ZoneInfo) -> tuple[str, dict[str, str]]:
        """The template of a notice and its variables, or Refused where none was approved."""
        known = variables(notice, zone)
        template, names = self._chosen(notice)
        if not template:
            raise Refused(f"{Reason.TEMPLATE}: there is none for {notice.kind}")
        return template, {name: known[name] for name in names}

    def _chosen(self, notice: Notice) -> tuple[str, list[str]]:
        names = list(self.variables)
        if notice.kind == "digest":
            return self.digest, ["count", *(name for name in names if not name.startswith("case"))]
        if notice.kind == "lapsed":
            return self.lapsed, [name for name in names if name != "left"]
        if notice.kind == "event":
            return "", names
        return (self.reminder if notice.audience is Audience.OWNER else self.supervisor), names


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
        return normalise_phone(person.contact("sms") or "")

    async def ready_in(self, destination: str) -> timedelta:
        """How long until the number may be sent to, by the template that has the least left."""
        keys = {self._key(template, destination) for template in _all(self._templates)}
        return max([await self._limiter.wait(key, self.limits) for key in sorted(keys)], default=ZERO)

    async def send(self, notice: Notice, destination: str) -> str:
        if normalise_phone(destination) != destination:
            raise Refused("not a phone number in E.164")
        template, given = self._templates.of(notice, self._zone)
        key = self._key(template, destination)
        wait = await self._limiter.take(key, self.limits)
        if wait > ZERO:
            raise TryLater(f"{self.name}: the limit of the number is reached", wait)
        reading = await self._in_thread(lambda: self.call(notice, destination, template, given))
        if isinstance(reading, Later) and reading.hold:
            await self._limiter.hold(key, reading.wait)
        return settled(reading)

    async def ask(self, question: Question) -> Told | None:
        """What became of a message, as the provider knows it now."""
        wait = await self._limiter.take(f"{self.name}:reports", QUESTIONS)
        if wait > ZERO:
            raise TryLater(f"{self.name}: the limit of questions is reached", wait)
        return await self._in_thread(lambda: self.asked(question))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @abstractmethod
    def call(self, notice: Notice, number: str, template: str, given: Mapping[str, str]) -> Reading:
        """Call the provider, in a thread; answers what came of it, or raises a refusal of the port."""

    @abstractmethod
    def asked(self, question: Question) -> Told | None:
        """Ask the provider, in a thread; raises a refusal of the port."""

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """A caller that gives up does not end the call: its room stays taken until the thread is back."""
        if not self._room.acquire(blocking=False):
            raise TryLater(f"{self.name}: {_WORKERS} calls are under way", _BUSY)
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)

    def _key(self, template: str, number: str) -> str:
        return f"{self.name}:{self.account.sign_name}:{template}:{number}"

    def _told(self, text: str) -> str:
        return presentable(text, [self.account.key_secret, self.account.key_id])


def variables(notice: Notice, zone: ZoneInfo) -> dict[str, str]:
    """All that may stand in an SMS: which case, until when, how long that is."""
    head, _, tail = notice.case.partition("-")
    day, time = _deadline(notice.deadline, zone)
    return {
        "case": notice.case,
        "case_a": head,
        "case_b": tail,
        "count": str(len(notice.items) or 1),
        "day": day,
        "time": time,
        "deadline": f"{day}{time}",
        "left": _left(notice.deadline - (notice.counted_from or notice.composed_at)),
    }


def _deadline(instant: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """Day and time as a person in the office would say them: midnight is 24:00 of the day before."""
    local = instant.astimezone(zone)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        day = local - timedelta(days=1)
        return f"{day.month}月{day.day}日", "24:00"
    return f"{local.month}月{local.day}日", f"{local:%H:%M}"


def _left(left: timedelta) -> str:
    """In one unit, never more than is left."""
    minutes = max(int(left.total_seconds() // 60), 0)
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)}天"
    return f"{minutes // 60}小时" if minutes >= 60 else f"{minutes}分钟"


def _all(templates: Templates) -> set[str]:
    known = {templates.reminder, templates.supervisor, templates.lapsed, templates.digest}
    return {template for template in known if template}
