"""`panke backup`, `panke restore`: the whole deployment, one part alone, or its files (docs/backup.md)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from shared.i18n import bilingual, translated
from shared.platform.options import clock, database_refused, database_url, settings_refused
from shared.platform.output_errors import said_of
from shared.platform.text.terminal import PlainGroup, say

_PARTS = ("intake", "attribution", "notifier", "registers", "audit", "access", "access_record")
_KEYS = ("PANKE_KEYS", "PANKE_ACCESS_KEYS", "PANKE_AUDIT_KEYS")
GZIP = b"\x1f\x8b"
_there = click.Path(exists=True, path_type=Path)
_VAULT = "vault"
"""Never beside the others: who has both, and the keys, has people back who were erased since."""
_only = click.option(
    "--only",
    "parts",
    type=click.Choice((*_PARTS, _VAULT)),
    multiple=True,
    help="one part; may be repeated. All but the vault unless given.",
)


class _Otherwise(PlainGroup):
    """A group that is itself a command, where what it is given is none of its commands."""

    own = "database"

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.commands.get(cmd_name) or self.commands[self.own]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        known = bool(args) and args[0] in self.commands
        return super().resolve_command(ctx, args if known else [self.own, *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] in ctx.help_option_names or args[0] in self.commands:
            return super().parse_args(ctx, args)
        return super().parse_args(ctx, [self.own, *args])


@click.group(cls=_Otherwise)
def backup() -> None:
    """Keep what a deployment holds: panke backup FILE for the database, files for its files, check for what is kept."""


@click.group(cls=_Otherwise)
def restore() -> None:
    """Bring back what was kept: panke restore FILE for the database, files for the files."""


@backup.command("database")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_only
@database_url
def backup_database(file: Path, parts: tuple[str, ...], database_url: str) -> None:
    """Write what the services keep to FILE, all of one moment; they may run meanwhile."""
    from deploy.backup.dump import BackupError, back_up, kept_parts

    _demand_vault_alone(parts)
    try:
        with database_refused():
            chosen = parts or kept_parts(database_url)
            back_up(database_url, file, chosen)
    except (BackupError, OSError) as error:
        raise click.ClickException(said_of(error)) from None
    say(f"{translated('backed up')}: {', '.join(chosen)}, {file}, {file.stat().st_size} bytes")


@restore.command("database")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_only
@click.option(
    "--replace", is_flag=True, help="drop what is there under the same name; the services must be stopped"
)
@clock
@database_url
def restore_database(
    file: Path, parts: tuple[str, ...], replace: bool, clock: str, database_url: str
) -> None:
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
        raise click.ClickException(said_of(error)) from None
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


@backup.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="the answer as JSON")
def check(file: Path, as_json: bool) -> None:
    """Read FILE to its end, and tell what it holds: of the database up to which seq of each scope, or of the files."""
    from deploy.backup.dump import BackupError

    try:
        told = _of_files(file) if file.read_bytes()[:2] == GZIP else _of_database(file)
    except (BackupError, OSError) as error:
        raise click.ClickException(said_of(error)) from None
    if as_json:
        say(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name, value in told.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for inner, one in rows:
            say("\t".join(str(part) for part in (name, inner, one) if part != ""))


def _of_database(file: Path) -> dict[str, Any]:
    from deploy.backup.checking import check as read

    found = read(file)
    told: dict[str, Any] = {"made": found.made_at, "parts": ", ".join(found.parts)}
    told |= {f"reached {part}": scopes for part, scopes in found.reached.items()}
    return told | {"rows": found.rows}


def _of_files(file: Path) -> dict[str, Any]:
    from deploy.backup.files import read

    return {"files": {name: len(raw) for name, raw in read(file).items()}}


@backup.command("files")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rulebooks", envvar="PANKE_RULEBOOK_FOLDER", type=_there, help="the folder of rulebooks")
@click.option("--policy", envvar="PANKE_NOTIFIER_POLICY", type=_there, help="the alert policy")
@click.option("--schemes", envvar="PANKE_SCHEME_FOLDER", type=_there, help="the folder of schemes")
@click.option("--place-names", envvar="PANKE_PLACE_NAMES", type=_there, help="what offices are called")
@click.option("--log-files", envvar="PANKE_AUDIT_FILES", type=_there, help="the files of the log")
def files(
    file: Path,
    rulebooks: Path | None,
    policy: Path | None,
    schemes: Path | None,
    place_names: Path | None,
    log_files: Path | None,
) -> None:
    """Write the files of a deployment to FILE: rulebooks, schemes, alert policy, what offices are called, the log's
    own. Never a file of keys."""
    from deploy.backup.dump import BackupError
    from deploy.backup.files import archive

    given = {
        "rulebooks": rulebooks, "schemes": schemes, "policy": policy, "names": place_names, "log": log_files,
    }  # fmt: skip
    named = {name: path for name, path in given.items() if path is not None}
    if not named:
        raise click.UsageError(
            bilingual("name what there is: --rulebooks, --schemes, --policy, --place-names, --log-files")
        )
    keys = [Path(os.environ[name]) for name in _KEYS if os.environ.get(name)]
    try:
        digests = archive(file, named, keys)
    except (BackupError, OSError) as error:
        raise click.ClickException(said_of(error)) from None
    say(f"{translated('backed up')}: {', '.join(named)}, {len(digests)} → {file}")
    say(bilingual("keys are in no backup: keep each file of keys apart, and away from backups of the vault"))


@restore.command("files")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--into", required=True, type=click.Path(file_okay=False, path_type=Path), help="an empty folder"
)
def restore_files(file: Path, into: Path) -> None:
    """Bring the files of FILE back below a folder that is empty, each as it was archived."""
    from deploy.backup.dump import BackupError
    from deploy.backup.files import unpack

    try:
        found = unpack(file, into)
    except (BackupError, OSError) as error:
        raise click.ClickException(said_of(error)) from None
    say(f"{translated('restored')}: {len(found)} → {into}")


def _demand_vault_alone(parts: tuple[str, ...]) -> None:
    if _VAULT in parts and len(parts) > 1:
        raise click.UsageError(bilingual("the vault goes into a file of its own"))
