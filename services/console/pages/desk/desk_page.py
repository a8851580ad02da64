"""The desk as one page: the entry that is being typed, and who is next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.services import ServicesAsPerson
from services.console.frame.books_in_force import book_in_force
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import FormEntry, actor_at
from services.console.pages.desk.checked import CheckedEntry
from services.console.pages.desk.entry import EntryKind
from services.console.pages.desk.floor import OfficeFloor, floor_of
from services.console.pages.desk.looked_up import LookedUpCustomer
from services.console.pages.desk.outcome import EntryOutcome
from services.console.pages.desk.presets import ReceiverChoice, preset_of
from shared.contract.answers.lists import StaffMember
from shared.contract.value_words import ABSENCES

EMPTY: Final = Form({})


class DeskRoom(Struct, frozen=True):
    """Where a page of the desk is, and what it knows before anything is typed."""

    page: PageRequest
    place: OfficePlace
    facts: SeenScope
    floor: OfficeFloor

    @classmethod
    async def of(cls, page: PageRequest, scope: str, office: str, min_seq: int | None = None) -> DeskRoom:
        """The desk of an office. Raises `ProblemError` and `ServiceRefusedError`."""
        place = page.at(scope, office, "page.desk")
        facts = await page.scope(scope)
        services: ServicesAsPerson = page.services
        floor = await floor_of(services, place, page.now, facts.zone, min_seq)
        return cls(page, place, facts, floor)

    @property
    def address(self) -> str:
        return f"/at/{self.place.scope}/{self.place.office}/desk"

    def fresh(self) -> FormEntry:
        """What a form has that is shown now."""
        return FormEntry.fresh(self.page.now)

    @property
    def alone(self) -> str | None:
        """Who records only what they do themselves; None of who may name others."""
        may = self.page.may("event.name_worker", self.place)
        return None if may else actor_at(self.page.caller, self.place)

    def lacks_name(self, typed: Form, found: LookedUpCustomer | None) -> bool:
        """Whether a name is still to be asked of somebody on record: the desk sees it masked, and without it the new
        record is incomplete where the rulebook wants one."""
        book = book_in_force(self.facts.scope)
        wanted = book is None or "name" in book.registration.requires
        return wanted and found is not None and bool(found.known) and not typed["name"]

    def receivers(self, kind: EntryKind) -> list[StaffMember]:
        """Who may be chosen as receiving, those on the board first."""
        boards = self.floor.boards
        queue = (boards.call if kind == "call" else boards.visit).queue
        offered = self.floor.in_turn(queue)
        return offered if self.alone is None else [one for one in offered if one.staff == self.alone]

    def named(self) -> list[StaffMember]:
        """Whom a customer may name of earlier days: who works here, then the others of the scope, then who has left."""
        consultants = [one for one in self.floor.people.values() if one.role in ("consultant", "supervisor")]
        office = self.place.office
        return sorted(
            consultants, key=lambda one: (one.departed_at is not None, one.office != office, one.name)
        )

    def enrolled(self) -> list[StaffMember]:
        """For whom somebody receives, and whom a customer wishes to see: who is enrolled now."""
        return [one for one in self.named() if one.departed_at is None]

    def shown(
        self,
        kind: EntryKind,
        *,
        status: int = 200,
        part: str = "entry",
        typed: Form = EMPTY,
        entry: FormEntry | None = None,
        wrong: Wrong | None = None,
        found: LookedUpCustomer | None = None,
        choice: ReceiverChoice | None = None,
        checked: CheckedEntry | None = None,
        outcome: EntryOutcome | None = None,
        turned_away: Wrong | None = None,
    ) -> Response:
        """The page; where a part of it is asked for, that part alone."""
        values: Mapping[str, Any] = {
            "desk": self,
            "kind": kind,
            "typed": typed,
            "entry": entry or FormEntry.fresh(self.page.now),
            "wrong": wrong,
            "found": found,
            "choice": choice or ReceiverChoice.of(preset_of(kind, self.floor, None, self.alone)),
            "checked": checked,
            "outcome": outcome,
            "turned_away": turned_away,
            "absences": ABSENCES,
            "answered": status != 200 or checked is not None or outcome is not None,
        }
        template = f"desk/{part}.html" if self.page.is_part else "desk/desk.html"
        return self.page.render(
            template, status=status, place=self.place, room="desk", facts=self.facts, **values
        )
