"""Kafka's jars: fetched once by jgo, and run only if each is the one whose sha256 is committed.

hazards.md#a-broker-that-dies-in-silence: jgo does not enforce its own lock, and a change of dependencies can
bring another version of a jar without a word, so the list of names is compared too.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import AlteredJarError, MissingWheelError, NoNetworkError
from deploy.local.home import demand_room
from shared.i18n import translated

VERSION = "4.3.1"
_PART = "Kafka"
_FETCH_SECONDS = 300
_JGO = f"""\
[environment]
name = "panke-kafka"
[dependencies]
coordinates = ["org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36"]
[settings]
cache_dir = ".jgo"
"""


def digests() -> dict[str, str]:
    """The committed list: the sha256 of each jar by its name."""
    lines = resources.files("deploy.local").joinpath("kafka.jars.sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def kafka_jars(home: Path) -> list[Path]:
    """The checked jars below `home`, fetched when they are not there yet."""
    folder = home / f"kafka-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (home / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests and `panke up` may want them at the same time
        expected = digests()
        if not all((folder / name).is_file() for name in expected):
            _fetch(home, folder, expected)
        _check(folder, expected)
    return [folder / name for name in expected]


def _check(folder: Path, expected: dict[str, str]) -> None:
    for jar in sorted(folder.glob("*.jar")):
        if jar.name not in expected:
            raise AlteredJarError(jar, translated("is not on the committed list"))
    for name, digest in expected.items():
        if _sha256(folder / name) != digest:
            raise AlteredJarError(folder / name, translated("has not the committed sha256"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(home: Path, folder: Path, expected: dict[str, str]) -> None:
    if find_spec("jgo") is None:
        raise MissingWheelError(_PART, "jgo")
    demand_room(_PART, home)
    log = home / "kafka-fetch.log"
    with tempfile.TemporaryDirectory(dir=home, prefix="fetch-") as name:
        work = Path(name)
        _run_jgo(work, folder, log)
        fetched = {jar.name: jar for jar in (work / ".jgo").rglob("*.jar")}
        for missing in expected.keys() - fetched.keys():
            raise NoNetworkError(folder, log, f"{missing} did not come")
        for jar in fetched.values():
            if jar.name in expected and _sha256(jar) != expected[jar.name]:
                raise AlteredJarError(jar, translated("was fetched with another sha256"))
            # A copy (they may be hard links into jgo's cache), then a rename (a kill leaves no half jar).
            shutil.copyfile(jar, folder / f"{jar.name}.part")
            os.replace(folder / f"{jar.name}.part", folder / jar.name)


def _run_jgo(work: Path, folder: Path, log: Path) -> None:
    (work / "jgo.toml").write_text(_JGO)
    environment = os.environ | {"M2_REPO": str(work / "m2"), "PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "jgo", "--repo-cache", str(work / "m2"), "sync"]
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                command,
                cwd=work,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_FETCH_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoNetworkError(folder, log, f"no end after {_FETCH_SECONDS} s") from None
    if done.returncode != 0:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        raise NoNetworkError(folder, log, lines[-1][:200] if lines else f"exit status {done.returncode}")
