"""`panke up | down | restart | status | logs`: Panke on this machine, in the background or under one's eyes."""

from __future__ import annotations

import shlex
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from deploy.local.errors import LocalError, NotRunningError
from deploy.local.first_accounts import make_first_accounts
from deploy.local.foreground import end_foreground, in_the_foreground
from deploy.local.home import local_home
from deploy.local.part import Part
from deploy.local.service import ServiceProcess
from deploy.local.stack import Stack
from deploy.local.watch import Watch
from shared.i18n import translated
from shared.platform.text.terminal import say

_directory = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where data, logs and pid files are; .panke/up of the checkout unless given.",
)


@click.command()
@_directory
@click.option(
    "--foreground",
    is_flag=True,
    help="Stay, start again what dies for as long as it takes, and stop all on Ctrl-C or `panke down`.",
)
@click.option("--postgres-port", type=click.IntRange(0, 65535), default=0, help="0: as last time, or any.")
@click.option("--kafka-port", type=click.IntRange(0, 65535), default=0, help="0: as last time, or any.")
@click.option("--without-services", is_flag=True, help="PostgreSQL and Kafka alone.")
def up(
    directory: Path | None, foreground: bool, postgres_port: int, kafka_port: int, without_services: bool
) -> None:
    """Start PostgreSQL, Kafka and the services on this machine.

    PANKE_DATABASE_URL and PANKE_KAFKA name servers to use instead of the embedded ones.
    """
    ports = {"postgres": postgres_port, "kafka": kafka_port}
    services: list[str] | None = [] if without_services else None
    stack = Stack(_place(directory), ports=ports, services=services, tied=foreground)
    if foreground:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    for name in stack.given:
        say(f"{name}: {translated('given, nothing is embedded for it').beside}")
    with ExitStack() as known:
        _stay(stack, known, foreground=foreground)


def _stay(stack: Stack, known: ExitStack, *, foreground: bool) -> None:
    """Start what is to run; in the foreground until Ctrl-C, or until `panke down` in another shell says so."""
    watch = Watch(stack, say)
    try:
        if foreground:
            known.enter_context(in_the_foreground(stack.directory))
        _start(stack, tell_only=foreground)
        if foreground:
            say(translated("Ctrl-C stops").beside)
            watch.run()
    except KeyboardInterrupt:
        say(translated("stopping").beside)
    finally:
        if foreground:
            # A second Ctrl-C would leave processes behind; each of them is killed when it takes too long.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            watch.stop()


def _start(stack: Stack, *, tell_only: bool) -> None:
    """What does not start ends the command, or is told alone where it will be tried again."""
    try:
        stack.start(say)
        if any(service.name == "access" for service in stack.services):
            make_first_accounts(stack.addresses(), stack.machine, say)
    except LocalError as error:
        if not tell_only:
            hint = translated("what runs goes on; `panke down` stops it").beside
            raise click.ClickException(f"{error}\n{hint}") from error
        say(error, err=True)


@click.command()
@_directory
@click.option("--remove-data", is_flag=True, help="Delete all data of the embedded parts too.")
def down(directory: Path | None, remove_data: bool) -> None:
    """Stop what `panke up` started, also a `panke up --foreground` of another shell."""
    stack = Stack(_place(directory))
    try:
        end_foreground(stack.directory, say)
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    stack.stop(say)
    if remove_data:
        stack.remove()
        say(f"{stack.directory}: {translated('data deleted').beside}")


@click.command()
@_directory
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def restart(directory: Path | None, names: tuple[str, ...]) -> None:
    """Stop and start again parts by name, on their data and ports, with the settings of this shell."""
    stack = Stack(_place(directory))
    known = [part.name for part in stack.parts]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name}: it is one of {', '.join(known)}")
    try:
        stack.restart(names, say)
    except LocalError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@_directory
@click.option("--environment", is_flag=True, help="Print the addresses as variables for a shell instead.")
def status(directory: Path | None, environment: bool) -> None:
    """Say what runs, where it listens and where its log is; exit status 3 when something does not run."""
    stack = Stack(_place(directory))
    parts = stack.parts
    if environment:
        for part in stack.embedded:
            if not part.attach():
                raise click.ClickException(str(NotRunningError(part.name)))
        for name, value in stack.addresses().items():
            say(f"export {name}={shlex.quote(value)}")
        return
    for part in parts:
        if part.attach():
            reason = part.unready() if isinstance(part, ServiceProcess) else None
            how = translated("running") if reason is None else translated("running, not ready")
            why = "" if reason is None else f" ({reason})"
            say(f"{part.name}: {how.beside}{why}, {part.address}, pid {part.pid}, log {part.log}")
        else:
            say(f"{part.name}: {translated('not running').beside}, log {part.log}")
    if not all(part.attach() for part in parts):
        sys.exit(3)


@click.command()
@_directory
@click.argument("name", required=False)
@click.option("-n", "--lines", type=click.IntRange(1), default=40, help="How many of the last lines.")
def logs(directory: Path | None, name: str | None, lines: int) -> None:
    """Show the end of the logs, or of the log of one part."""
    parts = {part.name: part for part in Stack(_place(directory)).possible}
    if name is not None and name not in parts:
        raise click.BadParameter(f"{name}: it is one of {', '.join(parts)}")
    for part in parts.values() if name is None else [parts[name]]:
        say(f"==> {part.log}")
        _show_tail(part, lines)


def _show_tail(part: Part, lines: int) -> None:
    if part.log.is_file():
        with part.log.open(errors="replace") as log:
            for line in log.readlines()[-lines:]:
                say(line, nl=False)


def _place(directory: Path | None) -> Path:
    return directory or local_home() / "up"
