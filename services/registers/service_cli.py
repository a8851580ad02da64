"""The commands of the service: serve, rebuild."""

from __future__ import annotations

import click

from shared.i18n import bilingual
from shared.platform.options import database_refused, database_url, settings_refused
from shared.platform.text.terminal import say


@click.command("registers")
def serve_registers() -> None:
    """Take the facts of the topic in, and answer registers and reports."""
    from services.registers.main import run

    with settings_refused():
        run()


@click.command("rebuild")
@database_url
def rebuild(database_url: str) -> None:
    """Forget every fact that was taken, so that the running service reads the topic again from its beginning.

    Answers know what was read so far, and say up to which fact; the lag tells how much is left. Nothing is lost: the
    topic has it all. For the owner of the database.
    """
    from services.registers.main import SCHEMA
    from services.registers.store.taking import begin_anew
    from shared.platform.postgres.database import Database

    with (
        database_refused(),
        Database(database_url, schema=SCHEMA, name="panke-rebuild", max_size=1) as database,
    ):
        scopes, facts = begin_anew(database)
    say(
        bilingual(
            "{facts} facts of {scopes} scopes forgotten; the topic is read again", facts=facts, scopes=scopes
        )
    )
