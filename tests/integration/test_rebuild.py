"""A scope's rows are built anew beside the live ones and swapped in: readers and the fold go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from services.attribution.drift.audit import Auditor
from services.attribution.drift.difference import Drift
from services.attribution.drift.rebuild import Rebuilder, RebuiltScope
from services.attribution.drift.refold import Source
from services.attribution.drift.shadow import NAME, Step, snapshot
from services.attribution.store.batch import StaleScopeError
from shared.ids import ScopeId
from tests.integration.test_drift import swept
from tests.support.attribution import Deployment, Journal, Raw, deployment
from tests.support.parts import eventually


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def audited(live: Deployment, scope: str = "demo") -> list[Drift]:
    with snapshot(live.dsn, 60) as connection:
        return Auditor(live.rules, lambda: None).audit(connection, scope).differences


def rebuilt(
    live: Deployment, source: Source | None = None, step: Step = lambda: None, scope: str = "demo"
) -> RebuiltScope:
    return Rebuilder(live.dsn, live.rules, 60, step).rebuild(scope, source)


def folded(live: Deployment, record: Raw) -> None:
    """As the consumer does: a batch whose scope was put right meanwhile is folded anew."""
    while True:
        try:
            live.fold(record)
            return
        except StaleScopeError:
            continue


def damaged(live: Deployment, *statements: str) -> None:
    with psycopg.connect(live.database.dsn) as connection:
        for statement in statements:
            assert connection.execute(statement.encode()).rowcount > 0, statement


OTHER_CLAUSES = """
    UPDATE decisions SET body = convert_to(replace(convert_from(body, 'UTF8'), '"clause":"', '"clause":"x'), 'UTF8')
"""
ROWS = (
    "UPDATE claims SET owner = 'mo', status = 'owned' WHERE owner = 'li'",
    "DELETE FROM records WHERE kind IN ('contact', 'board')",
    OTHER_CLAUSES,
    "DELETE FROM decisions WHERE version = (SELECT max(version) FROM decisions)",
    "INSERT INTO penalties VALUES ('demo', 9999, '{}')",
    "DELETE FROM staff",
    "DELETE FROM offices",
)


@pytest.mark.parametrize("source", ["events", "facts"])
def test_rows_that_were_damaged_are_put_right_and_the_fold_goes_on_from_them(
    live: Deployment, source: Source
) -> None:
    """Also one that has the scope in memory; whose claim stands otherwise now is told, by the next generation."""
    journal = Journal()
    for record in swept(journal):
        live.fold(record)
    before = live.messages()
    damaged(live, *(ROWS if source == "events" else ROWS[:2]))
    done = rebuilt(live, source)
    assert done.rows and done.kept == []
    assert audited(live) == []
    told = live.messages()[len(before) :]
    assert [(one["kind"], one["owner"]) for one in told] == [("claim", "li")] * done.told
    last = {one["customer"]: one["generation"] for one in before if one["kind"] == "claim"}
    assert all(one["generation"] > last[one["customer"]] for one in told)
    live.fold(journal.visit("13800000001", "li", hours=140))
    live.fold(journal.watermark(hours=600))
    assert audited(live) == []


def test_a_scope_that_is_as_it_should_be_is_left_alone(live: Deployment) -> None:
    """No row is written, and nothing is told."""
    for record in swept(Journal()):
        live.fold(record)
    before = live.rows("SELECT xmin::text, * FROM scopes")
    done = rebuilt(live)
    assert (done.source, done.rows, done.told) == ("events", {}, 0)
    assert live.rows("SELECT xmin::text, * FROM scopes") == before
    assert live.rows("SELECT * FROM rebuilds") == []


def test_events_that_are_gone_are_decided_again_and_what_was_decided_stays(live: Deployment) -> None:
    """Where the event store lacks some, the facts are folded; what they would decide otherwise is told, not written."""
    for record in swept(Journal()):
        live.fold(record)
    kept = live.rows("SELECT version, body FROM decisions ORDER BY version")
    altered = """
        UPDATE stored_events
        SET state = convert_to(replace(convert_from(state, 'UTF8'), '"clause":"', '"clause":"x'), 'UTF8')
        WHERE originator_version = (SELECT min(originator_version) FROM stored_events WHERE topic LIKE 'Decided/%')
    """
    first = kept[0]["version"]
    damaged(
        live, altered,
        "DELETE FROM stored_events WHERE topic LIKE 'RecordFiled/%'",
        f"{OTHER_CLAUSES} WHERE version = {first}",
    )  # fmt: skip
    done = rebuilt(live)
    assert (done.source, done.rows["stored_events"] > 0) == ("facts", True)
    assert {(one.place, one.field) for one in done.kept if one.stored and one.given} == {
        ("stored_events", "clause")
    }
    now = live.rows("SELECT version, body FROM decisions ORDER BY version")
    assert now[0] != kept[0] and now[1:] == kept[1:]  # it stays as it stands there
    left = {(one.comparison, one.place, one.field) for one in audited(live)}
    assert {place for _, place, _ in left} <= {"stored_events", "decisions"}


def test_readers_never_see_half_and_a_fold_beside_it_goes_on(live: Deployment) -> None:
    """Facts come while the rows are built and while they are swapped; every reader sees a claim for each decision."""
    journal, phones = Journal(), [f"138000010{n:02}" for n in range(40)]
    live.fold(journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}))
    for phone in phones[:10]:
        live.fold(journal.visit(phone, "li"))
    ended, torn = threading.Event(), list[Any]()

    def read() -> None:
        while not ended.is_set():
            with live.questions.of(ScopeId("demo")) as seen:
                (row,) = seen.ask("head", ["demo"])
                claims = seen._connection.execute("SELECT count(*) FROM claims").fetchone()
            if claims != (row[0] - 1,):
                torn.append((claims, row))

    def fold() -> None:
        for phone in phones[10:]:
            folded(live, journal.visit(phone, "li"))

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        folding = threads.submit(fold)
        for n in range(4):
            with psycopg.connect(
                live.database.dsn
            ) as connection:  # a row that nobody asks for while it is wrong
                connection.execute("UPDATE warnings SET path = 'x'")
                connection.execute("INSERT INTO penalties VALUES ('demo', %s, '{}')", (9000 + n,))
            assert rebuilt(live).rows["penalties"] == 1
        folding.result()
        ended.set()
        for reader in readers:
            reader.result()
    assert torn == []
    assert audited(live) == []


def test_an_audit_beside_a_running_fold_finds_nothing(live: Deployment) -> None:
    """Whatever is committed while it looks: its rows, facts and events are of one moment."""
    journal = Journal()
    live.fold(journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}))

    def fold() -> None:
        for n in range(40):
            live.fold(journal.visit(f"138000020{n % 20:02}", "li", hours=n * 12), journal.watermark(n * 12))

    with ThreadPoolExecutor(1) as threads:
        folding = threads.submit(fold)
        looks = 0
        while not folding.done() or looks == 0:
            assert audited(live) == []
            looks += 1
        folding.result()
    assert audited(live) == []


def test_a_rebuild_that_is_broken_off_leaves_nothing_behind(live: Deployment) -> None:
    """Killed while it builds: no table, no lock and no row of it is left, and the fold never noticed."""
    journal = Journal()
    for record in swept(journal):
        live.fold(record)
    damaged(live, ROWS[0])
    before = live.rows("SELECT * FROM claims ORDER BY customer")

    def killed() -> None:
        with psycopg.connect(live.dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = %s AND datname = current_database()", (NAME,)
            )  # fmt: skip

    with pytest.raises(psycopg.OperationalError):
        rebuilt(live, step=killed)
    assert live.rows("SELECT * FROM claims ORDER BY customer") == before
    eventually(
        lambda: live.rows("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'") == [],
        "its tables are gone", 30,
    )  # fmt: skip
    live.fold(journal.visit("13800000009", "li", hours=141))
    assert rebuilt(live).rows["claims"] > 0
    assert audited(live) == []
