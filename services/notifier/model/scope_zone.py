"""The zone in which the days of a scope end."""

from __future__ import annotations

from msgspec import Struct

from shared.ids import ScopeId


class ScopeZone(Struct, frozen=True):
    """A row of `zones` and `all_zones`: the zone that the rulebook of a scope names."""

    scope: ScopeId
    timezone: str
