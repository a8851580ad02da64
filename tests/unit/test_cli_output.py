"""Every command ends by a message, never by a traceback, where its output cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.contract import encode, envelope

FULL = Path("/dev/full")
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
