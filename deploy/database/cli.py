"""`panke database prepare`: schemas brought up to date by their owner, and roles for services (operations.md#roles)."""

from __future__ import annotations

from pathlib import Path

import click

from shared.i18n import bilingual
from shared.platform.options import database_refused, database_url
from shared.platform.output_errors import said_of
from shared.platform.text.terminal import say


@click.command()
@database_url
@click.option(
    "--urls",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="give each role a password, and write its connection string to FOLDER/SERVICE/database.url",
)
@click.option("--prefix", default="panke", show_default=True, help="of the roles' names")
@click.option("--only", "schemas", multiple=True, help="one schema; may be repeated. All unless given.")
def prepare(database_url: str, urls: Path | None, prefix: str, schemas: tuple[str, ...]) -> None:
    """Bring every schema up to date, and give the services' roles their rights.

    For the owner of the database. The services sign in as roles that may do their own work alone; run it again with
    each new version, before the services start.
    """
    from shared.platform.postgres.database import DatabaseError
    from shared.platform.postgres.roles import prepare as prepare_database
    from shared.platform.postgres.schemas import owned_schemas

    unknown = set(schemas) - {schema.name for schema in owned_schemas()}
    if unknown:
        raise click.UsageError(bilingual("there is no schema {names}", names=", ".join(sorted(unknown))))
    try:
        with database_refused():
            done = prepare_database(database_url, prefix=prefix, only=schemas, urls=urls)
    except (DatabaseError, OSError) as error:
        raise click.ClickException(said_of(error)) from None
    for schema, migrations in done.migrations.items():
        say(f"{schema}: {', '.join(migrations) or bilingual('up to date')}")
    if done.made:
        say(bilingual("roles made: {names}", names=", ".join(done.made)))
    for path in done.files:
        say(str(path))
