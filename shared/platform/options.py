"""What the commands of all services share: options, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

database_url = click.option(
    "--database-url", envvar="PANKE_DATABASE_URL", required=True, help="or PANKE_DATABASE_URL"
)
rulebook_folder = click.option(
    "--rulebook-folder",
    envvar="PANKE_RULEBOOK_FOLDER",
    default="",
    metavar="FOLDER",
    help="The offices' own rulebooks, which an adoption may name; or PANKE_RULEBOOK_FOLDER.",
)
clock = click.option(
    "--clock", envvar="PANKE_CLOCK", default="system", show_default=True, help="or PANKE_CLOCK"
)


@contextmanager
def settings_refused() -> Iterator[None]:
    """What is wrong with the settings or with the clock that they name is told in a line."""
    from shared.platform.clock import ClockError
    from shared.platform.settings import SettingsError

    try:
        yield
    except (SettingsError, ClockError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def database_refused(*besides: type[Exception]) -> Iterator[None]:
    """What the database refused, or an error of the kinds `besides`, is told in a line."""
    import psycopg

    kinds: tuple[type[Exception], ...] = (psycopg.Error, *besides)
    try:
        yield
    except kinds as error:
        raise click.ClickException(f"the database refused: {type(error).__name__}: {error}") from None
