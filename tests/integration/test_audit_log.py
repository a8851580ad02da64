"""The log over real rows and files: one index for each fact, one order, and nothing signed that does not go on."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from services.audit.context.keeper import JudgingContext
from services.audit.keys.keyfile import LogKeyError, make_log_key, retire_log_keys, rotate_log_key
from services.audit.model.metrics import AuditMetrics
from services.audit.publishing.building import LogDamagedError
from services.audit.publishing.publisher import NotSignedError
from services.audit.sequencing.append import (
    SQL,
    NewEntry,
    OlderThanSignedError,
    append_once,
    frontier_of,
    tree_to_add_to,
)
from services.audit.sequencing.sequencer import Sequencer
from shared.access.context import NotKeptError
from shared.contract import SetAside, parse_instant
from shared.contract.set_aside import JournalSetAside
from shared.evidence.log import trust_of
from shared.evidence.tiles import verify_tiles
from shared.platform.kafka.record_processor import LogBounds, OpeningRefusedError, SourcePartition
from shared.platform.postgres.database import connection_info
from shared.tlog.errors import TlogError
from shared.tlog.hashing import leaf_hash
from shared.tlog.keys import parse_voucher, trusted_keys
from shared.tlog.leaves import FactLeaf, KeyLeaf, fact_entry
from shared.tlog.proofs import verify_consistency, verify_inclusion
from tests.support.attribution import Journal, Raw
from tests.support.logging_facts import TOPIC, TestLog, opened_log

ROOT = Path(__file__).parents[2]
PERSON = "p:" + "0" * 26


@pytest.fixture
def log(database: str, tmp_path: Path) -> Iterator[TestLog]:
    with opened_log(database, tmp_path) as opened:
        yield opened


def sealed(journal: Journal, scope: str, note: str = "x") -> Raw:
    """A fact whose personal texts are under seal, as far as the log can see."""
    record = journal.event("followup.recorded", {"subject": note}, scope=scope)
    assert record.value is not None
    body = json.loads(record.value) | {"sealed": {"by": PERSON, "digest": "eA", "parts": {PERSON: "eA"}}}
    return Raw(record.offset, record.key, json.dumps(body).encode(), record.headers)


def some(journal: Journal, count: int, scopes: int = 3) -> list[Raw]:
    return [sealed(journal, f"s{n % scopes}") for n in range(count)]


def places(log: TestLog) -> list[tuple[str, int]]:
    return [(leaf.scope, leaf.seq) for leaf in log.leaves() if isinstance(leaf, FactLeaf)]


def owner(log: TestLog) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(log.database.dsn, autocommit=True)


def test_each_fact_has_one_index_and_what_comes_again_has_none(log: TestLog) -> None:
    """A topic that was made anew and brings everything again, with more behind it, adds what is new alone."""
    journal = Journal()
    first = some(journal, 300)
    assert log.take(first).logged == 300
    earlier = log.publish()
    again = [Raw(n, one.key, one.value, one.headers) for n, one in enumerate([*first, *some(journal, 7)])]
    taken = log.take(again, source="cluster/topic@2")
    assert (taken.logged, taken.repeated, taken.forks) == (7, 300, ())
    later = log.publish()
    assert (later.size, len(set(places(log))), len(places(log))) == (307, 307, 307)
    grown = log.reader.consistency(300, None)
    proof = [bytes.fromhex(_hex(one)) for one in grown.proof]
    verify_consistency(300, 307, proof, earlier.root, later.root)
    stored = fact_entry("s1", 1, _leaf(log, "s1", 1).recorded_at, first[1].value or b"")
    told = log.reader.inclusion_of("s1", 1, None)
    way = [bytes.fromhex(_hex(one)) for one in told.proof]
    verify_inclusion(told.index, 307, leaf_hash(stored), way, later.root)


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()


def _leaf(log: TestLog, scope: str, seq: int) -> FactLeaf:
    return next(
        leaf for leaf in log.leaves() if isinstance(leaf, FactLeaf) and (leaf.scope, leaf.seq) == (scope, seq)
    )


def test_a_scope_waits_for_the_fact_that_the_topic_lacks(log: TestLog) -> None:
    """What lies behind it is not logged before it; sent again, all of them are, in the order of the scope."""
    journal = Journal()
    records = some(journal, 9)
    lacking = [one for one in records if one.offset != 3]
    taken = log.take(lacking)
    assert (taken.logged, taken.left, taken.waiting) == (7, 1, ("s0",))
    again = [Raw(9 + n, one.key, one.value, one.headers) for n, one in enumerate(records) if one.key == b"s0"]
    assert log.take([*records, *again]).logged == 2
    log.publish()
    assert [seq for scope, seq in places(log) if scope == "s0"] == [1, 2, 3]


def test_another_fact_under_a_number_that_is_logged_stops_its_scope_alone(log: TestLog) -> None:
    """The log keeps what it has, takes nothing further of the scope, and goes on with the others."""
    journal = Journal()
    records = some(journal, 6)
    log.take(records)
    other = sealed(Journal(), "s0", note="another")
    more = [Raw(6 + n, one.key, one.value, one.headers) for n, one in enumerate([other, *some(journal, 3)])]
    taken = log.take([*records, *more])
    assert [(fork.scope, fork.seq) for fork in taken.forks] == [("s0", 1)]
    assert (taken.logged, taken.left) == (3, 0)
    assert log.take([*records, *more, *(behind := _moved(some(journal, 3), 10))]).logged == 2
    log.publish()
    assert _leaf(log, "s0", 1).body.raw == records[0].value
    assert len(behind) == 3


def _moved(records: list[Raw], to: int) -> list[Raw]:
    return [Raw(to + n, one.key, one.value, one.headers) for n, one in enumerate(records)]


def test_files_that_are_lost_or_cut_off_are_made_again_from_the_rows(log: TestLog) -> None:
    """Whole, half written by a process that was killed, or without a tile: the same bytes come back."""
    journal = Journal()
    records = some(journal, 700)
    log.take(records[:600])
    log.publish()
    log.take(records)
    with owner(log) as connection:  # killed before the checkpoint
        log.tree.bring_to(connection, frontier_of(connection.execute(SQL["tree"]).fetchone()), 600)
    assert log.shown().checkpoint.size == 600
    whole = log.restarted()
    whole.publish()
    before = {path.relative_to(log.folder): path.read_bytes() for path in _paths(log)}
    shutil.rmtree(log.folder / "log")
    log.restarted().publish()
    after = {path.relative_to(log.folder): path.read_bytes() for path in _paths(log)}
    assert after.items() <= before.items()
    assert {path.name for path in before} - {path.name for path in after} == {"88"}  # of an earlier size
    for path in (log.folder / "log" / "tile").rglob("*"):
        if path.is_file():
            path.write_bytes(b"x")
    again = log.restarted()
    again.take([*records, *_moved(some(journal, 1), 700)])
    assert again.publish().size == 701
    assert len(set(places(again))) == 701


def _paths(log: TestLog) -> list[Path]:
    return sorted(path for path in (log.folder / "log" / "tile").rglob("*") if path.is_file())


def test_rows_that_were_altered_are_signed_by_nobody(log: TestLog) -> None:
    """A row changed by whoever may do anything gives another root; what was shown stays."""
    journal = Journal()
    log.take(some(journal, 40))
    log.publish()
    with owner(log) as connection:
        connection.execute("ALTER TABLE entries DISABLE TRIGGER entries_are_append_only")
        connection.execute("UPDATE entries SET leaf = sha256(leaf) WHERE index = 39")
    log.take([*_moved([], 0), *_moved(some(journal, 1), 40)])
    with pytest.raises(LogDamagedError):
        log.publish()
    assert log.shown().checkpoint.size == 40


def test_a_database_that_was_restored_takes_back_what_the_files_have(
    log: TestLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is that of the files: what was signed stays true. Files of another log are refused."""
    journal = Journal()
    records = some(journal, 520)
    log.take(records[:300])
    log.publish()
    log.take(records)
    shown = log.publish()
    with owner(log) as connection:  # as a backup of before had it
        connection.execute("ALTER TABLE entries DISABLE TRIGGER entries_are_append_only")
        for table in ("entries", "scopes", "positions", "published"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE tree SET size = 0, peaks = ''")
    order = places(log)
    monkeypatch.setattr("services.audit.publishing.taking_back.AT_ONCE", 1)  # in three pieces
    swapped = _moved(sorted(records, key=lambda one: (one.key or b"", one.offset)), 0)
    taken = log.restarted().take(swapped, source="cluster/topic@2")
    assert (taken.logged, taken.repeated) == (0, 520)
    assert log.restarted().publish().root == shown.root
    assert places(log) == order
    with owner(log) as connection:
        connection.execute("DELETE FROM entries")
        connection.execute("DELETE FROM scopes")
        connection.execute("UPDATE tree SET size = 0, peaks = ''")
    (tmp_path / "log" / "tile" / "entries" / "000").write_bytes(b"\x00\x00" * 256)
    with pytest.raises(OpeningRefusedError):
        log.restarted().take(records, source="cluster/topic@3")


def test_nothing_is_signed_that_does_not_go_on_from_what_was_signed(log: TestLog) -> None:
    """Whoever loses rows and files alike gets no other log signed by the same key."""
    log.take(some(Journal(), 20))
    log.publish()
    shutil.rmtree(log.folder / "log")
    with owner(log) as connection:
        connection.execute("ALTER TABLE entries DISABLE TRIGGER entries_are_append_only")
        for table in ("entries", "scopes", "positions", "published"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE tree SET size = 0, peaks = ''")
    other = log.restarted()
    with pytest.raises(OpeningRefusedError, match="20 entries was signed"):
        other.take(some(Journal(), 5))
    assert size_of(other) == 0
    anew = another_log(other, some(Journal(), 5))
    with pytest.raises(NotSignedError):
        anew.publish()
    anew = another_log(other, [*some(Journal(), 5), *_moved(some(Journal(), 30, scopes=2), 5)])
    with pytest.raises(NotSignedError):
        anew.publish()
    assert other.files.checkpoint() is None


def another_log(log: TestLog, records: list[Raw]) -> TestLog:
    """Rows that were filled without asking what was signed."""
    partition = SourcePartition("cluster/topic@1:0", 0)
    start = log.sequencer.positions.open(partition, LogBounds(0, records[-1].offset + 1)).next
    unasked = Sequencer(log.database, TOPIC, lambda: None)
    unasked.take(partition, start, [one for one in records if one.offset >= start])  # type: ignore[misc]
    return log.restarted()


def size_of(log: TestLog) -> int:
    with owner(log) as connection:
        return frontier_of(connection.execute(SQL["tree"]).fetchone()).size


def test_rows_and_files_that_are_older_than_what_was_signed_wait_for_the_newer_files(
    log: TestLog, tmp_path: Path
) -> None:
    """Nothing is added meanwhile, in whatever order it comes: the newer files lead back to what was signed."""
    records = some(Journal(), 90)
    log.take(records[:30])
    log.publish()
    shutil.copytree(tmp_path / "log", tmp_path / "older")
    log.take(records[:60])
    shown = log.publish()
    order = places(log)
    forget_rows(log)
    shutil.move(tmp_path / "log", tmp_path / "newer")
    shutil.copytree(tmp_path / "older", tmp_path / "log")
    other = log.restarted()
    swapped = _moved(sorted(records, key=lambda one: (one.key or b"", one.offset)), 0)
    with pytest.raises(OpeningRefusedError, match="60 entries was signed"):
        other.take(swapped, source="cluster/topic@2")
    assert not may_add(other)
    with pytest.raises(NotSignedError):
        other.publish()
    assert other.shown().checkpoint.size == 30
    shutil.rmtree(tmp_path / "log")
    shutil.move(tmp_path / "newer", tmp_path / "log")
    assert other.take(swapped, source="cluster/topic@2").logged == 30
    assert may_add(other)
    assert (other.publish().size, places(other)[:60]) == (90, order)
    verify_consistency(60, 90, other_proof(other, 60), shown.root, other.shown().checkpoint.root)


def may_add(log: TestLog) -> bool:
    with log.database.connection() as connection:
        try:
            tree_to_add_to(connection, log.keys.last_signed)
        except OlderThanSignedError:
            return False
    return True


def test_a_running_process_adds_nothing_to_rows_that_came_back_older_and_takes_back_what_was_signed(
    log: TestLog,
) -> None:
    """Another server took over, which lagged: a partition whose position is where it was would put its next fact in
    the place of one that was signed. Whoever publishes takes back what the files have, though no fact comes."""
    journal = Journal()
    records, partition = some(journal, 40), SourcePartition("cluster/topic@1:1", 1)
    log.take(records[:20])
    shown = log.publish()
    order = places(log)
    forget_rows(log)
    more = _moved(some(journal, 3), 0)
    log.sequencer.positions.open(partition, LogBounds(0, 3))
    with pytest.raises(OlderThanSignedError):
        log.sequencer.take(partition, 0, more)  # type: ignore[arg-type]
    metrics = AuditMetrics(CollectorRegistry())
    kept = JudgingContext(log.database, metrics, lambda: None, log.keys.last_signed)
    line = SetAside(PERSON, "成交日期录错", "zhou", parse_instant("2026-03-02T06:30:00Z")).line()
    with pytest.raises(NotKeptError):
        asyncio.run(kept.take_set_asides((JournalSetAside("east", line.decode()),)))
    assert size_of(log) == 0
    assert (log.publish(), places(log)) == (shown, order)
    assert log.sequencer.take(partition, 0, more).left == 3  # type: ignore[arg-type]
    assert log.take(records).logged == 20
    assert places(log)[:20] == order


def other_proof(log: TestLog, first: int) -> list[bytes]:
    return [base64.b64decode(one) for one in log.reader.consistency(first, None).proof]


def forget_rows(log: TestLog) -> None:
    """As a backup of before the first entry had them."""
    with owner(log) as connection:
        connection.execute("ALTER TABLE entries DISABLE TRIGGER entries_are_append_only")
        for table in ("entries", "scopes", "positions", "published"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE tree SET size = 0, peaks = ''")


def test_what_was_signed_and_not_shown_is_taken_back_from_whole_files(
    log: TestLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the signature and the checkpoint, and restored: the files hold the order that was signed."""
    records = some(Journal(), 40)
    log.take(records[:10])
    log.publish()
    log.take(records[:25])
    monkeypatch.setattr(log.files, "put_checkpoint", lambda _: None)
    log.publish()
    forget_rows(log)
    other = log.restarted()
    swapped = _moved(sorted(records, key=lambda one: (one.key or b"", one.offset)), 0)
    assert other.take(swapped, source="cluster/topic@2").logged == 15
    assert other.publish().size == 40


def test_a_text_that_was_lost_with_the_rows_is_awaited_again(log: TestLog) -> None:
    """Its fact is taken back from the files, the entry that came behind it was not in them yet: when the fact comes
    again, and only where the text has no entry, it is awaited."""
    records = some(Journal(rulebook="getian"), 4, scopes=1)
    log.take(records)
    log.publish()
    awaited = rows_of(log, "SELECT scope, seq, name FROM awaited_texts")
    assert awaited == [("s0", 1, "getian")]
    for _ in range(2):
        forget_rows(log)
        with owner(log) as connection:
            connection.execute("DELETE FROM awaited_texts")
        log.restarted().take(records, source="cluster/topic@2")
        assert rows_of(log, "SELECT scope, seq, name FROM awaited_texts") == awaited
    with owner(log) as connection:
        append_once(connection, NewEntry.of("rulebook", b"a text", scope="s0", seq=1), log.keys.last_signed)
        connection.execute("DELETE FROM awaited_texts")
    log.restarted().take(records, source="cluster/topic@3")
    assert rows_of(log, "SELECT scope, seq, name FROM awaited_texts") == []


def rows_of(log: TestLog, query: str) -> list[tuple[object, ...]]:
    with owner(log) as connection:
        return connection.execute(query.encode()).fetchall()


def test_texts_in_clear_are_in_no_file(log: TestLog) -> None:
    """A bundle that would show one is left out, and counted; hashes and checkpoint are there all the same."""
    journal = Journal()
    log.take([journal.visit("13800000001", "li")])
    log.publish()
    shown = b"".join(path.read_bytes() for path in (log.folder / "log").rglob("*") if path.is_file())
    assert b"13800000001" not in shown
    assert not (log.folder / "log" / "tile" / "entries").exists()
    assert log.reader.inclusion_of("demo", 1, None).index == 0


def test_a_long_fact_lies_beside_its_entry(log: TestLog) -> None:
    """Its digest is in the tree, and its bytes are where the entry says."""
    record = sealed(Journal(), "s0", note="字" * 40_000)
    log.take([record])
    log.publish()
    (leaf,) = log.leaves()
    assert isinstance(leaf, FactLeaf)
    assert leaf.body.raw is None
    assert leaf.body.holds(log.files.read(leaf.body.path))


def test_a_new_key_is_vouched_for_and_the_old_one_can_go(log: TestLog, tmp_path: Path) -> None:
    """Who trusts the first key follows to the second; another log's file of keys is refused."""
    log.take(some(Journal(), 3))
    log.publish()
    first = log.keys.signers()[0].verifier
    second = rotate_log_key(log.keys.path).verifier
    assert log.publish().size == 4
    assert [one.verifier for one in log.shown(first, second).verified] == [second, first]
    assert log.leaves()[-1] == KeyLeaf(second.vkey)
    assert retire_log_keys(log.keys.path) == 1
    log.publish()
    with pytest.raises(TlogError):
        log.shown(first)
    trusted = trusted_keys(first, [parse_voucher(raw) for raw in log.files.vouchers()], "log.example/panke")
    assert list(trusted) == [first, second]
    assert log.shown(*trusted).checkpoint.size == 4
    assert log.reader.keys().keys == [first.vkey, second.vkey]
    follows = verify_tiles(log.folder / "log", trust_of([first.vkey]))
    assert (
        follows.findings,
        verify_tiles(log.folder / "log", trust_of([second.vkey])).findings,
    ) == ([], [])
    (log.folder / "log" / "key" / f"{second.key_id:08x}").unlink()
    assert verify_tiles(log.folder / "log", trust_of([first.vkey])).findings != []
    log.keys.path.unlink()
    make_log_key(log.keys.path, "log.example/panke")
    with pytest.raises(LogKeyError):
        log.publish()


def test_a_file_of_keys_that_others_may_read_signs_nothing(log: TestLog) -> None:
    """Said in words, with the mode."""
    log.take(some(Journal(), 1))
    log.keys.path.chmod(0o644)
    with pytest.raises(LogKeyError, match="644"):
        log.publish()


def test_the_service_may_add_to_the_log_and_change_nothing_of_it(log: TestLog, database: str) -> None:
    """Entries are append-only, also for who has every right but that of altering the table."""
    log.take(some(Journal(), 2))
    with psycopg.connect(connection_info(database, schema="audit"), autocommit=True) as connection:
        for change in ("UPDATE entries SET kind = 'x'", "DELETE FROM entries", "TRUNCATE entries"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(change.encode())


KILLED = """
import os, signal, sys
from pathlib import Path
from services.audit.publishing.files import StaticFiles
from tests.support.logging_facts import opened_log
StaticFiles.put_checkpoint = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with opened_log(sys.argv[1], Path(sys.argv[2])) as log:
    log.publish()
"""


def test_a_kill_between_files_and_checkpoint_leaves_the_one_before(
    log: TestLog, database: str, tmp_path: Path
) -> None:
    """Killed at the worst moment, the log shows what it showed; the next process shows the rest."""
    journal = Journal()
    records = some(journal, 300)
    log.take(records[:10])
    first = log.publish()
    log.take(records)
    killed = subprocess.run([sys.executable, "-c", KILLED, database, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert log.shown().checkpoint == first
    assert log.restarted().publish().size == 300
    assert len(set(places(log))) == 300
