"""What the registers hold besides decides nothing, wherever it stands in a stream (procedure.md#entries-nothing)."""

from __future__ import annotations

import copy
import json
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contract import DATA_TYPES
from shared.contract.events import RegisterEntry, SchemeAdopted
from shared.rules.domain.rulebook import Rulebook
from shared.rules.rulebooks.loading import load, shipped
from tests.support.answers import result_of
from tests.support.contract import DATA
from tests.support.streams import BOOKS, Data, Move, lines, moves, stream

pure = settings(
    derandomize=True, max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
UNREAD = [
    name
    for name, model in DATA_TYPES.items()
    if model is SchemeAdopted or issubclass(model, RegisterEntry.__args__)
]
PHONES = [f"1380000000{number}" for number in range(6)]
LATER = datetime(2027, 1, 1, tzinfo=UTC)

Place = tuple[int, str, int, int]
places = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from([*UNREAD, "record.corrected"]),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)


@cache
def known() -> dict[tuple[str, int], Rulebook]:
    return {(book.name, book.version): book for book in map(load, shipped())}


def with_entries(events: list[Data], drawn: list[Place]) -> tuple[list[Data], set[str]]:
    """The stream with entries in it that name its phones and its records, and corrections of these; and their ids."""
    entries: dict[int, list[Data]] = {}
    made: list[str] = []
    for number, (at, kind, one, two) in enumerate(drawn):
        at = min(at, len(events) - 1)
        if kind == "record.corrected" and not made:
            kind = "plan.made"
        data = copy.deepcopy(DATA[kind])
        if "customer" in data:
            data["customer"] = {"name": "某人", "phones": [PHONES[one], PHONES[two]]}
        if "record" in data:
            data["record"] = (
                made[one % len(made)] if kind == "record.corrected" else events[one % len(events)]["id"]
            )
        before = events[at]
        entry = {
            **before,
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"entry {number}")),
            "type": kind,
            "data": data,
        }
        entry.pop("carried", None)
        entries.setdefault(at, []).append(entry)
        if kind != "record.corrected":
            made.append(entry["id"])
    mixed = [each for number, event in enumerate(events) for each in (event, *entries.get(number, ()))]
    return mixed, {entry["id"] for each in entries.values() for entry in each}


def judged(events: list[Data], book: str) -> dict[str, Any]:
    return result_of(lines(events), load(book), known(), as_of=LATER)


@pure
@given(moves(), st.sampled_from(BOOKS), places)
def test_entries_decide_nothing_wherever_they_stand(drawn: list[Move], book: str, where: list[Place]) -> None:
    """The decisions of a stream are the same, byte for byte, with entries anywhere in it, and corrections of them."""
    events = stream(drawn)
    mixed, entries = with_entries(events, where)
    alone, together = judged(events, book), judged(mixed, book)
    for told in ("flags", "penalties"):
        together[told] = [one for one in together[told] if one["event"] not in entries]
    assert json.dumps(together) == json.dumps(alone)
