"""One message: one alert, or several to the same person, and the key under which a receiver tells repetitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from services.notifier.model.alert import LeasedAlert

_DIGESTS = UUID("0c6a1a4e-3a0d-5a3b-8a55-4d1b6f9d2c10")


@dataclass(frozen=True)
class OutgoingMessage:
    """The alerts of one message, the most urgent first."""

    members: tuple[LeasedAlert, ...]
    # Of a message that may have arrived: it keeps its key, whoever of its members is left.
    key: UUID | None = None

    @property
    def first(self) -> LeasedAlert:
        return self.members[0]

    @property
    def digest(self) -> UUID | None:
        """The key of a message about several; the same members give the same key when it is sent again."""
        if len(self.members) == 1 and self.key in (None, self.first.id):
            return None
        return self.key or uuid5(_DIGESTS, "/".join(sorted(str(one.id) for one in self.members)))

    @property
    def id(self) -> UUID:
        return self.digest or self.first.id

    def kept(self) -> OutgoingMessage:
        """The message from when an answer was lost: under another key a receiver would take it for another."""
        return replace(self, key=self.id)

    def halves(self) -> tuple[OutgoingMessage, OutgoingMessage]:
        """Two messages in the place of one, under keys of their own."""
        middle = len(self.members) // 2
        return OutgoingMessage(self.members[:middle]), OutgoingMessage(self.members[middle:])

    def without(self, gone: Iterable[UUID]) -> OutgoingMessage | None:
        """What is left of it."""
        dropped = frozenset(gone)
        left = tuple(one for one in self.members if one.id not in dropped)
        return OutgoingMessage(left, self.key) if left else None
