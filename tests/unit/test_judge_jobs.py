"""A file is held as its lines and judged by any number of processes: the same bytes, and never a part of them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.generator import facts
from shared.cli import command
from shared.rules.commands.judge import judge_command
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.judge import judge as judging
from shared.rules.judge.encoding import encode, packed, pieces
from shared.rules.judge.lines import HeldLines
from shared.rules.judge.reading import EventReader, in_order, latest
from shared.rules.judge.translate import StoredContacts
from shared.rules.judge.workers import FEWEST, WorkerDiedError
from shared.rules.rulebooks.loading import load, shipped
from tests.support.parts import eventually

BASE = load("base")
BOOKS: dict[BookId, Rulebook] = {(book.name, book.version): book for book in map(load, shipped())}
DEADLINE = 60


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """Facts of seven scopes, enough for a few processes."""
    return [made.body for made in islice(facts(7), 3 * FEWEST)]


def judged(lines: list[bytes], **options: Any) -> bytes:
    return encode(judging.judge(lines, BASE, BOOKS, encode_item=packed, **options))


def whole(lines: list[bytes]) -> bytes:
    """As judged from a list of all events."""
    events = in_order(EventReader(BOOKS).events(lines), None)
    return encode(judging.Judging(BASE, BOOKS, latest(events)).judge(judging.by_scope(events), packed))


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_any_number_of_processes_gives_the_same_bytes(lines: list[bytes], jobs: int) -> None:
    """One process or three, the result is that of judging all events from one list."""
    assert judged(lines, jobs=jobs) == whole(lines)


@pytest.mark.parametrize("spoiled", ["shuffled", "repeated", "blank", "set aside", "broken", "padded"])
def test_what_is_not_plain_gives_what_it_gave(lines: list[bytes], spoiled: str) -> None:
    """Lines out of order, repeated, blank, that set a fact aside or are no event: as judged from one list."""
    some = lines[: 2 * FEWEST]
    if spoiled == "shuffled":
        random.Random(7).shuffle(some)
    elif spoiled == "repeated":
        some[1500:1500] = some[700:720]
    elif spoiled == "blank":
        some = [part for line in some for part in (line, b"\n", b" \r\n")]
    elif spoiled == "set aside":
        aside = {
            "set_aside": json.loads(some[900])["id"],
            "by": "ma-0",
            "reason": "测试",
            "at": "2026-01-01T00:00:00Z",
        }
        some.append(json.dumps(aside).encode())
    elif spoiled == "broken":
        some[1900] = some[1900].replace(b'"actor":', b'"acto":')
    else:
        some[1900] = some[1900].replace(b'"type":"', b'"type":" ')
    expected = outcome(whole, some)
    assert [outcome(judged, some, jobs=jobs) for jobs in (1, 2)] == [expected] * 2
    assert isinstance(expected, str) == (spoiled in ("broken", "padded"))


def outcome(judge: Any, lines: list[bytes], **options: Any) -> bytes | str:
    try:
        result: bytes = judge(lines, **options)
    except ValueError as error:
        return str(error)
    return result


def test_known_at_counts_what_was_recorded_by_then(lines: list[bytes]) -> None:
    """Facts that were recorded later are checked and count for nothing, also for up to when is judged."""
    some = lines[:1000]
    moment = EventReader(BOOKS).events(some)[600].recorded_at
    assert judged(lines[:1000], known_at=moment) == judged([*reversed(some)], known_at=moment)


def test_the_pieces_are_the_whole(lines: list[bytes]) -> None:
    """What the command prints piece by piece is the result that HTTP sends at once."""
    for some in ([], lines[:5], lines):
        answer = judging.judge(some, BASE, BOOKS, encode_item=packed)
        assert b"".join(pieces(answer)) == encode(answer)


def test_every_line_is_given_back_at_its_number(lines: list[bytes]) -> None:
    """The reader of whole files gets what was held as it stood, blank lines at their numbers."""
    some = [b"\n", lines[0], b"", *lines[1:30], b" \n"]
    held = HeldLines()
    assert held.read(iter(some)) is None
    assert [line.strip() for line in held.given_back()] == [line.strip() for line in some]
    assert held.total == 0


def test_lines_of_blanks_are_held_compressed(lines: list[bytes]) -> None:
    """A small gzip of events that are mostly blanks takes little memory, long as its lines are."""
    held = HeldLines()
    tracemalloc.start()
    try:
        assert held.read(line + b" " * 50_000 for line in lines[:500]) is None
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held.total == 500
    assert size < 12 * 1024 * 1024


class _Deadly(Mapping[str, StoredContacts]):
    """Kills whatever process asks it for a certain event, as a kernel that is out of memory does."""

    def __init__(self, event: str) -> None:
        self._event = event

    def __getitem__(self, event: str) -> StoredContacts:
        if event == self._event:
            os.kill(os.getpid(), signal.SIGKILL)
        raise KeyError(event)

    def __iter__(self) -> Iterator[str]:
        return iter((self._event,))

    def __len__(self) -> int:
        return 1


def test_a_process_that_is_killed_is_an_error(lines: list[bytes]) -> None:
    """A scope whose process was killed is missing from no result: there is none."""
    deadly = _Deadly(json.loads(lines[-1])["id"])
    with pytest.raises(WorkerDiedError, match="signal 9"):
        judged(lines, jobs=2, contacts=deadly)


def test_the_command_prints_nothing_of_what_is_not_whole(
    lines: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 1, the reason on standard error, and nothing on standard output."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(lines))
    told = _run(file, "--jobs", "2")
    assert told.exit_code == 0
    assert told.stdout_bytes == _run(file, "--jobs", "1").stdout_bytes
    killed = json.loads(lines[-1])["id"]
    monkeypatch.setattr(judging, "to_fact", _killing(judging.to_fact, killed))
    died = _run(file, "--jobs", "2")
    assert (died.exit_code, died.stdout) == (1, "")
    assert "signal 9" in died.stderr


def _run(file: Path, *options: str) -> Any:
    return CliRunner().invoke(
        command(), ["judge", "--rulebook", "base", *options, str(file)], prog_name="panke"
    )


def _killing(to_fact: Any, event: str) -> Any:
    def translate(found: Any, *more: Any) -> Any:
        if found.id == event:
            os.kill(os.getpid(), signal.SIGKILL)
        return to_fact(found, *more)

    return translate


@pytest.mark.parametrize("whom", ["group", "parent"])
def test_no_process_outlives_the_command(tmp_path: Path, whom: str) -> None:
    """Ctrl-C ends the command and what it started without a trace of code; so does a kill of the command."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(made.body for made in islice(facts(40), 20_000)))
    code = "from shared.cli import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "judge", "--rulebook", "base", "--jobs", "2", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        eventually(lambda: len(_children(running.pid)) == 2, "two processes that judge")
        workers = _children(running.pid)
        if whom == "group":
            os.killpg(running.pid, signal.SIGINT)
        else:
            running.kill()
        out, err = running.communicate(timeout=DEADLINE)
        assert out == b""
        assert b"Traceback" not in err
        assert running.returncode == (1 if whom == "group" else -signal.SIGKILL)
        eventually(lambda: all(map(_gone, workers)), "the end of both")
    finally:
        running.kill()
        running.wait()


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked for its exit status yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_jobs_are_counted_from_one() -> None:
    """No process is none that judges."""
    refused = CliRunner().invoke(judge_command, ["--rulebook", "base", "--jobs", "0", "-"])
    assert refused.exit_code == 2
    assert "--jobs" in refused.output
