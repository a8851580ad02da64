"""Dated scenarios made ready for one deployment: each in a scope of its own, its ids its own, all told back again."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from shared.contract import parse_instant
from tests.rules.check import mismatches
from tests.rules.form import enrolments, expand, read_cases

Json = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """Events of one scope, renamed, and who says whether a result, named as before, is right."""

    name: str
    scope: str
    events: list[Json]
    as_of: str | None
    names: dict[str, str]
    check: Callable[[Json], list[str]]

    def wrong(self, result: bytes) -> list[str]:
        """What the scenario does not expect, of a result in its own names."""
        text = result.decode()
        for old, new in self.names.items():
            text = text.replace(new, old)
        return self.check(json.loads(text))


def own_cases(rulebook: str) -> Iterator[Scenario]:
    """The cases of the rules under a rulebook that can be lived: one scope, nothing carried over from a book."""
    for number, case in enumerate(read_cases()):
        said = case.said
        lived = not any({"scope", "office", "carried"} & event.keys() for event in said["events"])
        if said.get("rulebook", "base") == rulebook and "known_at" not in said and lived:
            events = [expand(event) for event in (*enrolments(), *said["events"])]
            as_of = (
                expand({"depart": "x", "at": said["as_of"], "staff": "x"})["occurred_at"]
                if "as_of" in said
                else None
            )
            yield renamed(
                str(case),
                f"case-{number}",
                events,
                as_of,
                lambda result, case=case: list(mismatches(case, result)),
            )


def scenarios_of(folder: Path, rulebook: str) -> Iterator[Scenario]:
    """The scenarios of a folder that brings its own `expand.py` and `check.py`."""
    for number, path in enumerate(sorted(folder.glob("*.yaml"))):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if said.get("rulebook") != rulebook or "known_at" in said:
            continue
        lines = _run(folder / "expand.py", path).splitlines()
        events = [json.loads(line) for line in lines]
        if len({event["scope"] for event in events}) > 1 or any("carried" in event for event in events):
            continue
        words = _run(folder / "expand.py", path, "--args").split()
        as_of = words[words.index("--as-of") + 1] if "--as-of" in words else None
        yield renamed(
            path.stem,
            f"told-{number}",
            events,
            as_of,
            lambda result, path=path: _checked(folder, path, result),
        )


def renamed(
    name: str, scope: str, events: list[Json], as_of: str | None, check: Callable[[Json], list[str]]
) -> Scenario:
    """The same events in another scope, under ids of their own: an id is of the whole deployment, so is an office."""
    ids = {event["id"]: str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/{event['id']}")) for event in events}
    offices = {event["office"]: f"{scope}-{event['office']}" for event in events}
    text = json.dumps(events, ensure_ascii=False)
    for old, new in ids.items():
        text = text.replace(old, new)
    told = json.loads(text)
    for event in told:
        event["scope"], event["office"] = scope, offices[event["office"]]
    return Scenario(name, scope, told, as_of, ids | offices, check)


def in_recorded_order(scenarios: list[Scenario]) -> list[Json]:
    """All events of all scenarios; those of one scope keep their order where they share a moment."""
    merged = [event for scenario in scenarios for event in scenario.events]
    return sorted(merged, key=recorded_at)


def recorded_at(event: Json) -> datetime:
    return parse_instant(event["recorded_at"])


def _run(script: Path, *arguments: object) -> str:
    command = [sys.executable, str(script), *map(str, arguments)]
    if script.name == "expand.py":
        command += ["--rulebook-out", "/dev/null"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def _checked(folder: Path, path: Path, result: Json) -> list[str]:
    command = [sys.executable, str(folder / "check.py"), str(path), "/dev/stdin"]
    done = subprocess.run(command, input=json.dumps(result), capture_output=True, text=True, timeout=60)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]
