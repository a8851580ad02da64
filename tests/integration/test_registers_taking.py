"""What the registers take from the topic: each fact once, in the order of its scope, with the position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import psycopg
import pytest

from services.intake.sealing import others
from services.registers.store.taking import FactTaker, TakenBatch, TakenFork, begin_anew
from shared.contract.topics import Topics
from shared.platform.kafka.kept_positions import PositionMovedError
from shared.platform.kafka.record_processor import LogBounds, SourcePartition
from shared.platform.postgres.database import Database, migrate
from tests.support.attribution import Journal, Raw

PARTITION = SourcePartition("cluster/topic@1:0", 0)


@pytest.fixture
def taken(database: str) -> Iterator[Database]:
    migrate(database, "services.registers", "registers")
    with Database(database, schema="registers", name="registers-test", max_size=2) as opened:
        yield opened


def take(database: Database, records: Sequence[Raw]) -> TakenBatch:
    """The records of the partition, from where it is left."""
    taker = FactTaker(database, "panke.intake.v1")
    start = taker.positions.open(PARTITION, LogBounds(0, records[-1].offset + 1)).next
    left = [one for one in records if one.offset >= start]
    return taker.take(PARTITION, start, left) if left else TakenBatch()  # type: ignore[arg-type]


def rows(database: Database) -> list[tuple[str, int]]:
    with database.connection() as connection:
        found = connection.execute("SELECT scope, seq FROM facts ORDER BY scope, seq").fetchall()
    return [(str(scope), int(str(seq))) for scope, seq in found]


def shifts(journal: Journal, count: int, scope: str = "a") -> list[Raw]:
    return [journal.event("shift.opened", {"order": ["li"]}, scope=scope, hours=n) for n in range(count)]


def test_a_fact_is_taken_once_and_in_its_order(taken: Database) -> None:
    """What comes again is dropped; what the topic lacks is waited for, and what lies behind it comes with it."""
    journal = Journal()
    facts = shifts(journal, 5)
    assert take(taken, facts[:2]).taken == 2
    assert take(taken, facts[:2]) == TakenBatch()
    gap = take(taken, [*facts[:2], *(replace(one, offset=one.offset - 1) for one in facts[3:])])
    assert (gap.left, gap.waiting) == (2, ("a",))
    again = [replace(one, offset=10 + n) for n, one in enumerate(facts[1:])]
    filled = take(taken, [*facts[:2], *again])
    assert (filled.repeated, filled.taken, filled.waiting) == (1, 3, ())
    assert rows(taken) == [("a", seq) for seq in range(1, 6)]


def test_another_fact_under_a_seq_stops_its_scope_alone(taken: Database) -> None:
    """What was taken first stays; the scope is taken no further, the others are."""
    journal, other = Journal(), Journal()
    take(taken, shifts(journal, 3))
    forged = [replace(one, offset=10 + n) for n, one in enumerate(shifts(other, 4))]
    changed = replace(forged[2], value=(forged[2].value or b"").replace(b'"li"', b'"wu"'))
    more = [replace(one, offset=20 + n) for n, one in enumerate(shifts(Journal(), 2, "b"))]
    batch = take(taken, [*forged[:2], changed])
    assert batch.forks == (TakenFork("a", 3),)
    later = take(taken, [*forged[:2], changed, replace(forged[3], offset=15), *more])
    assert (later.left, later.taken) == (1, 2)
    assert rows(taken) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]


def test_whoever_is_not_at_the_position_writes_nothing(taken: Database) -> None:
    """Two consumers of one partition never both take a batch; offices and rows go with the position or not at all."""
    facts = shifts(Journal(), 2)
    take(taken, facts)
    with pytest.raises(PositionMovedError):
        FactTaker(taken, "panke.intake.v1").take(PARTITION, 0, facts)  # type: ignore[arg-type]
    assert rows(taken) == [("a", 1), ("a", 2)]


def test_begun_anew_the_topic_is_read_from_its_beginning(taken: Database) -> None:
    """Nothing is left of what was taken but what others said, and readers see another edition."""
    facts = shifts(Journal(), 3)
    take(taken, facts)
    assert begin_anew(taken) == (1, 3)
    assert rows(taken) == []
    assert take(taken, facts).taken == 3
    with taken.connection() as connection:
        assert connection.execute("SELECT number FROM editions").fetchone() == (2,)


def test_what_is_not_of_the_journal_is_passed_over(taken: Database) -> None:
    """A record without a place, with another key than its scope, or that is no event has no row."""
    journal = Journal()
    good = shifts(journal, 1)[0]
    foreign = [
        replace(good, offset=1, headers=[]), replace(good, offset=2, key=b"b"), replace(good, offset=3, value=b"{"),
        replace(good, offset=4, value=None),
    ]  # fmt: skip
    batch = take(taken, [good, *foreign])
    assert (batch.taken, batch.foreign) == (1, 4)
    assert rows(taken) == [("a", 1)]


def test_a_journal_that_is_put_under_seal_leaves_nothing_of_it_here(
    database: str, taken: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken in clear goes with the schema; what the record of access was not told yet is handed to intake."""
    take(taken, shifts(Journal(), 3))
    migrate(database, "services.intake", "intake")
    monkeypatch.setattr(others, "remove_topics", lambda *_: ())
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO registers.access_reports (id, at, act, body) VALUES (gen_random_uuid(), now(), 'opened', '')"
        )
        assert others.drop_what_follows(connection, "nowhere:1", Topics()) == ()
        assert connection.execute("SELECT act FROM intake.access_reports").fetchall() == [("opened",)]
        assert connection.execute("SELECT to_regnamespace('registers')").fetchone() == (None,)
