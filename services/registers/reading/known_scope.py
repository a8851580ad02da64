"""What a question to a scope is answered from, and what an answer says of itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from services.registers.model.registers import KnownRegisters, Registers
from shared.ids import ScopeId
from shared.rules.domain.case import Books
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.schemes.loading import SchemeRegistry
from shared.sealing.opener import Opener

T = TypeVar("T")


class AskedMoment(Struct, frozen=True):
    """As it was known when, of what had happened by when; `min_seq` is the fact that the answer must know.

    Without times it is as known now; `as_of` is `known_at` unless said.
    """

    known_at: datetime | None = None
    as_of: datetime | None = None
    min_seq: int | None = None


NOW = AskedMoment()


class Answered(Struct, Generic[T], frozen=True):
    """An answer, and the last fact that it knows; `behind_since` where the scope cannot be posted beyond it.

    Up to `whole_until` (business time) no fact is missing.
    """

    value: T
    as_of_seq: int
    behind_since: datetime | None = None
    whole_until: datetime | None = None


@dataclass
class KnownScope:
    """A scope as it is asked about: all that is posted of it, and what of that was known at the moment.

    Texts stand as the topic has them, under seal; `opener` opens those that are answered, and `bodies` gives the events
    of these seqs as they came, opened; what is of erased people stays sealed.
    """

    scope: ScopeId
    seq: int
    registers: Registers
    known: KnownRegisters
    rulebook: BookId
    books: Books
    schemes: SchemeRegistry
    opener: Opener
    bodies: Callable[[Collection[int]], Sequence[bytes]]
    behind_since: datetime | None = None
    _known: dict[tuple[datetime, datetime], KnownRegisters] = field(default_factory=dict, repr=False)

    @property
    def book(self) -> Rulebook:
        """The rulebook that the scope began under."""
        return self.books[self.rulebook]

    def known_by(self, known_at: datetime, as_of: datetime | None = None) -> KnownRegisters:
        """What was known at another time, such as that of a report that was issued."""
        place = known_at, as_of or known_at
        if place not in self._known:
            self._known[place] = self.registers.known(*place)
        return self._known[place]
