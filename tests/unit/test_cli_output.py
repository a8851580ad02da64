"""Every command ends by a message, never by a traceback, where its output cannot be written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.contract import encode, envelope

FULL = Path("/dev/full")
EXAMPLE = Path(__file__).parents[2] / "docs/examples/shijiazhuang.ndjson"
WORKBOOKS = {
    "replay": ["replay", "--rulebook", "getian", str(EXAMPLE)],
    "report": ["report", "traffic", "--journal", str(EXAMPLE), "--office", "demo-office",
               "--from", "2026-03-01", "--to", "2026-03-10"],
}  # fmt: skip
COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "judge": ["judge", "--rulebook", "base", "-"],
    "rulebook list": ["rulebook", "list"],
    "rulebook show": ["rulebook", "show", "shijiazhuang"],
    "rulebook explain": ["rulebook", "explain", "shijiazhuang"],
    "rulebook try": ["rulebook", "try", "shijiazhuang", "-"],
}


def run(name: str, output: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "shared.cli", *COMMANDS[name]],
        input=encode(envelope()) + b"\n",
        stdout=output,
        stderr=subprocess.PIPE,
        timeout=240,
        check=False,
    )


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_told(name: str) -> None:
    """Status 1, and the words say that there is no space."""
    with FULL.open("wb") as full:
        ended = run(name, full.fileno())
    assert (ended.returncode, b"Traceback" in ended.stderr) == (1, False), ended.stderr.decode()
    assert "磁盘已满" in ended.stderr.decode()
    assert len(ended.stderr.decode().splitlines()) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_leaves_is_no_defect(name: str) -> None:
    """`| head -1` ends a command with status 1 and a line at most."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = run(name, writer)
    finally:
        os.close(writer)
    assert (ended.returncode, b"Traceback" in ended.stderr) == (1, False), ended.stderr.decode()
    assert len(ended.stderr.decode().splitlines()) <= 1


@pytest.mark.parametrize(
    ("name", "room"),
    [("replay", 1_024), ("replay", 3_000), ("replay", 8_000), ("report", 1_024), ("report", 8_000)],
)
def test_a_workbook_that_does_not_fit_is_told_in_one_line(name: str, room: int, tmp_path: Path) -> None:
    """Neither the file nor those that the library makes on the way: what it left open is not ended once more."""
    out = tmp_path / "out.xlsx"
    ended = subprocess.run(
        [sys.executable, "-m", "shared.cli", *WORKBOOKS[name], "--xlsx", str(out)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=240,
        check=False,
    )
    told = ended.stderr.decode()
    assert (ended.returncode, told.count("\n")) == (2, 1), told
    assert told.startswith(f"panke {name}: 输出写不下：文件过大"), told
    assert list(tmp_path.iterdir()) == []
