"""Money by shares: what each consultant has of a deal's amount, to the cent.

Each part is cut to 0.01, and what is left over goes to the first by share, then by staff id: so the parts always sum
to the amount, and to the same ones wherever they are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from shared.ids import StaffId

WHOLE = 10_000
"""Basis points of a whole deal."""


def cents_of(amount: str | Decimal) -> int:
    """An amount in CNY as cents; what is below one is cut off."""
    return int(Decimal(amount) * 100)


def in_yuan(cents: int) -> str:
    """Cents as the contract writes money: two decimals, no exponent."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def by_shares(cents: int, shares: Mapping[StaffId, int]) -> dict[StaffId, int]:
    """What each consultant has of so many cents."""
    parts = {staff: cents * points // WHOLE for staff, points in shares.items()}
    if sum(shares.values()) == WHOLE:
        first = min(shares, key=lambda staff: (-shares[staff], staff))
        parts[first] += cents - sum(parts.values())
    return parts


Flow = tuple[StaffId | None, StaffId | None, int]
"""From whom to whom how much moves; None is nobody."""


def flows(before: Mapping[StaffId, int], after: Mapping[StaffId, int]) -> Iterator[Flow]:
    """What moves so that `before` becomes `after`: from the first by id who loses to the first who gains, and on.

    What has nowhere to go, or comes from nowhere (a deal that only one side has), goes to or comes from nobody.
    """
    change = {staff: after.get(staff, 0) - before.get(staff, 0) for staff in sorted({*before, *after})}
    losing: list[tuple[StaffId | None, int]] = [(staff, -more) for staff, more in change.items() if more < 0]
    gaining: list[tuple[StaffId | None, int]] = [(staff, more) for staff, more in change.items() if more > 0]
    lost, gained = (sum(much for _, much in each) for each in (losing, gaining))
    losing += [(None, gained - lost)] if gained > lost else []
    gaining += [(None, lost - gained)] if lost > gained else []
    losing.reverse()
    gaining.reverse()
    while losing:
        (giver, out), (taker, into) = losing.pop(), gaining.pop()
        much = min(out, into)
        yield giver, taker, much
        losing += [(giver, out - much)] if out > much else []
        gaining += [(taker, into - much)] if into > much else []
