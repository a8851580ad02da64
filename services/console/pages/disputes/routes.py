"""The addresses of disputes: the list, one of them, and what is done there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.books_in_force import book_in_force
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import FormEntry, actor_at, envelope, record
from services.console.frame.refused import wrong_with
from services.console.frame.scope_pages import place_in
from services.console.frame.words import in_language
from services.console.pages.disputes.case import DisputeCase
from services.console.pages.disputes.gathering import (
    BeyondReachError,
    customer_of,
    dispute_about,
    dispute_case,
    dispute_lines,
)
from services.console.pages.disputes.opening import opening_of, opening_page, unknown
from services.console.pages.disputes.ruling import (
    FIELDS,
    RulingOutcome,
    RulingTyped,
    approvers,
    outcome,
    outcomes,
    ruling_of,
)
from shared.i18n import Text, bilingual, translated
from shared.platform.http.problem import ProblemError
from shared.rules.domain.rulebook import Rulebook

DisputeOfPath = Annotated[str, Path(min_length=1, max_length=64)]
Seen = Annotated[int | None, Query(ge=1)]
CustomerOfQuery = Annotated[str, Query(max_length=64)]
DoneForm = Literal["", "ruling", "evidence", "approval"]
ACTION: Final = "page.disputes"


class DisputeDesk(Struct, frozen=True):
    """Whoever looks at a dispute: from which place, and at which office (`at`) what they do is recorded."""

    page: PageRequest
    place: OfficePlace
    at: OfficePlace
    facts: SeenScope
    case: DisputeCase
    entry: FormEntry

    async def recorded(self, kind: str, data: Mapping[str, Any], done: str, told: Text) -> Response:
        """Record it, and show the dispute as it stands then. Raises `ServiceRefusedError`."""
        place = await record(self.page, envelope(self.page, self.at, kind, data, self.entry))
        self.page.parts.seen_names.forget(self.at.scope, str(self.case.customer.customer))
        address = _address(self.at.scope, self.case.told.dispute, place.seq, done)
        return self.page.see_other(address, told)


async def disputes(
    page: Page, scope: PlaceName, seq: Seen = None, customer: CustomerOfQuery = ""
) -> Response:
    """Open disputes first, with what waits for whom; of a customer, on to the dispute about them."""
    place, facts = await place_in(page, scope, ACTION)
    found = await dispute_about(page, scope, customer) if customer else None
    if found is not None:
        return page.see_other(f"/in/{scope}/disputes/{quote(found, safe=':')}")
    open_, ruled = await dispute_lines(page, scope, facts, seq)
    return page.render(
        "disputes/list.html", place=place, room="disputes", facts=facts, open_disputes=open_, ruled=ruled,
        ruled_by={one.told.clause: one.words for one in ruled},
        may_open=page.may("event.dispute", place),
    )  # fmt: skip


async def dispute(
    page: Page, scope: PlaceName, dispute: DisputeOfPath, seq: Seen = None, done: DoneForm = ""
) -> Response:
    """One dispute with all that counts for it, and what each ruling would come to."""
    place, facts = await place_in(page, scope, ACTION)
    try:
        case = await dispute_case(page, scope, dispute, facts, seq)
    except BeyondReachError as beyond:
        return page.render(
            "disputes/beyond.html", place=place, room="disputes", facts=facts, told=beyond.told, words=beyond.words
        )  # fmt: skip
    at = OfficePlace(scope, case.office or place.office)
    desk = DisputeDesk(page, place, at, facts, case, FormEntry.fresh(page.now))
    return await _shown(desk, done=done)


async def act(page: Page, scope: PlaceName, dispute: DisputeOfPath) -> Response:
    """What is done about a dispute, by the button that was pressed: rule, add evidence, approve a ruling."""
    place, facts = await place_in(page, scope, ACTION)
    try:
        case = await dispute_case(page, scope, dispute, facts, None)
    except BeyondReachError:
        raise ProblemError(403, bilingual("the customer of this dispute is out of your reach")) from None
    at = OfficePlace(scope, case.office or place.office)
    form = await page.form()
    desk = DisputeDesk(page, place, at, facts, case, FormEntry.of(form, page.now, facts.zone))
    if form["do"] == "evidence":
        return await _add_evidence(desk, form)
    if form["do"] == "approve":
        return await _approve(desk, form)
    return await _rule(desk, form)


async def _rule(desk: DisputeDesk, form: Form) -> Response:
    """See what a ruling would come to, or make it."""
    page, case, typed = desk.page, desk.case, RulingTyped.of(form)
    people = approvers(desk.facts, book_in_force(desk.facts.scope)).values()
    wanted = [staff for held in people for staff in held]
    citation = in_language(page.language, page.parts.books.cited(typed.clause)) if typed.clause else ""
    data, wrong = ruling_of(typed, case.told.dispute, actor_at(page.caller, desk.at), wanted, citation)
    if wrong:
        return await _shown(desk, typed=typed, wrong=wrong, entry=desk.entry)
    if form["do"] == "preview":
        seen = await outcome(page, desk.at, case, translated("As typed below"), data)
        return await _shown(desk, typed=typed, entry=desk.entry.later(page.now), seen=seen)
    try:
        return await desk.recorded("dispute.ruled", data, "ruling", translated("The ruling is recorded."))
    except ServiceRefusedError as error:
        return await _shown(desk, typed=typed, entry=desk.entry, wrong=wrong_with(error, FIELDS))


async def _add_evidence(desk: DisputeDesk, form: Form) -> Response:
    """Words, one piece a line, and records of the customer."""
    pieces = [*form.all("record"), *(line.strip() for line in form["words"].splitlines() if line.strip())]
    wrong = Wrong()
    if not pieces:
        wrong.fields["words"] = translated("say what speaks for it, or choose a record")
    else:
        by = form["by"] or actor_at(desk.page.caller, desk.at)
        data = {"dispute": desk.case.told.dispute, "by": by, "evidence": pieces}
        try:
            told = translated("The evidence is recorded.")
            return await desk.recorded("dispute.evidence_added", data, "evidence", told)
        except ServiceRefusedError as error:
            wrong = wrong_with(error, {"data.evidence": "words", "data.by": "by"})
    return await _shown(desk, wrong_evidence=wrong, words=form["words"], evidence_entry=desk.entry)


async def _approve(desk: DisputeDesk, form: Form) -> Response:
    """Approve a ruling that waits for it, in one's own name."""
    by = actor_at(desk.page.caller, desk.at)
    data = {"record": form["record"], "stage": "approved", "by": by}
    try:
        told = translated("Your approval is recorded.")
        return await desk.recorded("record.approved", data, "approval", told)
    except ServiceRefusedError as error:
        return await _shown(desk, wrong=wrong_with(error, {}))


async def open_form(page: Page, scope: PlaceName, customer: str = "") -> Response:
    """The form by which somebody contests whose a customer is."""
    place, facts = await place_in(page, scope, ACTION)
    known = await customer_of(page, scope, customer)
    return opening_page(page, place, facts, known, FormEntry.fresh(page.now), {"reason": "", "contact": ""})


async def open_dispute(page: Page, scope: PlaceName) -> Response:
    """Open it, and go on to it."""
    place, facts = await place_in(page, scope, ACTION)
    form = await page.form()
    entry = FormEntry.of(form, page.now, facts.zone)
    known = await customer_of(page, scope, form["customer"])
    data, wrong = opening_of(form, known, entry, actor_at(page.caller, place))
    typed = {"reason": form["reason"], "contact": form["contact"]}
    if not wrong and form["contact"]:
        told = await unknown(page, place, facts, form["contact"])
        if told is not None:
            wrong.fields["contact"] = told
    if not wrong:
        try:
            done = await record(page, envelope(page, place, "dispute.opened", data, entry))
            return page.see_other(
                _address(scope, data["dispute"], done.seq), translated("The dispute is open.")
            )
        except ServiceRefusedError as error:
            wrong = wrong_with(error, {"data.reason": "reason", "data.customer": "contact"})
    return opening_page(page, place, facts, known, entry, typed, wrong)


async def _shown(
    desk: DisputeDesk,
    *,
    typed: RulingTyped | None = None,
    entry: FormEntry | None = None,
    wrong: Wrong | None = None,
    seen: RulingOutcome | None = None,
    wrong_evidence: Wrong | None = None,
    words: str = "",
    evidence_entry: FormEntry | None = None,
    done: str = "",
) -> Response:
    page, case, facts, at = desk.page, desk.case, desk.facts, desk.at
    book = book_in_force(facts.scope)
    given: dict[str, Any] = {
        "case": case, "book": book, "typed": typed or RulingTyped.fresh(case),
        "entry": entry or FormEntry.fresh(page.now), "wrong": wrong, "seen": seen,
        "choices": await outcomes(page, at, case, book), "approvers": approvers(facts, book),
        "me": actor_at(page.caller, at), "words": words, "wrong_evidence": wrong_evidence,
        "evidence_entry": evidence_entry or FormEntry.fresh(page.now),
        "approval_entry": FormEntry.fresh(page.now), "answered": typed is not None, "at": at, "done": done,
        **_options(case, facts, at, book),
    }  # fmt: skip
    status = 422 if wrong or wrong_evidence else 200
    return page.render(
        "disputes/dispute.html", status=status, place=desk.place, room="disputes", facts=facts, **given
    )


def _options(
    case: DisputeCase, facts: SeenScope, at: OfficePlace, book: Rulebook | None
) -> dict[str, list[tuple[str, Text | str]]]:
    """What the fields of the form offer: people by name, those with records first; who may rule; clauses."""
    first = [one.staff for one in case.sides]
    here = [one.staff for one in facts.at_work(at.office) if one.role == "consultant"]
    ranks = book.disputes.authority if book is not None else ()
    rulers = [one.staff for one in facts.people.values() if one.departed_at is None and one.role in ranks]
    named: list[tuple[str, Text | str]] = [
        (staff, facts.name(staff)) for staff in dict.fromkeys([*first, *here])
    ]
    return {
        "people": named,
        "enrolled": [one for one in named if _is_enrolled(facts, one[0])],
        "rulers": [(staff, facts.name(staff)) for staff in rulers],
        "clause_options": [(one.clause, one.words) for one in case.clauses],
    }


def _is_enrolled(facts: SeenScope, staff: str) -> bool:
    """Whether somebody may be given a customer, or bring something forward: shares are also of who has left."""
    found = facts.people.get(staff)
    return found is not None and found.departed_at is None


def _address(scope: str, dispute: str, seq: int, done: str = "") -> str:
    return f"/in/{scope}/disputes/{quote(dispute, safe=':')}?seq={seq}" + (f"&done={done}" if done else "")


def dispute_routes() -> APIRouter:
    """The room of disputes."""
    made = APIRouter(include_in_schema=False)
    one = "/in/{scope}/disputes/{dispute}"
    for path, handler, method in (
        ("/in/{scope}/disputes", disputes, "GET"),
        ("/in/{scope}/open-dispute", open_form, "GET"),
        ("/in/{scope}/open-dispute", open_dispute, "POST"),
        (one, dispute, "GET"),
        (one, act, "POST"),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made
