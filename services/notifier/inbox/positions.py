"""Where a message stands: in its log, in the edition of its scope, and whether it may have been heard before.

contract.md#order-and-repetition: `seq` counts without gaps per scope, and a consumer drops what it has seen. An
attribution that was built anew numbers its messages anew, in an edition with a higher number; a log that was
made anew is read from its beginning. In both cases what is known here stands, and only what is new is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.notifier.inbox.decoding import ScopeMessage
from services.notifier.inbox.derive import Again


@dataclass(frozen=True)
class HeardUpTo:
    """How far a scope was heard: the last `seq` of its edition, and what is added to it here."""

    seq: int
    edition: int = 0
    base: int = 0
    began: datetime | None = None

    def takes(self, message: ScopeMessage) -> bool:
        """Whether the message is of this edition and comes behind what was heard."""
        return message.edition >= self.edition and (self.begins(message) or message.seq > self.seq)

    def holds(self, message: ScopeMessage) -> bool:
        """Whether the message came before, under this number; one of an earlier edition was numbered otherwise."""
        return not self.takes(message) and (message.edition == self.edition or not self.base)

    @property
    def last(self) -> int:
        """The number, over all editions, of the last message that was heard."""
        return self.base + self.seq

    def numbered(self, message: ScopeMessage) -> ScopeMessage:
        """A message of this edition under the number that it has over all editions."""
        return message.numbered_from(self.base) if self.base else message

    def begins(self, message: ScopeMessage) -> bool:
        """Whether the message is of a later edition. Messages of before there were editions are of the first."""
        return message.edition > self.edition > 0

    def after(self, message: ScopeMessage, now: datetime) -> HeardUpTo:
        """The standing behind a message that was taken."""
        if self.begins(message):
            return HeardUpTo(message.seq, message.edition, self.base + self.seq, now)
        return replace(self, seq=message.seq, edition=max(self.edition, message.edition))


@dataclass(frozen=True)
class PartitionLog:
    """The partition as it stands before a batch."""

    watermark: datetime | None = None
    again_until: int | None = None
    begun_at: datetime | None = None

    def again(self, offset: int, standing: HeardUpTo, *, restated: bool = False) -> Again | None:
        """Whether the record at an offset may have been heard before; `restated` where it says so itself."""
        rereads = restated or (self.again_until is not None and offset < self.again_until)
        if not rereads and not standing.base:
            return None
        return Again(standing.began, self.begun_at if rereads else None, restated)
