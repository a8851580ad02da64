"""What the commands of all services share: options, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from shared.i18n import translated


class WrongSettingError(click.ClickException):
    """A setting with which nothing can be done, told in one line."""

    exit_code = 2


class DatabaseUrl(click.ParamType[str]):
    """A connection string; what is wrong with it is told without it, since a password stands there."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from shared.platform.connection_string import wrong_with

        if (reason := wrong_with(value)) is not None:
            raise WrongSettingError(f"{_DATABASE}: {reason}")
        return value


_DATABASE: Final = "--database-url, PANKE_DATABASE_URL"
database_url = click.option(
    "--database-url",
    envvar="PANKE_DATABASE_URL",
    type=DatabaseUrl(),
    required=True,
    help="or PANKE_DATABASE_URL",
)
rulebook_folder = click.option(
    "--rulebook-folder",
    envvar="PANKE_RULEBOOK_FOLDER",
    default="",
    metavar="FOLDER",
    help="The offices' own rulebooks, which an adoption may name; or PANKE_RULEBOOK_FOLDER.",
)
keys = click.option(
    "--keys", envvar="PANKE_KEYS", default="", metavar="FILE", help="the file of keys; or PANKE_KEYS"
)
vault_url = click.option(
    "--vault-url",
    envvar="PANKE_VAULT_URL",
    help="where the vault has a database of its own; or PANKE_VAULT_URL",
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
        raise WrongSettingError(str(error)) from None


@contextmanager
def database_refused(*besides: type[Exception]) -> Iterator[None]:
    """What the database refused, or an error of the kinds `besides`, is told in a line; where it cannot be reached, by
    the setting that says how."""
    import psycopg

    kinds: tuple[type[Exception], ...] = (psycopg.Error, *besides)
    try:
        yield
    except kinds as error:
        said = " ".join(str(error).split())
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            away = translated("the database cannot be reached").beside
            raise WrongSettingError(f"{_DATABASE}: {away}: {said}") from None
        refused = translated("the database refused").beside
        raise click.ClickException(f"{refused}: {type(error).__name__}: {said}") from None
