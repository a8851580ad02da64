"""A cache of loaded classes, by which the broker starts in 1.5 s instead of 4 and with half of the work.

hazards.md#a-restart-that-waits-for-itself: Java writes it at the end of one run (`-XX:AOTCacheOutput`) and
reads it at the start of the others (`-XX:AOTCache`). It is made here, from the checked jars, by starting and
stopping a broker once; Java itself refuses one that does not fit its version or the jars, and then starts
without it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.jars import VERSION

Train = Callable[[Path, list[str]], None]
_log = logging.getLogger(__name__)


def cache_options(home: Path, jars: list[Path], train: Train) -> list[str]:
    """The options for Java by which the broker uses the cache; made first when there is none for these jars.

    `train` starts a broker on a directory with the given options and stops it again.
    """
    cache = home / f"kafka-{VERSION}.aot"
    if not _fits(cache, jars):
        with (home / "kafka-cache.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _fits(cache, jars):
                _make(home, cache, train)
    # Java warns of a few adapters in its own cache that it makes anew; nobody could do anything about it.
    return [f"-XX:AOTCache={cache}", "-Xlog:aot*=off"] if cache.is_file() else []


def _fits(cache: Path, jars: list[Path]) -> bool:
    """Whether it was made after the last jar was put in place."""
    return cache.is_file() and cache.stat().st_mtime >= max(jar.stat().st_mtime for jar in jars)


def _make(home: Path, cache: Path, train: Train) -> None:
    with tempfile.TemporaryDirectory(dir=home, prefix="train-") as name:
        fresh = Path(name) / cache.name
        try:
            train(Path(name) / "broker", [f"-XX:AOTCacheOutput={fresh}"])
        except LocalError as error:
            # The broker that was asked for will meet the same trouble and say it, or start without the cache.
            _log.warning("no start-up cache for Kafka: %s", error)
            return
        if fresh.is_file():
            os.replace(fresh, cache)
