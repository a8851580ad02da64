"""One record of the desk as a row of its register: who entered what, and of which customer it is known to be."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from shared.contract import Data
from shared.ids import Contact, CustomerId, EventId, OfficeId, StaffId

D = TypeVar("D", bound=Data)

LATE = frozenset({"late_entry", "backfilled"})
REPEATED = frozenset({"duplicate_visit", "duplicate_deal", "duplicate_dispute", "duplicate_entry"})
"""What carries one of these is in no register: the first record with its id stands."""


class PostedRecord(Struct, Generic[D], frozen=True, gc=False):
    """A record of any type, `data` as recorded and amended, `name` and `contacts` as corrected.

    `occurred_at` is when it happened, which is what registers go by; `flags` say what of it did not happen.
    """

    id: EventId
    seq: int
    office: OfficeId
    actor: StaffId
    occurred_at: datetime
    recorded_at: datetime
    data: D
    customer: CustomerId | None = None
    name: str | None = None
    contacts: tuple[Contact, ...] = ()
    flags: tuple[str, ...] = ()
    carried: bool = False

    @property
    def place(self) -> tuple[datetime, int]:
        """Where it stands among records: by when it happened, then by when it was recorded."""
        return self.occurred_at, self.seq

    @property
    def late(self) -> bool:
        """Whether it was entered after its day."""
        return not LATE.isdisjoint(self.flags)

    @property
    def repeated(self) -> bool:
        """Whether it repeats the id of an earlier record."""
        return not REPEATED.isdisjoint(self.flags)
