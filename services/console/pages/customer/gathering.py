"""All that the services say of one customer, asked at once where one answer does not wait for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import structlog
from msgspec import Struct

from services.console.asking.audit_answers import ShownLogKeys
from services.console.asking.customer_answers import AlertsAnswered, AlertSent, CardAnswered
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.pages.customer.moments import MomentAsked
from shared.contract.answers.history import HistoryAnswer
from shared.contract.answers.lists import DealAnswer
from shared.contract.answers.scopes import CustomerAnswer

PAGE: Final = 500
ALERTS: Final = 50
_NOT_THERE: Final = (403, 404)
log: Final = structlog.get_logger()


class CustomerAnswers(Struct, frozen=True, kw_only=True):
    """What there is of a customer at a time; `customer` is None of one that was not known by then."""

    customer: CustomerAnswer | None
    history: list[HistoryAnswer]
    card: CardAnswered | None
    deals: list[DealAnswer]
    alerts: list[AlertSent]


async def customer_answer(
    page: PageRequest, scope: str, customer: str, moment: MomentAsked, seq: int | None = None
) -> CustomerAnswer | None:
    """The customer at a time; None of one that was not known then. Raises `ServiceRefusedError`."""
    try:
        return await page.services.get(
            "attribution", f"/v1/scopes/{scope}/customers/{customer}", CustomerAnswer,
            limit=1, min_seq=seq, **moment.query(),
        )  # fmt: skip
    except ServiceRefusedError as error:
        if error.status == 404 and moment.earlier:
            return None
        raise


async def history(
    page: PageRequest, scope: str, customer: str, moment: MomentAsked, seq: int | None = None
) -> list[HistoryAnswer]:
    """Every page of the history at a time. Raises `ServiceRefusedError`."""
    pages: list[HistoryAnswer] = []
    cursor: str | None = None
    while True:
        told = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/customers/{customer}/history", HistoryAnswer,
            limit=PAGE, cursor=cursor, min_seq=seq, **moment.query(),
        )  # fmt: skip
        pages.append(told)
        if not isinstance(told.cursor, str):
            return pages
        cursor = told.cursor


async def gathered(
    page: PageRequest,
    place: OfficePlace,
    customer: str,
    moment: MomentAsked,
    present: Sequence[HistoryAnswer],
    seq: int | None,
) -> CustomerAnswers:
    """All of a customer at a time; `present` is the history as it stands now."""
    (found, then), card, alerts = await asyncio.gather(
        _standing(page, place.scope, customer, moment, present, seq),
        _card(page, place, customer, _office(present, place), moment, seq),
        _alerts(page, place, customer),
    )
    if found is None:
        return CustomerAnswers(customer=None, history=[], card=None, deals=[], alerts=[])
    deals = await _deals(page, place.scope, then, moment)
    return CustomerAnswers(customer=found, history=then, card=card, deals=deals, alerts=alerts)


async def _standing(
    page: PageRequest,
    scope: str,
    customer: str,
    moment: MomentAsked,
    present: Sequence[HistoryAnswer],
    seq: int | None,
) -> tuple[CustomerAnswer | None, list[HistoryAnswer]]:
    """The customer and the history at a time, one after the other: few questions of an earlier time may wait."""
    found = await customer_answer(page, scope, customer, moment, seq)
    if found is None or not moment.earlier:
        return found, list(present)
    return found, await history(page, scope, customer, moment, seq)


async def pack_keys(page: PageRequest, place: OfficePlace) -> list[str]:
    """The keys by which an evidence pack is verified; none for whoever makes no pack, or while audit is away."""
    if not page.may("evidence.make", place):
        return []
    try:
        return (await page.services.get("audit", "/v1/log/keys", ShownLogKeys)).keys
    except ServiceRefusedError as error:
        log.warning("log_keys_unknown", status=error.status)
        return []


def _office(pages: Sequence[HistoryAnswer], place: OfficePlace) -> str:
    """The office whose registers have the customer: that of the last record."""
    return next((one.office for page in reversed(pages) for one in reversed(page.events)), place.office)


async def _card(
    page: PageRequest, place: OfficePlace, customer: str, office: str, moment: MomentAsked, seq: int | None
) -> CardAnswered | None:
    if not page.may("register.customers", OfficePlace(place.scope, office)):
        return None
    path = f"/v1/offices/{quote(office, safe='')}/customers/{customer}/card"
    return await _unless_out_of_reach(page, "registers", path, CardAnswered, min_seq=seq, **moment.query())


async def _deals(
    page: PageRequest, scope: str, pages: Sequence[HistoryAnswer], moment: MomentAsked
) -> list[DealAnswer]:
    """The deals that the records of the customer name."""
    named = dict.fromkeys(
        str(one.data["deal"]) for told in pages for one in told.events if one.type == "deal.subscribed"
    )
    found = await asyncio.gather(
        *(
            _unless_out_of_reach(
                page, "attribution", f"/v1/scopes/{scope}/deals/{quote(deal, safe='')}", DealAnswer,
                **moment.query(),
            )
            for deal in named
        )
    )  # fmt: skip
    return [one for one in found if one is not None]


async def _alerts(page: PageRequest, place: OfficePlace, customer: str) -> list[AlertSent]:
    """The latest alerts about the customer, within reach of whoever looks."""
    if not page.may("alert.read", place):
        return []
    told = await _unless_out_of_reach(
        page, "notifier", "/v1/alerts", AlertsAnswered, scope=place.scope, customer=customer, limit=ALERTS
    )
    return told.alerts if told is not None else []


async def _unless_out_of_reach(
    page: PageRequest, service: Any, path: str, kind: type[Any], **query: Any
) -> Any | None:
    """An answer, or None where it is beyond the caller's reach: the page shows the rest."""
    try:
        return await page.services.get(service, path, kind, **query)
    except ServiceRefusedError as error:
        if error.status in _NOT_THERE:
            return None
        raise
