"""`panke replay` by one process and by two, over one file: how much quicker, and how much memory.

Wall clock, since that is what a second core buys; in turns, so that a busy machine slows both. The peak is that of the
largest of the processes, as the system counts it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.judge import write
from bench.measure import Result, at_least, in_turns, median_ratio, rounded
from bench.parts import directory

FACTS = 1_000_000
ROUNDS = 2


def run(facts: int = FACTS, rounds: int = ROUNDS) -> Result:
    """The larger file is replayed under another rulebook."""
    peaks: dict[int, list[int]] = {1: [], 2: []}
    with directory() as place:
        file = write(place, (facts,))[facts]

        def replay(jobs: int) -> Callable[[], float]:
            def measured() -> float:
                seconds, peak = _replayed(file, jobs)
                peaks[jobs].append(peak)
                return seconds

            return measured

        found = in_turns(rounds, one=replay(1), two=replay(2))
    quicker = median_ratio(found["one"], found["two"])
    figures = {
        "facts": facts,
        "seconds": {name: [rounded(one) for one in each] for name, each in found.items()},
        "us_per_fact": {name: rounded(median(each) / facts * 1e6) for name, each in found.items()},
        "peak_mib": {str(jobs): rounded(max(each) / 1024) for jobs, each in peaks.items()},
    }
    goal = at_least(f"one process to two over {facts:,} facts, by the clock", quicker, 1.7)
    return Result("replays", (goal,), figures)


def _replayed(file: Path, jobs: int) -> tuple[float, int]:
    """Seconds and the peak in KiB of one run."""
    command = [sys.executable, "-m", "shared.cli", "replay", str(file), "--rulebook", "reception", "--json"]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"panke replay ended with {process.returncode}")
    return time.perf_counter() - begun, used.ru_maxrss
