"""`panke backup` and `panke restore`: the whole deployment, or one part alone (docs/backup.md)."""

from __future__ import annotations

from pathlib import Path

import click

from shared.i18n import bilingual, translated
from shared.platform.options import clock, database_refused, database_url, settings_refused
from shared.platform.text.terminal import say

_PARTS = ("intake", "attribution", "notifier", "access", "access_record")
_VAULT = "vault"
"""Never beside the others: who has both, and the keys, has people back who were erased since."""
_only = click.option(
    "--only",
    "parts",
    type=click.Choice((*_PARTS, _VAULT)),
    multiple=True,
    help="one part; may be repeated. All but the vault unless given.",
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_only
@database_url
def backup(file: Path, parts: tuple[str, ...], database_url: str) -> None:
    """Write what the services keep to FILE, all of one moment; they may run meanwhile."""
    from deploy.backup.dump import BackupError, back_up, kept_parts

    _demand_vault_alone(parts)
    try:
        with database_refused():
            chosen = parts or kept_parts(database_url)
            back_up(database_url, file, chosen)
    except (BackupError, OSError) as error:
        raise click.ClickException(str(error)) from None
    say(f"{translated('backed up')}: {', '.join(chosen)}, {file}, {file.stat().st_size} bytes")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_only
@click.option(
    "--replace", is_flag=True, help="drop what is there under the same name; the services must be stopped"
)
@clock
@database_url
def restore(file: Path, parts: tuple[str, ...], replace: bool, clock: str, database_url: str) -> None:
    """Bring what FILE holds back, with the services stopped.

    What was restored is older than what it had sent and told: it is marked so, and the services settle the rest
    when they start (docs/backup.md).
    """
    from deploy.backup.dump import BackupError, held_parts
    from deploy.backup.dump import restore as bring_back
    from shared.platform.clock import open_clock

    _demand_vault_alone(parts)
    try:
        with settings_refused(), database_refused():
            chosen = parts or held_parts(database_url, file)
            now = open_clock(clock, demonstration=clock != "system").now()
            bring_back(database_url, file, chosen, now, replace=replace)
    except (BackupError, OSError) as error:
        raise click.ClickException(str(error)) from None
    say(f"{translated('restored')}: {', '.join(chosen)}")
    if _VAULT in chosen:
        say(
            bilingual(
                "an older vault has people who were erased since: before the services start, give "
                "panke privacy pending --finish"
            )
        )
    say(
        bilingual(
            "rights are not restored: where services sign in as roles, run panke database prepare before they "
            "start; panke up does"
        )
    )


def _demand_vault_alone(parts: tuple[str, ...]) -> None:
    if _VAULT in parts and len(parts) > 1:
        raise click.UsageError(bilingual("the vault goes into a file of its own"))
