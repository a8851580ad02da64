"""`python -m bench [NAME…]`: run benchmarks, print their JSON, keep it, and say which goals are met."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module

import msgspec

from bench.measure import Result
from bench.report import commit, document, keep, line

BENCHMARKS = (
    "judge",
    "households",
    "corrections",
    "timers",
    "door",
    "intake",
    "fold",
    "scale",
    "bulk",
    "reads",
    "clocks",
    "verify",
    "log",
    "replays",
    "imports",
    "books",
    "registers",
    "offices",
    "sheets",
    "console",
    "live",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Short goals are told and are no failure: a ratio of a busy machine stops nobody's work."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all by default"
    )
    names = parser.parse_args(arguments).names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name}; there are {', '.join(BENCHMARKS)}")
    measured = commit()
    for name in names:
        run: Callable[[], Result] = import_module(f"bench.{name}").run
        print(f"{name} …", file=sys.stderr, flush=True)
        begun = time.perf_counter()
        result = run()
        told = document(result, time.perf_counter() - begun, measured)
        keep(name, told)
        print(msgspec.json.format(msgspec.json.encode(told), indent=2).decode(), flush=True)
        print("\n".join([name, *map(line, result.goals)]), file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
