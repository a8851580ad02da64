"""The commands of keys: a new file, who stands under which key, and new keys while everything runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.i18n import bilingual, translated
from shared.platform.options import database_refused, database_url, vault_url
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from shared.sealing.vault import Connection, Vault

keys_of = click.option(
    "--keys",
    "path",
    envvar="PANKE_KEYS",
    required=True,
    type=click.Path(path_type=Path),
    help="or PANKE_KEYS",
)


@click.group(cls=PlainGroup)
def keys() -> None:
    """The file of keys, by which personal texts are sealed and read."""


@keys.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--if-missing", is_flag=True, help="leave a file that is there as it is")
def new(path: Path, if_missing: bool) -> None:
    """Make a file of keys that only this user may read. Without it nothing that is sealed is ever read again."""
    from shared.sealing.keys import make_keys

    try:
        make_keys(path)
    except FileExistsError:
        if not if_missing:
            raise click.ClickException(bilingual("{path} is there already", path=path)) from None
        return
    except OSError as error:
        raise click.ClickException(
            bilingual("{path} was not made: {why}", path=path, why=error.strerror)
        ) from None
    say(bilingual("keys: {path}. Keep a copy apart from every backup of the database", path=path))


@keys.command()
@keys_of
@vault_url
@database_url
def status(path: Path, vault_url: str | None, database_url: str) -> None:
    """How many people stand under which keys, and which keys are the present ones."""
    from shared.sealing.vault import SQL

    with _opened(path, vault_url or database_url) as (vault, connection):
        say(f"{translated('present')}: wrapping/{vault.keys.current} index/{vault.keys.index_current}")
        for wrapping, index, count in connection.execute(SQL["count_by_keys"]).fetchall():
            say(f"wrapping/{wrapping} index/{index}\t{count}")


@keys.command()
@click.option(
    "--index", is_flag=True, help="the key by which contacts are found, not the one that wraps keys"
)
@click.option("--finish", is_flag=True, help="make no new key: bring under the present ones who is not yet")
@keys_of
@vault_url
@database_url
def rotate(index: bool, finish: bool, path: Path, vault_url: str | None, database_url: str) -> None:
    """Add a key to the file, which is the present one from then on, and bring everybody under it.

    Services read the file again when it changes: where several machines have it, copy it to all of them first, and
    rotate with --finish then. Former keys stay in the file, since backups of before need them, until they are retired.
    """
    from shared.sealing.keys import add_key

    if not finish:
        with _keys_refused(), _written(path):
            add_key(path, "index" if index else "wrapping")
    with _opened(path, vault_url or database_url) as (vault, connection):
        say(bilingual("brought under the present keys: {count}", count=vault.rotate(connection)))


@keys.command()
@keys_of
@vault_url
@database_url
def retire(path: Path, vault_url: str | None, database_url: str) -> None:
    """Take former keys out of the file under which nobody stands any more.

    A backup of the vault from before they were rotated can be read by the file as it was then alone: keep a copy of
    that as long as such a backup, and no longer. Where several machines have the file, copy it to all afterwards.
    Status 1 when people still stand under a former key: bring them under the present ones by rotate --finish.
    """
    with _opened(path, vault_url or database_url) as (vault, connection), _written(path):
        found = vault.retire(connection)
        for name in found.gone:
            say(f"{translated('retired').beside}: {name}")
        if not found.gone and not found.kept:
            say(bilingual("there is no former key in the file"))
        if found.kept:
            counts = ", ".join(f"{name} {count}" for name, count in found.kept.items())
            raise click.ClickException(
                bilingual("people still stand under former keys, which stay: {counts}", counts=counts)
            )


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """A disk that is full, or a folder that may not be written, is told; the file is what it was."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            bilingual("{path} was not written, and is what it was: {why}", path=path, why=error.strerror)
        ) from None


@contextmanager
def _keys_refused() -> Iterator[None]:
    """What is wrong with a file of keys, or that the vault is kept by others, is told in its own words."""
    from shared.sealing.keys import KeysError

    try:
        yield
    except KeysError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _opened(path: Path, dsn: str) -> Iterator[tuple[Vault, Connection]]:
    import psycopg

    from shared.platform.postgres.database import connection_info
    from shared.sealing.keys import KeyFile
    from shared.sealing.vault import SCHEMA, Vault

    with database_refused(), _keys_refused():
        vault = Vault(KeyFile(path))
        with psycopg.connect(connection_info(dsn, schema=SCHEMA, name="panke-cli"), autocommit=True) as found:
            vault.demand_own_keys(found)
            yield vault, found
