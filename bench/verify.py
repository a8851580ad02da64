"""`panke verify` over the files of a log: whether a fact costs more in a large log, and what it costs over hashing.

Each verification has a process of its own, so that memory is told for it alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.generator import facts
from bench.measure import Result, at_most, rounded
from bench.parts import directory
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.hashing import Frontier, leaf_hash
from shared.tlog.leaves import fact_entry
from shared.tlog.notes import NoteSigner, sign_note
from shared.tlog.tiles import HEIGHT, WIDTH, Tile, encode_bundle

SCOPES: Final = 200
SIZES: Final = (10_000, 100_000, 1_000_000)
REPEATS: Final = {10_000: 5}
PROBE_SECONDS: Final = 1800
SIGNER: Final = NoteSigner("bench.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))

Probe = dict[str, Any]


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    """Verifying and hashing alone in turns, so that a change of pace slows both."""
    found: dict[int, list[Probe]] = {}
    hashed: dict[int, list[Probe]] = {}
    with directory() as place:
        for size in sizes:
            folder = place / str(size)
            write_log(folder, size)
            for _ in range(REPEATS.get(size, 1)):
                hashed.setdefault(size, []).append(probe("hash", folder))
                found.setdefault(size, []).append(probe("verify", folder))
    costs = {size: median(one["seconds"] for one in probes) / size for size, probes in found.items()}
    to_hashing = [
        a["seconds"] / b["seconds"] for a, b in zip(found[sizes[-1]], hashed[sizes[-1]], strict=True)
    ]
    goals = (
        at_most(
            f"time per fact at {sizes[-1]:,} to that at {sizes[0]:,}", costs[sizes[-1]] / costs[sizes[0]], 1.2
        ),
        at_most("whole to reading and hashing the entries alone", median(to_hashing), 6),
    )
    return Result("verify", goals, {
        "scopes": SCOPES,
        "microseconds a fact": {size: rounded(cost * 1e6) for size, cost in costs.items()},
        "peak memory, MB": {size: max(one["peak_mb"] for one in probes) for size, probes in found.items()},
    })  # fmt: skip


def probe(kind: str, folder: Path) -> Probe:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "bench.verify_probe", kind, str(folder), SIGNER.verifier.vkey]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=PROBE_SECONDS)
    found: Probe = json.loads(done.stdout)
    return found


def write_log(folder: Path, size: int) -> None:
    """The files of a log of so many facts."""
    frontier, rows = Frontier(), dict[int, list[bytes]]()
    for number, entries in enumerate(_bundles(size)):
        _write(folder, Tile(None, number, len(entries)), encode_bundle(entries))
        for entry in entries:
            for level, index, hash_ in frontier.joined(leaf_hash(entry)):
                if level % HEIGHT == 0:
                    row = rows.setdefault(level // HEIGHT, [])
                    row.append(hash_)
                    if len(row) == WIDTH:
                        _write(folder, Tile(level // HEIGHT, index // WIDTH), b"".join(row))
                        row.clear()
    for level, row in rows.items():
        if row:
            _write(folder, Tile(level, (size >> HEIGHT * level) // WIDTH, len(row)), b"".join(row))
    said = Checkpoint(SIGNER.verifier.name, size, frontier.root())
    (folder / "checkpoint").write_bytes(bytes(sign_note(said.text, [SIGNER])))


def _bundles(size: int) -> Iterator[list[bytes]]:
    entries = (
        fact_entry(made.scope, made.seq, made.recorded_at, made.body) for made in islice(facts(SCOPES), size)
    )
    while bundle := list(islice(entries, WIDTH)):
        yield bundle


def _write(folder: Path, tile: Tile, data: bytes) -> None:
    path = folder / tile.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
