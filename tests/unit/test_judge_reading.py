"""`panke judge` and `panke rulebook try` read any file in bounded memory, and say what is wrong with it."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shared.cli import command
from shared.contract import MAX_EVENT_BYTES
from shared.rules.judge.files import LONGEST, UnreadableFileError, bounded_lines, open_events
from shared.rules.judge.reading import BadInputError, EventReader, in_order
from tests.support.contract import encode, envelope

ALLOWED = 4 * 1024 * 1024
COMMANDS = {
    "judge": ("judge", "--rulebook", "base"),
    "rulebook try": ("rulebook", "try", "shijiazhuang"),
}


def run(name: str, path: Path) -> Result:
    return CliRunner().invoke(command(), [*COMMANDS[name], str(path)], prog_name="panke")


def facts(count: int) -> bytes:
    at = datetime(2026, 3, 1, 2, tzinfo=UTC)
    lines = []
    for n in range(count):
        moment = (at + timedelta(minutes=n)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"id": f"0195a000-0000-7000-8000-{n:012d}", "occurred_at": moment, "recorded_at": moment}
        data = {"visit": f"v{n}", "customer": {"name": "张伟", "phones": [str(13800000000 + n)]}}
        lines.append(encode(envelope(**told, data=data)) + b"\n")
    return b"".join(lines)


def test_a_line_that_no_event_can_be_is_never_held_whole(tmp_path: Path) -> None:
    """A file of a few kilobytes that unpacks to one line of 96 MB is refused within the memory of some events."""
    bomb = tmp_path / "bomb.ndjson.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as packed:
        for _ in range(96):
            packed.write(b" " * 1024 * 1024)
    tracemalloc.start()
    try:
        with open_events(str(bomb)) as lines, pytest.raises(BadInputError, match="line 1:"):
            EventReader({}).events(lines)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < ALLOWED


def test_lines_keep_their_numbers_behind_one_that_is_too_long() -> None:
    """What is left of a line that is too long is passed over; the next line is the next line."""
    long = b'"' + b"x" * (3 * LONGEST) + b'"\n'
    told = list(bounded_lines(io.BytesIO(b"a\n" + long + b"b\n" + long[:-1])))
    assert [line[:2] for line in told] == [b"a\n", b'"x', b"b\n", b'"x']
    assert all(len(line) <= LONGEST + 1 for line in told)
    exact = b"x" * MAX_EVENT_BYTES + b"\r\n"
    assert list(bounded_lines(io.BytesIO(exact + b"b"))) == [exact, b"b"]


def test_a_repetition_holds_nothing() -> None:
    """Two thousand copies of an event take the memory of one."""
    line = facts(1)
    reading = EventReader({})
    tracemalloc.start()
    try:
        events = reading.events(line for _ in range(2_000))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(events) == len(reading.kept) == 1
    assert held < 1024 * 1024


def test_bad_lines_beyond_what_an_export_could_excuse_are_not_collected() -> None:
    """A file of nothing but mistakes is refused before all of it was held."""
    bad = (b'{"id": "%032x"}\n' % n for n in range(1_000_000))
    reading = EventReader({})
    with pytest.raises(BadInputError, match="line 1:"):
        reading.events(bad)
    assert len(reading.failed) < 20_000


def test_of_copies_the_one_that_was_recorded_first_counts() -> None:
    """It stands at its own line and with its own time, wherever in the file it is."""
    late, other = (json.loads(line) for line in facts(2).splitlines())
    late["recorded_at"] = "2026-03-01T04:00:00Z"
    early = late | {"recorded_at": "2026-03-01T03:00:00Z"}
    for copies in ([late, other, early], [early, other, late], [late, other, early, late]):
        events = in_order(EventReader({}).events(map(encode, copies)), None)
        assert [event.id for event in events] == [other["id"], late["id"]]
        assert events[1].recorded_at == datetime(2026, 3, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize("name", COMMANDS)
def test_damage_anywhere_in_a_gzip_is_told(tmp_path: Path, name: str) -> None:
    """Whichever byte was changed: a message that names the file or the line, status 2, nothing on standard output."""
    sound = gzip.compress(facts(40), mtime=0)
    path = tmp_path / "damaged.ndjson.gz"
    for at in range(0, len(sound), max(1, len(sound) // 48)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x5A]) + sound[at + 1 :])
        told = run(name, path)
        harmless = 4 <= at < 10  # time, system and level of compression say nothing of the content
        assert told.exit_code == (0 if harmless and told.exit_code == 0 else 2), (at, told.exception)
        if told.exit_code:
            assert told.stdout == ""
            assert path.name in told.stderr or "line " in told.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_gzip_that_was_cut_is_told(tmp_path: Path, name: str) -> None:
    """A file that ends too soon, at whatever place, is no shorter file."""
    sound = gzip.compress(facts(40), mtime=0)
    path = tmp_path / "cut.ndjson.gz"
    for size in (1, 5, 12, len(sound) // 2, len(sound) - 5, len(sound) - 1):
        path.write_bytes(sound[:size])
        told = run(name, path)
        assert (told.exit_code, told.stdout) == (2, ""), size
        assert path.name in told.stderr


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Also a folder in its place."""
    for path in (tmp_path / "none.ndjson", tmp_path):
        with pytest.raises(UnreadableFileError, match=str(path)), open_events(str(path)) as lines:
            list(lines)


def test_a_gzip_of_no_bytes_is_cut_and_no_empty_file(tmp_path: Path) -> None:
    """What a full disk left of a file is told; a gzip of nothing is a file without events."""
    cut, empty = tmp_path / "cut.ndjson.gz", tmp_path / "empty.ndjson.gz"
    cut.touch()
    empty.write_bytes(gzip.compress(b""))
    with pytest.raises(UnreadableFileError, match="end-of-stream"), open_events(str(cut)) as lines:
        list(lines)
    with open_events(str(empty)) as lines:
        assert list(lines) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_gzip_on_standard_input_is_read_as_gzip(name: str) -> None:
    """By its first bytes, since standard input has no name; one that is cut or damaged is told as such."""

    def given(data: bytes) -> Result:
        return CliRunner().invoke(command(), [*COMMANDS[name], "-"], input=data, prog_name="panke")

    plain = facts(300)
    packed = gzip.compress(plain)
    assert given(plain).exit_code == 0
    assert (given(packed).exit_code, given(packed).stdout) == (0, given(plain).stdout)
    cut = given(packed[: len(packed) // 2])
    assert (cut.exit_code, cut.stdout) == (2, "") and "gzip 文件不完整" in cut.stderr
    damaged = given(packed[:20] + b"\xff" * 40 + packed[60:])
    assert (damaged.exit_code, damaged.stdout) == (2, "") and "gzip" in damaged.stderr
