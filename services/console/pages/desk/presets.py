"""Who receives, unless the desk says otherwise: the owner who is there, else whoever is on turn, for the owner if need
be. A claim that counts only when the customer names the owner presets nobody: the name must come from the customer.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from services.console.frame.forms import Form
from services.console.pages.desk.entry import EntryKind
from services.console.pages.desk.floor import OfficeFloor
from shared.contract.answers.desk import LookupAnswer

BETWEEN: Final = "|"


class ReceiverPreset(Struct, frozen=True):
    """Who receives, in which capacity, and for whom."""

    receiver: str
    capacity: str = "on_turn"
    on_behalf_of: str = ""

    def __str__(self) -> str:
        return BETWEEN.join((self.receiver, self.capacity, self.on_behalf_of))


def preset_of(
    kind: EntryKind, floor: OfficeFloor, found: LookupAnswer | None, alone: str | None
) -> ReceiverPreset:
    """What the form holds until somebody chooses; `alone` is who may name nobody else as receiving."""
    if kind == "outreach":
        return ReceiverPreset(alone or "")
    next_up = alone or (floor.next_call if kind == "call" else floor.next_visit)
    owner = _expected(found)
    if owner is None or kind == "call" or owner == next_up:
        return ReceiverPreset(next_up)
    if alone is None and floor.is_here(owner):
        return ReceiverPreset(owner)
    return ReceiverPreset(next_up, "assist", owner)


class ReceiverChoice(Struct, frozen=True):
    """What the form holds now, and which preset it was given last: as long as they are the same, nobody chose."""

    now: ReceiverPreset
    preset: str

    @classmethod
    def of(cls, preset: ReceiverPreset) -> ReceiverChoice:
        """Of a form in which nobody chose yet."""
        return cls(preset, str(preset))

    @classmethod
    def typed(cls, form: Form, preset: ReceiverPreset) -> ReceiverChoice:
        """As the form was sent."""
        if not form["receiver"]:
            return cls.of(preset)
        there = ReceiverPreset(form["receiver"], form["capacity"] or "on_turn", form["on_behalf_of"])
        return cls(there, form["preset"])

    def following(self, preset: ReceiverPreset) -> ReceiverChoice:
        """Another preset, unless somebody chose by hand."""
        return ReceiverChoice.of(preset) if self.preset == str(self.now) else self


def _expected(found: LookupAnswer | None) -> str | None:
    """The owner whose claim counts without being named."""
    if found is None or not found.known or not found.owner:
        return None
    return found.owner if any(one.about == "owner" for one in found.ask) else None
