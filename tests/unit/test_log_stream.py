"""A log that cannot be written fails no work, and is told where somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
import structlog

from shared.platform.http.app import create_app
from shared.platform.telemetry.log_stream import lines_lost, log_problem
from shared.platform.telemetry.telemetry import configure_logging, new_registry, render_metrics


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()
    configured = sys.stderr
    configure_logging("tests", "info", configured)
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def test_a_full_disk_fails_no_line_and_is_counted() -> None:
    """Whoever logs goes on, by structlog or by the standard library, also from within an exception."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        configure_logging("desk", "info", full)
        structlog.get_logger().info("first")
        logging.getLogger("library").warning("second")
        try:
            raise RuntimeError("third")
        except RuntimeError:
            structlog.get_logger().exception("third")
        assert lines_lost() >= 3
        assert log_problem() is not None
        metrics = render_metrics(new_registry("desk", "0")).decode()
        assert f"panke_log_lines_lost {float(lines_lost())}" in metrics
        with pytest.raises(OSError):  # what is still in the stream's own buffer
            full.close()


def test_a_closed_pipe_fails_no_line() -> None:
    """Nobody reads any more, and the work goes on."""
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as pipe:
        configure_logging("desk", "info", pipe)
        structlog.get_logger().info("read by somebody")
        assert log_problem() is None
        os.close(reading)
        structlog.get_logger().info("read by nobody")
        assert log_problem() is not None


def test_a_pipe_whose_reader_sleeps_holds_up_no_line_and_is_written_again_once_it_is_read() -> None:
    """What did not fit is counted and told; of what was written no line is in halves, however long lines are."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with open(writing, "w", encoding="utf-8") as pipe:
        configure_logging("desk", "info", pipe)
        for number in range(40):
            structlog.get_logger().info("line", number=number, text="客" * 3000)
        assert lines_lost() > 0
        assert "nobody reads" in str(log_problem())
        text = b""
        while log_problem() is not None:
            text += _read(reading)
        structlog.get_logger().info("line", number=40, text="")
        text += _read(reading)
    os.close(reading)
    numbers = [json.loads(line)["number"] for line in text.splitlines()]
    assert numbers == [*range(40 - lines_lost()), 40]


UNREAD = """
import asyncio, httpx, structlog
from shared.platform.http.app import create_app
from shared.platform.telemetry.telemetry import configure_logging
configure_logging("desk", "info")
app = create_app("desk", "0", live={}, ready={}, metrics=lambda: b"")
async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        for number in range(200):
            structlog.get_logger().info("line", number=number, text="x" * 3000)
        print((await client.get("/healthz")).text, flush=True)
        input()
        print((await client.get("/healthz")).text, flush=True)
asyncio.run(main())
"""


@pytest.mark.timeout(240)
def test_a_service_whose_log_nobody_reads_answers_and_tells_of_it() -> None:
    """Its error stream is a pipe that holds no more; once it is read, the health page tells of no log."""
    with subprocess.Popen(
        [sys.executable, "-c", UNREAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as service:
        assert service.stdin and service.stdout and service.stderr
        assert b"nobody reads" in service.stdout.readline()
        os.set_blocking(service.stderr.fileno(), False)
        assert json.loads(_read(service.stderr.fileno()).splitlines()[0])["number"] == 0
        service.stdin.write(b"\n")
        service.stdin.flush()
        assert json.loads(service.stdout.readline()) == {"status": "ok"}


def _read(reading: int) -> bytes:
    """All that is there now."""
    found = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(reading, 65536):
            found += piece
    return found


def test_lines_are_written_again_once_there_is_room(tmp_path: object) -> None:
    """Nothing has to be started anew, and the health page says that it is over."""

    class Disk:
        def __init__(self) -> None:
            self.full = True
            self.text = ""

        def write(self, text: str) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            self.text += text

        def flush(self) -> None: ...

    disk = Disk()
    configure_logging("desk", "info", disk)  # type: ignore[arg-type]
    app = create_app("desk", "0", live={}, ready={}, metrics=lambda: b"")

    def health() -> dict[str, str]:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get("/healthz")

        answer = asyncio.run(ask())
        assert answer.status_code == 200
        told: dict[str, str] = answer.json()
        return told

    structlog.get_logger().info("lost")
    told = "日志写不出：{0} (lines cannot be written: {0})".format("No space left on device")
    assert health() == {"status": "ok", "log": told}
    disk.full = False
    structlog.get_logger().info("written")
    assert health() == {"status": "ok"}
    assert "written" in disk.text


DYING = """
import asyncio, sys
from shared.platform.runtime import background
from shared.platform.telemetry.telemetry import configure_logging
class Broken:
    def write(self, text): raise MemoryError
    def flush(self): raise MemoryError
configure_logging("desk", "info", Broken())
async def die(): raise RuntimeError
async def main():
    background(die(), "relay")
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_part_that_died_takes_the_process_with_it_whatever_the_log_says() -> None:
    """Exit 70, and no process that answers its health page and does nothing."""
    ended = subprocess.run([sys.executable, "-c", DYING], timeout=240, capture_output=True)
    assert ended.returncode == 70
