"""What the chat robots have in common: a group's robot takes JSON at an address that is its secret.

Limits, content and codes stand in the provider's own file beside this one. A robot speaks to a
group; the person is mentioned, by mobile number where the provider can do that. Whoever is in the group reads
along: a case number stands for the customer, and whatever still looks like a phone number is masked.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, Literal

from services.notifier.channels import composing
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.contact import mentionable, number_of
from services.notifier.channels.customer_names import Naming, named
from services.notifier.channels.limits import ZERO, Limit, Limiter
from services.notifier.channels.pinned_http import PinnedCaller, Reply
from services.notifier.channels.provider_verdict import (
    UNKNOWN_CODE,
    Delivered,
    Indeterminate,
    Meaning,
    Reading,
    Rejected,
    RetryLater,
    TryLaterError,
    by_status,
    parsed,
    presentable,
    retry_wait,
    settled,
)
from services.notifier.channels.truncation import fitted
from services.notifier.model.alert import Person, RenderedMessage
from shared.contract.contacts import mask
from shared.i18n import bilingual
from shared.platform.clock import MachineClock
from shared.platform.text.plain import lines, one_line

_TOKEN = re.compile(r"[A-Za-z0-9_-]{4,200}")
_LONGEST_CODE = 11
Form = Literal["text", "rich"]


class TokenError(ValueError):
    """The token of a robot is not one; the message does not repeat it."""


@dataclass(frozen=True)
class Access:
    """Where a robot listens and what opens it; neither token nor secret is ever shown."""

    base: str
    token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Codes:
    """A provider's codes: what delivers, what is too fast (and shuts the robot out so long), and the rest."""

    too_fast: dict[int, timedelta]
    meanings: dict[int, Meaning]


class Robot(ABC):
    """A chat robot as a channel; the providers differ in message, signature, codes and limits."""

    provider: ClassVar[str]
    contact: ClassVar[str]
    limits: ClassVar[tuple[Limit, ...]]
    codes: ClassVar[Codes]
    after_crash: Literal["resend"] = "resend"

    def __init__(
        self,
        access: Access,
        policy: AddressPolicy,
        limiter: Limiter,
        clock: MachineClock,
        *,
        timeout: float,
        form: Form = "rich",
        name: str | None = None,
    ) -> None:
        if _TOKEN.fullmatch(access.token) is None:
            raise TokenError(
                bilingual(
                    "the token has letters, digits, - and _ only: give it without the rest of the address"
                )
            )
        self.name = name or self.provider
        self.timeout = timeout
        self._access = access
        self._receiver = policy.check(access.base.rstrip("/"))
        self._limiter = limiter
        self._clock = clock
        self._form = form
        self._naming: Naming | None = None
        self._caller = PinnedCaller(policy, timeout)
        # The table of limits must not hold the token; the limit is the robot's, by whatever name it is called.
        self._key = f"{self.provider}:{hashlib.sha256(access.token.encode()).hexdigest()[:16]}"

    def show_names(self, naming: Naming) -> None:
        """Put masked names behind case numbers from now on, of those offices that want them."""
        self._naming = naming

    def destination(self, person: Person) -> str | None:
        return mentionable(person.contact(self.contact))

    async def ready_in(self, destination: str) -> timedelta:
        """How long until the robot may speak again."""
        return await self._limiter.wait(self._key, self.limits)

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        notice = await self._with_names(notice, destination)
        with composing():
            body = self.message(notice, destination)
        wait = await self._limiter.take(self._key, self.limits)
        if wait > ZERO:
            raise TryLaterError(f"{self.name}: the limit of the robot is reached", wait)
        reading = self.reading(await self._caller.post(self._receiver, self._target(), body))
        if isinstance(reading, RetryLater) and reading.hold:
            await self._limiter.hold(self._key, reading.wait)
        return settled(reading)

    async def _with_names(self, notice: RenderedMessage, destination: str) -> RenderedMessage:
        """With masked names, where there are any; what would be cut because of them goes without."""
        names = await self._naming(notice) if self._naming is not None else {}
        if not names:
            return notice
        more = replace(notice, names=names)
        return more if self.fits(more, destination) else notice

    async def close(self) -> None:
        await self._caller.close()

    @abstractmethod
    def fits(self, notice: RenderedMessage, destination: str) -> bool:
        """Whether the provider takes the whole message; what is longer is cut."""

    @abstractmethod
    def message(self, notice: RenderedMessage, destination: str) -> bytes:
        """The body, cut to the provider's size."""

    @abstractmethod
    def target(self) -> str:
        """Path and query of the call, with token and signature."""

    @abstractmethod
    def result(self, body: dict[str, object]) -> tuple[int | None, str]:
        """The code in the body, and the words beside it."""

    def reading(self, reply: Reply) -> Reading:
        """What an answer means."""
        body = parsed(reply.body)
        code, words = self.result(body) if body is not None else (None, "")
        # A code of failure goes before a status of 4xx; nothing makes a success of any status but 2xx.
        if code is None or (not 200 <= reply.status < 300 and (code == 0 or not 400 <= reply.status < 500)):
            answer = self._storable(reply.text)
            return by_status(reply.status, reply.retry_after, answer) or Indeterminate(
                f"not understood: {answer}"
            )
        answer = f"{_shown_code(code)} {self._storable(words)}".strip()
        reading = _no_sooner(self._meaning(code, words, answer), reply.retry_after)
        # 429 says that a limit was passed, whatever the code beside it: what else waits would be refused likewise.
        if reply.status == 429 and not (isinstance(reading, RetryLater) and reading.hold):
            return by_status(429, reply.retry_after, answer) or reading
        return reading

    def too_fast(self, code: int, words: str) -> timedelta | None:
        """How long a limit that was passed shuts the robot out; None for what is no limit."""
        return self.codes.too_fast.get(code)

    def refined(self, code: int, words: str) -> Meaning | None:
        """Where one code means several things, which of them the words tell."""
        return None

    def _meaning(self, code: int, words: str, answer: str) -> Reading:
        if code == 0:
            return Delivered(answer)
        shut_out = self.too_fast(code, words)
        if shut_out is not None:
            return RetryLater(shut_out, answer, hold=True)
        meaning = self.refined(code, words) or self.codes.meanings.get(code, UNKNOWN_CODE)
        return RetryLater(meaning, answer) if isinstance(meaning, timedelta) else Rejected(meaning, answer)

    def _target(self) -> str:
        prefix = self._receiver.target.rstrip("/")
        return prefix + self.target()

    def _storable(self, text: str) -> str:
        return presentable(text, self._secrets())

    def _secrets(self) -> Sequence[str]:
        return [self._access.token, *([self._access.secret] if self._access.secret else [])]


class BoundedRobot(Robot):
    """A robot whose provider bounds the whole body of a call, not its text."""

    largest: ClassVar[int] = 20_000

    def fits(self, notice: RenderedMessage, destination: str) -> bool:
        build, text = self.whole(notice, destination)
        return len(build(text)) <= self.largest

    def message(self, notice: RenderedMessage, destination: str) -> bytes:
        build, text = self.whole(notice, destination)
        return fitted(build, text, self.largest)

    @abstractmethod
    def whole(self, notice: RenderedMessage, destination: str) -> tuple[Callable[[str], bytes], str]:
        """What makes a body of a text, and the whole text."""


def _no_sooner(reading: Reading, retry_after: str | None) -> Reading:
    """A gateway before the robots may ask for more time than their code does: the longer of both is kept."""
    if retry_after is None or not isinstance(reading, RetryLater):
        return reading
    return replace(reading, wait=max(reading.wait, retry_wait(retry_after)))


def _shown_code(code: int) -> str:
    """A provider's code as it is, though it may have as many digits as a number; a mobile number is none."""
    text = str(code)
    return mask(text) if number_of(text) is not None or len(text) > _LONGEST_CODE else text


def title_of(notice: RenderedMessage) -> str:
    """The subject as one line in which nothing mentions anybody."""
    return named(masked(one_line(notice.words.subject), notice), notice.names).replace("@", "＠")


def text_of(notice: RenderedMessage) -> str:
    """The text in lines of what can be seen, in which nothing mentions anybody."""
    return named(masked(lines(notice.words.text), notice), notice.names).replace("@", "＠")


def masked(text: str, notice: RenderedMessage) -> str:
    """The text with whatever looks like a phone number masked, but for what may look so: case numbers, and the link."""
    kept = {one for one in (notice.link, notice.case, *(item.case for item in notice.items)) if one}
    if not kept:
        return mask(text)
    # The link first: a case number stands in it.
    parts = re.split(
        "(" + "|".join(re.escape(one) for one in sorted(kept, key=len, reverse=True)) + ")", text
    )
    return "".join(part if part in kept else mask(part) for part in parts)


def linked(line: str, notice: RenderedMessage) -> str:
    """A line in which the address that the message leads to can be pressed, as Markdown has it."""
    return line.replace(notice.link, f"[{notice.link}]({notice.link})") if notice.link else line


def plain(notice: RenderedMessage) -> str:
    """The whole message as plain text, in the person's language."""
    return f"{title_of(notice)}\n{text_of(notice)}"
