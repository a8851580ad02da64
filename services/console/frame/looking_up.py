"""Whose customer a whole phone number or WeChat id is, as the door asks: masked, counted and capped by attribution."""

from __future__ import annotations

from typing import Final

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.refused import in_one_line
from shared.contract.answers.desk import LookupAnswer
from shared.contract.case_numbers import case_digest
from shared.contract.contacts import WECHAT, contact_of
from shared.contract.errors import BadEvent
from shared.i18n import Text, translated

TOO_MANY: Final = 429
SHORTEST_WECHAT: Final = 6


def is_whole(typed: str) -> bool:
    """Whether what was typed is a contact that can be looked up, and no name or case number."""
    if case_digest(typed) is not None:
        return False
    try:
        found = contact_of(typed)
    except BadEvent:
        return False
    return not found.startswith(WECHAT) or len(found) >= len(WECHAT) + SHORTEST_WECHAT


async def look_up(page: PageRequest, place: OfficePlace, contact: str) -> LookupAnswer | Text | None:
    """The answer; in words why there is none; None for whom no look-up is.

    Raises `ServiceRefusedError` where attribution does not answer.
    """
    if not page.may("desk.look_up", place):
        return None
    try:
        path = f"/v1/scopes/{place.scope}/lookup"
        return await page.services.post("attribution", path, {"contact": contact}, LookupAnswer)
    except ServiceRefusedError as error:
        if error.status == TOO_MANY:
            seconds = error.retry_after or "60"
            return translated("Too many look-ups at once: again in {seconds} seconds.", seconds=seconds)
        if error.status == 422:
            return in_one_line(error)
        raise
