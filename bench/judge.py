"""`panke judge` against decoding the same file: what the rules cost over reading, and whether that cost grows.

Each measurement has a process of its own, so that memory is told for it alone and none inherits another's heap.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.generator import facts
from bench.measure import Result, at_most, rounded
from bench.parts import directory

SCOPES = 200
SIZES = (10_000, 100_000, 1_000_000)
REPEATS = {10_000: 3}
"""How often in each of the two turns, where once is too short a time; the largest size has one turn."""
PROBE_SECONDS = 1800

Probe = dict[str, Any]


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    """What the large file is measured against comes before and after it, so that a change of pace shows."""
    *smaller, largest = sizes
    around = [("judge", size) for size in smaller] + [("msgspec", largest), ("decode", largest)]
    found: dict[tuple[str, int], list[Probe]] = defaultdict(list)
    with directory() as place:
        files = write(place, sizes)
        for kind, size in (*around, ("judge", largest), *reversed(around)):
            found[kind, size] += [probe(kind, files[size]) for _ in range(REPEATS.get(size, 1))]
    judged = {size: found["judge", size] for size in sizes}
    return Result("judge", *_told(judged, found["msgspec", largest], found["decode", largest], sizes))


def write(place: Path, sizes: tuple[int, ...]) -> dict[int, Path]:
    """A file of each size; all begin alike, since one stream of facts is cut at several places."""
    paths = {size: place / f"{size}.ndjson" for size in sizes}
    files = {size: path.open("wb") for size, path in paths.items()}
    for n, made in zip(range(max(sizes)), facts(SCOPES), strict=False):
        for size, file in files.items():
            if n < size:
                file.write(made.body + b"\n")
    for file in files.values():
        file.close()
    return paths


def probe(kind: str, path: Path) -> Probe:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "bench.judge_probe", kind, str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=PROBE_SECONDS)
    found: Probe = json.loads(done.stdout)
    return found


def _told(
    judged: Mapping[int, list[Probe]], plain: list[Probe], decoded: list[Probe], sizes: tuple[int, ...]
) -> tuple[Any, dict[str, Any]]:
    costs = {size: median(p["seconds"] for p in probes) / size for size, probes in judged.items()}
    smallest, largest = sizes[0], sizes[-1]
    whole = costs[largest] * largest
    to_plain = whole / median(p["seconds"] for p in plain)
    to_decoded = whole / median(p["seconds"] for p in decoded)
    goals = (
        at_most(
            f"time per fact at {largest:,} to that at {smallest:,}", costs[largest] / costs[smallest], 1.2
        ),
        at_most("whole to decoding with msgspec alone (this or the next is enough)", to_plain, 25),
        at_most("whole to decoding and normalising (this or the one before is enough)", to_decoded, 3),
    )
    figures = {
        "scopes": SCOPES,
        "judge": {str(size): _figures(size, costs[size], judged[size]) for size in sizes},
        "msgspec_alone_us_per_fact": rounded(median(p["seconds"] for p in plain) / largest * 1e6),
        "decode_and_normalise_us_per_fact": rounded(median(p["seconds"] for p in decoded) / largest * 1e6),
    }
    return goals, figures


def _figures(size: int, cost: float, probes: list[Probe]) -> dict[str, Any]:
    customers = probes[0]["customers"]
    grown = median(p["peak_kib"] - p["before_kib"] for p in probes)
    return {
        "us_per_fact": rounded(cost * 1e6),
        "facts_per_second": rounded(1 / cost),
        "customers": customers,
        "peak_mib": rounded(median(p["peak_kib"] for p in probes) / 1024),
        "peak_mib_per_1000_customers": rounded(grown / 1024 / customers * 1000),
        "seconds": [rounded(p["seconds"]) for p in probes],
        "wall_seconds": [rounded(p["wall_seconds"]) for p in probes],
    }
