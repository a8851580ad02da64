"""How the commands of access have a secret: asked for at the terminal, unseen, or as a line of standard input."""

from __future__ import annotations

import getpass
import sys
import warnings

import click

from shared.i18n import bilingual, translated
from shared.platform.text.terminal import say

NEXT_LINES = "Without a terminal, what is asked for is read from standard input, a line each."
"""What the help of such a command says."""


def asked_secret(what: str) -> str:
    """What is typed in answer, unseen; without a terminal the next line of standard input."""
    try:
        with warnings.catch_warnings():
            # So Python tells that it would go on with what is typed in sight, before it does.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return str(click.prompt(what, hide_input=True))
    except getpass.GetPassWarning:
        if sys.stdin is not None and sys.stdin.isatty():
            raise click.ClickException(
                f"{what}: {bilingual('this terminal would show what is typed')}"
            ) from None
        return secret_line(what)


def new_secret(what: str) -> str:
    """The same, asked for twice."""
    while (given := asked_secret(what)) != asked_secret(translated("the same again").beside):
        say(bilingual("the two are not the same"), err=True)
    return given


def secret_line(what: str) -> str:
    """The next line of standard input."""
    line = "" if sys.stdin is None else sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.ClickException(f"{what}: {bilingual('standard input has no line for it')}")
    return line
