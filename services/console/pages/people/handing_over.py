"""Handing a leaver's customers over: who gets whom, what each transfer would do, and what came of it.

Each transfer has an id of its own that follows from the form, the customer and the receiver, so that sending the form
again, after a dropped connection or an error, hands nobody over twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID, uuid5

from msgspec import Struct

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.recording import FormEntry, envelope, preview, record
from services.console.frame.refused import in_words
from services.console.frame.scope_pages import named_party
from services.console.frame.trade_words import FLAGS, word
from shared.contract.answers.scopes import CustomersPage, ListedCustomer
from shared.i18n import Text, translated

AT_ONCE: Final = 100
"""How many customers one form hands over; the others stand on the page after that."""
SIDE_BY_SIDE: Final = 8
NOBODY: Final = "-"
"""Said of a customer who stays where they are."""


class HandOverTyped(Struct, frozen=True):
    """The form as it was typed: one receiver for all, another for some."""

    to_all: str
    to_each: dict[str, str]
    reason: str
    approved_by: list[str]

    @classmethod
    def of(cls, form: Form, customers: Iterable[ListedCustomer]) -> HandOverTyped:
        each = {str(one.customer): form[f"to_{one.customer}"] for one in customers}
        return cls(form["to_all"], each, form["reason"], form.all("approved_by"))

    @classmethod
    def fresh(cls) -> HandOverTyped:
        return cls("", {}, "", [])

    def receiver(self, customer: str) -> str | None:
        """Who gets a customer; None for one who is not handed over."""
        own = self.to_each.get(customer, "")
        return None if own == NOBODY else own or self.to_all or None


class HandOverLine(Struct, frozen=True):
    """What came, or would come, of one transfer."""

    customer: ListedCustomer
    to: str
    done: bool
    said: list[Text | str]
    until: str | None = None


async def customers_left(page: PageRequest, scope: str, staff: str, *, gone: bool, seq: int | None) -> Owned:
    """The open customers of somebody who works here, or whom a departure left without an owner."""
    asked: dict[str, Any] = {"status": "unowned"} if gone else {"owner": staff}
    found: list[ListedCustomer] = []
    total, cursor = 0, None
    while True:
        told = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/customers", CustomersPage, limit=500, cursor=cursor,
            min_seq=seq, **asked,
        )  # fmt: skip
        wanted = [one for one in told.customers if (_left_by(one, staff) if gone else one.status != "closed")]
        total += len(wanted)
        found += wanted[: AT_ONCE - len(found)]
        if told.cursor is None:
            return Owned(found, total)
        cursor = told.cursor


class Owned(Struct, frozen=True):
    """Some customers, and how many there are in all."""

    customers: list[ListedCustomer]
    total: int


def checked(typed: HandOverTyped, customers: Iterable[ListedCustomer], leaver: str) -> Wrong:
    """What lacks before anything is sent."""
    wrong = Wrong()
    receivers = {typed.receiver(one.customer) for one in customers} - {None}
    if not receivers:
        wrong.fields["to_all"] = translated("choose who gets the customers")
    elif leaver in receivers:
        wrong.fields["to_all"] = translated("choose somebody else: these customers are this person's")
    if not typed.reason:
        wrong.fields["reason"] = translated("the reason is wanted: it stands in each customer's history")
    return wrong


def transfer_id(form: str, customer: str, to: str) -> str:
    """The id of the event by which this form gives this customer to somebody."""
    return str(uuid5(UUID(form), f"{customer}/{to}"))


def transfers(
    page: PageRequest,
    place: OfficePlace,
    typed: HandOverTyped,
    customers: Iterable[ListedCustomer],
    entry: FormEntry,
    requested_by: str,
) -> list[tuple[ListedCustomer, str, dict[str, Any] | None]]:
    """Each customer with the receiver and the event; no event where whoever sends it sees no contact in clear."""
    made: list[tuple[ListedCustomer, str, dict[str, Any] | None]] = []
    for one in customers:
        to = typed.receiver(one.customer)
        if to is None:
            continue
        party = named_party(one)
        data = {
            "customer": party, "to": to, "requested_by": requested_by, "reason": typed.reason,
            "approved_by": typed.approved_by,
        }  # fmt: skip
        own = FormEntry(transfer_id(entry.event, one.customer, to), entry.at)
        event = envelope(page, place, "claim.transferred", data, own) if party is not None else None
        made.append((one, to, event))
    return made


async def previewed(
    page: PageRequest, made: Iterable[tuple[ListedCustomer, str, dict[str, Any] | None]]
) -> list[HandOverLine]:
    """What each transfer would do, some at a time."""
    turns = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(customer: ListedCustomer, to: str, event: dict[str, Any] | None) -> HandOverLine:
        if event is None:
            return _masked(customer, to)
        try:
            async with turns:
                told = await preview(page, event)
        except ServiceRefusedError as error:
            if error.status >= 500:
                raise
            return HandOverLine(customer, to, False, [*in_words(error)])
        counts = any(decision.owner == to for decision in told.decisions)
        said = [word(FLAGS, flag.flag) for flag in told.flags]
        until = told.customer.expires_at if told.customer is not None and counts else None
        return HandOverLine(customer, to, counts, said, until)

    return list(await asyncio.gather(*(one(*each) for each in made)))


async def handed_over(
    page: PageRequest, scope: str, made: Iterable[tuple[ListedCustomer, str, dict[str, Any] | None]]
) -> list[HandOverLine]:
    """Record the transfers one after another; what is refused stops no other, and what does not count is told."""
    lines: list[HandOverLine] = []
    seq = 0
    for customer, to, event in made:
        if event is None:
            lines.append(_masked(customer, to))
            continue
        try:
            place = await record(page, event)
        except ServiceRefusedError as error:
            lines.append(HandOverLine(customer, to, False, [*in_words(error)]))
            continue
        seq = max(seq, place.seq)
        lines.append(HandOverLine(customer, to, True, []))
    return [await _counted(page, scope, line, seq) for line in lines]


async def _counted(page: PageRequest, scope: str, line: HandOverLine, seq: int) -> HandOverLine:
    """A transfer that is recorded may still lack approvals: whose the customer is now tells."""
    if not line.done:
        return line
    path = f"/v1/scopes/{scope}/customers/{line.customer.customer}"
    now = await page.services.get("attribution", path, ListedCustomer, limit=1, min_seq=seq)
    if now.owner == line.to:
        return HandOverLine(line.customer, line.to, True, [], now.expires_at)
    told = translated("Recorded, and does not count: approvals are missing, or the receiver is barred.")
    return HandOverLine(line.customer, line.to, False, [told])


def _masked(customer: ListedCustomer, to: str) -> HandOverLine:
    told = translated(
        "Your role sees no contact of this customer in clear: a manager or director records it."
    )
    return HandOverLine(customer, to, False, [told])


def _left_by(customer: ListedCustomer, staff: str) -> bool:
    last = customer.decisions[-1] if customer.decisions else None
    return last is not None and last.decision == "released" and last.previous == staff
