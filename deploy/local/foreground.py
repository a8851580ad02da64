"""The `panke up --foreground` of a directory, as another shell finds it: a part that it watches would be started again.

So `panke down` ends it first, by the signal that Ctrl-C is for those who sit before it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local.errors import StillThereError
from deploy.local.private import PASSED
from deploy.local.process import Running, note_process, noted_process
from deploy.local.stack import Say
from shared.i18n import translated

# Services finish what they have in hand, then PostgreSQL and Kafka; each is killed when it takes too long.
_PATIENCE: Final = 120.0
_FILES: Final = "foreground-*.pid"


@contextmanager
def in_the_foreground(directory: Path) -> Iterator[None]:
    """Be found by `end_foreground` of this directory, until all is stopped."""
    file = directory / f"foreground-{os.getpid()}.pid"
    me = Running.of(os.getpid())
    assert me is not None, "this process runs"
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(PASSED)
    note_process(file, me)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def end_foreground(directory: Path, say: Say) -> None:
    """Ask every one that watches this directory to stop what it watches, and wait until it has ended."""
    for file in sorted(directory.glob(_FILES)):
        watching = noted_process(file)
        if watching is not None and watching.alive:
            say(f"panke up --foreground: {translated('stopping').beside}, pid {watching.pid}")
            watching.signal(signal.SIGTERM)
            if not watching.wait(_PATIENCE):
                raise StillThereError(watching.pid, _PATIENCE)
        file.unlink(missing_ok=True)  # also what one that was killed has left
