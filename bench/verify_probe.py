"""One verification, or the hashing of the same entries alone; prints the time and the peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from shared.evidence.log import trust_of
from shared.evidence.tiles import MOST_BUNDLE, LogFiles, verify_tiles
from shared.tlog.checkpoints import parse_checkpoint
from shared.tlog.hashing import Frontier, leaf_hash
from shared.tlog.notes import parse_note
from shared.tlog.tiles import WIDTH, Tile, decode_bundle


def main(kind: str, folder: Path, vkey: str) -> None:
    begun = time.perf_counter()
    if kind == "verify":
        verdict = verify_tiles(folder, trust_of([vkey]))
        assert verdict.exit_code == 0, verdict.findings
    else:
        hash_all(LogFiles(folder))
    told = {
        "seconds": time.perf_counter() - begun,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(told))


def hash_all(files: LogFiles) -> None:
    """Read every entry, and make the root of them."""
    head = parse_checkpoint(parse_note(files.checkpoint()).text)
    frontier = Frontier()
    for number in range((head.size + WIDTH - 1) // WIDTH):
        tile = Tile(None, number, min(WIDTH, head.size - number * WIDTH))
        for entry in decode_bundle(tile, files.tile(tile, MOST_BUNDLE) or b""):
            frontier.append(leaf_hash(entry))
    assert frontier.root() == head.root


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
