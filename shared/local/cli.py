"""`panke up | down | status | logs`: Panke on this machine, in the background or under one's eyes."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from pathlib import Path

import click

from shared.local.errors import LocalError
from shared.local.home import local_home
from shared.local.stack import Part, Stack
from shared.terminal import say

_LOOK_SECONDS = 0.5
_directory = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where data, logs and pid files are; .panke/up of the checkout unless given.",
)


@click.command()
@_directory
@click.option("--foreground", is_flag=True, help="Stay, start again what dies, and stop all on Ctrl-C.")
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
        say(f"{name}: 使用已给出的地址 given, nothing is embedded for it")
    try:
        stack.start(say)
        if foreground:
            _watch(stack)
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        say("正在停止 stopping")
    finally:
        if foreground:
            # A second Ctrl-C would leave processes behind; each of them is killed when it takes too long.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            stack.stop(say)


@click.command()
@_directory
@click.option("--remove-data", is_flag=True, help="Delete all data of the embedded parts too.")
def down(directory: Path | None, remove_data: bool) -> None:
    """Stop what `panke up` started."""
    stack = Stack(_place(directory))
    stack.stop(say)
    if remove_data:
        stack.remove()
        say(f"{stack.directory}: 数据已删除 data deleted")


@click.command()
@_directory
@click.option("--environment", is_flag=True, help="Print the addresses as variables for a shell instead.")
def status(directory: Path | None, environment: bool) -> None:
    """Say what runs, where it listens and where its log is; exit status 3 when something does not run."""
    stack = Stack(_place(directory))
    parts = stack.parts
    if environment:
        for part in stack.embedded:
            part.attach()
        for name, value in stack.addresses().items():
            say(f"export {name}={shlex.quote(value)}")
        return
    for part in parts:
        if part.attach():
            say(f"{part.name}: 运行中 running, {part.address}, pid {part.pid}, log {part.log}")
        else:
            say(f"{part.name}: 未运行 not running, log {part.log}")
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


def _watch(stack: Stack) -> None:
    """Until asked to stop: start again whatever has died."""
    say("按 Ctrl-C 停止 Ctrl-C stops")
    while True:
        time.sleep(_LOOK_SECONDS)
        for part in stack.parts:
            if not part.attach():
                say(f"{part.name}: 已退出，正在重启 it ended and is started again, log {part.log}")
                part.start()


def _place(directory: Path | None) -> Path:
    return directory or local_home() / "up"
