"""Rehearsals: the log's rows come back older than what was signed, with its files, and with files as old as they."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import httpx
import psycopg
import pytest

from shared.evidence.log import trust_of
from shared.evidence.tiles import verify_tiles
from shared.tlog.checkpoints import Checkpoint, parse_checkpoint
from shared.tlog.leaves import FactLeaf, decode_entry
from shared.tlog.notes import parse_note
from shared.tlog.tiles import WIDTH, Tile, decode_bundle
from tests.support.keys import key_file
from tests.support.logged_system import LoggedSystem, logged
from tests.support.panke import panke
from tests.support.parts import eventually
from tests.support.system import PATIENCE, running

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SCOPES = ("demo", "east", "west")


@pytest.fixture
def office(directory: Path, database: str, kafka: str) -> Iterator[LoggedSystem]:
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang", "PANKE_KEYS": key_file(directory)}
    settings |= {f"PANKE_{name}_EXIT_AFTER": "900" for name in ("ATTRIBUTION", "NOTIFIER")}
    with running(directory, database, kafka, BEGIN, settings=settings) as system, logged(system) as found:
        yield found


@pytest.mark.timeout(900)
def test_a_log_that_was_restored_older_goes_on_from_what_was_signed_and_forks_in_no_case(
    office: LoggedSystem, tmp_path: Path
) -> None:
    """Rows that are older take back from the files what they lost, in the order that was signed. Where the files are
    older too, nothing is added and nothing signed, which `/readyz` says, facts are taken all the same; with the newer
    files brought back the log goes on by itself. A checkpoint that an outsider kept leads to all that comes after."""
    numbers = count(1)
    record(office, numbers, rounds=2)
    eventually(lambda: at_rest(office), "the rulebooks are in the log", PATIENCE)
    backup, older, archive = tmp_path / "log.backup", tmp_path / "older", tmp_path / "files.tar"
    said("backup", str(backup), "--only", "audit", "--database-url", office.system.database_url)
    shutil.copytree(office.files, older)
    record(office, numbers, rounds=3)
    kept, order = (office.files / "checkpoint").read_bytes(), entries(office)

    restored(office, backup)
    office.audit.launch()
    office.audit.wait_ready(PATIENCE)
    assert "log_taken_back" in office.audit.log.read_text()
    record(office, numbers, rounds=1)
    goes_on(office, kept, order)

    kept, order = (office.files / "checkpoint").read_bytes(), entries(office)
    said("backup", "files", str(archive), "--log-files", str(office.files))
    restored(office, backup)
    shutil.rmtree(office.files)
    shutil.copytree(older, office.files)
    before = size_of_rows(office)
    office.audit.launch()
    eventually(
        lambda: f"{checkpoint_of(kept).size} entries was signed" in unready(office), "it is told", PATIENCE
    )
    for scope in SCOPES:
        office.system.record(outing(scope, next(numbers)))
    assert (office.files / "checkpoint").read_bytes() == (older / "checkpoint").read_bytes()
    assert size_of_rows(office) == before
    said("restore", "files", str(archive), "--into", str(tmp_path / "back"))
    shutil.copytree(tmp_path / "back" / "log", office.files, dirs_exist_ok=True)
    record(office, numbers, rounds=1)
    goes_on(office, kept, order)
    assert unready(office) == ""


def record(office: LoggedSystem, numbers: Iterator[int], rounds: int) -> None:
    """Facts of several scopes in turns, each behind the one before in the log, as no partition would bring them."""
    for _ in range(rounds):
        for scope in SCOPES:
            office.covered(office.system.record(outing(scope, next(numbers))), scope)


def outing(scope: str, number: int) -> dict[str, object]:
    customer = {"phones": [f"1381234{number:04d}"]}
    said = {"by": "li", "method": "phone", "subject": "回访", "content": "约看房"}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{scope}/{number}")), "type": "followup.recorded", "scope": scope,
        "office": f"{scope}-office", "actor": "desk", "occurred_at": "2026-03-02T10:00:00+08:00",
        "data": {"customer": customer} | said,
    }  # fmt: skip


def restored(office: LoggedSystem, backup: Path) -> None:
    """As an operator restores the log's schema: its service is stopped, and its role gets its rights anew."""
    office.audit.stop()
    said(
        "restore",
        str(backup),
        "--only",
        "audit",
        "--replace",
        "--database-url",
        office.system.database_url,
    )
    office.system.prepare()


def goes_on(office: LoggedSystem, kept: bytes, order: list[bytes]) -> None:
    """Whoever kept the checkpoint finds nothing wrong, and every entry stands where it stood."""
    trust = trust_of([office.vkey()], checkpoint=kept)
    told = verify_tiles(office.files, trust)
    assert told.findings == [], told.findings
    now = entries(office)
    assert now[: len(order)] == order
    facts = [(leaf.scope, leaf.seq) for leaf in map(decode_entry, now) if isinstance(leaf, FactLeaf)]
    assert len(set(facts)) == len(facts)


def entries(office: LoggedSystem) -> list[bytes]:
    """All entries of the files, as far as the checkpoint goes."""
    size = checkpoint_of((office.files / "checkpoint").read_bytes()).size
    found: list[bytes] = []
    for index in range((size + WIDTH - 1) // WIDTH):
        tile = Tile(None, index, min(WIDTH, size - index * WIDTH))
        found += decode_bundle(tile, (office.files / tile.path).read_bytes())
    return found


def checkpoint_of(note: bytes) -> Checkpoint:
    return parse_checkpoint(parse_note(note).text)


def at_rest(office: LoggedSystem) -> bool:
    """The text of each scope's rulebook, which is asked for beside the facts, is in the log too, and all is shown."""
    with psycopg.connect(office.system.database_url) as connection:
        query = "SELECT count(*) FROM audit.entries WHERE kind = 'rulebook'"
        (texts,) = connection.execute(query).fetchone() or (0,)
    shown = checkpoint_of((office.files / "checkpoint").read_bytes())
    return texts == len(SCOPES) and shown.size == size_of_rows(office)


def size_of_rows(office: LoggedSystem) -> int:
    with psycopg.connect(office.system.database_url) as connection:
        (size,) = connection.execute("SELECT size FROM audit.tree").fetchone() or (0,)
    return int(size)


def unready(office: LoggedSystem) -> str:
    """What readiness says, or nothing."""
    try:
        answer = office.system.http.get(f"{office.audit.address}/readyz")
    except httpx.TransportError as error:
        return type(error).__name__
    return "" if answer.status_code == 200 else answer.text


def said(*arguments: str) -> None:
    done = panke(*arguments)
    assert done.returncode == 0, done.stderr.decode()
