"""The `panke` command: every subcommand stands on its own."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import click
import pytest
from click.testing import CliRunner, Result

import shared.cli
from shared.cli import GROUP, command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command(), list(arguments), prog_name="panke")


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[metadata.EntryPoint]:
    """The entry points of the group, to be filled by the test."""
    found: list[metadata.EntryPoint] = []

    class Installed:
        @property
        def entry_points(self) -> metadata.EntryPoints:
            return metadata.EntryPoints(found)

    monkeypatch.setattr(shared.cli.metadata, "distribution", lambda _: Installed())
    return found


@click.command()
@click.argument("word")
def echo(word: str) -> None:
    """Say it again."""
    click.echo(word)


not_a_command = 42


def entry(name: str, value: str) -> metadata.EntryPoint:
    return metadata.EntryPoint(name, value, GROUP)


def test_a_dot_nests_a_command(entries: list[metadata.EntryPoint]) -> None:
    """`serve.echo` is `panke serve echo`, and the group says what it is for."""
    entries.append(entry("serve.echo", f"{__name__}:echo"))
    assert run("serve", "echo", "hello").output == "hello\n"
    assert "Run one service" in run("serve", "--help").output


@pytest.mark.parametrize(
    ("value", "why"),
    [("no_such_module:x", "ModuleNotFoundError"), (f"{__name__}:not_a_command", "TypeError")],
)
def test_a_broken_command_breaks_no_other(entries: list[metadata.EntryPoint], value: str, why: str) -> None:
    """It is listed as broken, says why when it is called, and the others work."""
    entries += [entry("broken", value), entry("echo", f"{__name__}:echo")]
    assert "cannot be loaded" in run("--help").output
    called = run("broken", "--with", "any", "arguments")
    assert called.exit_code == 1
    assert why in called.output
    assert run("echo", "still").output == "still\n"


def test_an_unknown_command_is_an_error(entries: list[metadata.EntryPoint]) -> None:
    """The exit status is 2 and the name is repeated."""
    told = run("nothing")
    assert told.exit_code == 2
    assert "nothing" in told.output


def test_what_is_installed_loads() -> None:
    """No command of this project is broken."""
    assert "cannot be loaded" not in run("--help").output


def test_the_command_itself_imports_nothing_heavy() -> None:
    """`panke judge` must not pay for the services: the group alone loads no driver, server or broker
    client."""
    heavy = ["aiokafka", "fastapi", "faststream", "psycopg", "uvicorn", "eventsourcing"]
    code = f"import sys, shared.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
