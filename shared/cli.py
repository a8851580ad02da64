"""The `panke` command: a thin group whose subcommands each service registers, loaded when they are called.

architecture.md#rooms: subcommands are entry points of the group `panke.commands`. A dot in an entry point's
name nests it (`serve.intake` is `panke serve intake`). A service whose import fails takes only its own
commands with it, and `panke judge` never pays for what the others import.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import metadata
from typing import NoReturn

import click

from shared.platform.output_errors import lost_output
from shared.platform.standard_streams import open_standard_streams
from shared.platform.text.terminal import PlainGroup

GROUP = "panke.commands"


class CommandGroup(PlainGroup):
    """The commands whose entry points begin with one prefix."""

    def __init__(self, name: str, prefix: str = "", help: str | None = None) -> None:
        super().__init__(name, help=help, no_args_is_help=True)
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({rest.split(".")[0] for rest in self._entries()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entries = self._entries()
        if cmd_name in entries:
            return _load(cmd_name, entries[cmd_name])
        if any(rest.startswith(f"{cmd_name}.") for rest in entries):
            path = f"{self.prefix}{cmd_name}."
            return CommandGroup(cmd_name, path, help=_GROUPS.get(path.rstrip(".")))
        return None

    def _entries(self) -> dict[str, metadata.EntryPoint]:
        entries = metadata.distribution("panke").entry_points.select(group=GROUP)
        return {e.name.removeprefix(self.prefix): e for e in entries if e.name.startswith(self.prefix)}


_GROUPS = {
    "serve": "Run one service in the foreground.",
    "audit": "Whether what is kept is what the facts give.",
    "registers": "The facts that registers and reports are made from.",
    "database": "The database of a deployment: its schemas, and the roles of the services.",
}


def _load(name: str, entry: metadata.EntryPoint) -> click.Command:
    try:
        command = entry.load()
    except Exception as error:  # whatever a service's import raises must not break the other commands
        return _broken(name, entry.value, error)
    if not isinstance(command, click.Command):
        return _broken(name, entry.value, TypeError("it is not a click command"))
    return command


def _broken(name: str, target: str, error: Exception) -> click.Command:
    """A stand-in that says why the real command could not be loaded, when it is called and in the help."""
    why = f"panke {name} cannot be loaded from {target}: {type(error).__name__}: {error}"

    @click.command(name, help=why, short_help="(cannot be loaded)", add_help_option=False)
    @click.argument("rest", nargs=-1, type=click.UNPROCESSED)
    def stand_in(rest: tuple[str, ...]) -> None:
        raise click.ClickException(why)

    stand_in.context_settings = {"ignore_unknown_options": True}
    return stand_in


def command() -> click.Group:
    """The whole `panke` command."""
    group = CommandGroup("panke", help="Panke 判客: who owns this customer, and why.")
    return click.version_option(package_name="panke")(group)


def main() -> None:
    """The command, and its output to the end: what cannot be written or read is told in a line, not by a traceback."""
    open_standard_streams()
    try:
        try:
            command()(prog_name="panke")
        finally:
            sys.stdout.flush()
    except OSError as error:
        told = _described(error)
        if told is None:
            raise
        _leave(told)


def _described(error: OSError) -> str | None:
    """What went wrong with the output, or with a file that is named; None for what is a defect of the program."""
    lost = lost_output(error)
    if lost is not None:
        return lost
    return f"{error.filename}: {error.strerror}" if isinstance(error.filename, str) else None


def _leave(told: str) -> NoReturn:
    """Say it, and let nothing that is still held for the output be tried again at the end of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    with contextlib.suppress(OSError):
        click.echo(f"panke: {told}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
