"""The vault of a deployment as its services open it: keys from a file, rows in a database of its own or theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from shared.i18n import bilingual
from shared.platform.postgres.database import Database, connection_info, migrate
from shared.platform.runtime import prepared
from shared.platform.service import ServicePart, as_step
from shared.platform.settings import CommonSettings, SettingsError, variable
from shared.sealing.keys import KeyFile, KeysError
from shared.sealing.opener import Opener
from shared.sealing.vault import PACKAGE, SCHEMA, Vault

NAME: Final = "panke-vault"


def vault_of(settings: CommonSettings) -> Vault | None:
    """The vault by the keys of the settings; None where personal texts stand in clear."""
    if not settings.keys:
        return None
    try:
        return Vault(KeyFile(Path(settings.keys)))
    except KeysError as error:
        raise SettingsError(f"{variable('keys')}: {error}") from None


def vault_dsn(settings: CommonSettings) -> str:
    """Where the vault is: in the database of the service unless it is told another."""
    return settings.vault_url or settings.database_url


def vault_parts(settings: CommonSettings, vault: Vault | None, database: Database) -> list[ServicePart]:
    """The connections by which answers are opened; a vault that is kept by other keys stops the start."""
    if vault is None:
        return []

    async def start() -> None:
        await prepared(partial(prepare_vault, settings, vault))
        database.open()

    async def ready() -> str | None:
        return None if await asyncio.to_thread(database.ping) else bilingual("the vault does not answer")

    return [ServicePart("vault", start, as_step(database.close), ready)]


@contextmanager
def opener_at(keys: str, vault_url: str) -> Iterator[Opener]:
    """An opener for a command; raises `KeysError`. Without keys it opens nothing."""
    if not keys:
        yield Opener()
        return
    with Database(vault_url, schema=SCHEMA, name=NAME, max_size=1) as database:
        yield Opener(Vault(KeyFile(Path(keys))), database)


def prepare_vault(settings: CommonSettings, vault: Vault) -> list[str]:
    """Migrate the vault, and refuse keys that are not its own."""
    dsn = vault_dsn(settings)
    applied = migrate(dsn, PACKAGE, SCHEMA)
    with psycopg.connect(connection_info(dsn, schema=SCHEMA, name=NAME)) as connection:
        try:
            vault.demand_own_keys(connection)
        except KeysError as error:
            raise SettingsError(f"{variable('keys')}: {error}") from None
    return applied
