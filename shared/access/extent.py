"""How far a caller reaches within one scope: what a query is narrowed to, so that nothing else is ever read.

The door lets in who holds any permit in a scope. How far it reaches (ADR 0043) becomes one value here, which
queries take as a filter: what is out of reach is answered as what does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from msgspec import Struct
from starlette.requests import HTTPConnection

from shared.access.caller import EVERY_SCOPE
from shared.access.guard import caller_of, permits_of
from shared.access.table import Permit, permission_table

READS_CUSTOMERS: Final = "customer.read"
SEES_CONTACTS: Final = "contact.clear"


class ScopeExtent(Struct, frozen=True):
    """All of a scope, or what belongs to these offices of it, and to these members of its staff."""

    whole: bool = False
    offices: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()

    @classmethod
    def of(cls, permits: Iterable[Permit], scope: str) -> ScopeExtent:
        """What permits together reach within a scope."""
        held = [permit for permit in permits if permit.within(scope)]
        return cls(
            any(permit.reach in ("scope", "granted") for permit in held),
            _sorted(permit.office for permit in held if permit.reach == "office"),
            _sorted(permit.staff for permit in held if permit.reach == "own"),
        )

    def reaches(self, office: str | None, people: Collection[str | None] = ()) -> bool:
        """Whether what is at this office, and is these people's, lies within it."""
        return self.whole or office in self.offices or any(staff in people for staff in self.staff)

    def at(self, office: str) -> ScopeExtent:
        """What of it is at one office; what is somebody's own stays theirs."""
        if self.whole or office in self.offices:
            return ScopeExtent(offices=(office,))
        return ScopeExtent(staff=self.staff)


class Sight(Struct, frozen=True):
    """What a caller may read of a scope by one action; whose customers besides, and of which the contacts in clear."""

    reads: ScopeExtent
    customers: ScopeExtent
    clear: ScopeExtent

    def at(self, office: str) -> Sight:
        """The same, asking for what is at one office alone."""
        return Sight(self.reads.at(office), self.customers, self.clear)


EVERYTHING: Final = Sight(*[ScopeExtent(whole=True)] * 3)
"""Of whoever asks within the service itself, without a caller."""


def sight_of(request: HTTPConnection) -> Sight:
    """That of who calls, in the scope that the path names; a dependency of a route that the guard stands before."""
    scope, caller, table = request.path_params["scope"], caller_of(request), permission_table()
    also = (table.permits(caller, action, scope) for action in (READS_CUSTOMERS, SEES_CONTACTS))
    return Sight(*(ScopeExtent.of(permits, scope) for permits in (permits_of(request), *also)))


def scopes_of(permits: Iterable[Permit]) -> list[str] | None:
    """The scopes in which permits hold; None for every one."""
    scopes = {scope for permit in permits for scope in permit.scopes}
    return None if EVERY_SCOPE in scopes else sorted(scopes)


def _sorted(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name is not None}))
