"""Customers whom an answer knows by their ids alone: asked one by one, and kept for some minutes.

Each is asked in the name of whoever looks, so that it is clear or masked as they may see it; and asking is on the
record of access, which a page that loads itself anew with every fact would fill.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from services.console.asking.customer_answers import NamedCustomer
from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServicesAsPerson

KEPT: Final = timedelta(minutes=5)
MOST: Final = 2000
DECISIONS: Final = 500
_OUT_OF_REACH: Final = (403, 404)
_NOBODY: Final = NamedCustomer([])


class SeenNames:
    """What each is called, and what was decided of them, by who looked; nothing of who is out of reach."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[tuple[str, str, str, str], tuple[datetime, NamedCustomer]] = {}

    async def of(
        self, services: ServicesAsPerson, viewer: str, scope: str, customers: Iterable[str]
    ) -> dict[str, str]:
        """The first names of a few customers, as `viewer` sees them. Raises `ServiceRefusedError`."""
        found = await self._seen(services, viewer, scope, customers, "", 1)
        return {one: next(iter(told.names), "") for one, told in found.items()}

    async def customers(
        self, services: ServicesAsPerson, viewer: str, scope: str, customers: Iterable[str], state: str
    ) -> dict[str, NamedCustomer]:
        """A few customers with their decisions; what was kept in another `state` of the caller's is asked anew."""
        return await self._seen(services, viewer, scope, customers, state, DECISIONS)

    async def _seen(
        self,
        services: ServicesAsPerson,
        viewer: str,
        scope: str,
        customers: Iterable[str],
        state: str,
        decisions: int,
    ) -> dict[str, NamedCustomer]:
        wanted = list(dict.fromkeys(customers))
        now = self._now()
        kept = {one: self._known.get((viewer, scope, one, state), (now - KEPT, _NOBODY)) for one in wanted}
        found = {one: told for one, (at, told) in kept.items() if now - at < KEPT}
        asked = [one for one in wanted if one not in found]
        answers = await asyncio.gather(*(_asked(services, scope, one, decisions) for one in asked))
        if len(self._known) + len(asked) > MOST:
            self._known.clear()
        for one, told in zip(asked, answers, strict=True):
            self._known[(viewer, scope, one, state)] = (now, told)
            found[one] = told
        return found

    def forget(self, scope: str, customer: str) -> None:
        """Ask anew: something was decided of the customer from this console."""
        for key in [one for one in self._known if one[1:3] == (scope, customer)]:
            del self._known[key]


async def _asked(services: ServicesAsPerson, scope: str, one: str, decisions: int) -> NamedCustomer:
    try:
        path = f"/v1/scopes/{scope}/customers/{one}"
        return await services.get("attribution", path, NamedCustomer, limit=decisions)
    except ServiceRefusedError as error:
        if error.status not in _OUT_OF_REACH:
            raise
        return _NOBODY
