"""One measurement of the judge benchmark: `python -m bench.judge_probe judge|decode|msgspec FILE`.

Prints seconds and memory as JSON. Before the clock starts, everything is imported and the rulebooks are read: what
a command does once must not look like a cost of each fact of a short file.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import IO

import msgspec

from services.attribution.domain.rulebook import Rulebook
from services.attribution.domain.state import BookId
from services.attribution.judge import judge
from services.attribution.judge_cli import encode
from services.attribution.rulebook import load, shipped
from shared.contract import contacts_of, decode_event, parties


def judged(lines: IO[bytes]) -> int:
    """From lines to the bytes of the result."""
    answer = judge(lines, load("base"), _books())
    encode(answer)
    return len(answer["customers"])


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
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(kind: str, path: str) -> None:
    _books()
    before = peak_kib()
    begun = time.perf_counter()
    with open(path, "rb") as lines:
        customers = KINDS[kind](lines)
    seconds = time.perf_counter() - begun
    told = {"seconds": seconds, "before_kib": before, "peak_kib": peak_kib(), "customers": customers}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
