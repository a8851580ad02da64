"""`panke up | restart | status` where something has died, or is not ready, as told by the ids of real processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local.ports import HOST, free_port, is_free
from deploy.local.process import Running
from deploy.local.stack import Stack
from tests.integration.test_local_stack import PANKE, panke, processes
from tests.support import parts

SERVICES = ("intake", "attribution", "notifier", "access", "audit", "registers", "console")
ALL = {"postgres", "kafka", *SERVICES}


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for PostgreSQL and Kafka; whatever a test leaves running in it is stopped."""
    with parts.open_directory() as directory:
        yield directory / "up"
        ended(directory / "up")


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[Path, dict[str, str]]]:
    """A directory in which everything was started, with ports that the environment named then."""
    ports: list[int] = []
    for _ in SERVICES:
        ports.append(free_port(tuple(ports)))
    named = {f"PANKE_{name.upper()}_PORT": str(port) for name, port in zip(SERVICES, ports, strict=True)}
    with parts.open_directory() as directory:
        try:
            done = panke("up", place=directory / "up", **named)
            assert done.returncode == 0, done.stderr
            yield directory / "up", named
        finally:
            ended(directory / "up")


def ended(place: Path) -> None:
    stack = Stack(place)
    stack.stop(lambda _: None)
    stack.remove()


def exported(text: str) -> dict[str, str]:
    """The variables that a shell has after `eval` of that text."""
    shell = ["/bin/sh", "-c", f'{text}\nprintf \'%s\\n\' "$PANKE_DATABASE_URL" "$PANKE_KAFKA"']
    done = subprocess.run(shell, env={}, capture_output=True, text=True, check=True)
    return dict(zip(("PANKE_DATABASE_URL", "PANKE_KAFKA"), done.stdout.split(), strict=True))


@pytest.mark.timeout(900)
def test_status_knows_the_ports_that_were_started(whole: tuple[Path, dict[str, str]]) -> None:
    """From another shell `status` tells where each service listens, and `up` takes what runs for what it is."""
    place, named = whole
    before = processes(place)
    told = panke("status", place=place)
    assert told.returncode == 0, told.stdout
    for name in SERVICES:
        assert (
            f"http://127.0.0.1:{named[f'PANKE_{name.upper()}_PORT']}, pid {before[name].pid}" in told.stdout
        )
    again = panke("up", place=place)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("already running") == len(ALL)
    assert processes(place) == before


@pytest.mark.timeout(900)
def test_up_works_with_the_addresses_that_status_prints(whole: tuple[Path, dict[str, str]]) -> None:
    """After `eval "$(panke status --environment)"` the embedded parts are known for ours, running or killed."""
    place, _ = whole
    named = exported(panke("status", "--environment", place=place).stdout)
    before = processes(place)
    assert panke("status", place=place, **named).stdout.count("运行中") == len(ALL)
    os.kill(before["kafka"].pid, signal.SIGKILL)
    done = panke("up", place=place, **named)
    assert done.returncode == 0, done.stderr
    assert "given" not in done.stdout
    assert changed(before, place) == {"kafka"}


def test_addresses_of_what_does_not_run_are_not_printed(place: Path) -> None:
    """`status --environment` says so on the other stream and prints nothing that a shell would take."""
    done = panke("status", "--environment", place=place)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "not running" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_one_part_is_started_again_by_name(whole: tuple[Path, dict[str, str]]) -> None:
    """`restart` gives the parts that are named new processes at the same addresses, and touches no other."""
    place, named = whole
    before = processes(place)
    done = panke("restart", "notifier", "postgres", place=place)
    assert done.returncode == 0, done.stderr
    assert changed(before, place) == {"notifier", "postgres"}
    assert f"127.0.0.1:{named['PANKE_NOTIFIER_PORT']}" in done.stdout
    wrong = panke("restart", "notifer", place=place)
    assert wrong.returncode == 2
    assert (
        "it is one of postgres, kafka, intake, access, audit, attribution, notifier, registers"
        in wrong.stderr
    )


@pytest.mark.timeout(900)
def test_up_starts_what_was_killed(whole: tuple[Path, dict[str, str]]) -> None:
    """Right after kill -9 of a server and a service `up` starts these two, where they were, and no other."""
    place, named = whole
    before = processes(place)
    for name in ("postgres", "intake"):
        os.kill(before[name].pid, signal.SIGKILL)
    done = panke("up", place=place)
    assert done.returncode == 0, done.stderr
    assert changed(before, place) == {"postgres", "intake"}
    assert f"127.0.0.1:{named['PANKE_INTAKE_PORT']}" in done.stdout


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_part_that_does_not_start_takes_no_healthy_one_down(whole: tuple[Path, dict[str, str]]) -> None:
    """`up` starts everything else, tells the one that failed, and leaves alone what runs; later it starts the rest."""
    place, named = whole
    before = processes(place)
    for name in ("attribution", "notifier"):
        os.kill(before[name].pid, signal.SIGKILL)
    port = int(named["PANKE_ATTRIBUTION_PORT"])
    parts.eventually(lambda: is_free(port), "what was killed leaves its port")
    with socket.create_server((HOST, port)):
        done = panke("up", place=place)
    assert done.returncode == 1
    assert f"attribution: port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert changed(before, place) == {"notifier"}
    assert panke("up", place=place).returncode == 0
    assert changed(before, place) == {"attribution", "notifier"}


def changed(before: dict[str, Running], place: Path) -> set[str]:
    """Which parts have another process than before; all of the others live on."""
    now = {name: process for name, process in processes(place).items() if process.alive}
    assert {name for name in before if name not in now} <= {"attribution"}, "something does not run"
    return {name for name in now if now[name] != before[name]}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_up_starts_everything_right_after_panke_itself_was_killed(place: Path) -> None:
    """What was to end with a killed `up --foreground` is not taken for running: new servers run on the same data."""
    command = [*PANKE, "up", "--directory", str(place), "--without-services", "--foreground"]
    shown = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert shown.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in iter(shown.stdout.readline, ""))
        before = processes(place)
        with psycopg.connect(dsn(place)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    finally:
        shown.kill()
        shown.communicate()
    done = panke("up", "--without-services", place=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("已启动 started") == 2
    assert changed(before, place) == {"postgres", "kafka"}
    assert not any(process.alive for process in before.values())
    with psycopg.connect(dsn(place)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_in_the_foreground_a_part_that_dies_again_is_tried_again(place: Path) -> None:
    """A server that cannot start is tried with growing pauses until it can; the others never notice."""
    command = [*PANKE, "up", "--directory", str(place), "--without-services", "--foreground"]
    shown = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines: list[str] = []
    assert shown.stdout is not None
    reader = threading.Thread(target=lambda out: lines.extend(out), args=(shown.stdout,), daemon=True)
    try:
        assert any("Ctrl-C" in line for line in iter(shown.stdout.readline, ""))
        reader.start()
        before = processes(place)
        stack = Stack(place, services=[])
        assert stack.postgres.attach()
        version = stack.postgres.data / "PG_VERSION"
        right = version.read_text()
        version.write_text("7.4\n")
        os.kill(before["postgres"].pid, signal.SIGKILL)
        parts.eventually(lambda: pauses(lines)[:3] == [1, 2, 4], "it is tried again and again")
        assert shown.poll() is None
        assert before["kafka"].alive
        version.write_text(right)
        parts.eventually(lambda: answers(stack.postgres.dsn), "PostgreSQL is back at its address")
        assert processes(place)["kafka"] == before["kafka"]
        shown.send_signal(signal.SIGINT)
        assert shown.wait(90) == 0
        assert processes(place) == {}
        assert not before["kafka"].alive
    finally:
        shown.kill()
        shown.wait()
        reader.join()
        shown.stdout.close()


def pauses(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in list(lines) if (found := re.search(r"tried again in (\d+) s", line))]


def dsn(place: Path) -> str:
    stack = Stack(place, services=[])
    assert stack.postgres.attach()
    return stack.postgres.dsn


def answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True
