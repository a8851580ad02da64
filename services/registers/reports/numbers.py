"""How figures are written: percent half up to 0.1, money to 0.01, a dash where there is nothing to divide by."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

NONE: Final = "—"
_TENTH: Final = Decimal("0.1")
_CENT: Final = Decimal("0.01")


def half_up(number: Decimal, to: Decimal) -> Decimal:
    """A number rounded; of two that are equally near, the one farther from zero."""
    return number.quantize(to, ROUND_HALF_UP)


def count(number: Decimal) -> str:
    """A number of things, which may be shared: 2, 0.5."""
    return f"{number.normalize():f}" if number else "0"


def money(number: Decimal) -> str:
    """An amount in CNY, with the commas of thousands."""
    return f"{half_up(number, _CENT):,}"


def percent(part: Decimal, whole: Decimal) -> str:
    """A part of a whole in percent."""
    return f"{half_up(part * 100 / whole, _TENTH)}%" if whole else NONE


def mean(sum_: Decimal, number: Decimal) -> str:
    """What each has on average, to 0.01."""
    return f"{half_up(sum_ / number, _CENT)}" if number else NONE
