"""The journal on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from psycopg import errors

from services.intake.journal.journal import (
    WATERMARK_LOCK,
    Archive,
    Journal,
    WrongDeploymentError,
    declare_deployment,
)
from services.intake.journal.numbering import INSTANT
from services.intake.model.submission import Accepted, Conflict, Duplicate, Outcome, RefusedEvent, Submission
from services.intake.relay.resend import ScopeWithoutFactsError, send_again
from shared.contract import decode_event
from shared.platform.postgres.database import migrate, migrations
from tests.support.intake import NOON, FixedClock, new_journal, new_outbox, prepare, submission, visit
from tests.support.parts import eventually


@pytest.fixture
def dsn(database: str) -> str:
    return prepare(database)


@pytest.fixture
def journal(dsn: str) -> Iterator[Journal]:
    opened = new_journal(dsn)
    yield opened
    opened.close()


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def append_once(dsn: str, group: list[Submission]) -> list[Outcome]:
    """As another process would."""
    journal = new_journal(dsn)
    try:
        return journal.append(group)
    finally:
        journal.close()


def test_an_accepted_event_is_exported_as_it_was_recorded(dsn: str, journal: Journal) -> None:
    """What the export writes decodes to the event that was sent, with `recorded_at`."""
    sent = submission("a")
    (outcome,) = journal.append([sent])
    assert isinstance(outcome, Accepted)
    with psycopg.connect(dsn) as connection:
        (body,) = Archive().export(connection, "a")
        assert Archive().event(connection, sent.id) == body
    event = decode_event(body, recorded=True)
    assert (event.id, event.recorded_at) == (sent.id, outcome.place.recorded_at)


def test_a_duplicate_gets_the_first_answer_in_a_later_group(journal: Journal) -> None:
    """The place of the first submission, to the microsecond; other content under the id is a conflict."""
    event = visit("a")
    (first,) = journal.append([submission(**event)])
    again, other = journal.append([submission(**event), submission(**{**event, "actor": "x"})])
    assert isinstance(first, Accepted) and isinstance(again, Duplicate)
    assert again.place == first.place
    assert other == Conflict(first.place.id)


def test_facts_cannot_be_altered_or_removed(dsn: str, journal: Journal) -> None:
    """The database itself refuses to change the evidence."""
    journal.append([submission("a")])
    for statement in ("UPDATE intake.facts SET seq = 2", "DELETE FROM intake.facts", "TRUNCATE intake.facts"):
        with pytest.raises(errors.RestrictViolation, match="append-only"):
            rows(dsn, statement)


def test_two_processes_number_one_scope_without_gaps(dsn: str) -> None:
    """Groups from four journals at once, over shared scopes in any order, leave no gap and no disorder."""
    groups = [[submission(f"s{(n + k) % 3}") for k in range(9)] for n in range(40)]

    def work(mine: list[list[Submission]]) -> None:
        journal = new_journal(dsn)
        for group in mine:
            journal.append(group)
        journal.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [groups[n::4] for n in range(4)]))
    for scope in ("s0", "s1", "s2"):
        facts = rows(dsn, f"SELECT seq, recorded_at FROM intake.facts WHERE scope = '{scope}' ORDER BY seq")
        assert [seq for seq, _ in facts] == list(range(1, 121))
        assert [at for _, at in facts] == sorted(at for _, at in facts)  # type: ignore[type-var]
        queued = f"SELECT first_seq, last_seq FROM intake.outbox WHERE scope = '{scope}' ORDER BY position"
        order = [seq for first, last in rows(dsn, queued) for seq in range(first, last + 1)]
        assert order == list(range(1, 121))


def test_one_event_sent_to_many_processes_at_once_is_accepted_once(dsn: str) -> None:
    """All but one wait for the first and get its answer, whichever scope or group they came in."""
    event = submission("a")

    def send(n: int) -> object:
        return append_once(dsn, [submission(f"other{n}"), event])[1]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(8)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted"] + ["Duplicate"] * 7
    assert len({outcome.place for outcome in outcomes if isinstance(outcome, Accepted | Duplicate)}) == 1


def test_a_duplicate_waits_for_the_first_that_is_not_committed(dsn: str) -> None:
    """While the first transaction is open the second is not answered; then it gets the first's answer."""
    event = submission("a")
    append_once(dsn, [submission("a")])
    with psycopg.connect(dsn) as holder, ThreadPoolExecutor(2) as pool:
        holder.execute("SELECT 1 FROM intake.heads WHERE scope = 'a' FOR UPDATE")
        answers = [pool.submit(append_once, dsn, [event]) for _ in range(2)]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        eventually(lambda: rows(dsn, waiting) == [(2,)], "both wait for the head")
        assert not any(answer.done() for answer in answers)
        holder.rollback()
        kinds = sorted(type(answer.result()[0]).__name__ for answer in answers)
    assert kinds == ["Accepted", "Duplicate"]


def test_an_office_named_under_two_scopes_at_once_belongs_to_one(dsn: str) -> None:
    """Of two processes that race for an office one wins; the other's event is refused and takes no number."""

    def send(scope: str) -> object:
        return append_once(dsn, [submission(scope, office="disputed")])[0]

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(send, [f"scope-{n}" for n in range(6)]))
    refused = [outcome for outcome in outcomes if isinstance(outcome, RefusedEvent)]
    assert {outcome.path for outcome in refused} == {"office"} and len(refused) == 5
    assert rows(dsn, "SELECT count(*) FROM intake.facts") == [(1,)]


def test_the_journal_goes_on_after_its_connection_was_cut(dsn: str, journal: Journal) -> None:
    """A connection that the server ended fails no group: the next one has a new connection."""
    journal.append([submission("a")])
    rows(
        dsn,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'panke-intake-journal' AND datname = current_database()",
    )
    event = submission("a")
    (outcome,) = journal.append([event])
    assert isinstance(outcome, Accepted) and outcome.place.seq == 2


def test_a_promised_watermark_holds_for_every_later_fact(dsn: str) -> None:
    """On a clock that stands, or goes back, a fact after the promise is recorded after it."""
    clock = FixedClock()
    journal, outbox = new_journal(dsn, clock), new_outbox(dsn, clock)
    journal.append([submission("a")])
    assert outbox.try_lead()
    promised = outbox.promise()
    assert promised == NOON - INSTANT
    clock.advance(timedelta(minutes=-5))
    (outcome,) = journal.append([submission("b")])
    assert isinstance(outcome, Accepted)
    assert outcome.place.recorded_at == NOON
    assert outbox.promise() == promised
    journal.close()
    outbox.close()


def test_a_watermark_is_not_promised_while_a_group_is_between_clock_and_commit(dsn: str) -> None:
    """The promise waits for the group that holds the lock shared."""
    outbox = new_outbox(dsn)
    assert outbox.try_lead()
    with psycopg.connect(dsn) as group, ThreadPoolExecutor(1) as pool:
        group.execute("SELECT pg_advisory_xact_lock_shared(%s)", [WATERMARK_LOCK])
        promise = pool.submit(outbox.promise)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        eventually(lambda: rows(dsn, waiting) == [(1,)], "the promise waits")
        assert not promise.done()
        group.commit()
        promise.result()
    outbox.close()


def test_one_process_leads(dsn: str) -> None:
    """The second outbox gets the lead only when the first has closed."""
    first, second = new_outbox(dsn), new_outbox(dsn)
    assert first.try_lead() and first.try_lead()
    assert not second.try_lead()
    first.close()
    eventually(second.try_lead, "the lead is free")
    second.close()


def test_send_again_queues_from_a_seq_in_order(dsn: str, journal: Journal) -> None:
    """The facts from the seq on stand in the outbox once each, in order, behind those before and of other scopes."""
    journal.append([submission("a") for _ in range(5)] + [submission("b")])
    with psycopg.connect(dsn) as connection:
        assert send_again(connection, "a", 3) == 3
        assert send_again(connection, "a", 6) == 0
        with pytest.raises(ScopeWithoutFactsError):
            send_again(connection, "c", 1)
    assert rows(dsn, "SELECT scope, first_seq, last_seq FROM intake.outbox ORDER BY position") == [
        ("a", 1, 2),
        ("b", 1, 1),
        ("a", 3, 5),
    ]


def test_what_an_older_version_left_unsent_is_sent(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one fact each become ranges of one, in their order."""
    shipped = migrations("services.intake")
    with monkeypatch.context() as patch:
        patch.setattr("shared.platform.postgres.database.migrations", lambda package: shipped[:2])
        migrate(database, "services.intake", "intake")
    rows_before = "INSERT INTO intake.outbox (scope, seq) VALUES ('a', 1), ('b', 1), ('a', 2)"
    with psycopg.connect(database) as connection:
        connection.execute(rows_before)
    dsn = prepare(database)
    assert rows(dsn, "SELECT scope, first_seq, last_seq FROM intake.outbox ORDER BY position") == [
        ("a", 1, 1),
        ("b", 1, 1),
        ("a", 2, 2),
    ]


def test_a_journal_belongs_to_one_kind_of_deployment(dsn: str) -> None:
    """A database that a demonstration began is refused to a real deployment."""
    with psycopg.connect(dsn) as connection:
        declare_deployment(connection, demonstration=True)
        declare_deployment(connection, demonstration=True)
        with pytest.raises(WrongDeploymentError, match="demonstration"):
            declare_deployment(connection, demonstration=False)
