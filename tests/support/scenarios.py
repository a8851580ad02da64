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
TIMES = ("as_of", "known_at")


@dataclass(frozen=True)
class Scenario:
    """Events of one scope, renamed, and who says whether a result, named as before, is right."""

    name: str
    scope: str
    events: list[Json]
    times: dict[str, str]
    """`as_of` and `known_at`, as far as they are said; RFC 3339."""
    names: dict[str, str]
    check: Callable[[Json], list[str]]
    refused: tuple[str, str] | None = None
    """The event that is bad input, and the field that is named; nothing else is expected then."""

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
        if said.get("rulebook", "base") == rulebook and lived:
            events = [expand(event) for event in (*enrolments(), *said["events"])]
            yield renamed(
                str(case),
                f"case-{number}",
                events,
                {name: _instant(said[name]) for name in TIMES if name in said},
                lambda result, case=case: list(mismatches(case, result)),
            )


def scenarios_of(folder: Path, rulebook: str) -> Iterator[Scenario]:
    """The scenarios of a folder that brings its own `expand.py` and `check.py`."""
    for number, path in enumerate(sorted(folder.glob("*.yaml"))):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if _book_of(said) != rulebook:
            continue
        lines = _run(folder / "expand.py", path).splitlines()
        events = [json.loads(line) for line in lines]
        if len({event["scope"] for event in events}) > 1 or any("carried" in event for event in events):
            continue
        refused = said["expect"].get("refused")
        words = _run(folder / "expand.py", path, "--args").split()
        options = {name: f"--{name.replace('_', '-')}" for name in TIMES}
        yield renamed(
            path.stem,
            f"told-{number}",
            events,
            {name: words[words.index(option) + 1] for name, option in options.items() if option in words},
            (lambda result: []) if refused else (lambda result, path=path: _checked(folder, path, result)),
            (_event_id(said, refused["event"]), refused["field"]) if refused else None,
        )


def _event_id(said: Json, short: str) -> str:
    """The id that `expand.py` gives to an event."""
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, f"panke-scenario:{said['id']}"), short))


def books_of(folder: Path) -> Iterator[tuple[str, str]]:
    """The rulebooks that scenarios of a folder bring of their own: name and text."""
    for path in sorted(folder.glob("*.yaml")):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "rulebook_yaml" in said:
            yield _book_of(said), said["rulebook_yaml"]


def _book_of(said: Json) -> str:
    """The name of the rulebook that a scenario goes by: one that ships, or its own."""
    own = yaml.safe_load(said["rulebook_yaml"])["rulebook"] if "rulebook_yaml" in said else None
    return str(own or said.get("rulebook"))


def _instant(time: str) -> str:
    return str(expand({"depart": "x", "at": time, "staff": "x"})["occurred_at"])


def renamed(
    name: str,
    scope: str,
    events: list[Json],
    times: dict[str, str],
    check: Callable[[Json], list[str]],
    refused: tuple[str, str] | None = None,
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
    bad = None if refused is None else (ids[refused[0]], refused[1])
    return Scenario(name, scope, told, times, ids | offices, check, bad)


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
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout


def _checked(folder: Path, path: Path, result: Json) -> list[str]:
    command = [sys.executable, str(folder / "check.py"), str(path), "/dev/stdin"]
    done = subprocess.run(command, input=json.dumps(result), capture_output=True, text=True, timeout=240)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]
