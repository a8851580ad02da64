"""Hands that tamper with a pack, each as a function of the pack's files and the log that it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from shared.contract import parse_instant
from shared.evidence.form import MANIFEST, SIGNATURE
from shared.evidence.log import signed_manifest
from shared.evidence.multiproof import between
from shared.sealing.opening import open_event, people_in_event
from shared.sealing.person import base64
from shared.tlog.checkpoints import encode_hash
from shared.tlog.hashing import leaf_hash, root_of
from shared.tlog.leaves import fact_entry
from shared.tlog.notes import NoteSigner
from tests.rules.form import event_id
from tests.support.evidence import KEY, MemoryLog

Files = dict[str, bytes]
Hand = Callable[[Files, MemoryLog], object]


def line_of(pack: Files, short: str, name: str = "facts.ndjson") -> int:
    """At which line a fact stands, from 0."""
    lines = pack[name].splitlines()
    return next(n for n, line in enumerate(lines) if f'"id":"{event_id(short)}"'.encode() in line)


def put_lines(pack: Files, name: str, lines: list[bytes]) -> None:
    pack[name] = b"".join(line + b"\n" for line in lines)


def text(name: str, before: str, after: str, short: str | None = None) -> Hand:
    """Another text in a file, or in the line of one event."""

    def hand(pack: Files, log: MemoryLog) -> None:
        if short is None:
            assert before.encode() in pack[name], (name, before)
            pack[name] = pack[name].replace(before.encode(), after.encode(), 1)
            return
        lines, at = pack[name].splitlines(), line_of(pack, short, name)
        assert before.encode() in lines[at], before
        lines[at] = lines[at].replace(before.encode(), after.encode(), 1)
        put_lines(pack, name, lines)

    return hand


def lines(name: str, change: Callable[[list[bytes]], object]) -> Hand:
    """Other lines in a file."""

    def hand(pack: Files, log: MemoryLog) -> None:
        found = pack[name].splitlines()
        change(found)
        put_lines(pack, name, found)

    return hand


def value(name: str, change: Callable[[Any], object]) -> Hand:
    """Something else in a file of JSON."""

    def hand(pack: Files, log: MemoryLog) -> None:
        said = json.loads(pack[name])
        change(said)
        pack[name] = json.dumps(said, ensure_ascii=False).encode()

    return hand


def without_fact(*shorts: str) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        for short in shorts:
            found = pack["facts.ndjson"].splitlines()
            found.pop(line_of(pack, short))
            put_lines(pack, "facts.ndjson", found)

    return hand


def swapped(one: str, other: str) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        found, a, b = pack["facts.ndjson"].splitlines(), line_of(pack, one), line_of(pack, other)
        found[a], found[b] = found[b], found[a]
        put_lines(pack, "facts.ndjson", found)

    return hand


def put_fact(make: Callable[[Files, MemoryLog], bytes], before: str) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        found = pack["facts.ndjson"].splitlines()
        found.insert(line_of(pack, before), make(pack, log))
        put_lines(pack, "facts.ndjson", found)

    return hand


def fact(pack: Files, short: str) -> bytes:
    return pack["facts.ndjson"].splitlines()[line_of(pack, short)]


def parts_swapped(pack: Files, log: MemoryLog) -> None:
    """The sealed parts of two facts of one person in each other's place."""
    found, at = pack["facts.ndjson"].splitlines(), (line_of(pack, "v1"), line_of(pack, "f1"))
    one, other = (json.loads(found[n]) for n in at)
    parts = one["sealed"]["parts"], other["sealed"]["parts"]
    other["sealed"]["parts"], one["sealed"]["parts"] = parts
    for n, event in zip(at, (one, other), strict=True):
        found[n] = json.dumps(event, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    put_lines(pack, "facts.ndjson", found)


def reproved(pack: Files, log: MemoryLog) -> None:
    """The proof made anew over the leaves that are listed: only who has the log can."""
    kept = [json.loads(line)["index"] for line in pack["leaves.ndjson"].splitlines()]
    hashes = log.hashes
    pack["nodes.bin"] = b"".join(root_of(hashes[low:high]) for low, high in between(len(hashes), kept))


def leaf_line(pack: Files, kind: str, seq: int | None) -> int:
    found = [json.loads(line) for line in pack["leaves.ndjson"].splitlines()]
    return next(n for n, leaf in enumerate(found) if (leaf["kind"], leaf.get("seq")) == (kind, seq))


def without_leaf(kind: str, seq: int | None) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        found = pack["leaves.ndjson"].splitlines()
        found.pop(leaf_line(pack, kind, seq))
        put_lines(pack, "leaves.ndjson", found)
        reproved(pack, log)

    return hand


def listed_as(other: str, kind: str, seq: int | None) -> Hand:
    """A leaf of the scope under another kind, so that nobody looks for what it stands for."""

    def hand(pack: Files, log: MemoryLog) -> None:
        found = [json.loads(line) for line in pack["leaves.ndjson"].splitlines()]
        at = leaf_line(pack, kind, seq)
        index, hash_ = found[at]["index"], found[at]["hash"]
        found[at] = {"index": index, "hash": hash_, "kind": other, "data": log.entries[index].decode()}
        put_lines(pack, "leaves.ndjson", [json.dumps(line).encode() for line in found])

    return hand


def shown_of_another(short: str) -> Hand:
    """A record of another customer in clear, with the key that proves it."""

    def hand(pack: Files, log: MemoryLog) -> None:
        body, people = fact(pack, short), json.loads(pack["people.json"])
        keys = {id_: log.vault.people[id_] for id_ in people_in_event(body)}
        pack["opened.ndjson"] += open_event(body, keys) + b"\n"
        for id_, key in keys.items():
            people[id_] = {"contact": key.contact, "proof": base64(key.proof_key)}
        pack["people.json"] = json.dumps(people).encode()

    return hand


def altered_with_leaf(pack: Files, log: MemoryLog) -> None:
    """A fact altered, and its leaf so that both fit each other."""
    text("facts.ndjson", '"received_by":"li"', '"received_by":"wang"', "v1")(pack, log)
    body, at = fact(pack, "v1"), line_of(pack, "v1")
    recorded_at = parse_instant(json.loads(body)["recorded_at"])
    hash_ = encode_hash(leaf_hash(fact_entry("demo", at + 1, recorded_at, body)))
    found = [json.loads(line) for line in pack["leaves.ndjson"].splitlines()]
    found[leaf_line(pack, "fact", at + 1)]["hash"] = hash_
    put_lines(pack, "leaves.ndjson", [json.dumps(line).encode() for line in found])


def all_of(*hands: Hand) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        for each in hands:
            each(pack, log)

    return hand


def put(name: str, data: bytes | Callable[[Files, MemoryLog], bytes]) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        pack[name] = data if isinstance(data, bytes) else data(pack, log)

    return hand


def drop(name: str) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        for each in [each for each in pack if each.startswith(name)]:
            del pack[each]

    return hand


def flipped(name: str, at: int) -> Hand:
    def hand(pack: Files, log: MemoryLog) -> None:
        pack[name] = bit(pack[name], at)

    return hand


def bit(data: bytes, at: int) -> bytes:
    """With one bit turned."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def relisted(pack: Files, key: NoteSigner = KEY) -> Files:
    """The manifest over the files as they are now, signed again."""
    said = json.loads(pack[MANIFEST])
    said["files"] = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sorted(pack.items())
        if name not in (MANIFEST, SIGNATURE)
    ]
    pack[MANIFEST] = json.dumps(said).encode()
    pack[SIGNATURE] = signed_manifest(pack[MANIFEST], [key])
    return pack
