"""`panke demo`: ten days of an office on real parts, in a few minutes; Ctrl-C leaves no process behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from deploy.demo.console import Screen
from deploy.local.errors import LocalError
from deploy.local.home import local_home
from deploy.local.stack import Stack
from shared.i18n import translated


@click.command()
@click.option("--days", envvar="DAYS", type=click.IntRange(1, 60), default=10, help="or DAYS")
@click.option("--seed", envvar="SEED", type=int, default=1, help="or SEED; the same seed, the same office")
@click.option(
    "--hold/--no-hold",
    envvar="HOLD",
    default=None,
    help="or HOLD=0; keep everything running at the end until Ctrl-C (on a terminal it does)",
)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="where its data and logs are, which are begun afresh; .panke/demo of the checkout unless given",
)
def demo(days: int, seed: int, hold: bool | None, directory: Path | None) -> None:
    """Let an invented office live some days on a real PostgreSQL, a real Kafka and the services."""
    from deploy.demo.run import Wishes, demonstrate

    screen = Screen()
    place = (directory or local_home() / "demo").absolute()
    stays = screen.interactive if hold is None else hold
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # a shell starts what is in its background with SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        with _alone(place):
            _begin_afresh(place)
            wishes = Wishes(days, seed, place, stays)
            demonstrate(wishes, screen, lambda: _stay(screen) if stays else None)
    except KeyboardInterrupt:
        screen.say(f"\n{translated('stopped, no process is left').beside}")
        raise SystemExit(130) from None
    except LocalError as error:
        raise click.ClickException(str(error)) from error


def _stay(screen: Screen) -> None:
    """Until Ctrl-C, which is the usual end here and no failure."""
    screen.say(f"\n{translated('Ctrl-C ends').beside}")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Two demonstrations in one directory would delete each other's data."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(place.with_name(f"{place.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRunsError(place) from None
        yield
    finally:
        os.close(handle)


class DemoRunsError(LocalError):
    """Another demonstration uses the same directory."""

    def __init__(self, place: Path) -> None:
        super().__init__(
            translated(
                "A demonstration runs in {place} already. End it first, or give another --directory.",
                place=place,
            )
        )


def _begin_afresh(place: Path) -> None:
    """Without what an earlier demonstration left, also one that was killed."""
    left = Stack(place, environment={})
    left.stop(lambda _: None)
    left.remove()
    place.mkdir(parents=True)
    place.chmod(0o755)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
