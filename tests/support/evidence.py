"""A small log in memory, of two scopes under seal, and packs of a customer who is in dispute there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.contract import canonical, parse_instant
from shared.contract.wire import stamp_canonical
from shared.evidence.archive import write_archive
from shared.evidence.export import verify_export
from shared.evidence.form import LeafLine
from shared.evidence.log import Trust, signed_manifest, trust_of
from shared.evidence.making import PackSource, ScopeInLog, pack_files
from shared.evidence.multiproof import between
from shared.evidence.pack import verify_pack
from shared.evidence.tiles import verify_tiles
from shared.evidence.verdict import Verdict
from shared.rules.rulebooks.registry import Registry
from shared.tlog.checkpoints import Checkpoint, encode_hash
from shared.tlog.hashing import leaf_hash, root_of
from shared.tlog.leaves import Body, RulebookLeaf, fact_entry, set_aside_entry
from shared.tlog.notes import NoteSigner, sign_note
from shared.tlog.tiles import WIDTH, encode_bundle, tiles_of
from tests.rules.form import contact, enrolments, event_id, expand
from tests.support.sealing import MemoryVault

Json = dict[str, Any]
ORIGIN = "log.example/panke"
KEY = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"k" * 32))
OTHER_KEY = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"o" * 32))
SCOPE, OTHER_SCOPE = "demo", "elsewhere"
DISPUTED = "1"
OTHERS_NAME, OTHERS_PHONE = "客户2", contact("2")


def told_events() -> list[Json]:
    """Two consultants received one customer, and another scope has days of its own meanwhile."""
    notes = {"notes": "预算 300 万，看中三期", "channel": "路过"}
    other = {"name": OTHERS_NAME, "phones": [OTHERS_PHONE]}
    said: list[Json] = [
        {"visit": "v1", "at": "03-01 10:00", "who": "1", "by": "li", **notes},
        {"visit": "v2", "at": "03-01 11:00", "who": "2", "by": "wang", "notes": "另一位客户的话"},
        {"follow": "f1", "at": "03-02 10:00", "who": "1", "by": "li", "content": "回访：周末再来"},
        {"adopt": "a1", "at": "03-02 12:00", "rulebook": "shijiazhuang", "from": "03-03 00:00"},
        {"visit": "v3", "at": "03-04 10:00", "who": "1", "by": "wang", "companions": [other]},
        {"follow": "f2", "at": "03-04 11:00", "who": "2", "by": "wang"},
        {"dispute": "p1", "at": "03-05 10:00", "who": "1", "by": "li"},
        {"evidence": "e1", "at": "03-05 11:00", "of": "p1"},
        {"rule": "r1", "at": "03-06 10:00", "of": "p1", "by": "gao", "owner": "li"},
        {"visit": "v4", "at": "03-06 12:00", "who": "3", "by": "zhao"},
    ]  # fmt: skip
    events = [*(expand(one) for one in enrolments()), *(expand(one) for one in said)]
    beside = {"scope": OTHER_SCOPE, "office": "elsewhere-office"}
    there: list[Json] = [
        {"enrol": "x-li", "name": "x-li", "at": "03-01 08:00", **beside},
        *(
            {"visit": f"x{n}", "at": f"03-0{n} 10:30", "who": "9", "by": "x-li", **beside}
            for n in range(1, 7)
        ),
    ]
    return sorted(
        [*events, *(expand(one) for one in there)], key=lambda one: parse_instant(one["recorded_at"])
    )


@dataclass
class MemoryLog:
    """Entries in their order, and what they were made of."""

    vault: MemoryVault = field(default_factory=MemoryVault)
    entries: list[bytes] = field(default_factory=list)
    lines: list[LeafLine] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    facts: dict[str, list[bytes]] = field(default_factory=dict)
    asides: dict[str, list[bytes]] = field(default_factory=dict)
    registry: Registry = field(default_factory=Registry)
    adopted: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def take(self, event: Json) -> None:
        """A recorded event: sealed, numbered, and put into the log."""
        line = json.dumps(event, ensure_ascii=False).encode()
        recorded_at = parse_instant(event["recorded_at"])
        body = self.vault.sealed(stamp_canonical(canonical(line), recorded_at))
        self.put(event["scope"], body, recorded_at, event["id"])
        if event["type"] == "rulebook.adopted":
            self.adopt(event["scope"], len(self.facts[event["scope"]]), event["data"]["rulebook"])

    def put(self, scope: str, body: bytes, recorded_at: datetime, event: str) -> None:
        known = self.facts.setdefault(scope, [])
        known.append(body)
        if len(known) == 1:
            self.adopt(scope, 1, "base")
        self.add(scope, fact_entry(scope, len(known), recorded_at, body), "fact", seq=len(known), event=event)

    def adopt(self, scope: str, seq: int, name: str) -> None:
        book = self.registry.find(name).rulebook
        self.adopted.setdefault(scope, []).append((book.name, book.version))
        entry = RulebookLeaf(scope, seq, book.name, book.version, book.sha256).encode()
        self.add(scope, entry, "rulebook", seq=seq, data=entry.decode())

    def set_aside(self, scope: str, event: str) -> None:
        told = {"set_aside": event, "reason": "误登记", "by": "gao", "at": "2026-03-06T06:00:00Z"}
        line = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        self.asides.setdefault(scope, []).append(line)
        self.add(scope, set_aside_entry(scope, line), "set_aside", event=event)

    def add(self, scope: str, entry: bytes, kind: str, **said: Any) -> None:
        self.lines.append(LeafLine(len(self.entries), encode_hash(leaf_hash(entry)), kind, **said))
        self.entries.append(entry)
        self.scopes.append(scope)

    @property
    def hashes(self) -> list[bytes]:
        return [leaf_hash(entry) for entry in self.entries]

    def checkpoint(self, size: int | None = None, signer: NoteSigner = KEY) -> bytes:
        count = len(self.entries) if size is None else size
        said = Checkpoint(ORIGIN, count, root_of(self.hashes[:count]))
        return bytes(sign_note(said.text, [signer]))

    def files(self, size: int | None = None) -> dict[str, bytes]:
        """The log as files, by path."""
        count = len(self.entries) if size is None else size
        found = {"checkpoint": self.checkpoint(count)}
        level = self.hashes[:count]
        rows = {0: level}
        while len(level) >= WIDTH:
            level = [root_of(level[at : at + WIDTH]) for at in range(0, len(level) - WIDTH + 1, WIDTH)]
            rows[len(rows)] = level
        for tile in tiles_of(count):
            start = tile.index * WIDTH
            found[tile.path] = b"".join(rows[tile.level or 0][start : start + tile.width])
            if tile.level == 0:
                found[tile.bundle.path] = encode_bundle(self.entries[start : start + tile.width])
        return found

    def body_files(self) -> dict[str, bytes]:
        """The bytes that lie beside the entries, by path."""
        facts = list(chain(*self.facts.values()))
        made = zip(map(Body.of, facts), facts, strict=True)
        return {body.path: raw for body, raw in made if body.raw is None}

    def scope_in_log(self, scope: str, size: int | None = None) -> ScopeInLog:
        count = len(self.entries) if size is None else size
        hashes = self.hashes[:count]
        leaves = [
            line for line, its in zip(self.lines[:count], self.scopes[:count], strict=True) if its == scope
        ]
        nodes = b"".join(
            root_of(hashes[low:high]) for low, high in between(count, [leaf.index for leaf in leaves])
        )
        root = root_of(hashes).hex()
        return ScopeInLog(self.checkpoint(count), ORIGIN, count, root, leaves, nodes, KEY.verifier.vkey)

    def source(self, customer: str, scope: str = SCOPE, size: int | None = None, **more: Any) -> PackSource:
        placed = self.scope_in_log(scope, size)
        seq = max(leaf.seq or 0 for leaf in placed.leaves if leaf.kind == "fact")
        texts = {known: self.registry.texts_of(known) for known in self.adopted[scope]}
        given: Json = {
            "scope": scope, "customer": customer, "facts": lambda: iter(self.facts[scope][:seq]), "count": seq,
            "set_asides": self.asides.get(scope, []), "rulebook": ("base", 1), "texts": texts, "log": placed,
            "keys_of": lambda ids: {id_: key for id_, key in self.vault.people.items() if id_ in ids},
            "sign": lambda manifest: signed_manifest(manifest, [KEY]),
        }  # fmt: skip
        return PackSource(**(given | more))


def told_log(events: Iterable[Json] | None = None) -> MemoryLog:
    """The log of `told_events`."""
    log = MemoryLog()
    for event in told_events() if events is None else events:
        log.take(event)
    log.set_aside(SCOPE, event_id("v4"))
    return log


def customer_of(log: MemoryLog, number: str = DISPUTED, scope: str = SCOPE) -> str:
    """The id of a customer by the number of the phone."""
    from shared.rules.judge.judge import judge

    books = log.registry.books
    result = judge((body + b"\n" for body in log.facts[scope]), books["base", 1], books)
    person = log.vault.found[scope, contact(number)].id
    return next(str(one.customer) for one in result.customers if person in one.contacts)


def whole(files: Mapping[str, Callable[[], Iterable[bytes]]]) -> dict[str, bytes]:
    """The files of a pack as bytes."""
    return {name: b"".join(pieces()) for name, pieces in files.items()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A pack of these files."""
    target = io.BytesIO()
    write_archive(target, {name: (lambda data=data: (data,)) for name, data in files.items()})
    return target.getvalue()


def made_pack(log: MemoryLog, **more: Any) -> dict[str, bytes]:
    """The files of a pack on the disputed customer."""
    return whole(pack_files(log.source(customer_of(log), **more)))


def trust(key: NoteSigner = KEY, **more: Any) -> Trust:
    return trust_of([key.verifier.vkey], **more)


def verified(folder: Path, pack: Mapping[str, bytes] | bytes, by: Trust | None = None) -> Verdict:
    """What `panke verify` says of a pack."""
    path = folder / "pack.zip"
    path.write_bytes(pack if isinstance(pack, bytes) else zipped(pack))
    return verify_pack(path, by or trust())


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Files below a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def verified_tiles(folder: Path, files: Mapping[str, bytes], by: Trust | None = None) -> Verdict:
    """What `panke verify` says of the files of a log."""
    return verify_tiles(written(folder, files), by or trust())


def kinds(verdict: Verdict) -> set[str]:
    return {finding.kind for finding in verdict.findings}


def verified_export(folder: Path, export: bytes, files: Mapping[str, bytes]) -> Verdict:
    """What `panke verify` says of an export beside the files of a log."""
    path = folder / "export.ndjson"
    path.write_bytes(export)
    return verify_export(path, trust(tiles=written(folder / "files-of-log", files)))
