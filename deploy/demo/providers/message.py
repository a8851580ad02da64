"""A message as it reached somebody, and what was refused; kept in the order of arrival, from several threads."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.demo.scenario.office import EVERYBODY


@dataclass(frozen=True)
class ProviderRequest:
    """One request as it arrived: path and query apart, names of headers in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class DeliveredMessage:
    """What a person has before them. `mention` is how it calls them, `key` what tells repetitions apart."""

    at: datetime
    channel: str
    to: str
    mention: str
    title: str
    lines: tuple[str, ...]
    key: str = ""

    @property
    def text(self) -> str:
        return "\n".join(line for line in (self.title, *self.lines) if line)

    @property
    def headline(self) -> str:
        return self.title or self.lines[0]


@dataclass(frozen=True)
class ProviderRefusal:
    """What a provider did not take, and why, in its own words; `answer` is the body that says so."""

    code: str
    words: str
    answer: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True)
class RefusedRequest:
    """A refusal that happened."""

    at: datetime
    channel: str
    code: str
    words: str


@dataclass
class Arrivals:
    """Everything that came to the providers. `now` is the office's time, at which it came."""

    now: Callable[[], datetime]
    _messages: list[DeliveredMessage] = field(default_factory=list)
    _refused: list[RefusedRequest] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, message: DeliveredMessage) -> None:
        """Keep it, unless it is one that came before."""
        with self._lock:
            known = {(one.channel, one.key) for one in self._messages if one.key}
            if (message.channel, message.key) not in known:
                self._messages.append(message)

    def refused(self, channel: str, refusal: ProviderRefusal) -> None:
        with self._lock:
            self._refused.append(RefusedRequest(self.now(), channel, refusal.code, refusal.words))

    @property
    def messages(self) -> list[DeliveredMessage]:
        """By time, and within one moment not in the chance order of arrival."""
        with self._lock:
            return sorted(self._messages, key=lambda one: (one.at, one.to, one.channel, one.text))

    @property
    def refusals(self) -> list[RefusedRequest]:
        with self._lock:
            return sorted(self._refused, key=lambda one: (one.at, one.channel, one.code))


def reached(channel: str, contact: str) -> str:
    """Whose contact it is, as its owner is enrolled; a message to nobody would be a mistake of ours."""
    return next(one.staff for one in EVERYBODY if one.contacts.get(channel) == contact)


_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def paragraphs(text: str) -> Sequence[str]:
    """The lines of a text that say something; of a link what is seen of it."""
    return [_LINK.sub(r"\1", line) for line in text.split("\n") if line.strip()]
