"""A process that was started with a standard stream closed, as by `2>&-`, works as any other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.contract import encode, envelope

SERVING = """
import asyncio, sys
from shared.platform.standard_streams import open_standard_streams
from shared.platform.telemetry.log_stream import log_problem
from shared.platform.telemetry.telemetry import configure_logging
open_standard_streams()
import structlog, uvloop
configure_logging("desk", "info")
async def main():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.read()
    writer.close()
    server.close()
    await server.wait_closed()
    structlog.get_logger().info("served")
uvloop.run(main())
told = "日志写不出：{0} (lines cannot be written: {0})".format("the error stream is closed")
sys.exit(0 if log_problem() == told else 1)
"""


def started(closed: str, *command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command, by a shell that closes what is named."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *command],
        input=given,
        capture_output=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_service_without_an_error_stream_serves_and_tells_of_its_log(closed: str) -> None:
    """No socket takes the number of a standard stream, which would end the process, and the lost lines are told."""
    assert started(closed, "-c", SERVING).returncode == 0


def test_a_closed_output_is_told() -> None:
    """Status 1 and one line, since nobody got what was asked for."""
    ended = started(">&-", "-m", "shared.cli", "rulebook", "list")
    assert (ended.returncode, len(ended.stderr.decode().splitlines())) == (1, 1), ended.stderr.decode()
    assert "输出写不下" in ended.stderr.decode()


def test_a_closed_input_is_told() -> None:
    """A judgement of nothing is not an answer about the events that were meant."""
    ended = started("<&-", "-m", "shared.cli", "judge", "--rulebook", "base", "-")
    assert (ended.returncode, ended.stdout) == (2, b""), ended.stderr.decode()
    assert b"Traceback" not in ended.stderr


def test_what_is_said_to_a_closed_error_stream_reaches_no_file(tmp_path: Path) -> None:
    """The status is the same, and what the command opened holds what it held."""
    facts = tmp_path / "facts.ndjson"
    facts.write_bytes(encode(envelope()) + b"\nno event\n")
    before = facts.read_bytes()
    ended = started("2>&-", "-m", "shared.cli", "judge", "--rulebook", "base", os.fspath(facts))
    assert (ended.returncode, ended.stdout, facts.read_bytes()) == (2, b"", before)
