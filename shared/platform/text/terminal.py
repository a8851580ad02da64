"""What commands print: foreign text never steers the terminal that shows it.

Names, reasons and providers' answers may hold escape sequences, which would clear a screen, forge a line or type
into the shell of whoever lists them. Every command prints by `say`, or by `output` what a program may read; what a
command refuses goes the same way.
"""

from __future__ import annotations

import sys
from typing import Any, BinaryIO, cast

import click

from shared.platform.text.plain import shown


def say(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a line, with whatever would steer a terminal shown as its number."""
    click.echo(shown(str(text)), err=err, nl=nl)


def output() -> BinaryIO:
    """Standard output for bytes that a program reads. Piped or in a file they are as they were written; on a terminal
    a person reads them, and the same JSON stands there with whatever would steer the terminal as its number."""
    return cast(BinaryIO, _Shown(sys.stdout.buffer)) if sys.stdout.isatty() else sys.stdout.buffer


class _Shown:
    """Bytes on their way to a terminal; each `write` brings whole characters."""

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal

    def write(self, data: bytes) -> int:
        self._terminal.write(shown(data.decode("utf-8", "backslashreplace")).encode())
        return len(data)

    def flush(self) -> None:
        self._terminal.flush()


class PlainGroup(click.Group):
    """Commands whose refusals are shown as plain as what they print."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.__dict__["message"] = shown(error.message)  # final for the type checker alone
            raise
