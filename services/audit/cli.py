"""The commands of the log: serve, keys, scopes that stand."""

from __future__ import annotations

from pathlib import Path

import click

from shared.i18n import bilingual, translated
from shared.platform.options import database_refused, database_url, settings_refused
from shared.platform.text.terminal import PlainGroup, say

_keys = click.option(
    "--keys", "path", envvar="PANKE_AUDIT_KEYS", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="the file of keys of the log; or PANKE_AUDIT_KEYS",
)  # fmt: skip
_files = click.option(
    "--files", envvar="PANKE_AUDIT_FILES", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="the folder of static files; or PANKE_AUDIT_FILES",
)  # fmt: skip


@click.command("audit")
def serve_audit() -> None:
    """Give each fact its place in the log, sign checkpoints, give proofs."""
    from services.audit.main import run

    with settings_refused():
        run()


@click.group(cls=PlainGroup)
def log() -> None:
    """The log over the journal: its keys, its scopes."""


@log.group("keys", cls=PlainGroup)
def log_keys() -> None:
    """The keys by which checkpoints are signed."""


@log_keys.command("status")
@_keys
@_files
def keys_status(path: Path, files: Path) -> None:
    """Show the verifier keys, the one that signs now first, and whether each is vouched for."""
    from services.audit.keys.keyfile import LogKeyError, LogKeys
    from services.audit.publishing.files import StaticFiles

    found = StaticFiles(files)
    try:
        verifiers = [one.verifier for one in LogKeys(path).signers()]
    except LogKeyError as error:
        raise click.ClickException(str(error)) from None
    signs, along = translated("signs").beside, translated("signs along").beside
    vouched = translated("vouched for by the key before").beside
    for number, one in enumerate(verifiers):
        told = [along if number else signs, *([vouched] if found.has_voucher(one.key_id) else [])]
        say(f"{one.vkey}  {', '.join(told)}")


@log_keys.command("rotate")
@_keys
def keys_rotate(path: Path) -> None:
    """Have a new key sign; the one before vouches for it within seconds, and signs along until it is retired."""
    from services.audit.keys.keyfile import LogKeyError, rotate_log_key

    try:
        made = rotate_log_key(path)
    except LogKeyError as error:
        raise click.ClickException(str(error)) from None
    say(made.verifier.vkey)
    say(bilingual("both keys sign; panke log keys status says when the new one is vouched for"), err=True)


@log_keys.command("retire")
@_keys
@_files
def keys_retire(path: Path, files: Path) -> None:
    """Have the present key sign alone, once it is vouched for."""
    from services.audit.keys.keyfile import LogKeyError, LogKeys, retire_log_keys
    from services.audit.publishing.files import StaticFiles

    try:
        signers = LogKeys(path).signers()
        if len(signers) > 1 and not StaticFiles(files).has_voucher(signers[0].verifier.key_id):
            raise click.ClickException(
                bilingual(
                    "the present key is not vouched for yet: who trusts the one before could not follow"
                )
            )
        gone = retire_log_keys(path)
    except LogKeyError as error:
        raise click.ClickException(str(error)) from None
    say(bilingual("{count} earlier keys sign no more", count=gone))


@log.command("scopes")
@database_url
def scopes(database_url: str) -> None:
    """List the scopes that are not logged any further, and why."""
    from services.audit.main import SCHEMA
    from services.audit.sequencing.append import SQL
    from shared.platform.postgres.database import Database

    with (
        database_refused(),
        Database(database_url, schema=SCHEMA, name="panke-log", max_size=1) as database,
        database.connection() as connection,
    ):
        for scope, seq, waits, fork in connection.execute(SQL["scopes_that_stand"]).fetchall():
            why = (
                bilingual("the topic has another fact {seq} than the log", seq=fork)
                if fork is not None
                else bilingual("waits for the fact {seq} since {since}", seq=int(str(seq)) + 1, since=waits)
            )
            say(f"{scope}\t{why}")


@log.command("resume")
@click.argument("scope")
@database_url
def resume(scope: str, database_url: str) -> None:
    """Log a scope further whose topic had another fact than the log; what the log has stays.

    Send the scope again afterwards: panke relay --scope SCOPE.
    """
    from services.audit.main import SCHEMA
    from services.audit.sequencing.append import SQL
    from shared.platform.postgres.database import Database

    with (
        database_refused(),
        Database(database_url, schema=SCHEMA, name="panke-log", max_size=1) as database,
        database.connection() as connection,
    ):
        found = connection.execute(SQL["resume_scope"], {"scope": scope}).rowcount
    if not found:
        raise click.ClickException(bilingual("the scope {scope} does not stand at a fork", scope=scope))
    say(bilingual("{scope} is logged further; send it again: panke relay --scope {scope}", scope=scope))
