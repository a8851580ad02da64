"""Two facts under one seq: the second one is never dropped as a repetition of the first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from shared.contract import SetAside
from tests.support.attribution import SOURCE, START, Deployment, Journal, Raw, deployment
from tests.support.rules import failing_on

LI, WANG = "13800000001", "13800000002"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def forged(record: Raw, offset: int) -> Raw:
    """Another event in the place of a fact."""
    assert record.value is not None
    envelope = json.loads(record.value)
    envelope |= {"id": str(uuid4()), "actor": "stranger"}
    return replace(record, value=json.dumps(envelope).encode(), offset=offset)


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two batches"])
def test_a_fact_whose_seq_another_one_took_stops_the_partition(live: Deployment, together: bool) -> None:
    """The position stays before it, what came before is kept, and it is told which seq of which scope has two."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"))
    true = journal.visit(WANG, "li", hours=1)
    false, true = forged(true, 1), replace(true, offset=2)
    if together:
        outcome = live.fold(false, true)
    else:
        live.fold(false)
        outcome = live.fold(true)
    assert outcome.fork is not None
    assert (outcome.fork.scope, outcome.fork.seq, outcome.fork.offset) == ("demo", 2, 2)
    assert outcome.fork.event_id == json.loads(true.value or b"")["id"]
    assert (outcome.next_offset, outcome.repeated) == (2, 0)
    assert live.restarted().fold_batch(SOURCE, 2, [true]).fork is not None


def test_the_same_content_recorded_at_another_time_is_another_fact(live: Deployment) -> None:
    """The time of recording decides too, so it is no repetition."""
    journal = Journal()
    first = journal.visit(LI, "li")
    later = (first.value or b"").replace(b'"recorded_at": "2026-03-02T01:', b'"recorded_at": "2026-03-02T02:')
    assert later != first.value
    outcome = live.fold(first, replace(first, value=later, offset=1))
    assert outcome.fork is not None


def test_repetitions_of_facts_that_wait_or_are_set_aside_are_dropped(live: Deployment) -> None:
    """In whatever state a fact is, it is known again, and so is another one under its seq."""
    live.attribution = live.restarted(failing_on(live.rules, 1))
    journal = Journal()
    facts = [journal.visit(LI, "li"), journal.visit(WANG, "li", hours=1)]
    live.fold(*facts)
    assert live.fold(*(replace(fact, offset=2 + n) for n, fact in enumerate(facts))).repeated == 2
    assert live.fold(forged(facts[1], 4)).fork is not None
    failing = json.loads(facts[0].value or b"")["id"]
    live.quarantine.set_aside("demo", SetAside(failing, "a defect", "boss", START))
    assert live.fold(*(replace(fact, offset=4 + n) for n, fact in enumerate(facts))).repeated == 2
    assert live.fold(forged(facts[0], 6)).fork is not None


def test_a_journal_that_was_left_behind_is_told_by_its_epoch(live: Deployment) -> None:
    """Facts go on under another epoch; what comes under the one before, with whatever seq, stops the partition, also
    for a process that has nothing in memory."""
    journal = Journal()
    old, new = str(uuid4()), str(uuid4())
    facts = [
        under(epoch, journal.visit(f"1380000{n:04}", "li", hours=n))
        for n, epoch in enumerate((old, old, new, old))
    ]
    assert len(live.fold(*facts[:3]).folded) == 3
    for attribution in (live.attribution, live.restarted()):
        outcome = attribution.fold_batch(SOURCE, 3, [facts[3]])
        assert outcome.fork is not None
        assert (outcome.fork.seq, "followed" in outcome.fork.reason) == (4, True)
    again = [replace(fact, offset=3 + n) for n, fact in enumerate(facts[:2])]
    assert live.fold(*again).repeated == 2  # what was taken in under it stays a repetition


def under(epoch: str, record: Raw) -> Raw:
    return replace(record, headers=[*record.headers, ("epoch", epoch.encode())])
