"""The port through which alerts leave the house, one file per sender beside this one.

A channel answers with what the receiver said, or raises one of the three refusals below; what is stored,
tried again or given up is decided by the dispatcher. Sending cannot be exactly once
(hazards.md#sending-is-not-exactly-once), so each channel says whether an alert whose answer was lost may be sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, runtime_checkable

from services.notifier.model.alert import Person, RenderedMessage

# An answer is evidence, but a receiver decides how long it is.
LONGEST_ANSWER = 500


class ChannelError(Exception):
    """The receiver did not take the alert; `answer` is what it said, cut to a size that can be stored."""

    def __init__(self, answer: str) -> None:
        self.answer = clipped(answer)
        super().__init__(self.answer)


class RefusedError(ChannelError):
    """It will not be taken as things stand; `reason` names what somebody may mend, where the answer tells it."""

    def __init__(self, answer: str, reason: str | None = None) -> None:
        self.reason = reason
        super().__init__(answer)


class MalformedMessageError(RefusedError):
    """The message could not be made for this channel: a defect of the one message, and of nothing else."""


class TemporaryError(ChannelError):
    """It was not taken now; another attempt may succeed.

    `of_channel` says whether that tells of the channel, or of this one message or person alone.
    """

    of_channel = True


class NoAnswerError(TemporaryError):
    """It may have been taken: the call went out and its answer did not come back.

    With `server_failed` the receiver itself says that it failed: most likely the message was not taken.
    """

    def __init__(self, answer: str, *, server_failed: bool = False) -> None:
        self.server_failed = server_failed
        super().__init__(answer)


class DefectError(NoAnswerError):
    """A mistake of ours while the message was sent, which may have arrived. It tells nothing of the channel."""

    of_channel = False


class NotThisPersonError(TemporaryError):
    """This one cannot be reached now, such as by a full mailbox; others can."""

    of_channel = False


@contextmanager
def composing() -> Iterator[None]:
    """Whatever fails within is a defect of the message: its next channel is taken, and the channel goes on working."""
    try:
        yield
    except ChannelError:
        raise
    except Exception as error:
        logging.getLogger("notifier.channels").exception("a message could not be made")
        raise MalformedMessageError(f"defect: {type(error).__name__}: {error}") from error


class Channel(Protocol):
    """One way to reach a person."""

    @property
    def name(self) -> str:
        """The name in settings, metrics and stored attempts."""

    @property
    def timeout(self) -> float:
        """Seconds after which a call counts as unanswered."""

    @property
    def after_crash(self) -> Literal["resend", "hold"]:
        """What to do with an alert whose answer was lost: send it again, or leave it to a person."""

    def destination(self, person: Person) -> str | None:
        """Where this channel reaches the person, or None when it cannot."""

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        """Send, and answer what the receiver said."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Sized(Protocol):
    """A channel whose receiver takes texts up to a length."""

    def fits(self, notice: RenderedMessage, destination: str) -> bool:
        """Whether the whole message is taken; of one that does not fit, the end would be read by nobody."""


def clipped(answer: str) -> str:
    """An answer as it can be stored: valid text, no NUL, not endless. An answer must not undo its own alert."""
    text = answer.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "�")[:LONGEST_ANSWER]
