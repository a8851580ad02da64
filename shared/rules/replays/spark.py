"""A replay on Apache Spark: years of facts over many machines, grouped by scope, by the same function.

An extra (`panke[spark]`): nothing else needs it. Spark reads the files, brings the lines of each scope together, and
calls `replay_scope` where it has them; what comes back is put together here. So the bytes are those of `panke replay`
over the same files. Every machine needs this distribution, and sees the files under the same names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from shared.contract.answers.replays import ReplayResult
from shared.rules.judge.reading import BadInputError
from shared.rules.replays.change import ReplaySetup
from shared.rules.replays.merging import merged
from shared.rules.replays.odd_lines import FileInputError, OddLines, glanced
from shared.rules.replays.run import prepared
from shared.rules.replays.scope import ScopeReplay, replay_scope


class FileLine(NamedTuple):
    """A line with its place in the input: the number of its file, and its own in that."""

    file: int
    number: int
    body: bytes


def replay_on_spark(master: str, files: Sequence[str], setup: ReplaySetup) -> ReplayResult:
    """The difference that the change makes, as `replay_files` tells it. Raises `BadInputError`."""
    with _context(master) as context:
        lines = _lines(context, files).cache()
        odd = OddLines()
        for line in sorted(lines.filter(_is_odd).collect()):
            odd.add(files[line.file], line.number, line.body)
        odd.finish()
        aside = frozenset(odd.aside)
        until = lines.map(partial(_until, setup.known_at, aside)).filter(bool).fold(None, _later)
        whole = prepared(setup, until, aside)
        shared = context.broadcast(whole)
        keyed = (
            lines.map(_by_scope)
            .filter(bool)
            .union(context.parallelize([(name, None) for name in whole.added]))
        )
        parts = keyed.groupByKey().map(lambda group: _replayed(group, files, shared.value)).collect()
    wrong = [part for part in parts if isinstance(part, BadInputError)]
    if wrong:
        raise min(wrong, key=str)
    return merged(parts, whole)


@contextmanager
def _context(master: str) -> Iterator[Any]:
    from pyspark import SparkConf, SparkContext

    conf = SparkConf().setMaster(master).setAppName("panke replay").set("spark.ui.enabled", "false")
    if master.startswith("local"):
        conf.set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1")
    context = SparkContext(conf=conf)
    if master.startswith("local"):
        context.pythonExec = sys.executable  # the `python3` of the path need not have this distribution
    try:
        yield context
    finally:
        context.stop()


def _lines(context: Any, files: Sequence[str]) -> Any:
    """Every line of the files with its place."""
    each = [
        context.textFile(name, use_unicode=False).zipWithIndex().map(partial(_placed, n))
        for n, name in enumerate(files)
    ]
    return context.union(each)


def _placed(file: int, line: tuple[bytes, int]) -> FileLine:
    return FileLine(file, line[1] + 1, line[0].rstrip(b"\r"))


def _is_odd(line: FileLine) -> bool:
    return bool(line.body.strip()) and glanced(line.body) is None


def _by_scope(line: FileLine) -> tuple[str, FileLine] | None:
    told = glanced(line.body)
    return None if told is None else (told.scope, line)


def _until(known_at: datetime | None, aside: frozenset[str], line: FileLine) -> datetime | None:
    told = glanced(line.body)
    if told is None or told.id.lower() in aside or (known_at is not None and told.recorded_at > known_at):
        return None
    return max(told.occurred_at, told.recorded_at).astimezone(UTC)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _replayed(
    group: tuple[str, Iterable[FileLine | None]], files: Sequence[str], setup: ReplaySetup
) -> ScopeReplay | BadInputError:
    """Where Spark has the lines of a scope; what is wrong with one is told as a value, with its place."""
    name, found = group
    lines = sorted(line for line in found if line is not None)
    try:
        return replay_scope(name, [line.body for line in lines], setup)
    except BadInputError as error:
        if not error.line:
            return error
        at = lines[error.line - 1]
        return FileInputError(files[at.file], BadInputError(at.number, error.path, error.message))
