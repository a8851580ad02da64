"""The setting by which PostgreSQL is reached: a mistake in it is told by its name and without the password."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner

from shared.cli import command
from shared.platform import runtime
from shared.platform.options import database_refused
from shared.platform.settings import CommonSettings, SettingsError, load

PASSWORD = "s3cretpw"
WRONG = (
    f"{PASSWORD}",
    f"mysql://u:{PASSWORD}@127.0.0.1/x",
    f"postgresql://u:{PASSWORD}@127.0.0.1:abc/x",
    f"postgresql://u:{PASSWORD}@127.0.0.1:99999/x",
    f"postgresql://u:%zz{PASSWORD}@127.0.0.1/x",
    f"postgresql://u:a {PASSWORD}@127.0.0.1/x",
    f"postgresql://u:{PASSWORD}@127.0.0.1/x?sslmode=perhaps",
    f"postgresql://u:{PASSWORD}@127.0.0.1/x?connect_timeout=soon",
    f"host=127.0.0.1 port=five password={PASSWORD}",
)
RIGHT = (
    "postgresql://panke:pw@127.0.0.1:5432/panke",
    "postgres://panke@/panke?host=/var/run/postgresql",
    "postgresql://panke@db1:5432,db2:5433/panke?target_session_attrs=primary&sslmode=verify-full",
    "host=db dbname=panke keepalives_idle=30",
    "postgresql://",
)
SERVICES = ("intake", "attribution", "audit", "notifier", "access", "receipts", "registers")


@pytest.mark.parametrize("url", WRONG)
def test_a_malformed_connection_string_is_told_by_its_setting_without_it(url: str) -> None:
    """Whatever libpq would say of it, and when: the setting is named, and no part of the value is repeated."""
    with pytest.raises(SettingsError) as caught:
        load(CommonSettings, {"PANKE_DATABASE_URL": url, "PANKE_KAFKA": "127.0.0.1:1"})
    told = str(caught.value)
    assert told.startswith("PANKE_DATABASE_URL is wrong: ")
    assert PASSWORD not in told and "\n" not in told


@pytest.mark.parametrize("url", RIGHT)
def test_a_connection_string_that_may_reach_a_database_is_taken(url: str) -> None:
    """Addresses, words, several hosts, sockets and libpq's own defaults."""
    assert load(CommonSettings, {"PANKE_DATABASE_URL": url, "PANKE_KAFKA": "127.0.0.1:1"}).database_url == url


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANKE_DATABASE_URL", f"mysql://u:{PASSWORD}@127.0.0.1/x")
    monkeypatch.setenv("PANKE_KAFKA", "127.0.0.1:1")
    monkeypatch.setenv("PANKE_NOTIFIER_CHANNELS", "log")


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("service", SERVICES)
def test_every_service_ends_by_a_line_that_names_the_setting(service: str) -> None:
    """Before anything is opened, with status 2."""
    told = CliRunner().invoke(command(), ["serve", service])
    assert (told.exit_code, told.exception.__class__) == (2, SystemExit)
    assert "PANKE_DATABASE_URL is wrong" in told.stderr and PASSWORD not in told.output


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    "words",
    [
        "journal export s",
        "journal scopes",
        "journal confirm-time --by a --reason b",
        "journal recover",
        "relay --all",
        "restate --all",
        "quarantine list",
        "quarantine show s",
        "quarantine retry s",
        "quarantine set-aside s --reason r --by b",
        "alerts list",
        "alerts figures",
        "alerts retry --all-dead",
        "alerts log c",
        "access bootstrap",
        "access log verify",
        "backup FILE",
        "restore FILE",
        "alerts preview FILE --claim s/c",
        "alerts check FILE",
        "alerts test log --to sms=13800000001",
    ],
)
def test_every_command_that_opens_the_database_names_the_setting(words: str, tmp_path: Path) -> None:
    """In one line, with status 2, and without what the setting holds."""
    file = tmp_path / "file.yaml"
    file.write_text("version: 1\n")
    told = CliRunner().invoke(command(), words.replace("FILE", str(file)).split())
    assert told.exit_code == 2, told.output
    assert "PANKE_DATABASE_URL" in told.stderr and PASSWORD not in told.output
    assert len(told.stderr.strip().splitlines()) == 1


def test_a_database_that_is_away_is_told_by_its_setting() -> None:
    """A command that cannot connect says to what setting that is due, in one line, with status 2."""
    with pytest.raises(click.ClickException) as caught, database_refused():
        psycopg.connect(f"postgresql://u:{PASSWORD}@127.0.0.1:1/x")
    assert caught.value.exit_code == 2
    assert "PANKE_DATABASE_URL" in caught.value.message
    assert PASSWORD not in caught.value.message and "\n" not in caught.value.message


async def test_a_service_whose_database_stays_away_ends_by_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time for which a starting database is waited for: no traceback, the setting and the reason."""

    class EndedError(Exception):
        pass

    def end(code: int) -> None:
        raise EndedError(code)

    def migrations() -> list[str]:
        psycopg.connect("postgresql://u:p@127.0.0.1:1/x").close()
        return []

    monkeypatch.setattr(runtime, "DATABASE_WAIT", -1.0)
    monkeypatch.setattr("os._exit", end)
    with pytest.raises(EndedError, match="2"):
        await runtime.prepared(migrations)
