"""Who asks, and how far they reach in the office that they ask about (ADR 0060)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from services.registers.answering.exchange import CallerSight
from shared.access.caller import Caller
from shared.access.extent import ScopeExtent
from shared.access.guard import caller_of
from shared.access.report import disclosed, widest_role
from shared.access.table import permission_table
from shared.i18n import bilingual
from shared.ids import OfficeId, ScopeId
from shared.platform.http.problem import ProblemError

CONTACTS: Final = "register.contacts"
CONTACTS_OF_A_CASE: Final = "register.contacts_of_a_case"


@dataclass(frozen=True, slots=True)
class ScopeCaller:
    """A caller who knows of a scope, all of which is asked about; what is out of reach is as what does not exist."""

    caller: Caller
    scope: ScopeId

    @classmethod
    def of_scope(cls, request: Request, scope: ScopeId) -> ScopeCaller:
        """Who calls; a scope that they do not know is one that is not there."""
        caller = caller_of(request)
        if not caller.knows(scope):
            raise no_scope(scope)
        return cls(caller, scope)

    def sight_of_all(self, *actions: str) -> CallerSight:
        """Of actions over all of the scope. 403 where the caller's roles do not reach so far by each of them."""
        table = permission_table()
        for action in actions:
            if not self.reaches_all(action):
                raise ProblemError(403, table.not_allowed(action))
            disclosed(scope=self.scope, role=widest_role(table.permits(self.caller, action, self.scope)))
        return CallerSight(None, ScopeExtent(whole=True), self._extent(CONTACTS))

    def reaches_all(self, action: str) -> bool:
        """Whether an action of theirs reaches all of the scope."""
        return self._extent(action).whole

    def staff(self) -> str:
        """By which name the caller acts here."""
        return min(self.caller.names(self.scope))

    def _extent(self, action: str) -> ScopeExtent:
        return ScopeExtent.of(permission_table().permits(self.caller, action, self.scope), self.scope)


@dataclass(frozen=True, slots=True)
class OfficeCaller(ScopeCaller):
    """A caller who knows of an office; what is out of reach is answered as what does not exist."""

    office: OfficeId

    @classmethod
    def of(cls, request: Request, scope: ScopeId, office: OfficeId) -> OfficeCaller:
        """Who calls; an office of a scope that they do not know is one that is not there."""
        caller = caller_of(request)
        if not caller.knows(scope):
            raise no_office(office)
        return cls(caller, scope, office)

    def sight(self, action: str, *, of_a_case: bool = False) -> CallerSight:
        """How far an action reaches here. 403 where no role allows it, 404 where none reaches this office."""
        table = permission_table()
        permits = table.permits(self.caller, action, self.scope)
        if not permits:
            raise ProblemError(403, table.not_allowed(action))
        rows = ScopeExtent.of(permits, self.scope)
        if not (rows.whole or self.office in rows.offices or rows.staff):
            raise no_office(self.office)
        disclosed(scope=self.scope, role=widest_role(permits))
        on_case = self._extent(CONTACTS_OF_A_CASE) if of_a_case else ScopeExtent()
        return CallerSight(self.office, rows, self._extent(CONTACTS), on_case)

    def whole(self, action: str) -> CallerSight:
        """Of an action over a whole office. 403 where the caller's roles do not reach so far."""
        sight = self.sight(action)
        if not sight.whole:
            raise ProblemError(403, permission_table().not_allowed(action))
        return sight

    def may(self, action: str) -> bool:
        """Whether any of their roles here allows it."""
        return bool(permission_table().permits(self.caller, action, self.scope))


def no_scope(scope: ScopeId) -> ProblemError:
    """404 of a scope that does not exist, or that the caller may not know of."""
    return ProblemError(404, bilingual("no scope {scope} is known", scope=scope))


def no_office(office: OfficeId) -> ProblemError:
    """404 of what does not exist, or of what the caller may not know of."""
    return ProblemError(404, bilingual("no office {office} is known", office=office))
