"""One measurement of the judge benchmark: `python -m bench.judge_probe judge|decode|msgspec FILE`.

Prints memory and seconds as JSON: those of the processor, which on a machine that does nothing else are those of the
clock (told too), and on a busy one are still the program's own. Before they are counted, everything is imported and
the rulebooks are read: what a command does once must not look like a cost of each fact of a short file.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO

import msgspec

from shared.contract import contacts_of, decode_event, parties
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.judge.encoding import packed, pieces
from shared.rules.judge.judge import judge
from shared.rules.rulebooks.loading import load, shipped


def judged(lines: IO[bytes]) -> int:
    """From lines to the bytes of the result."""
    answer = judge(lines, load("base"), _books(), encode_item=packed)
    with open(os.devnull, "wb") as output:
        for piece in pieces(answer):
            output.write(piece)
    return len(answer.customers)


@cache
def _books() -> dict[BookId, Rulebook]:
    return {(book.name, book.version): book for book in map(load, shipped())}


def decoded(lines: IO[bytes]) -> int:
    """Into the contract's models, with every contact normalised."""
    for line in lines:
        event = decode_event(line.rstrip(b"\r\n"), recorded=True)
        for _, party in parties(event.data):
            contacts_of(party)
    return 0


def plain(lines: IO[bytes]) -> int:
    """JSON alone, into whatever it holds."""
    decode = msgspec.json.Decoder().decode
    for line in lines:
        decode(line)
    return 0


KINDS: dict[str, Callable[[IO[bytes]], int]] = {"judge": judged, "decode": decoded, "msgspec": plain}


def peak_kib() -> int:
    """The most memory that this program ever had; `ru_maxrss` would tell that of the process it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def main(kind: str, path: str) -> None:
    _books()
    gc.disable()  # as the command does
    before = peak_kib()
    begun, worked = time.perf_counter(), time.process_time()
    with open(path, "rb") as lines:
        customers = KINDS[kind](lines)
    told = {
        "seconds": time.process_time() - worked,
        "wall_seconds": time.perf_counter() - begun,
        "before_kib": before,
        "peak_kib": peak_kib(),
        "customers": customers,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
