"""A replay on Spark gives the bytes of the command, from the same function."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import pytest

from bench.generator import facts as generated
from tests.support.spark import java_home

SECONDS = 500
FACTS = 240


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, bytes, str]]:
    """Two files, one of them packed, in which scopes lie across, and a fact that was set aside: by the command and on
    Spark."""
    folder = tmp_path_factory.mktemp("spark")
    lines = [fact.body for fact, _ in zip(generated(4), range(FACTS), strict=False)]
    aside = {
        "set_aside": json.loads(lines[60])["id"],
        "reason": "a defect",
        "by": "chen",
        "at": "2026-03-09T00:00:00Z",
    }
    one, other = folder / "one.ndjson", folder / "other.ndjson.gz"
    one.write_bytes(b"\n".join(lines[:100]) + b"\n")
    other.write_bytes(gzip.compress(b"\n".join([*lines[100:], json.dumps(aside).encode()]) + b"\n"))
    home = java_home(folder / "java")

    def run(*arguments: str) -> tuple[int, bytes, str]:
        command = [
            sys.executable,
            "-m",
            "shared.cli",
            "replay",
            str(one),
            str(other),
            "--rulebook",
            "reception",
        ]
        environment = {**os.environ, "JAVA_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
        done = subprocess.run(
            [*command, "--json", *arguments],
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr.decode()

    return {"command": run("--jobs", "1"), "spark": run("--spark", "local[2]")}


def test_spark_in_local_mode_gives_the_same_bytes(replayed: dict[str, tuple[int, bytes, str]]) -> None:
    """Customers, deals, what moves, and how many facts, whatever was set aside."""
    for name, (code, _, said) in replayed.items():
        assert code == 0, (name, said)
    (_, alone, _), (_, spread, _) = replayed["command"], replayed["spark"]
    told = json.loads(alone)
    assert (told["counts"]["facts"], told["counts"]["customers_changed"] > 0) == (FACTS - 1, True)
    assert spread == alone
