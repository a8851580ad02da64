"""What a provider's answer means, as a value: delivered, refused for good, later, or unknown.

hazards.md#a-refusal-inside-http-200: providers answer HTTP 200 with an error code in the body, so each sender reads
the body by its provider's table of codes. Tables are data and readings are values; only `settled` turns them
into what the port of `services.notifier.channels` knows: an answer, or one of its refusals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, assert_never

from services.notifier.channels import LONGEST_ANSWER, NoAnswerError, RefusedError, TemporaryError
from shared.contract.contacts import mask

# What is unknown to a table was not taken, but nobody can say for how long: once more in a minute.
UNKNOWN_CODE = timedelta(minutes=1)
# A wait that a receiver asks for is kept as it is, but for what no claim outlives: a mistake, or no time at all.
SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(days=30)
_MOST_DIGITS = 9
# A gateway that gave up waiting says nothing of what is behind it.
_GATEWAY_TIMEOUT = 504
# Shorter than this, a "secret" would be cut out of ordinary words.
_SHORTEST_SECRET = 4
# RFC 9110 knows whole seconds alone; some gateways write 120.0 or 0.5.
_SECONDS = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9A-Za-z:_.^-]{1,80}")


class Reason(StrEnum):
    """Why a provider will not take an alert, however often it is sent; each is another person's to mend."""

    SIGNATURE = "the signature or the key is not accepted"
    KEYWORD = "the keyword of the robot is not in the message"
    ADDRESS = "the address that calls, or is called, is not allowed"
    RECEIVER = "the robot or the application is gone or switched off"
    CONTENT = "the content is not accepted"
    NUMBER = "the number cannot be reached"
    TEMPLATE = "the template, its variables or the signature name are not accepted"
    FUNDS = "the account has no funds or no package left"
    PERMISSION = "the account may not do this"
    OTHER = "refused"


# Whose mending is for the channel as a whole, and what else somebody may mend while the alert waits.
OF_CHANNEL = frozenset({Reason.SIGNATURE, Reason.ADDRESS, Reason.RECEIVER, Reason.FUNDS, Reason.PERMISSION})
MENDABLE = OF_CHANNEL | {Reason.KEYWORD, Reason.TEMPLATE, Reason.OTHER}


@dataclass(frozen=True)
class Delivered:
    """The provider took it."""

    answer: str


@dataclass(frozen=True)
class Rejected:
    """The provider will not take it."""

    reason: Reason
    answer: str


@dataclass(frozen=True)
class RetryLater:
    """The provider did not take it now. With `hold`, its limit is passed: nothing else goes out so long; with
    `everyone`, the receiver has said itself from when it may be called."""

    wait: timedelta
    answer: str
    hold: bool = False
    everyone: bool = False


@dataclass(frozen=True)
class Indeterminate:
    """The call went out; whether it was taken, nobody can say. `failed`: the server says that it failed itself."""

    answer: str
    failed: bool = False


Reading = Delivered | Rejected | RetryLater | Indeterminate
# A code of a provider, as its table tells it: a reason for good, or how long to wait, or whether it is a limit.
Meaning = Reason | timedelta


class TryLaterError(TemporaryError):
    """Not taken now; the provider, or the limit kept before it, says from when it may be."""

    def __init__(self, answer: str, wait: timedelta, *, everyone: bool = False) -> None:
        self.wait = wait
        self.everyone = everyone
        super().__init__(answer)


def settled(reading: Reading) -> str:
    """The answer of what was delivered; anything else is raised."""
    match reading:
        case Delivered(answer):
            return answer
        case Rejected(reason, answer):
            raise RefusedError(f"{reason}: {answer}", reason)
        case RetryLater(wait, answer, _, everyone):
            raise TryLaterError(answer, wait, everyone=everyone)
        case Indeterminate(answer, failed):
            raise NoAnswerError(answer, server_failed=failed)
    assert_never(reading)


def by_status(status: int, retry_after: str | None, answer: str) -> Reading | None:
    """What a status tells by itself; None for one with which only the body can tell."""
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Rejected(Reason.ADDRESS, f"{answer} (redirects are not followed)")
    if status in (408, 425, 429, 503):
        return RetryLater(
            retry_wait(retry_after), answer, hold=status == 429, everyone=retry_after is not None
        )
    if status >= 500:
        return Indeterminate(answer, failed=status != _GATEWAY_TIMEOUT)
    return Rejected(Reason.OTHER, answer)


def parsed(body: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer; None for anything else, since then nobody knows what was done."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def whole(value: object) -> int | None:
    """A code as the number that it must be: `false` and `"0"` are not 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def presentable(text: str, secrets: Iterable[str]) -> str:
    """A provider's words as they may be stored: no secret of ours, no phone number, not endless."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return mask(" ".join(text[: 4 * LONGEST_ANSWER].split()))[:LONGEST_ANSWER]


def identifier(value: object) -> str:
    """An id that a receipt is found by, kept as it is; what is none is not kept."""
    return value if isinstance(value, str) and _IDENTIFIER.fullmatch(value) else "?"


def retry_wait(retry_after: str | None) -> timedelta:
    """How long `Retry-After` asks to wait (RFC 9110, 10.2.3): seconds or an HTTP date, up to `LONGEST_WAIT`.

    A second that has begun is waited for to its end.
    """
    asked = (retry_after or "").strip()
    if number := _SECONDS.fullmatch(asked):
        digits = number[1].lstrip("0")
        seconds = int(digits or "0") if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
        seconds += bool((number[2] or "").strip("0"))
        return min(max(timedelta(seconds=seconds), SHORTEST_WAIT), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(asked)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN_CODE
    until = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(until - datetime.now(UTC), SHORTEST_WAIT), LONGEST_WAIT)
