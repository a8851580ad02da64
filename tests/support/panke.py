"""The `panke` command as a person calls it: a process with arguments, standard output and an exit code."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND = (sys.executable, "-m", "shared.cli")


def panke(
    *arguments: str, environment: Mapping[str, str] | None = None, seconds: float = 240.0
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end, whatever its exit code."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=None if environment is None else dict(environment),
        timeout=seconds,
        check=False,
    )


def on_terminal(*arguments: str, errors: bool = True, seconds: float = 250.0) -> bytes:
    """All that a command prints where its output is a terminal, and its standard error too."""
    terminal, end = pty.openpty()
    shown = [b""]

    def read() -> None:
        with contextlib.suppress(OSError):  # how a terminal ends
            while part := os.read(terminal, 65536):
                shown.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        told = end if errors else subprocess.DEVNULL
        command = [*COMMAND, *arguments]
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=end, stderr=told, timeout=seconds, check=False
        )
    finally:
        os.close(end)
        reader.join()
        os.close(terminal)
    return b"".join(shown).replace(b"\r\n", b"\n")


def exported(database_url: str, scope: str, keys: str = "", *more: str) -> tuple[str, list[bytes]]:
    """`panke journal export`, by a file of keys: the rulebook that it names, and the lines."""
    done = panke("journal", "export", scope, "--database-url", database_url, "--keys", keys, *more)
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode().split()[-1], done.stdout.splitlines(keepends=True)


def judged(
    lines: Sequence[bytes], rulebook: str, as_of: str | None = None, books: Path | None = None
) -> bytes:
    """`panke judge` over lines, with a folder of the offices' own rulebooks."""
    with tempfile.TemporaryDirectory() as directory:
        events = Path(directory) / "events.ndjson"
        events.write_bytes(b"".join(lines))
        until = () if as_of is None else ("--as-of", as_of)
        folder = () if books is None else ("--rulebook-folder", str(books))
        done = panke("judge", "--rulebook", rulebook, *until, *folder, str(events))
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
