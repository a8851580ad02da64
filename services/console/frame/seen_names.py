"""Names of customers whom an answer knows by their ids alone, asked one by one and kept for some minutes.

Each is asked in the name of whoever looks, so that it is clear or masked as they may see it; and asking is on the
record of access, which a page that loads itself anew with every fact would fill.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from services.console.asking.customer_answers import CustomerNames
from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServicesAsPerson

KEPT: Final = timedelta(minutes=5)
MOST: Final = 2000
_OUT_OF_REACH: Final = (403, 404)


class SeenNames:
    """The first name of each, by who looked; empty of who is out of reach or has none."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[tuple[str, str, str], tuple[datetime, str]] = {}

    async def of(
        self, services: ServicesAsPerson, viewer: str, scope: str, customers: Iterable[str]
    ) -> dict[str, str]:
        """The names of a few customers, as `viewer` sees them. Raises `ServiceRefusedError`."""
        wanted = list(dict.fromkeys(customers))
        now = self._now()
        kept = {one: self._known.get((viewer, scope, one), (now - KEPT, "")) for one in wanted}
        found = {one: name for one, (at, name) in kept.items() if now - at < KEPT}
        asked = [one for one in wanted if one not in found]
        told = await asyncio.gather(*(_name(services, scope, one) for one in asked))
        if len(self._known) + len(asked) > MOST:
            self._known.clear()
        for one, name in zip(asked, told, strict=True):
            self._known[(viewer, scope, one)] = (now, name)
            found[one] = name
        return found


async def _name(services: ServicesAsPerson, scope: str, customer: str) -> str:
    try:
        path = f"/v1/scopes/{scope}/customers/{customer}"
        told = await services.get("attribution", path, CustomerNames, limit=1)
    except ServiceRefusedError as error:
        if error.status not in _OUT_OF_REACH:
            raise
        return ""
    return next(iter(told.names), "")
