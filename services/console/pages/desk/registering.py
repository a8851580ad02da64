"""An entry is looked up as it is typed, checked before it is recorded, recorded once, and told with what to do now."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.page import Page
from services.console.frame.recording import TAKEN, FormEntry, envelope, preview, record
from services.console.frame.refused import wrong_with
from services.console.pages.desk.checked import CheckedEntry, checked_of, unchecked
from services.console.pages.desk.desk_page import DeskRoom
from services.console.pages.desk.entry import KINDS, TYPES, DeskEntry, EntryKind, entry_of, time_of_day
from services.console.pages.desk.looked_up import LookedUpCustomer, cannot_be_asked, look_up
from services.console.pages.desk.outcome import EntryOutcome, outcome_of
from services.console.pages.desk.presets import ReceiverChoice, preset_of
from shared.contract.answers.desk import PreviewAnswer
from shared.i18n import translated

Kind = Annotated[EntryKind, Query()]
_UNASKED: Final = (429, 503, 502, 504)
"""A preview that is refused so says nothing of the entry, which may be recorded all the same."""


class TypedEntry(Struct, frozen=True):
    """A form as it came: what it would record, and what is wrong with it."""

    form: Form
    entry: FormEntry
    said: DeskEntry
    wrong: Wrong


async def desk(page: Page, scope: str, office: str, kind: Kind = "visit") -> Response:
    """The desk, with an entry to be typed."""
    room = await DeskRoom.of(page, scope, office)
    return room.shown(kind)


async def boards(page: Page, scope: str, office: str) -> Response:
    """Who is next, as a part that is put in anew."""
    room = await DeskRoom.of(page, scope, office)
    return room.shown("visit", part="boards")


async def look(page: Page, scope: str, office: str) -> Response:
    """Whose customer it is, what to ask and what to do, while the rest is being typed."""
    room = await DeskRoom.of(page, scope, office)
    form = await page.form()
    kind = kind_of(form)
    found = await _found(room, form["contact"])
    preset = preset_of(kind, room.floor, found.answer if found is not None else None, room.alone)
    choice = ReceiverChoice.typed(form, preset).following(preset)
    return room.shown(kind, part="found", typed=form, entry=_entry(room, form), found=found, choice=choice)


async def register(page: Page, scope: str, office: str) -> Response:
    """Check an entry, or record one that was checked."""
    room = await DeskRoom.of(page, scope, office)
    form = await page.form()
    typed = typed_entry(room, form)
    if typed.wrong:
        return await _mended(room, typed)
    if form["step"] == "record" and form["checked"] == typed.said.digest:
        return await _recorded(room, typed)
    return await _checked(room, typed)


def typed_entry(room: DeskRoom, form: Form) -> TypedEntry:
    """What a form says. What is checked happens now; what is recorded, when it was checked."""
    page, wrong = room.page, Wrong()
    entry = _entry(room, form)
    if form["step"] != "record":
        entry = entry.later(page.now)
    entry = FormEntry(entry.event, time_of_day(form, entry.at, page.now, room.facts.zone, wrong))
    return TypedEntry(form, entry, entry_of(kind_of(form), form, entry.event, wrong), wrong)


def kind_of(form: Form) -> EntryKind:
    """What a form registers."""
    given = form["kind"]
    return next((kind for kind in KINDS if kind == given), KINDS[0])


async def handed_in(room: DeskRoom, typed: TypedEntry) -> EntryOutcome:
    """Record an entry, and ask how its customer stands then. Raises `ServiceRefusedError`."""
    event = envelope(room.page, room.place, TYPES[typed.said.kind], typed.said.data, typed.entry)
    told = await _foreseen(room, event)
    place = await record(room.page, event)
    contact = typed.said.contact
    found = None
    if contact is not None and cannot_be_asked(contact) is None:
        found = await look_up(room.page.services, room.place.scope, contact, place.seq)
    return outcome_of(typed.said, place, typed.entry.at, told, found)


async def _checked(room: DeskRoom, typed: TypedEntry) -> Response:
    event = envelope(room.page, room.place, TYPES[typed.said.kind], typed.said.data, typed.entry)
    try:
        answer = await preview(room.page, event)
    except ServiceRefusedError as error:
        if error.status == TAKEN and error.wrong("id") is not None:
            return await _recorded(room, typed)
        if error.status not in _UNASKED:
            return await _mended(room, typed, wrong_with(error, typed.said.fields))
        return await _with(room, typed, checked=unchecked(typed.said, error))
    found = await _found(room, typed.form["contact"])
    return await _with(room, typed, checked=checked_of(typed.said, answer, found), found=found)


async def _recorded(room: DeskRoom, typed: TypedEntry) -> Response:
    try:
        outcome = await handed_in(room, typed)
    except ServiceRefusedError as error:
        return await _mended(room, typed, _refused(error, typed), error.status)
    fresh = await DeskRoom.of(room.page, room.place.scope, room.place.office, outcome.place.seq)
    return fresh.shown(typed.said.kind, outcome=outcome)


def _refused(error: ServiceRefusedError, typed: TypedEntry) -> Wrong:
    """What intake refused; an id that is taken by other content is told as what it means."""
    taken = error.wrong("id")
    if error.status == TAKEN and taken is not None:
        wrong = Wrong()
        wrong.whole.append(
            translated(
                "This entry is recorded already, with other content. What you typed is kept: to record it as another "
                "entry, check it once more."
            )
        )
        return wrong
    return wrong_with(error, typed.said.fields)


async def _mended(
    room: DeskRoom, typed: TypedEntry, wrong: Wrong | None = None, status: int = 422
) -> Response:
    """The form again, as it was typed, with what is wrong beside the fields."""
    entry = typed.entry
    if status == TAKEN:
        entry = FormEntry.fresh(room.page.now)
    again = TypedEntry(typed.form, entry, typed.said, wrong or typed.wrong)
    return await _with(room, again, status=status, found=await _found(room, typed.form["contact"]))


async def _with(
    room: DeskRoom,
    typed: TypedEntry,
    *,
    status: int = 200,
    checked: CheckedEntry | None = None,
    found: LookedUpCustomer | None = None,
) -> Response:
    kind = typed.said.kind
    preset = preset_of(kind, room.floor, found.answer if found is not None else None, room.alone)
    return room.shown(
        kind, status=status, typed=typed.form, entry=typed.entry, wrong=typed.wrong, found=found,
        checked=checked, choice=ReceiverChoice.typed(typed.form, preset),
    )  # fmt: skip


async def _foreseen(room: DeskRoom, event: dict[str, object]) -> PreviewAnswer | None:
    """What the rules say of the entry, to be told once it is recorded; None where they cannot be asked."""
    try:
        return await preview(room.page, event)
    except ServiceRefusedError:
        return None


async def _found(room: DeskRoom, contact: str) -> LookedUpCustomer | None:
    """The look-up of a contact that is whole; what it lacks where it is not."""
    if not contact:
        return None
    lacks = cannot_be_asked(contact)
    if lacks is not None:
        return LookedUpCustomer(None, lacks)
    return await look_up(room.page.services, room.place.scope, contact)


def _entry(room: DeskRoom, form: Form) -> FormEntry:
    return FormEntry.of(form, room.page.now, room.facts.zone)
