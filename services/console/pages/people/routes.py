"""The addresses of people: the list with enrolment, and one person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Path, Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.access_answers import EnrolledStaff
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.books_in_force import book_in_force
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import FormEntry, actor_at, envelope, record
from services.console.frame.refused import wrong_with
from services.console.frame.staff_accounts import accounts_of
from services.console.frame.trade_words import role_word
from services.console.pages.people.enrolling import FIELDS, EnrolmentTyped, alike, enrolment_of, ordered
from services.console.pages.people.handing_over import (
    HandOverLine,
    HandOverTyped,
    checked,
    customers_left,
    handed_over,
    previewed,
    transfers,
)
from shared.contract.answers.lists import StaffMember, StaffPage
from shared.contract.events import Role
from shared.contract.value_words import ABSENCES
from shared.i18n import Text, bilingual, translated
from shared.platform.http.problem import ProblemError

StaffOfPath = Annotated[str, Path(min_length=1, max_length=64)]
SeenSeq = Annotated[int | None, Query(ge=1)]
ACTION: Final = "page.people"
_GOING: Final[Mapping[str, Text]] = {
    "depart": translated("{name} has left: the claims ended, and the name is off both boards."),
    "away": translated("{name} is away."),
    "back": translated("{name} is back."),
}
log: Final = structlog.get_logger()


async def people(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """Who works at the office, who left, and the form to enrol somebody."""
    place = page.at(scope, office, ACTION)
    if page.is_part:  # the stream said that something moved: who works here, or is away, may be that
        page.parts.known.forget(scope)
    return await _people(page, place, EnrolmentTyped.fresh(), FormEntry.fresh(page.now))


async def enrol(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """Enrol somebody; who is there under a like name is shown first."""
    place = page.at(scope, office, ACTION)
    facts = await page.scope(scope)
    form = await page.form()
    typed, entry = EnrolmentTyped.of(form), FormEntry.of(form, page.now, facts.zone)
    data, wrong = enrolment_of(typed)
    like = alike(typed, facts)
    if wrong or (like and not typed.sure):
        return await _people(page, place, typed, entry, wrong, like)
    try:
        told = translated("{name} is enrolled.", name=data["name"])
        return await _recorded(page, place, "staff.enrolled", data, entry, _list(place), told)
    except ServiceRefusedError as error:
        return await _people(page, place, typed, entry, wrong_with(error, FIELDS), like)


async def member(
    page: Page, scope: PlaceName, office: PlaceName, staff: StaffOfPath, seq: SeenSeq = None
) -> Response:
    """One person: coming and going, and the customers to be handed over."""
    desk = await _desk(page, scope, office, staff)
    return await _member(desk, FormEntry.fresh(page.now), HandOverTyped.fresh(), seq=seq)


async def act_on_member(page: Page, scope: PlaceName, office: PlaceName, staff: StaffOfPath) -> Response:
    """What is done about somebody, by the button that was pressed."""
    desk = await _desk(page, scope, office, staff)
    form = await page.form()
    entry = FormEntry.of(form, page.now, desk.facts.zone)
    if form["do"] in ("preview", "transfer"):
        return await _hand_over(desk, form, entry)
    kinds = {"depart": "staff.departed", "away": "staff.away", "back": "staff.back"}
    if form["do"] not in kinds:
        raise ProblemError(422, bilingual("the form cannot be read"))
    if form["do"] == "depart" and form["sure"] != "yes":
        wrong = Wrong()
        wrong.fields["sure"] = translated("confirm that the claims end with the departure")
        return await _member(desk, entry, HandOverTyped.fresh(), wrong=wrong)
    data = {"staff": staff, "reason": form["away_for"] if form["do"] == "away" else None}
    try:
        address = f"{_list(desk.place)}/{quote(staff)}"
        told = _GOING[form["do"]].format(name=desk.member.name)
        return await _recorded(page, desk.place, kinds[form["do"]], data, entry, address, told)
    except ServiceRefusedError as error:
        return await _member(desk, entry, HandOverTyped.fresh(), wrong=wrong_with(error, {}))


class MemberDesk(Struct, frozen=True):
    """Whoever looks at a member of staff."""

    page: PageRequest
    place: OfficePlace
    facts: SeenScope
    member: StaffMember

    @property
    def gone(self) -> bool:
        return self.member.departed_at is not None


async def _desk(page: PageRequest, scope: str, office: str, staff: str) -> MemberDesk:
    place = page.at(scope, office, ACTION)
    facts = await page.scope(scope)
    if staff not in facts.people:  # enrolled within the last seconds, from somewhere else
        facts = await page.scope_anew(scope)
    found = facts.people.get(staff)
    if found is None or found.office != office:
        raise ProblemError(404, bilingual("nobody of this id works or worked at this office"))
    return MemberDesk(page, place, facts, found)


async def _hand_over(desk: MemberDesk, form: Form, entry: FormEntry) -> Response:
    page, place, staff = desk.page, desk.place, desk.member.staff
    left = await customers_left(page, place.scope, staff, gone=desk.gone, seq=None)
    typed = HandOverTyped.of(form, left.customers)
    wrong = checked(typed, left.customers, staff)
    if wrong:
        return await _member(desk, entry, typed, wrong=wrong)
    me = actor_at(page.caller, place)
    by = staff if page.may("event.name_party", place) else me
    if me in {one for held in _approvers(desk.facts).values() for one in held}:
        typed = HandOverTyped(
            typed.to_all, typed.to_each, typed.reason, list(dict.fromkeys([*typed.approved_by, me]))
        )
    made = transfers(page, place, typed, left.customers, entry, by)
    if form["do"] == "preview":
        return await _member(desk, entry, typed, lines=await previewed(page, made))
    lines = await handed_over(page, place.scope, made)
    # What stays is typed anew: a refused one under the same id, to another receiver under another.
    again = HandOverTyped.fresh() if all(one.done for one in lines) else typed
    return await _member(desk, FormEntry.fresh(page.now), again, lines=lines, done=True)


async def _member(
    desk: MemberDesk,
    entry: FormEntry,
    typed: HandOverTyped,
    *,
    wrong: Wrong | None = None,
    lines: list[HandOverLine] | None = None,
    done: bool = False,
    seq: int | None = None,
) -> Response:
    page, place, facts = desk.page, desk.place, desk.facts
    may = page.may("event.decide", place) and page.may("customer.list", place)
    left = (
        await customers_left(page, place.scope, desk.member.staff, gone=desk.gone, seq=seq) if may else None
    )
    receivers = [
        (one.staff, one.name)
        for one in facts.at_work(place.office)
        if one.role == "consultant" and one.staff != desk.member.staff
    ]
    return page.render(
        "people/member.html", status=422 if wrong else 200, place=place, room="people", facts=facts,
        member=desk.member, gone=desk.gone, left=left, typed=typed, entry=entry, wrong=wrong, lines=lines or [],
        done=done, receivers=receivers, me=actor_at(page.caller, place), approvers=_approvers(facts),
        going_entry=FormEntry.fresh(page.now), absences=list(ABSENCES.items()),
        accounts=await _accounts(page, place),
    )  # fmt: skip


async def _people(
    page: PageRequest,
    place: OfficePlace,
    typed: EnrolmentTyped,
    entry: FormEntry,
    wrong: Wrong | None = None,
    like: list[StaffMember] | None = None,
) -> Response:
    facts = await page.scope(place.scope)
    accounts = await _accounts(page, place)
    here = ordered(one for one in facts.people.values() if one.office == place.office)
    return page.render(
        "people/list.html", status=422 if wrong or like else 200, place=place, room="people", facts=facts,
        here=[one for one in here if one.departed_at is None],
        gone=[one for one in here if one.departed_at is not None],
        typed=typed, entry=entry, wrong=wrong, like=like or [],
        role_options=[(role, role_word(role)) for role in get_args(Role)], accounts=accounts,
    )  # fmt: skip


def _approvers(facts: SeenScope) -> dict[str, list[str]]:
    """Who may approve a transfer, by the roles whose approval the rulebook wants."""
    book = book_in_force(facts.scope)
    wanted = book.transfers.approved_by if book is not None else ("manager",)
    here = [one for one in facts.people.values() if one.departed_at is None]
    return {role: [one.staff for one in here if one.role == role] for role in wanted}


async def _recorded(
    page: PageRequest,
    place: OfficePlace,
    kind: str,
    data: Mapping[str, Any],
    entry: FormEntry,
    address: str,
    told: Text,
) -> Response:
    """Record it, wait until it is folded, and show the people as they are then. Raises `ServiceRefusedError`."""
    done = await record(page, envelope(page, place, kind, data, entry))
    path = f"/v1/scopes/{place.scope}/staff"
    await page.services.get("attribution", path, StaffPage, limit=1, min_seq=done.seq)
    page.parts.known.forget(place.scope)
    return page.see_other(address, told)


async def _accounts(page: PageRequest, place: OfficePlace) -> Mapping[str, EnrolledStaff]:
    """Who has an account; nothing is told of it where access does not answer, and people are enrolled all the same."""
    if not page.may("access.staff_accounts", place):
        return {}
    try:
        return await accounts_of(page, place.scope)
    except ServiceRefusedError as error:
        log.warning("accounts_unknown", status=error.status)
        return {}


def _list(place: OfficePlace) -> str:
    return f"/at/{place.scope}/{place.office}/people"


def people_routes() -> APIRouter:
    """The room of people."""
    made = APIRouter(include_in_schema=False)
    room = "/at/{scope}/{office}"
    for path, handler, method in (
        (f"{room}/people", people, "GET"),
        (f"{room}/people", enrol, "POST"),
        (f"{room}/people/{{staff}}", member, "GET"),
        (f"{room}/people/{{staff}}", act_on_member, "POST"),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made
