"""Chains of linked households: what a link costs must not grow with the household that it joins."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from statistics import median
from typing import TypeAlias

from bench.measure import Result, at_most, in_turns, rounded
from shared.contract import format_instant
from shared.rules.judge.judge import judge
from shared.rules.rulebooks.loading import load

SIZES = (500, 6_000)
ROUNDS = 3
BOOK = "confirmation"
"""A rulebook that makes one customer of a household."""
MOST = 2
Content: TypeAlias = tuple[str, dict[str, object]]
"""Type and data of an event."""


def run(sizes: tuple[int, int] = SIZES) -> Result:
    """By processor time, a short chain and a long one of each kind in turns."""
    found = in_turns(
        ROUNDS,
        **{
            f"{name} {size}": partial(_seconds, made, size) for name, made in CHAINS.items() for size in sizes
        },
    )
    small, large = sizes
    goals, figures = [], {}
    for name in CHAINS:
        costs = {size: median(found[f"{name} {size}"]) / size for size in sizes}
        what = f"{name}: time per link at {large:,} links to that at {small:,}"
        goals.append(at_most(what, costs[large] / costs[small], MOST))
        figures[name] = {str(size): rounded(cost * 1e6) for size, cost in costs.items()}
    return Result("households", tuple(goals), {"us_per_link": figures})


def onwards(count: int) -> Iterator[bytes]:
    """Each link names one who is known already, and somebody new."""
    return _lines(_link(n, n + 1) for n in range(count))


def backwards(count: int) -> Iterator[bytes]:
    """Everybody is known, each a customer of one of two consultants; each link joins all so far to one more."""
    return _lines(chain(_known(count), (_link(n - 1, n) for n in range(count, 0, -1))))


def by_contacts(count: int) -> Iterator[bytes]:
    """The same, where each call gives two contacts that stood for two customers."""
    return _lines(chain(_known(count), (_call(n - 1, n, by=n) for n in range(count, 0, -1))))


CHAINS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "linked from its beginning": onwards,
    "linked from its end": backwards,
    "joined by contacts from its end": by_contacts,
}


def _known(count: int) -> Iterator[Content]:
    for name in ("li", "wang"):
        yield "staff.enrolled", {"staff": name, "name": name, "role": "consultant"}
    for n in range(count + 1):
        yield _call(n, by=n)


def _party(*members: int) -> dict[str, object]:
    return {"phones": [str(13_800_000_000 + member) for member in members]}


def _call(*members: int, by: int) -> Content:
    return "call.registered", {"customer": _party(*members), "answered_by": ("li", "wang")[by % 2]}


def _link(*members: int) -> Content:
    return "household.linked", {"members": [_party(member) for member in members], "relation": "spouse"}


def _lines(contents: Iterable[Content]) -> Iterator[bytes]:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for n, (type_, data) in enumerate(contents):
        moment = format_instant(at + timedelta(seconds=n))
        event = {
            "id": f"0195a000-0000-7000-8000-{n:012d}",
            "type": type_,
            "scope": "demo",
            "office": "demo-office",
            "actor": "desk",
            "occurred_at": moment,
            "recorded_at": moment,
            "data": data,
        }
        yield json.dumps(event).encode()


def _seconds(made: Callable[[int], Iterator[bytes]], count: int) -> float:
    lines = list(made(count))
    begun = time.process_time()
    judge(lines, load(BOOK), {})
    return time.process_time() - begun
