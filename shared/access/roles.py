"""How far a role reaches, from nothing to every scope over which it was granted."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Reach: TypeAlias = Literal["own", "office", "scope", "granted"]
REACHES: Final[tuple[Reach, ...]] = ("own", "office", "scope", "granted")
"""The narrowest first."""
