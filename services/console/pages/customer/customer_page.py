"""One customer: whose, until when and why; everything that was recorded, with both clocks; deals, alerts, papers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query
from msgspec import Struct, UnsetType
from starlette.responses import Response

from services.console.asking.customer_answers import AlertSent, CardAnswered
from services.console.frame.customer_words import OUTCOMES, STATUS_MARKS, shown_name
from services.console.frame.page import Page
from services.console.frame.parameters import PlaceName
from services.console.frame.place_facts import SeenScope
from services.console.frame.scope_pages import place_in
from services.console.frame.trade_words import DEALS, STATUSES, word
from services.console.frame.whose import contact_in_clear, dialled
from services.console.frame.words import instant
from services.console.pages.customer import timeline
from services.console.pages.customer.gathering import CustomerAnswers, gathered, history, pack_keys
from services.console.pages.customer.moments import MomentAsked, asked_moment, stepped
from shared.contract.alert_words import channel_word
from shared.contract.answers.history import HistoryAnswer, HistoryDecision
from shared.contract.answers.values import BothLanguages
from shared.contract.case_numbers import case_number
from shared.contract.value_words import BASES
from shared.i18n import Text
from shared.i18n.times import deadline

ACTION: Final = "page.customers"
CustomerOfPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")]
Moment = Annotated[str, Query(max_length=40)]
Step = Annotated[int | None, Query(ge=0, le=100_000)]
Seen = Annotated[int | None, Query(ge=1)]


class Standing(Struct, frozen=True, kw_only=True):
    """How a customer stands: whose, by what, until when, and by the words of which clause."""

    customer: str
    case: str
    name: Text | str
    names: tuple[str, ...]
    contacts: tuple[str, ...]
    dial: str | None
    owner: str | None
    status: Text | str
    mark: str
    basis: Text | str
    since: str | None
    expires_at: str | None
    until: Text | None
    clause: str | None
    clause_text: BothLanguages | None
    explanation: BothLanguages | None


async def customer_page(
    page: Page,
    scope: PlaceName,
    customer: CustomerOfPath,
    as_of: Moment = "",
    known_at: Moment = "",
    step: Step = None,
    seq: Seen = None,
) -> Response:
    """The customer now, or at the time that is asked for."""
    place, facts = await place_in(page, scope, ACTION)
    present, keys = await asyncio.gather(
        history(page, scope, customer, MomentAsked(), seq), pack_keys(page, place)
    )
    points = timeline.points(present)
    moment = stepped(points, step) or asked_moment(as_of, known_at, step, facts.zone)
    told = await gathered(page, place, customer, moment, present, seq)
    return page.render(
        "customer/customer.html",
        status=422 if moment.wrong else 200,
        place=place, room="customers", facts=facts, moment=moment, typed=moment.typed(facts.zone),
        id=customer, case=case_number(customer), points=points,
        point=timeline.point_at(points, moment.known_at), pack_keys=keys,
        **shown(told, facts, page.now, moment),
    )  # fmt: skip


def shown(told: CustomerAnswers, facts: SeenScope, now: datetime, moment: MomentAsked) -> dict[str, Any]:
    """What the template goes by."""
    today = now.astimezone(facts.zone).date()
    entries = timeline.timeline(told.history, _flags(told.card), facts.name, facts.zone, today)
    return {
        "standing": standing(told, facts),
        "entries": entries,
        "note": _note(told),
        "card": told.card,
        "deals": told.deals,
        "deal_words": DEALS,
        "channel": channel_word,
        "outcomes": OUTCOMES,
        "alerts": _sent(told.alerts, moment),
        "papers": [one for one in entries if one.type == "document.attached"],
        "disputes": [one for one in entries if one.type.startswith("dispute.")],
        "flagged": [one for one in entries if one.flags],
    }


def standing(told: CustomerAnswers, facts: SeenScope) -> Standing | None:
    """How the customer stands; None of one that was not known then."""
    found = told.customer
    if found is None:
        return None
    last = _last(told.history, found.clause)
    contact = contact_in_clear(found.contacts)
    return Standing(
        customer=found.customer, case=case_number(found.customer), name=shown_name(found.names),
        names=found.names, contacts=found.contacts,
        dial=dialled(contact) if contact is not None else None,
        owner=found.owner, status=word(STATUSES, found.status), mark=STATUS_MARKS.get(found.status, ""),
        basis=word(BASES, found.basis), since=found.since, expires_at=found.expires_at,
        until=deadline(instant(found.expires_at), facts.zone) if found.expires_at is not None else None,
        clause=found.clause,
        clause_text=last.clause_text if last is not None else None,
        explanation=last.explanation if last is not None else None,
    )  # fmt: skip


def _last(pages: Iterable[HistoryAnswer], clause: str | None) -> HistoryDecision | None:
    """The last decision by the clause that stands."""
    made = [one for page in pages for one in page.decisions if one.clause == clause]
    return max(made, key=lambda one: (instant(one.at), one.seq)) if made else None


def _flags(card: CardAnswered | None) -> dict[str, list[str]]:
    if card is None:
        return {}
    return {one.row: one.flags for one in (*card.before.rows, *card.after.rows, *card.deals)}


def _sent(alerts: Iterable[AlertSent], moment: MomentAsked) -> list[tuple[AlertSent, Any]]:
    """Each sending with its alert, the latest first; at an earlier time those that had been made by then."""
    until = moment.known_at
    found = [
        (alert, attempt)
        for alert in alerts
        for attempt in alert.attempts
        if until is None or instant(attempt.business_at) <= until
    ]
    return sorted(found, key=lambda one: instant(one[1].business_at), reverse=True)


def _note(told: CustomerAnswers) -> BothLanguages | None:
    """What is to be known of an answer of an earlier time."""
    if told.customer is None or isinstance(told.customer.note, UnsetType):
        return None
    return told.customer.note
