"""The commands of intake: serve, export the journal, send again."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import click
import psycopg

from shared.contract import format_instant
from shared.i18n import bilingual, translated
from shared.platform.options import database_refused, database_url, keys, settings_refused, vault_url
from shared.platform.postgres.database import connection_info
from shared.platform.text.terminal import PlainGroup, say
from shared.platform.text.terminal import output as out
from shared.platform.whole_file import whole_file

AT_ONCE = 1000
"""Facts that are opened at a time."""
NO_KEYS = bilingual(
    "the journal is under seal: give the file of keys (PANKE_KEYS), or --sealed for what is kept"
)


@click.command("intake")
def serve_intake() -> None:
    """Take events in over HTTP, journal them, relay them to Kafka."""
    from services.intake.main import run

    with settings_refused():
        run()


@click.group(cls=PlainGroup)
def journal() -> None:
    """The journal: the facts as they were recorded."""


@journal.command()
@click.argument("scope")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="a file; gzip if it ends in .gz"
)
@click.option("--sealed", is_flag=True, help="as it is kept: personal texts stay under seal")
@keys
@vault_url
@database_url
def export(
    scope: str, output: Path | None, sealed: bool, keys: str, vault_url: str | None, database_url: str
) -> None:
    """Write the facts of SCOPE in the order of the journal, one envelope a line.

    Personal texts are read with the file of keys; those of erased people stay under seal. Standard error
    names the rulebook that `panke judge` must be given. What is written in clear goes on the record of access.
    """
    from services.intake.journal.journal import Archive

    archive = Archive()
    vault = None if sealed else (keys, vault_url or database_url)
    with _connected(database_url) as connection:
        rulebook = archive.default_rulebook(connection, scope)
        if rulebook is None:
            raise _no_such_scope(scope)
        if not sealed:
            _record_export(connection, scope)
        # Closed before the connection is, also on the way out of a refusal: it reads inside a transaction.
        with closing(archive.export(connection, scope)) as facts, _sink(output) as sink:
            for body in _opened(facts, vault):
                sink.write(body + b"\n")
    say(f"--rulebook {rulebook}", err=True)


def _record_export(connection: psycopg.Connection[tuple[object, ...]], scope: str) -> None:
    """Durable before the first line is written; the service sends it on."""
    from shared.access.reports import exported_by_command, put

    put(connection, [exported_by_command("panke journal export", scope, datetime.now(UTC))])
    connection.commit()


def _opened(bodies: Iterator[bytes], vault: tuple[str, str] | None) -> Iterator[bytes]:
    """Facts as they are to be written; a journal under seal is not written in clear without its keys."""
    from shared.contract.sealed import prover_of
    from shared.sealing.deployment import opener_at
    from shared.sealing.keys import KeysError

    if vault is None:
        yield from bodies
        return
    try:
        with opener_at(*vault) as opener:
            while piece := list(islice(bodies, AT_ONCE)):
                if not vault[0] and any(prover_of(body) is not None for body in piece):
                    raise click.ClickException(NO_KEYS)
                yield from opener.bodies(piece, keep=True)
    except KeysError as error:
        raise click.ClickException(str(error)) from None


@journal.command("confirm-time")
@click.option("--by", required=True, help="who says so")
@click.option("--reason", required=True, help="why the time is right")
@database_url
def confirm_time(by: str, reason: str, database_url: str) -> None:
    """Say that the time is right as the clocks show it now; intake then takes facts again.

    For intake that says 503 because the clocks disagree. What was recorded ahead of the time stays so: see the
    runbook before you confirm a journal that lies ahead of all clocks.
    """
    from services.intake.journal.journal import SQL

    with _connected(database_url) as connection:
        row = connection.execute(SQL["confirm_time"], {"by": by, "reason": reason}).fetchone()
    assert row is not None  # of an INSERT that returns
    here = format_instant(datetime.now(UTC))
    say(
        bilingual(
            "confirmed: {here}; PostgreSQL {database}; latest of the journal {latest}",
            here=here, database=row[0], latest=row[1] or "-",
        )
    )  # fmt: skip


@journal.command()
@database_url
def scopes(database_url: str) -> None:
    """Every scope of the journal: its last seq, when that was recorded, and the rulebook that it began under."""
    from services.intake.journal.journal import SQL

    with _connected(database_url) as connection:
        for head in connection.execute(SQL["all_heads"]):
            say("\t".join(map(str, head)))


@journal.command()
@database_url
def restorations(database_url: str) -> None:
    """What came back from backups, and what was taken back from the topic: when, by whom, and up to where."""
    from services.intake.journal.journal import SQL

    with _connected(database_url) as connection:
        rows: list[Any] = connection.execute(SQL["restorations"]).fetchall()
        for at, act, by, parts, backed_up_at, reached in rows:
            told = (at.isoformat(), act, by, ",".join(parts), backed_up_at or "", json.dumps(reached))
            say("\t".join(told))


@journal.command()
@click.option("--kafka", envvar="PANKE_KAFKA", required=True, help="or PANKE_KAFKA")
@click.option("--topic-prefix", envvar="PANKE_TOPIC_PREFIX", default="", help="or PANKE_TOPIC_PREFIX")
@click.option("--default-rulebook", envvar="PANKE_DEFAULT_RULEBOOK", default="base", help="as intake's")
@click.option("--yes", is_flag=True, help="do not ask")
@click.option(
    "--left",
    type=click.Path(dir_okay=False, path_type=Path),
    help="a file for the events that the topic has and the journal cannot take",
)
@vault_url
@database_url
def recover(
    kafka: str,
    topic_prefix: str,
    default_rulebook: str,
    yes: bool,
    left: Path | None,
    vault_url: str | None,
    database_url: str,
) -> None:
    """Take back from the topic what the journal has lost, in order; shows what it finds, and asks.

    For a journal that was restored from a backup and is older than its topic. Status 1 when something was left.
    """
    from services.intake.privacy_deployment import connected
    from services.intake.recover_cli import recover as run
    from shared.contract.topics import Topics
    from shared.platform.settings import BrokerSettings, read

    with settings_refused():
        brokers = read(BrokerSettings, os.environ | {"PANKE_KAFKA": kafka}).brokers
    with _connected(database_url) as connection:
        vault = partial(connected, vault_url or database_url, "vault")
        topic = Topics(topic_prefix).intake
        whole = run(connection, brokers, topic, default_rulebook, vault, yes=yes, left=left)
    if not whole:
        sys.exit(1)


@journal.command()
@click.option("--kafka", envvar="PANKE_KAFKA", required=True, help="or PANKE_KAFKA")
@click.option("--topic-prefix", envvar="PANKE_TOPIC_PREFIX", default="", help="or PANKE_TOPIC_PREFIX")
@click.option(
    "--keys",
    envvar="PANKE_KEYS",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the file of keys (`panke keys new`); or PANKE_KEYS",
)
@click.option("--yes", is_flag=True, help="do not ask")
@vault_url
@database_url
def seal(
    kafka: str, topic_prefix: str, keys: Path, yes: bool, vault_url: str | None, database_url: str
) -> None:
    """Put a journal that was begun in clear under seal, once, while the services are stopped.

    Every fact keeps its id, seq and time, and what was decided stays. Interrupted, it goes on when it is called again;
    until it is through, intake does not start. Old backups and archives of WAL go on holding clear texts.
    """
    from services.intake.seal_cli import seal as run
    from shared.contract.topics import Topics
    from shared.platform.settings import BrokerSettings, read

    with settings_refused():
        brokers = read(BrokerSettings, os.environ | {"PANKE_KAFKA": kafka}).brokers
    with database_refused():
        run(database_url, vault_url or database_url, keys, brokers, Topics(topic_prefix), yes=yes)


@click.command()
@click.option("--scope", "scopes", multiple=True, help="a scope to send again; may be repeated")
@click.option("--all", "everything", is_flag=True, help="send the whole journal again")
@click.option(
    "--from", "first", type=click.IntRange(min=1), default=1, show_default=True, help="the first seq to send"
)
@database_url
def relay(scopes: tuple[str, ...], everything: bool, first: int, database_url: str) -> None:
    """Send facts to Kafka again, from a seq on; the relay of the running service does it.

    Who has seen them drops them. `panke journal scopes` lists the scopes.
    """
    from services.intake.relay.resend import ScopeWithoutFactsError, send_again, send_all_again

    if everything == bool(scopes) or (everything and first != 1):
        raise click.UsageError(bilingual("give --all, or scopes, of which --from may be given"))
    with _connected(database_url) as connection:
        if everything:
            say(f"{translated('queued to be sent again')}: {send_all_again(connection)}")
        for scope in scopes:
            try:
                queued = send_again(connection, scope, first)
            except ScopeWithoutFactsError:
                raise _no_such_scope(scope) from None
            say(f"{translated('queued to be sent again')}: {scope}, seq {first} …, {queued}")


def _no_such_scope(scope: str) -> click.UsageError:
    return click.UsageError(f"{translated('the journal has no fact of the scope')}: {scope}")


@contextmanager
def _connected(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with (
        database_refused(),
        psycopg.connect(connection_info(database_url, schema="intake", name="panke-cli")) as connection,
    ):
        # A whole scope may take long to write out or to queue, and nobody waits for an answer.
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.commit()
        yield connection


@contextmanager
def _sink(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that takes its name only when it is whole."""
    if output is None:
        shown = out()
        yield shown
        shown.flush()
        return
    with whole_file(output) as file:
        if output.suffix == ".gz":
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            yield file
