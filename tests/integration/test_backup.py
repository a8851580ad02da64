"""Backups are checked without a restore; files come back as they were; what was restored is noted for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from deploy.backup.cli import backup, restore
from services.intake.cli import journal
from services.intake.main import SCHEMA
from shared.platform.postgres.database import migrate
from tests.support.attribution import Journal, deployment

HEADS = """
    INSERT INTO intake.heads (scope, seq, default_rulebook, recorded_at)
    VALUES ('demo', 7, 'base', now()), ('east', 2, 'base', now())
"""


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


@pytest.fixture
def kept(database: str, tmp_path: Path) -> Path:
    """A backup of a journal of nine facts, of which attribution has folded three."""
    migrate(database, "services.intake", SCHEMA)
    migrate(database, "services.notifier", "notifier")
    with psycopg.connect(database) as connection:
        connection.execute(HEADS.encode())
    journal = Journal()
    with deployment(database) as live:
        for n in range(3):
            live.fold(journal.visit(f"1380000000{n}", "li"))
    file = tmp_path / "panke.backup"
    done = run(backup, str(file), "--database-url", database)
    assert done.exit_code == 0, done.output
    return file


def test_a_backup_says_what_it_holds_and_up_to_where(kept: Path) -> None:
    """Each part, and up to which seq of each scope, read off the file alone."""
    done = run(backup, "check", str(kept), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["reached intake"] == {"demo": 7, "east": 2}
    assert told["reached attribution"] == {"demo": 3}
    assert told["parts"] == "intake, attribution, notifier"
    assert told["rows"]["attribution.facts"] == 3


@pytest.mark.parametrize("left", [0.1, 0.3])
def test_a_backup_that_was_cut_off_is_told(kept: Path, left: float) -> None:
    """A file that is not whole is no backup."""
    raw = kept.read_bytes()
    kept.write_bytes(raw[: int(len(raw) * left)])
    assert run(backup, "check", str(kept)).exit_code == 1


def test_a_restore_is_noted_beside_the_journal_and_for_the_record_of_access(
    kept: Path, database: str
) -> None:
    """Who restored what, of when, and up to where; nobody can unmake it."""
    done = run(restore, str(kept), "--replace", "--database-url", database)
    assert done.exit_code == 0, done.output
    listed = run(journal, "restorations", "--database-url", database)
    assert "restored" in listed.output and '{"demo": 7, "east": 2}' in listed.output
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT act, parts, reached FROM intake.restorations").fetchall()
        assert rows == [("restored", ["intake", "attribution", "notifier"], {"demo": 7, "east": 2})]
        reports = connection.execute("SELECT act, body FROM intake.access_reports").fetchall()
        assert [(act, "panke restore intake" in bytes(body).decode()) for act, body in reports] == [
            ("privileged", True)
        ]
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("DELETE FROM intake.restorations")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """What a deployment keeps in files."""
    log, rulebooks, policy = tmp_path / "log", tmp_path / "rulebooks", tmp_path / "alerts.yaml"
    (log / "tile" / "0").mkdir(parents=True)
    (log / "tile" / "0" / "000").write_bytes(bytes(range(256)))
    (log / "checkpoint").write_text("panke/demo\n1\n…\n")
    rulebooks.mkdir()
    (rulebooks / "own.yaml").write_text("name: own\n")
    policy.write_text("language: zh\n")
    names, schemes = tmp_path / "names.yaml", tmp_path / "schemes"
    names.write_text("offices: {east: {zh: 东区案场, en: East}}\n")
    schemes.mkdir()
    (schemes / "own.yaml").write_text("scheme: own\n")
    return {
        "--log-files": log, "--rulebooks": rulebooks, "--policy": policy, "--place-names": names,
        "--schemes": schemes,
    }  # fmt: skip


def archived(files: dict[str, Path], file: Path) -> Result:
    return run(backup, "files", str(file), *(str(part) for pair in files.items() for part in pair))


def test_files_come_back_as_they_were(files: dict[str, Path], tmp_path: Path) -> None:
    """The log's, rulebooks, schemes, policy and names, readable by their owner alone; never over what is there."""
    file, into = tmp_path / "files.tgz", tmp_path / "back"
    assert archived(files, file).exit_code == 0
    assert file.stat().st_mode & 0o077 == 0
    assert run(backup, "check", str(file)).exit_code == 0
    assert run(restore, "files", str(file), "--into", str(into)).exit_code == 0
    assert (into / "log" / "tile" / "0" / "000").read_bytes() == bytes(range(256))
    assert (into / "policy" / "alerts.yaml").read_text() == "language: zh\n"
    assert (into / "rulebooks" / "own.yaml").exists()
    assert (into / "schemes" / "own.yaml").exists()
    assert "东区案场" in (into / "names" / "names.yaml").read_text()
    assert run(restore, "files", str(file), "--into", str(into)).exit_code == 1


def test_keys_are_in_no_archive(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by their name nor where the settings say that they are keys."""
    (files["--log-files"] / "log.keys").write_text("secret")
    refused = archived(files, tmp_path / "files.tgz")
    assert refused.exit_code == 1 and "log.keys" in refused.output
    (files["--log-files"] / "log.keys").rename(files["--rulebooks"] / "text")
    monkeypatch.setenv("PANKE_KEYS", str(files["--rulebooks"] / "text"))
    assert archived(files, tmp_path / "files.tgz").exit_code == 1
    assert not (tmp_path / "files.tgz").exists()


def test_an_archive_that_was_altered_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    """By the digest of each file; nothing of it is unpacked."""
    import tarfile

    file, other = tmp_path / "files.tgz", tmp_path / "other.tgz"
    assert archived(files, file).exit_code == 0
    with tarfile.open(file) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    (tmp_path / "out" / "policy" / "alerts.yaml").write_text("language: en\n")
    with tarfile.open(other, "w:gz") as tar:
        for one in (tmp_path / "out").rglob("*"):
            if one.is_file():
                tar.add(one, one.relative_to(tmp_path / "out").as_posix())
    done = run(restore, "files", str(other), "--into", str(tmp_path / "back"))
    assert done.exit_code == 1 and "policy/alerts.yaml" in done.output
    assert not (tmp_path / "back").exists()
