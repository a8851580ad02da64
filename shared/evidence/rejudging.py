"""What the rules give for one customer, from the facts of its whole scope (evidence.md#decisions)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from shared.contract.answers.result import (
    CustomerResult,
    DealResult,
    DisputeResult,
    FlagResult,
    JudgementResult,
    PenaltyResult,
)
from shared.contract.sealed import without_erased
from shared.rules.domain.case import Books
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.judge import judge

LISTS: Final = ("customers", "deals", "disputes")
Progress = Callable[[int, int], None]


def judged_customer(
    lines: Iterable[bytes], book: Rulebook, books: Books, customer: str, progress: Progress | None = None
) -> JudgementResult:
    """The part of the result that is this customer's, with all flags and penalties; boards are left out.

    Who is erased stands there by id still (`erased_named`). Raises what `judge` raises.
    """

    def kept(item: Struct) -> Any:
        if isinstance(item, CustomerResult | DealResult | DisputeResult):
            return item if item.customer == customer else None
        return item if isinstance(item, FlagResult | PenaltyResult) else None

    result = judge(lines, book, books, encode_item=kept, progress=progress)
    found = {name: [item for item in getattr(result, name) if item is not None] for name in LISTS}
    return replace(result, boards={}, **found)


def erased_named(result: JudgementResult, erased: set[str]) -> JudgementResult:
    """As the result reads for whoever has no key of these people, and as `panke judge` writes it."""
    customers = [
        replace(
            one,
            contacts=without_erased(one.contacts, erased),
            names=without_erased(one.names, erased),
        )
        for one in result.customers
    ]
    return replace(result, customers=customers) if erased else result


def of_events(result: JudgementResult, events: set[str]) -> JudgementResult:
    """With the flags and penalties of these events alone."""
    return replace(
        result,
        flags=[flag for flag in result.flags if flag.event in events],
        penalties=[penalty for penalty in result.penalties if penalty.event in events],
    )
