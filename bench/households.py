"""Chains of linked households: what a link costs must not grow with the household that it joins."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from bench.measure import Result, at_most, in_turns, rounded
from services.attribution.judging.judge import judge
from services.attribution.rulebooks.loading import load
from shared.contract import format_instant

SIZES = (500, 6_000)
ROUNDS = 3
BOOK = "confirmation"
"""A rulebook that makes one customer of a household."""


def run(sizes: tuple[int, int] = SIZES) -> Result:
    """By processor time, a short chain and a long one in turns."""
    small, large = sizes
    found = in_turns(ROUNDS, small=partial(_seconds, small), large=partial(_seconds, large))
    costs = {small: median(found["small"]) / small, large: median(found["large"]) / large}
    goal = at_most(f"time per link at {large:,} links to that at {small:,}", costs[large] / costs[small], 5)
    figures = {"us_per_link": {str(size): rounded(cost * 1e6) for size, cost in costs.items()}}
    return Result("households", (goal,), figures)


def links(count: int) -> Iterator[bytes]:
    """Each names one who is known already, and somebody new."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for n in range(count):
        moment = format_instant(at + timedelta(seconds=n))
        members = [{"phones": [str(13_800_000_000 + n + member)]} for member in (0, 1)]
        event = {
            "id": f"0195a000-0000-7000-8000-{n:012d}",
            "type": "household.linked",
            "scope": "demo",
            "office": "demo-office",
            "actor": "desk",
            "occurred_at": moment,
            "recorded_at": moment,
            "data": {"members": members, "relation": "spouse"},
        }
        yield json.dumps(event).encode()


def _seconds(count: int) -> float:
    lines = list(links(count))
    begun = time.process_time()
    judge(lines, load(BOOK), {})
    return time.process_time() - begun
