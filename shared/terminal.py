"""What commands print: foreign text never steers the terminal that shows it.

Names, reasons and providers' answers may hold escape sequences, which would clear a screen, forge a line or type
into the shell of whoever lists them. Every command prints by `say`; what a command refuses goes the same way.
"""

from __future__ import annotations

from typing import Any

import click

from shared.plain import shown


def say(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a line, with whatever would steer a terminal shown as its number."""
    click.echo(shown(str(text)), err=err, nl=nl)


class PlainGroup(click.Group):
    """Commands whose refusals are shown as plain as what they print."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.__dict__["message"] = shown(error.message)  # final for the type checker alone
            raise
