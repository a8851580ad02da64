"""`panke up | down | status | logs` with real parts, as a person would call them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local.ports import HOST, free_port
from deploy.local.process import Running
from deploy.local.stack import Stack
from tests.support import parts

PANKE = [sys.executable, "-m", "shared.cli"]


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for a stack; whatever a test leaves running in it is stopped."""
    with parts.open_directory() as directory:
        yield directory / "up"
        stack = Stack(directory / "up")
        stack.stop(lambda _: None)
        stack.remove()


def panke(*arguments: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*PANKE, arguments[0], "--directory", str(place), *arguments[1:]]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PANKE_")} | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def processes(place: Path) -> dict[str, Running]:
    """What the pid files name, alive or not."""
    files = place.glob("*/server.pid")
    return {file.parent.name: Running(**json.loads(file.read_text())) for file in files}


def test_up_status_logs_and_down(place: Path) -> None:
    """What is started in the background is told by `status`, has logs, is not started twice, and is
    stopped; the file of keys is made once, beside the data."""
    assert panke("status", place=place).returncode == 3
    first = panke("up", "--without-services", place=place)
    assert first.returncode == 0, first.stderr
    assert re.search(r"postgres: .* started, 127\.0\.0\.1:\d+, pid \d+", first.stdout)
    assert re.search(r"kafka: .* started, 127\.0\.0\.1:\d+, pid \d+", first.stdout)
    running = processes(place)
    assert all(process.alive for process in running.values())
    keys = place / "keys" / "people.json"
    assert str(keys) in first.stdout
    assert keys.stat().st_mode & 0o777 == 0o600
    made = keys.read_bytes()
    again = panke("up", "--without-services", place=place)
    assert keys.read_bytes() == made
    assert again.stdout.count("already running") == 2
    assert processes(place) == running
    told = panke("status", place=place).stdout
    assert [name for name in ("postgres", "kafka") if f"{name}: 运行中 running" in told] == [
        "postgres",
        "kafka",
    ]
    assert "ready to accept connections" in panke("logs", "postgres", place=place).stdout
    assert "Kafka Server started" in panke("logs", "kafka", "-n", "5", place=place).stdout
    down = panke("down", "--remove-data", place=place)
    assert down.stdout.count("已停止 stopped") == 2
    assert not any(process.alive for process in running.values())
    assert not place.exists()


def test_an_address_that_is_given_is_used(place: Path, database: str, kafka: str) -> None:
    """With both addresses given nothing is embedded, and the command says so."""
    done = panke("up", "--without-services", place=place, PANKE_DATABASE_URL=database, PANKE_KAFKA=kafka)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("given") == 2
    assert processes(place) == {}


def test_in_the_foreground_what_dies_is_started_again(place: Path) -> None:
    """A killed server comes back on its data and port, which are those of an earlier `panke up`; Ctrl-C leaves no
    process behind."""
    command = [*PANKE, "up", "--directory", str(place), "--without-services"]
    subprocess.run(command, check=True, capture_output=True)
    earlier = Stack(place, services=[]).postgres
    assert earlier.attach()
    data = earlier.data
    subprocess.run([*PANKE, "down", "--directory", str(place)], check=True, capture_output=True)
    command = [*command, "--foreground"]
    shown = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert shown.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in iter(shown.stdout.readline, ""))
        before = processes(place)
        stack = Stack(place, services=[])
        assert stack.postgres.attach()
        assert stack.postgres.data == data
        os.kill(before["postgres"].pid, signal.SIGKILL)
        parts.eventually(lambda: answers(stack.postgres.dsn), "PostgreSQL is back at its address")
        assert processes(place)["postgres"] != before["postgres"]
        shown.send_signal(signal.SIGINT)
        assert shown.wait(90) == 0
        assert processes(place) == {}
        assert not any(process.alive for process in before.values())
    finally:
        shown.kill()
        shown.communicate()


@pytest.mark.soak
def test_down_in_another_shell_ends_what_runs_in_the_foreground(place: Path, kafka: str) -> None:
    """It stops what it watches instead of starting it again, and ends with 0; nothing runs when `down` returns."""
    command = [*PANKE, "up", "--directory", str(place), "--without-services", "--foreground"]
    shown = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PANKE_KAFKA": kafka}
    )
    assert shown.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in iter(shown.stdout.readline, ""))
        (server,) = processes(place).values()
        down = panke("down", place=place, PANKE_KAFKA=kafka)
        assert down.returncode == 0, down.stderr
        assert f"pid {shown.pid}" in down.stdout
        assert shown.wait(30) == 0
        assert "postgres: 已停止 stopped" in shown.stdout.read()
        assert not server.alive
        assert list(place.glob("foreground-*")) == []
        assert panke("down", place=place, PANKE_KAFKA=kafka).returncode == 0
    finally:
        shown.kill()
        shown.communicate()


def answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def test_an_error_is_told_without_a_traceback(place: Path) -> None:
    """A port in use ends the command with status 1 and the message alone; what could start runs on."""
    port = free_port()
    with socket.create_server((HOST, port)):
        done = panke("up", "--without-services", "--kafka-port", str(port), place=place)
    assert done.returncode == 1
    assert f"Kafka: port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert "panke down" in done.stderr
    assert [name for name, process in processes(place).items() if process.alive] == ["postgres"]


def test_a_service_is_given_its_own_settings_alone(place: Path) -> None:
    """What is meant for the parts, the tests or another service would be reported as unknown settings."""
    environment = {
        "PATH": "/bin",
        "PANKE_LOCAL": "x",
        "PANKE_TEST_KAFKA": "x",
        "PANKE_INTAKE_PORT": "21001",
        "PANKE_NOTIFIER_PORT": "21003",
        "PANKE_LOG_LEVEL": "debug",
        "PANKE_DATABASE_URL": "postgresql://given",
        "PANKE_KAFKA": "given:9092",
    }
    (intake,) = Stack(place, services=["intake"], environment=environment).make_services()
    assert intake.address == "http://127.0.0.1:21001"
    assert set(environment) - set(intake.environment) == {
        "PANKE_LOCAL",
        "PANKE_TEST_KAFKA",
        "PANKE_NOTIFIER_PORT",
    }
    assert intake.environment["PANKE_KAFKA"] == "given:9092"


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.soak), signal.SIGTERM])
def test_a_start_that_is_interrupted_leaves_nothing_behind(place: Path, number: int) -> None:
    """Ctrl-C while the parts are starting stops what has started, and the command ends well."""
    command = [*PANKE, "up", "--directory", str(place), "--without-services", "--foreground"]
    shown = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        parts.eventually(lambda: bool(processes_named(place)), "the first server is launched")
        shown.send_signal(number)
        assert shown.wait(90) == 0
        assert processes_named(place) == []
    finally:
        shown.kill()
        shown.communicate()


def processes_named(place: Path) -> list[Path]:
    return list(place.glob("*/server.pid"))


@pytest.mark.soak
def test_down_stops_what_runs_here_also_when_other_addresses_are_given_now(tmp_path: Path) -> None:
    """What was embedded when it was started is stopped, whatever the environment names since."""
    started = Stack(tmp_path, services=[], environment={})
    started.start(lambda _: None)
    later = Stack(tmp_path, services=[], environment={"PANKE_DATABASE_URL": "postgresql://127.0.0.1:1/x"})
    said: list[str] = []
    later.stop(said.append)
    assert [line.split(":")[0] for line in said] == ["kafka", "postgres"]
    started.postgres.stop()  # they are this process's children: only it can take leave of them
    started.kafka.stop()
