"""The page of the first day, whose very commands are run in one shell against services that `panke up` started."""

from __future__ import annotations

import json
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import free_port
from deploy.local.stack import Stack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-day.md"
STEP = re.compile(r"^```sh\n(.*?)^```\n(?:\n```json\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
END = "\n=== the next step ===\n"
ANYTHING = "…"
# As a client does that is told to come again: where a fact is waited for, the wait is the machine's.
CURL = r"""
curl() {
  case "$*" in *min_seq*) ;; *) command curl "$@"; return;; esac
  for _ in $(seq 90); do
    answer=$(command curl "$@")
    case "$answer" in *'"status":503'*) sleep 1;; *) break;; esac
  done
  printf '%s\n' "$answer"
}
"""
# What the page asks a person for: the code that `make up` showed, and a password.
MAKE = r"""
make() { test "$*" = up; %(panke)s up --directory %(place)s | tee %(place)s.txt; }
"""
PANKE = r"""
panke() {
  case "$*" in
    'access set-up')
      code=$(grep -o 'set-up code: .*' %(place)s.txt | cut -d ' ' -f 3)
      echo 'a horse in the fourth office' | %(panke)s access set-up --code "$code" --password-stdin;;
    *) %(panke)s "$@";;
  esac
}
"""
PORTS = ("INTAKE", "ATTRIBUTION", "NOTIFIER", "ACCESS")


@pytest.fixture
def environment(directory: Path, database: str, kafka: str) -> Iterator[dict[str, str]]:
    """What the shell of the page finds; what its `make up` starts is stopped."""
    ports: list[int] = []
    for _ in PORTS:
        ports.append(free_port(tuple(ports)))
    yield {
        "PATH": "/usr/bin:/bin",
        "PANKE_DATABASE_URL": database,
        "PANKE_KAFKA": kafka,
        "PANKE_TOPIC_PREFIX": f"t{secrets.token_hex(6)}.",
        "PANKE_SESSION_FILE": str(directory / "session.json"),
        "PANKE_ACCESS_ADDRESS": f"http://127.0.0.1:{ports[-1]}",
        **{f"PANKE_{name}_PORT": str(port) for name, port in zip(PORTS, ports, strict=True)},
        **{name: f"http://127.0.0.1:{port}" for name, port in zip(PORTS, ports, strict=True)},
    }
    Stack(directory / "up").stop(lambda _: None)


@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/sys/kernel/random/uuid").exists(), reason="the page is for Linux")
def test_the_commands_of_the_first_day_answer_as_the_page_says(
    directory: Path, environment: dict[str, str]
) -> None:
    """Copied one after another, each command answers what stands below it, but for what is `…` there."""
    steps = STEP.findall(PAGE.read_text(encoding="utf-8"))
    named = {
        "panke": shlex.join([sys.executable, "-m", "shared.cli"]),
        "place": shlex.quote(str(directory / "up")),
    }
    own = 'panke() { .venv/bin/panke "$@"; }\n'
    assert own in steps[0][0]
    script = [f"set -euo pipefail\n{MAKE % named}{CURL}"]
    script += [f"{command.replace(own, PANKE % named)}printf %s {shlex.quote(END)}" for command, _ in steps]
    done = subprocess.run(
        ["/bin/bash", "-c", "\n".join(script)],
        env=environment,
        cwd=PAGE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    answers = done.stdout.split(END)[:-1]
    assert done.returncode == 0, f"{done.stderr}\n{answers[-1:]}"
    assert len(answers) == len(steps)
    for (command, shown), answer in zip(steps, answers, strict=True):
        if shown:
            assert differences(documents(shown), documents(answer)) == [], f"{command}\n{answer}"
    assert sum(bool(shown) for _, shown in steps) >= 12


def documents(text: str) -> list[Any]:
    """One JSON document over several lines, or one a line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def differences(shown: Any, found: Any, path: str = "$") -> list[str]:
    """Where an answer is not as shown; it may have more members, and more items where a list ends with `…`."""
    if shown == ANYTHING:
        return []
    if isinstance(shown, dict) and isinstance(found, dict):
        missing = [f"{path}.{key}: missing" for key in shown if key not in found]
        return missing + [
            told
            for key in shown.keys() & found.keys()
            for told in differences(shown[key], found[key], f"{path}.{key}")
        ]
    if isinstance(shown, list) and isinstance(found, list):
        items = shown[:-1] if shown[-1:] == [ANYTHING] else shown
        if (items is shown and len(items) != len(found)) or len(items) > len(found):
            return [f"{path}: {len(items)} shown, {len(found)} found"]
        return [
            told
            for number, item in enumerate(items)
            for told in differences(item, found[number], f"{path}[{number}]")
        ]
    return [] if shown == found else [f"{path}: {shown!r} shown, {found!r} found"]


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_begins_as_the_first_day_does(readme: str) -> None:
    """It leads to the page, and its commands are some of the page's, at the usual addresses."""
    text = (PAGE.parents[1] / readme).read_text(encoding="utf-8")
    assert "(docs/first-day.md)" in text
    page = plain(PAGE.read_text(encoding="utf-8"))
    (begun,) = [command for command, _ in STEP.findall(text) if "curl" in command]
    begun = re.sub(r" +# .*", "", begun).replace(".venv/bin/panke", "panke")
    up, *commands = begun.split("\ncall ")
    assert [one for one in up.splitlines() if plain(one) not in page] == []
    assert len(commands) == 2
    assert [command for command in commands if plain(command) not in page] == []


def plain(text: str) -> str:
    """Commands without what differs between the two: addresses, quotation marks, lines and which seq is waited for."""
    text = text.replace("$intake", "http://127.0.0.1:8001").replace("$attribution", "http://127.0.0.1:8002")
    text = text.replace("$(cat /proc/sys/kernel/random/uuid)", "$(new_id)")
    return re.sub(r"""["'\\\s]+""", " ", re.sub(r"min_seq=\d+", "min_seq", text))
