"""Results as data: one file a benchmark, with the commit and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.measure import Goal, Result

RESULTS = Path(__file__).parent / "results"


def document(result: Result, seconds: float, commit: dict[str, Any]) -> dict[str, Any]:
    """The result as it is kept."""
    return {
        "benchmark": result.name,
        "commit": commit,
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "took_seconds": round(seconds, 1),
        "machine": machine(),
        "goals": [{**msgspec.structs.asdict(goal), "met": goal.met} for goal in result.goals],
        "figures": result.figures,
    }


def commit() -> dict[str, Any]:
    """The commit that is measured, and whether the code differs from it; nothing where there is no repository."""
    head = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", "services", "shared", "bench", ":!bench/results")
    return {"id": head, "changed": None if changed is None else bool(changed)}


def machine() -> dict[str, Any]:
    """What a reader needs to place the absolute figures."""
    return {
        "cpus": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load": [round(part, 1) for part in os.getloadavg()],
    }


def keep(name: str, told: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write a result; it replaces the one that was there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    return path


def line(goal: Goal) -> str:
    """A goal in one line for a person."""
    mark = "met  " if goal.met else "SHORT"
    return f"  {mark} {goal.ratio:>8.4g}  {goal.side} {goal.limit:g}  {goal.what}"


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=RESULTS.parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
