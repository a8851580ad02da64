"""The command `panke judge`: arguments, input, progress and exit codes (contract.md#judging-offline)."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from shared.contract import BadEvent, parse_instant
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.options import rulebook_folder
from shared.platform.text.terminal import output, say
from shared.rules.judge.encoding import packed, pieces
from shared.rules.judge.files import UnreadableFileError, open_events
from shared.rules.judge.judge import judge
from shared.rules.judge.reading import BadInputError
from shared.rules.judge.workers import WorkerDiedError
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry

BAD_INPUT = 2


class Moment(click.ParamType):  # type: ignore[type-arg]
    """An RFC 3339 time with offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(value)
        except (BadEvent, ValueError):
            self.fail(
                f"{value!r} is not an RFC 3339 time with offset, such as 2026-03-10T12:00:00+08:00",
                param,
                ctx,
            )


@click.command("judge")
@click.option(
    "--rulebook",
    required=True,
    metavar="NAME_OR_PATH",
    help="A rulebook that ships or stands in the folder, or a YAML file.",
)
@click.option(
    "--adopted",
    multiple=True,
    metavar="NAME@DIGEST",
    help="The text that an adoption in the input means, where another one ships under that name now.",
)
@click.option(
    "--as-of", type=Moment(), help="The state as of that time (default: the latest time in the input)."
)
@click.option("--known-at", type=Moment(), help="Only events recorded by then.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes that judge scopes side by side (default: one for each core).",
)
@rulebook_folder
@click.argument("events", metavar="EVENTS.ndjson", type=click.Path(allow_dash=True))
def judge_command(
    rulebook: str,
    adopted: tuple[str, ...],
    as_of: datetime | None,
    known_at: datetime | None,
    jobs: int | None,
    rulebook_folder: str,
    events: str,
) -> None:
    """Judge a file of events: who owns whom, by which clause. Prints the result as JSON.

    Reads gzip when the name ends in .gz, and standard input, plain or gzip, for "-". Exit code 2 and a message
    that names the line and the field on bad input, 1 where a process ended while it judged, with nothing on
    standard output.
    """
    gc.disable()  # nothing cyclic is made, and the collector would walk a million live records again and again
    try:
        known = Registry(rulebook_folder)
        for text in adopted:
            known.put(known.find(text))
        book, books = known.find(rulebook).rulebook, known.books
        with open_events(events) as lines, progress_bar() as advance:
            answer = judge(
                lines,
                book,
                books,
                as_of=as_of,
                known_at=known_at,
                progress=advance,
                encode_item=packed,
                jobs=jobs if jobs is not None else cores(),
                name_erased=True,
            )
    except (BadInputError, OfficeFileError, UnreadableFileError) as error:
        refuse(f"panke judge: {mistake_line(error)}")
    except WorkerDiedError as error:
        raise click.ClickException(f"panke judge: {error}") from None
    printed = output()
    for piece in pieces(answer):
        printed.write(piece)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def refuse(message: str) -> None:
    """Say what is wrong, and end."""
    say(message, err=True)
    sys.exit(BAD_INPUT)


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error where that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("judging", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
