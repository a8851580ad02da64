"""What came of an entry: whose the customer is now, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct

from services.console.frame.trade_words import BREACHES, word
from services.console.pages.desk.checked import remarks_on
from services.console.pages.desk.entry import DeskEntry, EntryKind
from services.console.pages.desk.looked_up import LookedUpCustomer
from shared.contract.answers.desk import DeskAdvice, PreviewAnswer
from shared.contract.answers.records import EventPlace, RecordWarning
from shared.contract.answers.result import PenaltyResult
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text


class EntryOutcome(Struct, frozen=True):
    """An entry that is recorded. `told` is what the rules said of it just before, None where nobody could ask; `found`
    is how the customer stands now, None where the entry names nobody."""

    kind: EntryKind
    place: EventPlace
    at: str
    name: str
    receiver: str
    told: PreviewAnswer | None
    found: LookedUpCustomer | None
    on_behalf_of: str = ""

    @property
    def for_owner(self) -> bool:
        """Whether somebody receives in the place of whose the customer is."""
        return bool(self.owner) and self.on_behalf_of == self.owner

    @property
    def owner(self) -> str:
        return self.found.owner if self.found is not None else ""

    @property
    def status(self) -> Text | str:
        return self.found.status if self.found is not None else ""

    @property
    def why(self) -> BothLanguages | None:
        """The clause and the records that it rests on: what the rules said just before, as long as it came so."""
        if self.told is None or self.told.customer is None or self.found is None or self.found.answer is None:
            return None
        came_so = (self.told.customer.owner or "") == self.owner
        return self.told.explanation if came_so and (self.told.decisions or self.told.deals) else None

    @property
    def to_do(self) -> list[DeskAdvice]:
        """What to do about a customer whose owner is not who receives; nothing where the receiver owns, or receives for
        the owner: then that is done."""
        if self.found is None or self.for_owner or (self.owner and self.owner == self.receiver):
            return []
        return self.found.do

    @property
    def remarks(self) -> list[Text | str]:
        return [] if self.told is None else remarks_on([one.flag for one in self.told.flags])

    @property
    def penalties(self) -> list[tuple[PenaltyResult, Text | str]]:
        """Each penalty with what it is for."""
        given: Sequence[PenaltyResult] = () if self.told is None else self.told.penalties
        return [(one, word(BREACHES, one.on)) for one in given]

    @property
    def warnings(self) -> list[RecordWarning]:
        return [] if self.place.warnings is UNSET else self.place.warnings


def outcome_of(
    entry: DeskEntry, place: EventPlace, at: str, told: PreviewAnswer | None, found: LookedUpCustomer | None
) -> EntryOutcome:
    """What came of an entry that was recorded."""
    receiver = next(entry.data[name] for name in ("received_by", "answered_by", "by") if name in entry.data)
    behalf = entry.data.get("on_behalf_of") or ""
    name = entry.data["customer"].get("name", "")
    return EntryOutcome(entry.kind, place, at, name, receiver, told, found, behalf)
