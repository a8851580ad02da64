"""A restore under a service that runs: it would go on from what it remembers, and is refused."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from services.intake.main import SCHEMA
from shared.backup.cli import backup, restore
from shared.database import Database, migrate


def test_a_part_whose_service_runs_is_not_restored(database: str, tmp_path: Path) -> None:
    """The service is named with how to stop it, and nothing is changed; stopped, the part comes back."""
    migrate(database, "services.intake", SCHEMA)
    file, runner = str(tmp_path / "backup"), CliRunner()
    given = ["--only", "intake", "--database-url", database]
    assert runner.invoke(backup, [file, *given]).exit_code == 0
    with Database(database, schema=SCHEMA, name="panke-intake") as running:
        assert running.ping()
        refused = runner.invoke(restore, [file, "--replace", *given])
        assert running.ping()
    done = runner.invoke(restore, [file, "--replace", *given])
    assert (refused.exit_code, done.exit_code) == (1, 0), done.output
    assert "intake still runs on this database" in refused.output
