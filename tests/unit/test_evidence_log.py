"""A scope out of the files of a log, and the one proof of all its leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract import parse_instant
from shared.evidence.multiproof import BrokenProofError, between, proof, root_of
from shared.evidence.scope_of_log import ScopeOfFiles
from shared.evidence.tiles import LogFiles, verify_tiles
from shared.evidence.verdict import UnverifiableError
from shared.tlog import hashing
from shared.tlog.checkpoints import parse_checkpoint
from shared.tlog.notes import parse_note
from tests.rules.form import event_id, expand
from tests.support.evidence import KEY, SCOPE, MemoryLog, kinds, told_log, trust, verified_tiles, written
from tests.support.tampering import bit


@given(st.sets(st.integers(0, 69)), st.integers(1, 70))
@settings(max_examples=60)
def test_proof(places: set[int], size: int) -> None:
    """Whatever leaves of whatever tree: with the hashes between them they give its root, and no other way does."""
    hashes = [hashing.leaf_hash(bytes([n])) for n in range(size)]
    indexes = sorted(n for n in places if n < size)
    nodes = proof(size, indexes, lambda low, high: hashing.root_of(hashes[low:high]))
    root = root_of(size, iter([(n, hashes[n]) for n in indexes]), nodes)
    assert root == hashing.root_of(hashes)
    assert len(nodes) == 32 * len(list(between(size, indexes)) if len(indexes) < size else [])
    for broken in (nodes + bytes(32), nodes[:-1]):
        with pytest.raises(BrokenProofError):
            root_of(size, iter([(n, hashes[n]) for n in indexes]), broken or bytes(1))


def test_alone() -> None:
    """A scope that is alone in its log needs no hash."""
    assert list(between(70, range(70))) == []


def long_log() -> MemoryLog:
    """More entries than a tile has."""
    log = told_log()
    there = {"scope": "elsewhere", "office": "elsewhere-office", "by": "x-li", "who": "9"}
    for n in range(560):
        log.take(expand({"visit": f"y{n}", "at": f"03-10 {n // 60:02}:{n % 60:02}", **there}))
    return log


def test_of_files(tmp_path: Path) -> None:
    """What the files have of a scope is what was put into the log, with the same proof."""
    log = long_log()
    files = LogFiles(written(tmp_path, log.files()))
    head = parse_checkpoint(parse_note(files.checkpoint()).text)
    found = ScopeOfFiles.read(files, head, SCOPE)
    wanted = log.scope_in_log(SCOPE)
    assert list(found.facts()) == log.facts[SCOPE]
    assert found.count == len(log.facts[SCOPE])
    assert (found.set_asides, list(found.adopted)) == (log.asides[SCOPE], log.adopted[SCOPE])
    assert found.begun_under == ("base", 1)
    placed = found.in_log(files.checkpoint(), KEY.verifier.vkey, [])
    assert (placed.leaves, placed.nodes, placed.root) == (wanted.leaves, wanted.nodes, wanted.root)


def test_grown(tmp_path: Path) -> None:
    """A smaller head is read from files that have grown since, and verifies."""
    log = long_log()
    files = log.files() | {"checkpoint": log.checkpoint(300)}
    for name in [name for name in files if ".p/" in name]:
        del files[name]
    files |= {name: data for name, data in log.files(300).items() if name.startswith("tile/1/")}
    assert verified_tiles(tmp_path, files).findings == []
    head = parse_checkpoint(parse_note(files["checkpoint"]).text)
    found = ScopeOfFiles.read(LogFiles(tmp_path), head, SCOPE)
    assert found.in_log(b"", "", []).nodes == log.scope_in_log(SCOPE, 300).nodes


def test_upper_tile(tmp_path: Path) -> None:
    """A hash of an upper tile is held against the entries below it."""
    files = long_log().files()
    name = next(name for name in files if name.startswith("tile/1/"))
    files[name] = bit(files[name], 3)
    assert kinds(verified_tiles(tmp_path, files)) == {"tile.altered"}


def test_long_bytes(tmp_path: Path) -> None:
    """The bytes of a long fact lie beside the log, and are held against its entry."""
    log = told_log()
    said = {
        "id": event_id("long"),
        "recorded_at": "2026-03-11T02:00:00Z",
        "scope": SCOPE,
        "words": "长" * 30_000,
    }
    log.put(SCOPE, json.dumps(said).encode(), parse_instant(said["recorded_at"]), said["id"])
    folder = written(tmp_path, log.files())
    assert kinds(verify_tiles(folder, trust())) == {"tile.missing"}
    found = log.body_files()
    written(tmp_path, found)
    assert kinds(verify_tiles(folder, trust())) == set()
    written(tmp_path, {name: bit(data, 9) for name, data in found.items()})
    assert kinds(verify_tiles(folder, trust())) >= {"leaf.altered"}


def test_pipe(tmp_path: Path) -> None:
    """A pipe in the folder is no file of the log; nobody waits for what may come out of it."""
    log = told_log()
    folder = written(tmp_path, log.files())
    tile = folder / f"tile/0/000.p/{len(log.entries)}"
    tile.unlink()
    os.mkfifo(tile)
    assert kinds(verify_tiles(folder, trust())) == {"tile.missing"}


def test_lacking(tmp_path: Path) -> None:
    """A log that lacks a file is told, and nothing is made of it."""
    log = told_log()
    files = LogFiles(written(tmp_path, {"checkpoint": log.checkpoint()}))
    head = parse_checkpoint(parse_note(files.checkpoint()).text)
    with pytest.raises(UnverifiableError):
        ScopeOfFiles.read(files, head, SCOPE)
