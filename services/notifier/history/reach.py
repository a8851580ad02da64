"""How far somebody reaches who reads alerts: a filter of every query, so that nothing else is ever read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from shared.access.caller import EVERY_SCOPE
from shared.access.table import Permit


class AlertReach(Struct, frozen=True):
    """Scopes as a whole, offices of scopes, and members of staff of scopes whose own alerts are meant.

    Own is what was for somebody or went to them, and what is about a customer whose claim is theirs.
    """

    everything: bool = False
    scopes: tuple[str, ...] = ()
    offices: tuple[tuple[str, str], ...] = ()
    own: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, permits: Iterable[Permit]) -> AlertReach:
        """What permits reach together."""
        everything, scopes = False, set()
        offices, own = set(), set()
        for permit in permits:
            everything = everything or EVERY_SCOPE in permit.scopes
            if permit.reach == "office":
                offices |= {(scope, permit.office or "") for scope in permit.scopes}
            elif permit.reach == "own":
                own |= {(scope, permit.staff or "") for scope in permit.scopes}
            else:
                scopes |= set(permit.scopes)
        return cls(everything, *(tuple(sorted(found)) for found in (scopes, offices, own)))  # type: ignore[arg-type]

    @property
    def given(self) -> Mapping[str, object]:
        """As queries take it."""
        return {
            "everything": self.everything,
            "scopes_reached": list(self.scopes),
            "office_scopes": [scope for scope, _ in self.offices],
            "offices": [office for _, office in self.offices],
            "own_scopes": [scope for scope, _ in self.own],
            "own": [staff for _, staff in self.own],
        }


EVERYTHING: Final = AlertReach(everything=True)
"""That of who asks the database itself: commands, and the service."""
