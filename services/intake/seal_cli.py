"""`panke journal seal`: puts a journal that was begun in clear under seal, once, and tells what it did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
import psycopg

from services.intake.journal.journal import SQL, Connection
from services.intake.sealing.facts import NotSealableError, begin, demand_sealable, end, seal_facts
from services.intake.sealing.others import demand_alone, drop_what_follows, scrub, scrub_log, seal_notifier
from shared.access.reports import by_command, done_by_command, put
from shared.contract.topics import Topics
from shared.i18n import bilingual, translated
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.sender import SEND_FAILURES
from shared.platform.postgres.database import connection_info, migrate
from shared.platform.text.terminal import say
from shared.sealing.keys import KeyFile, KeysError
from shared.sealing.vault import PACKAGE, SCHEMA, Vault

COMMAND: Final = "panke journal seal"
ALREADY: Final = translated("the journal is under seal already")
NONE: Final = translated("there is no journal in this database yet: the first one begins under seal")
ASKED: Final = translated(
    "Every fact is written anew under seal, attribution's schema and the topics are removed and made again from the "
    "journal. Backups and archives of WAL from before go on holding clear texts. Go on?"
)
LOG_LEFT: Final = translated(
    "PostgreSQL's log of changes (pg_wal) still holds clear texts, until it is written over: only a superuser can have "
    "it removed."
)
DONE: Final = translated(
    "Under seal: {facts} facts. Start the services with PANKE_KEYS={keys}; attribution reads the journal anew. Destroy "
    "what still holds clear texts: backups, archives of WAL, replicas and exports from before, and keep none of them "
    "with the file of keys."
)


def seal(
    database_url: str, vault_url: str, keys: Path, brokers: Bootstrap, topics: Topics, *, yes: bool
) -> None:
    """Put the journal of the database under seal; goes on where it was interrupted."""
    try:
        vault = Vault(KeyFile(keys))
        migrate(database_url, "services.intake", "intake")
        with _open(database_url, "intake", "panke-cli") as connection:
            _demand_in_clear(connection)
            demand_alone(connection)
            if not yes:
                click.confirm(ASKED.beside, abort=True)
            demand_sealable(connection)
            migrate(vault_url, PACKAGE, SCHEMA)
            with _open(vault_url, SCHEMA, "panke-cli") as vault_connection:
                vault.demand_own_keys(vault_connection)
                facts = _all(connection, vault_connection, vault, brokers, topics)
    except (KeysError, NotSealableError) as error:
        raise click.ClickException(str(error)) from None
    except SEND_FAILURES as error:
        raise click.ClickException(bilingual("the broker did not answer: {error}", error=error)) from None
    say(str(DONE.format(facts=facts, keys=keys)))


def _all(
    connection: Connection, vault_connection: Connection, vault: Vault, brokers: Bootstrap, topics: Topics
) -> int:
    begin(connection, by_command(), datetime.now(UTC))
    sealed = 0
    for number in seal_facts(connection, vault_connection, vault):
        sealed += number
    say(f"{translated('facts put under seal').beside}: {sealed}")
    seal_notifier(connection, vault_connection, vault)
    for name in drop_what_follows(connection, brokers, topics):
        say(f"{translated('topic removed').beside}: {name}")
    scrub(connection)
    if not scrub_log(connection):
        say(LOG_LEFT.beside, err=True)
    put(connection, [done_by_command(COMMAND, datetime.now(UTC))])
    end(connection, datetime.now(UTC))
    return sealed


def _demand_in_clear(connection: Connection) -> None:
    row: Any = connection.execute(SQL["deployment"]).fetchone()
    if row is None:
        raise click.ClickException(str(NONE))
    if row[1]:
        raise click.ClickException(str(ALREADY))


def _open(database_url: str, schema: str, name: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(connection_info(database_url, schema=schema, name=name), autocommit=True)
    connection.execute("SET statement_timeout = 0")
    return connection
