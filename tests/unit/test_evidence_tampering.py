"""The table of tampering: every kind that is known, and what is found of each.

Each row is done by the office itself, which holds the key of the log: the manifest is listed and signed anew, so that
what finds the row is the proof, not the digest of a file. Rows of outsiders stand apart. A finding is written as kind,
file and seq.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.cli import command
from shared.contract import parse_instant
from shared.evidence import pack_rulebooks
from shared.evidence.log import trust_of
from shared.evidence.verdict import Verdict
from shared.rules.rulebooks.loading import Book, book_of_texts
from shared.tlog.checkpoints import Checkpoint, encode_hash, parse_checkpoint
from shared.tlog.hashing import leaf_hash, root_of
from shared.tlog.keys import Voucher
from shared.tlog.leaves import KeyLeaf, RulebookLeaf, decode_entry, fact_entry, set_aside_entry
from shared.tlog.notes import Cosigner, NoteSigner, parse_note, sign_note
from shared.tlog.tiles import decode_bundle, encode_bundle, parse_path
from shared.tlog.tlog_proof import TlogProof
from tests.rules.form import event_id
from tests.support import tampering as t
from tests.support.evidence import (
    KEY,
    ORIGIN,
    OTHER_KEY,
    OTHER_SCOPE,
    SCOPE,
    MemoryLog,
    made_pack,
    told_events,
    told_log,
    trust,
    verified,
    verified_export,
    verified_tiles,
    written,
    zipped,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FACTS, LEAVES, NODES, OPENED = "facts.ndjson", "leaves.ndjson", "nodes.bin", "opened.ndjson"
DECISIONS, PEOPLE, CHECKPOINT = "decisions.json", "people.json", "checkpoint"
CONSEQUENCES = {
    "decision.altered",
    "decision.missing",
    "decision.inserted",
    "judgement.differs",
    "judgement.failed",
}
"""What other facts lead to, when they are judged."""


def blanks_in(text: str) -> str:
    """Base64 with what a lenient reader passes over."""
    return f"{text[:20]} [{text[20:]}"


def other_end(text: str) -> str:
    """Base64 of 32 bytes whose last letter is another that stands for the same ones."""
    return text[:-1] + LETTERS[LETTERS.index(text[-1]) + 1]


PACK: dict[str, tuple[t.Hand, list[str]]] = {
    # facts
    "a bit of a fact": (t.text(FACTS, '"visit":"v2"', '"visit":"v0"', "v2"), [f"fact.altered {FACTS} 11"]),
    "who received a customer": (
        t.text(FACTS, '"received_by":"li"', '"received_by":"wang"', "v1"),
        [f"fact.altered {FACTS} 10", f"opened.altered {OPENED} -"],
    ),
    "when it happened": (
        t.text(FACTS, "2026-03-01T11:00:00", "2026-03-01T09:00:00", "v2"),
        [f"fact.altered {FACTS} 11"],
    ),
    "when it was recorded": (
        t.text(FACTS, '"recorded_at":"2026-03-01T03:02:00Z"', '"recorded_at":"2026-03-01T01:02:00Z"', "v2"),
        [f"fact.altered {FACTS} 11"],
    ),
    "who entered it": (t.text(FACTS, '"actor":"desk"', '"actor":"gao"', "v2"), [f"fact.altered {FACTS} 11"]),
    "a fact taken out": (t.without_fact("f2"), [f"fact.removed {FACTS} 15"]),
    "the last facts cut off": (
        t.without_fact("r1", "v4"), [f"fact.cut {FACTS} 18", f"fact.cut {FACTS} 19", f"opened.unknown {OPENED} -"],
    ),
    "a fact put in": (
        t.put_fact(lambda p, log: t.fact(p, "v1").replace(event_id("v1").encode(), event_id("new").encode()), "f1"),
        [f"fact.inserted {FACTS} -"],
    ),
    "two facts in each other's place": (t.swapped("v2", "f1"), [f"fact.reordered {FACTS} 11"]),
    "a fact twice": (t.put_fact(lambda p, log: t.fact(p, "v2"), "f1"), [f"fact.repeated {FACTS} 11"]),
    "a fact moved to another scope": (
        t.text(FACTS, '"scope":"demo"', '"scope":"gone"', "f2"), [f"fact.moved {FACTS} 15"],
    ),
    "a fact of another scope put in": (
        t.put_fact(lambda p, log: log.facts[OTHER_SCOPE][3], "f1"), [f"fact.moved {FACTS} -"],
    ),
    "sealed parts swapped": (t.parts_swapped, [f"fact.altered {FACTS} 10", f"fact.altered {FACTS} 12"]),
    "a bit of a sealed part": (
        t.text(FACTS, '"parts":{"p:', '"parts":{"w:', "f2"), [f"fact.altered {FACTS} 15"],
    ),
    "the proof of the words under a seal": (
        t.text(FACTS, '"digest":"', '"digest":"A', "v1"),
        [f"fact.altered {FACTS} 10", f"opened.altered {OPENED} -"],
    ),
    "a line that is no fact": (
        t.lines(FACTS, lambda lines: lines.insert(11, b"{not json")), [f"fact.unreadable {FACTS} -"],
    ),
    "a line without an end": (
        t.lines(FACTS, lambda lines: lines.insert(11, b"x" * 300_000)), [f"archive.damaged {FACTS} -"],
    ),
    "nothing but line breaks": (
        t.put(FACTS, b"\n" * 3),
        [f"fact.unreadable {FACTS} -", *(f"fact.cut {FACTS} {n}" for n in range(1, 20)), f"opened.unknown {OPENED} -",
         f"set_aside.removed {FACTS} -"],
    ),
    # proofs
    "a fact altered together with its leaf": (
        t.altered_with_leaf, [f"proof.broken {LEAVES} -", f"opened.altered {OPENED} -"],
    ),
    "a fact and its leaf left out, proven anew": (
        t.all_of(t.without_fact("f2"), t.without_leaf("fact", 15),
                 t.value("manifest.json", lambda said: said.update(seq=18))),
        [f"leaf.gap {FACTS} {n}" for n in (16, 17, 18, 19)],
    ),
    "a leaf left out": (
        t.lines(LEAVES, lambda lines: lines.pop(5)), [f"proof.broken {LEAVES} -"],
    ),
    "two leaves in each other's place": (
        t.lines(LEAVES, lambda lines: lines.insert(4, lines.pop(5))), [f"proof.broken {LEAVES} -"],
    ),
    "a leaf twice": (t.lines(LEAVES, lambda lines: lines.insert(4, lines[4])), [f"proof.broken {LEAVES} -"]),
    "a hash of the proof": (t.flipped(NODES, 5), [f"proof.broken {LEAVES} -"]),
    "a hash of the proof too few": (
        t.put(NODES, lambda p, log: p[NODES][:-32]), [f"proof.broken {LEAVES} -"],
    ),
    "a hash of the proof too many": (
        t.put(NODES, lambda p, log: p[NODES] + b"0" * 32), [f"proof.broken {LEAVES} -"],
    ),
    "a leaf that cannot be read": (
        t.lines(LEAVES, lambda lines: lines.insert(2, b"[" * 5000)), [f"proof.unreadable {LEAVES} -"],
    ),
    "a leaf that names another event": (
        t.text(LEAVES, event_id("v2"), event_id("new")), [f"leaf.altered {FACTS} 11"],
    ),
    "a leaf that says it is of another fact": (
        t.text(LEAVES, '"seq":11', '"seq":77'),
        [f"fact.altered {FACTS} 77", *(f"fact.reordered {FACTS} {n}" for n in range(12, 20))],
    ),
    "a setting aside that is listed as something else": (
        t.all_of(t.lines(FACTS, lambda lines: lines.pop()), t.listed_as("key", "set_aside", None)),
        [f"proof.unreadable {LEAVES} -"],
    ),
    "a setting aside that is listed as a rulebook": (
        t.all_of(t.lines(FACTS, lambda lines: lines.pop()), t.listed_as("rulebook", "set_aside", None)),
        [f"leaf.altered {LEAVES} -"],
    ),
    "the last fact listed as a rulebook": (
        t.all_of(t.without_fact("v4"), t.listed_as("rulebook", "fact", 19),
                 t.value("manifest.json", lambda said: said.update(seq=18))),
        [f"leaf.altered {LEAVES} -"],
    ),
    # the head of the log
    "a head signed by another key": (
        t.put(CHECKPOINT, lambda p, log: log.checkpoint(signer=OTHER_KEY)), [f"checkpoint.signature {CHECKPOINT} -"],
    ),
    "a head of another size": (
        t.put(CHECKPOINT, lambda p, log: log.checkpoint(len(log.entries) - 1)),
        [f"proof.broken {LEAVES} -", "manifest.head manifest.json -"],
    ),
    "a head whose root was altered": (
        t.text(CHECKPOINT, f"{ORIGIN}\n30\n", f"{ORIGIN}\n31\n"), [f"checkpoint.signature {CHECKPOINT} -"],
    ),
    "a head that is none": (t.put(CHECKPOINT, b"a head\n"), [f"checkpoint.unreadable {CHECKPOINT} -"]),
    "a head of another log": (
        t.put(CHECKPOINT, lambda p, log: bytes(
            sign_note(Checkpoint("other.example", 30, root_of(log.hashes)).text, [KEY]))),
        [f"checkpoint.origin {CHECKPOINT} -"],
    ),
    "a forged key in the history of keys": (
        t.put("keys.json", lambda p, log: json.dumps([
            f"{OTHER_KEY.verifier.vkey}\nc2sp.org/tlog-proof@v1\nindex 3\n\n" + log.checkpoint().decode()]).encode()),
        ["key.history keys.json -"],
    ),
    "a history of keys that is none": (t.put("keys.json", b'["\\ud800"]'), ["key.history keys.json -"]),
    # rulebooks
    "another text of a rulebook": (
        t.text("rulebooks/shijiazhuang@1/1.yaml", "version: 1", "version: 1 # x"),
        ["rulebook.text rulebooks/shijiazhuang@1 13"],
    ),
    "a text that is no rulebook": (
        t.put("rulebooks/shijiazhuang@1/1.yaml", b"- a\n"),
        ["rulebook.text rulebooks/shijiazhuang@1 13"],
    ),
    "a rulebook taken out": (
        t.drop("rulebooks/shijiazhuang@1"), ["rulebook.missing rulebooks/shijiazhuang@1 13"],
    ),
    "a text beside the adopted one, whose version reads the same": (
        t.put("rulebooks/base@01/0.yaml", b"rulebook: base\n"), ["archive.unexpected rulebooks/base@01/0.yaml -"],
    ),
    "a text beside the adopted one, whose number reads the same": (
        t.put("rulebooks/base@1/00.yaml", b"rulebook: base\n"), ["archive.unexpected rulebooks/base@1/00.yaml -"],
    ),
    "a rulebook that nobody adopted": (
        t.all_of(*(t.put(f"rulebooks/getian@1/{n}.yaml", lambda p, log, n=n: log.registry.texts_of(("getian", 1))[n])
                   for n in (0, 1))),
        ["rulebook.unlogged rulebooks/getian@1 -"],
    ),
    "another rulebook to begin under": (
        t.value("manifest.json", lambda said: said.update(rulebook="shijiazhuang@1")),
        ["rulebook.default manifest.json -"],
    ),
    "the leaf of an adoption left out, proven anew": (
        t.without_leaf("rulebook", 13),
        [f"rulebook.unlogged {LEAVES} 13", "rulebook.unlogged rulebooks/shijiazhuang@1 -"],
    ),
    "the leaf of an adoption altered": (
        t.text(LEAVES, "name shijiazhuang", "name getian"),
        [f"rulebook.text {LEAVES} -", f"rulebook.unlogged {LEAVES} 13", "rulebook.unlogged rulebooks/shijiazhuang@1 -"],
    ),
    # decisions
    "another owner in a decision": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"][2].update(owner="wang")),
        [f"decision.altered {DECISIONS} -"],
    ),
    "another clause in a decision": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"][-1].update(clause="base.honour")),
        [f"decision.altered {DECISIONS} -"],
    ),
    "a decision taken out": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"].pop()), [f"decision.missing {DECISIONS} -"],
    ),
    "a decision put in": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"].append(
            said["customers"][0]["decisions"][0])),
        [f"decision.inserted {DECISIONS} -"],
    ),
    "another owner at the end": (
        t.value(DECISIONS, lambda said: said["customers"][0].update(owner="wang")),
        [f"judgement.differs {DECISIONS} -"],
    ),
    "a dispute that was never ruled": (
        t.value(DECISIONS, lambda said: said["disputes"][0].update(status="open")), [f"decision.altered {DECISIONS} -"],
    ),
    "judged as of another time": (
        t.value(DECISIONS, lambda said: said.update(as_of="2026-03-20T00:00:00Z")),
        [f"judgement.differs {DECISIONS} -"],
    ),
    "a second customer in the decisions": (
        t.value(DECISIONS, lambda said: said["customers"].append({"customer": "x", "owner": "wang"})),
        [f"judgement.differs {DECISIONS} -"],
    ),
    "deals that are no list": (
        t.value(DECISIONS, lambda said: said.update(deals={"deal": "d1"})), [f"judgement.differs {DECISIONS} -"],
    ),
    "a decision that is nothing": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"].append(None)),
        [f"judgement.differs {DECISIONS} -"],
    ),
    "a decision because of nothing": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"].append({"because": []})),
        [f"decision.inserted {DECISIONS} -"],
    ),
    "a decision because of what is no list": (
        t.value(DECISIONS, lambda said: said["customers"][0]["decisions"].append({"because": 5})),
        [f"decision.inserted {DECISIONS} -"],
    ),
    "a further word that is nothing": (
        t.value(DECISIONS, lambda said: said["customers"][0].update(note=None)), [f"judgement.differs {DECISIONS} -"],
    ),
    "customers twice, of which readers differ": (
        t.put(DECISIONS, lambda p, log: p[DECISIONS].replace(b"{", b'{"customers":[{"owner":"wang"}],', 1)),
        [f"decision.altered {DECISIONS} -"],
    ),
    "decisions that are none": (t.put(DECISIONS, b"[" * 9000), [f"decision.altered {DECISIONS} -"]),
    # words in clear
    "other words": (
        t.text(OPENED, "预算 300 万", "预算 100 万"), [f"opened.altered {OPENED} 10"],
    ),
    "another name": (t.text(OPENED, "客户1", "客户8", "f1"), [f"opened.altered {OPENED} 12"]),
    "another phone in clear": (
        t.text(OPENED, "+8613800000001", "+8613800000007", "v1"), [f"opened.contact {OPENED} 10"],
    ),
    "another phone behind an id": (
        t.text(PEOPLE, "+8613800000001", "+8613800000007"),
        [f"opened.contact {OPENED} {n}" for n in (10, 12, 16)],
    ),
    "another phone in clear and behind the id": (
        t.all_of(
            t.text(PEOPLE, "+8613800000001", "+8613800000007"),
            *(t.text(OPENED, "+8613800000001", "+8613800000007", short) for short in ("v1", "f1", "p1")),
        ),
        [f"opened.altered {OPENED} {n}" for n in (10, 12, 16)],
    ),
    "another key that proves words": (
        t.value(PEOPLE, lambda said: [one.update(proof="A" * 43) for one in said.values()]),
        [f"opened.altered {OPENED} {n}" for n in (10, 12, 16, 17, 18)],
    ),
    "a key that proves words written otherwise": (
        t.value(PEOPLE, lambda said: [one.update(proof=blanks_in(one["proof"])) for one in said.values()]),
        [f"opened.key {OPENED} {n}" for n in (10, 12, 16, 17, 18)],
    ),
    "a key that proves words with other bits at its end": (
        t.value(PEOPLE, lambda said: [one.update(proof=other_end(one["proof"])) for one in said.values()]),
        [f"opened.key {OPENED} {n}" for n in (10, 12, 16, 17, 18)],
    ),
    "no key that proves words": (t.put(PEOPLE, b"{}"), [f"opened.key {OPENED} {n}" for n in (10, 12, 16, 17, 18)]),
    "words of one record in another": (
        t.text(OPENED, event_id("v1"), event_id("f1"), "v1"),
        [f"opened.altered {OPENED} 12", f"opened.repeated {OPENED} -"],
    ),
    "a record in clear that is no fact": (
        t.text(OPENED, event_id("v1"), event_id("new"), "v1"), [f"opened.unknown {OPENED} -"],
    ),
    "what stands open said otherwise in clear": (
        t.text(OPENED, '"received_by":"li"', '"received_by":"wang"', "v1"), [f"opened.altered {OPENED} 10"],
    ),
    "recorded at another time in clear": (
        t.text(OPENED, '"recorded_at":"2026-03-01T02:02', '"recorded_at":"2026-03-01T02:01', "v1"),
        [f"opened.altered {OPENED} 10"],
    ),
    "a line in clear that is none": (
        t.lines(OPENED, lambda lines: lines.append(b"{}")), [f"opened.unreadable {OPENED} -"],
    ),
    "a person whom no record in clear names": (
        t.value(PEOPLE, lambda said: said.update({"p:" + "0" * 26: {"contact": "+8613999999999", "proof": "A" * 43}})),
        [f"opened.unproven {PEOPLE} -"],
    ),
    "a contact of what has none": (
        t.value(PEOPLE, lambda said: [one.update(contact="+8613999999999") for id_, one in said.items()
                                      if id_.startswith("n:")]),
        [f"opened.unproven {PEOPLE} -"],
    ),
    "a record in clear of another customer": (
        t.shown_of_another("f2"), [f"opened.unknown {OPENED} -"],
    ),
    # set aside
    "a setting aside taken out": (
        t.lines(FACTS, lambda lines: lines.pop()), [f"set_aside.removed {FACTS} -"],
    ),
    "a setting aside put in": (
        t.lines(FACTS, lambda lines: lines.append(lines[-1].replace(event_id("v4").encode(), event_id("v2").encode()))),
        [f"set_aside.inserted {FACTS} -"],
    ),
    "the reason of a setting aside": (
        t.text(FACTS, "误登记", "重复"), [f"set_aside.inserted {FACTS} -", f"set_aside.removed {FACTS} -"],
    ),
    "a setting aside that is none": (
        t.lines(FACTS, lambda lines: lines.append(b'{"set_aside":5}')), [f"set_aside.inserted {FACTS} -"],
    ),
    # the list of files
    "another head in the manifest": (
        t.value("manifest.json", lambda said: said.update(size=31)), ["manifest.head manifest.json -"],
    ),
    "another log in the manifest": (
        t.value("manifest.json", lambda said: said.update(origin="other.example")),
        ["manifest.head manifest.json -", "manifest.signature manifest.note -"],
    ),
    "another time of judging in the manifest": (
        t.value("manifest.json", lambda said: said.update(as_of="2026-03-20T00:00:00Z")),
        ["judgement.differs manifest.json -"],
    ),
    "another customer in the manifest": (
        t.value("manifest.json", lambda said: said.update(customer="0195a000-0000-7000-8000-0000000000ff")),
        ["judgement.differs manifest.json -", f"decision.inserted {DECISIONS} -", f"judgement.differs {DECISIONS} -"],
    ),
    "a rulebook whose version is no number": (
        t.value("manifest.json", lambda said: said.update(rulebook="base@²")), ["rulebook.default manifest.json -"],
    ),
    "an unlisted form": (t.value("manifest.json", lambda said: said.update(seq=18)), [f"fact.cut {FACTS} -"]),
}  # fmt: skip


OUTSIDER: dict[str, tuple[t.Hand, list[str]]] = {
    "a file altered": (t.text("alerts.json", "[]", "{}"), ["manifest.digest alerts.json -"]),
    "the report altered": (t.put("access.json", b'["somebody"]\n'), ["manifest.digest access.json -"]),
    "a file taken out": (t.drop("alerts.json"), ["archive.missing alerts.json -"]),
    "a file put in": (t.put("report.en.pdf", b"%PDF"), ["manifest.unlisted report.en.pdf -"]),
    "a bit of the manifest": (
        t.text("manifest.json", '"panke_evidence"', ' "panke_evidence"'), ["manifest.signature manifest.note -"],
    ),
    "the customer in the manifest": (
        t.value("manifest.json", lambda said: said.update(customer="0195a000-0000-7000-8000-000000000006")),
        ["manifest.signature manifest.note -"],
    ),
    "no signature": (
        t.drop("manifest.note"), ["archive.missing manifest.note -", "manifest.signature manifest.note -"],
    ),
    "signed by somebody else": (
        lambda pack, log: t.relisted(pack, OTHER_KEY), ["manifest.signature manifest.note -"],
    ),
    "the signature of a checkpoint instead": (
        t.put("manifest.note", lambda p, log: p["checkpoint"]), ["manifest.signature manifest.note -"],
    ),
    "no manifest": (t.drop("manifest.json"), ["archive.damaged manifest.json -"]),
    "a manifest that is none": (t.put("manifest.json", b"[" * 9000), ["manifest.unreadable manifest.json -"]),
    "a file that the manifest lists twice": (
        t.value("manifest.json", lambda said: said["files"].append(said["files"][0])),
        ["archive.repeated manifest.json -", "manifest.signature manifest.note -"],
    ),
    "a name twice in the manifest": (
        t.text("manifest.json", "{", '{"customer":"x",'), ["manifest.unreadable manifest.json -"],
    ),
    "a path out of the pack": (t.put("../../etc/passwd", b"root"), ["archive.unexpected ../../etc/passwd -"]),
    "a path from the root": (t.put("/etc/passwd", b"root"), ["archive.unexpected /etc/passwd -"]),
}  # fmt: skip


def entry_at(
    files: t.Files, index: int, change: Callable[[bytes], bytes | None], *, hashed: bool = False
) -> None:
    """Another entry in a bundle, with its hash if wanted; None takes it out."""
    name = next(name for name in files if name.startswith("tile/entries/000"))
    tile = parse_path(name)
    assert tile is not None
    entries = decode_bundle(tile, files[name])
    made = change(entries[index])
    entries[index : index + 1] = [made] if made is not None else []
    files[name] = encode_bundle(entries)
    if hashed:
        files[name.replace("entries", "0")] = b"".join(map(leaf_hash, entries))


def tile_name(files: t.Files, level: str) -> str:
    return next(name for name in sorted(files) if name.startswith(f"tile/{level}/"))


def one_bit(files: t.Files, log: MemoryLog) -> None:
    entry_at(files, 12, lambda entry: t.bit(entry, -3))


def one_bit_hashed(files: t.Files, log: MemoryLog) -> None:
    entry_at(files, 12, lambda entry: entry.replace(b'"visit":"v1"', b'"visit":"v0"'), hashed=True)


BUNDLE, HASHES = "tile/entries/000.p/30", "tile/0/000.p/30"
TILES: dict[str, tuple[t.Hand, list[str]]] = {
    "a bit of an entry": (one_bit, [f"leaf.altered {BUNDLE} 10"]),
    "an entry and its hash": (one_bit_hashed, ["proof.broken checkpoint -"]),
    "a hash of a tile": (lambda files, log: t.flipped(HASHES, 40)(files, log), [f"tile.altered {HASHES} -"]),
    "an entry taken out": (
        lambda files, log: entry_at(files, 12, lambda entry: None), [f"tile.altered {BUNDLE} -"],
    ),
    "a bundle cut short": (t.put(BUNDLE, lambda files, log: files[BUNDLE][:-9]), [f"tile.altered {BUNDLE} -"]),
    "a bundle gone": (t.drop(BUNDLE), [f"tile.missing {BUNDLE} -"]),
    "the hashes gone": (t.drop(HASHES), [f"tile.missing {HASHES} -"]),
    "more in a tile than its hashes": (
        t.put(HASHES, lambda files, log: files[HASHES] + bytes(32)), [f"tile.altered {HASHES} -"],
    ),
    "a head signed by another key": (
        t.put("checkpoint", lambda files, log: log.checkpoint(signer=OTHER_KEY)), ["checkpoint.signature checkpoint -"],
    ),
    "an entry that is none": (
        lambda files, log: entry_at(files, 12, lambda entry: b"panke.log/v9 fact\n\n"),
        [f"leaf.altered {BUNDLE} -", f"leaf.unreadable {BUNDLE} -", f"leaf.gap {BUNDLE} 11"],
    ),
}  # fmt: skip


def resigned(change: Callable[[MemoryLog], object]) -> Callable[[], t.Files]:
    """The files of a log that was altered before it was signed, by who holds its key."""

    def made() -> t.Files:
        log = told_log()
        change(log)
        return log.files()

    return made


def entry_of(log: MemoryLog, seq: int, make: Callable[[Any], bytes]) -> None:
    index = next(leaf.index for leaf, scope in zip(log.lines, log.scopes, strict=True)
                 if (leaf.kind, leaf.seq, scope) == ("fact", seq, SCOPE))  # fmt: skip
    log.entries[index] = make(decode_entry(log.entries[index]))


def body_of(leaf: Any) -> bytes:
    return bytes(leaf.body.raw)


SIGNED_ANEW: dict[str, tuple[Callable[[], t.Files], list[str]]] = {
    "a fact back-dated in its entry and in itself": (
        resigned(lambda log: entry_of(log, 12, lambda leaf: fact_entry(
            SCOPE, 12, leaf.recorded_at - timedelta(days=3),
            body_of(leaf).replace(b'"recorded_at":"2026-03-02', b'"recorded_at":"2026-02-27')))),
        [f"leaf.backdated {BUNDLE} 12"],
    ),
    "a fact back-dated in its entry alone": (
        resigned(lambda log: entry_of(log, 12, lambda leaf: fact_entry(
            SCOPE, 12, leaf.recorded_at - timedelta(minutes=1), body_of(leaf)))),
        [f"fact.backdated {BUNDLE} 12"],
    ),
    "a seq left out": (
        resigned(lambda log: entry_of(log, 12, lambda leaf: fact_entry(SCOPE, 13, leaf.recorded_at, body_of(leaf)))),
        [f"leaf.gap {BUNDLE} 13", f"leaf.repeated {BUNDLE} 13"],
    ),
    "a fact under another scope": (
        resigned(lambda log: entry_of(log, 19, lambda leaf: fact_entry(
            OTHER_SCOPE, 7, leaf.recorded_at, body_of(leaf)))),
        [f"fact.moved {BUNDLE} 7", f"leaf.repeated {BUNDLE} 7"],
    ),
    "a setting aside that is none": (
        resigned(lambda log: log.add(SCOPE, set_aside_entry(SCOPE, b'{"set_aside":5}'), "set_aside", event="")),
        ["set_aside.altered tile/entries/000.p/31 -"],
    ),
    "bytes that are no fact": (
        resigned(lambda log: entry_of(log, 12, lambda leaf: fact_entry(SCOPE, 12, leaf.recorded_at, b"{}"))),
        [f"fact.unreadable {BUNDLE} 12"],
    ),
}  # fmt: skip


EXPORT: dict[str, tuple[t.Hand, list[str]]] = {
    "a fact altered": (t.text(FACTS, '"received_by":"li"', '"received_by":"wang"', "v1"), ["fact.altered 10"]),
    "a fact taken out": (t.without_fact("f2"), ["fact.removed 15"]),
    "a fact put in": (
        t.put_fact(lambda p, log: t.fact(p, "v1").replace(event_id("v1").encode(), event_id("new").encode()), "f1"),
        ["fact.inserted -"],
    ),
    "two facts in each other's place": (t.swapped("v2", "f1"), ["fact.reordered 11"]),
    "the end cut off": (t.without_fact("r1", "v4"), ["fact.cut 18", "fact.cut 19"]),
    "a fact back-dated": (
        t.text(FACTS, '"recorded_at":"2026-03-01T03', '"recorded_at":"2026-03-01T01', "v2"), ["fact.altered 11"],
    ),
    "a fact moved to another scope": (t.text(FACTS, '"scope":"demo"', '"scope":"gone"', "f2"), ["fact.moved 15"]),
    "a setting aside put in": (
        t.lines(FACTS, lambda lines: lines.append(lines[-1].replace(event_id("v4").encode(), event_id("v2").encode()))),
        ["set_aside.inserted -"],
    ),
    "a setting aside taken out": (t.lines(FACTS, lambda lines: lines.pop()), ["set_aside.removed -"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    return told_log()


@pytest.fixture(scope="module")
def whole(log: MemoryLog) -> t.Files:
    return made_pack(log)


def found(verdict: Verdict) -> set[str]:
    return {f"{one.kind} {one.file} {'-' if one.seq is None else one.seq}" for one in verdict.findings}


def essential(verdict: Verdict) -> set[str]:
    """Without what the rules give of other facts than those that were judged."""
    return {one for one in found(verdict) if one.split()[0] not in CONSEQUENCES}


@pytest.mark.parametrize("name", PACK)
def test_pack(name: str, log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """What the office itself tampers with in a pack, and signs anew, is found where it is."""
    hand, expected = PACK[name]
    pack = dict(whole)
    hand(pack, log)
    verdict = verified(tmp_path, t.relisted(pack))
    assert (found if expected[0].split()[0] in CONSEQUENCES else essential)(verdict) == set(expected)
    assert verdict.exit_code == 1


@pytest.mark.parametrize("name", OUTSIDER)
def test_outsider(name: str, log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """What somebody without the key of the log does to a pack is found by its list of files."""
    hand, expected = OUTSIDER[name]
    pack = dict(whole)
    hand(pack, log)
    assert essential(verified(tmp_path, pack)) == set(expected)


@pytest.mark.parametrize("name", TILES)
def test_tiles(name: str, log: MemoryLog, tmp_path: Path) -> None:
    """What is tampered with in the files of a log is found where it is."""
    hand, expected = TILES[name]
    files = log.files()
    hand(files, log)
    assert found(verified_tiles(tmp_path, files)) == set(expected)


@pytest.mark.parametrize("name", SIGNED_ANEW)
def test_signed_anew(name: str, tmp_path: Path) -> None:
    """A log that was signed as it should never have been does not pass for that."""
    make, expected = SIGNED_ANEW[name]
    assert found(verified_tiles(tmp_path, make())) == set(expected)


@pytest.mark.parametrize("name", EXPORT)
def test_export(name: str, log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """What is tampered with in an export is found by the files of the log."""
    hand, expected = EXPORT[name]
    pack = {FACTS: whole[FACTS]}
    hand(pack, log)
    verdict = verified_export(tmp_path, pack[FACTS], log.files())
    assert {f"{one.kind} {'-' if one.seq is None else one.seq}" for one in verdict.findings} == set(expected)


def test_export_of_a_log_with_an_event_twice(log: MemoryLog, tmp_path: Path) -> None:
    """An event that somebody logged twice is found in an export, as it is in a pack."""
    twice = told_log()
    body = twice.facts[SCOPE][-1]
    twice.put(SCOPE, body, parse_instant(json.loads(body)["recorded_at"]), event_id("v4"))
    export = b"".join(line + b"\n" for line in (*twice.facts[SCOPE], *twice.asides[SCOPE]))
    verdict = verified_export(tmp_path, export, twice.files())
    assert [(one.kind, one.line, one.event) for one in verdict.findings] == [
        ("fact.repeated", 20, event_id("v4"))
    ]


def test_texts_not_read(
    log: MemoryLog, whole: t.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text is read as a rulebook only where the log names it, whatever somebody has put into a pack."""
    read: list[str] = []

    def noted(texts: list[bytes], shown: str) -> Book:
        read.append(shown)
        return book_of_texts(texts, shown)

    monkeypatch.setattr(pack_rulebooks, "book_of_texts", noted)
    more = {f"rulebooks/x{number}@1/0.yaml": b"rulebook: x\n" for number in range(9)}
    pack = dict(whole) | more | {"rulebooks/shijiazhuang@1/1.yaml": b"rulebook: shijiazhuang\n"}
    assert {one.kind for one in verified(tmp_path, t.relisted(pack)).findings} >= {
        "rulebook.text",
        "rulebook.unlogged",
    }
    assert read == ["rulebooks/base@1"]


def put_rulebook(log: MemoryLog, seq: int, name: str) -> None:
    """An entry of the log by which the scope is judged under a rulebook from a fact on."""
    book = log.registry.find(name).rulebook
    entry = RulebookLeaf(SCOPE, seq, book.name, book.version, book.sha256).encode()
    log.add(SCOPE, entry, "rulebook", seq=seq, data=entry.decode())


@pytest.mark.parametrize(
    ("seq", "begun_under", "expected"),
    [(1, "shijiazhuang", {"rulebook.default manifest.json -"}), (1, "base", set()),
     (5, "base", {f"rulebook.unlogged {LEAVES} 5"}), (77, "base", {f"rulebook.unlogged {LEAVES} 77"})],
)  # fmt: skip
def test_rulebook_at_another_fact(seq: int, begun_under: str, expected: set[str], tmp_path: Path) -> None:
    """A rulebook that the log names where none was adopted gives nobody the choice under which one to judge."""
    log = told_log()
    put_rulebook(log, seq, "shijiazhuang")
    assert essential(verified(tmp_path, made_pack(log, rulebook=(begun_under, 1)))) == expected


def test_first_fact_adopts(tmp_path: Path) -> None:
    """A scope whose first fact adopts a rulebook began under another one, and the log has both."""
    events = sorted(told_events(), key=lambda one: one["type"] != "rulebook.adopted")
    events[0] |= {"recorded_at": "2025-12-01T00:00:00Z", "occurred_at": "2025-12-01T00:00:00Z"}
    log = told_log(events)
    assert log.adopted[SCOPE][:2] == [("base", 1), ("shijiazhuang", 1)]
    assert verified(tmp_path, made_pack(log)).findings == []
    assert found(verified(tmp_path, made_pack(log, rulebook=("shijiazhuang", 1)))) == {
        "rulebook.default manifest.json -"
    }


def test_not_judged(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """Facts that are not the log's are not judged: nobody knows how many of them there are, nor what they decide."""
    for hand in (t.lines(FACTS, lambda lines: lines.extend([lines[-1].replace(b"gao", b"lie")] * 9)),
                 t.text(FACTS, '"received_by":"li"', '"received_by":"wang"', "v1")):  # fmt: skip
        pack = dict(whole)
        hand(pack, log)
        verdict = verified(tmp_path, t.relisted(pack))
        assert not {one.kind for one in verdict.findings} & CONSEQUENCES
        assert ["were not judged" in text.en for text in verdict.unknown] == [True]


def test_untouched(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """The same pack, files and export pass when nobody has touched them."""
    with_files = trust(tiles=written(tmp_path / "log", log.files()), checkpoint=log.checkpoint(20))
    for verdict in (
        verified(tmp_path, whole),
        verified(tmp_path, t.relisted(dict(whole))),
        verified(tmp_path, whole, with_files),
        verified_tiles(tmp_path / "files", log.files()),
        verified_export(tmp_path, whole[FACTS], log.files()),
    ):
        assert (verdict.findings, verdict.unknown, verdict.notices) == ([], [], [])
        assert verdict.exit_code == 0


def test_forked(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """Two heads of one size that the log signed are a fork, and so is one that does not go on from the other."""
    other = told_log()  # other nonces, so another root
    assert found(verified(tmp_path, whole, trust(checkpoint=other.checkpoint()))) == {
        f"checkpoint.fork {CHECKPOINT} -"
    }
    forked = trust(checkpoint=log.checkpoint(20), tiles=written(tmp_path / "fork", other.files()))
    assert {one.kind for one in verified(tmp_path, whole, forked).findings} >= {"checkpoint.fork"}
    older = trust(checkpoint=other.checkpoint(20))
    assert found(verified_tiles(tmp_path / "own", log.files(), older)) == {"checkpoint.fork --checkpoint -"}


def test_consistent(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """A proof leads from an earlier head to that of a pack; one of another log does not."""
    from shared.tlog.proofs import prove_consistency

    def proof(of: MemoryLog) -> bytes:
        hashes = of.hashes
        subtree = lambda level, index: root_of(hashes[index << level : (index + 1) << level])  # noqa: E731
        return b"".join(f"{encode_hash(one)}\n".encode() for one in prove_consistency(20, 30, subtree))

    given = {"checkpoint": log.checkpoint(20), "consistency": proof(log)}
    assert verified(tmp_path, whole, trust(**given)).exit_code == 0
    told = {
        "first": 20,
        "second": 30,
        "proof": proof(log).decode().split(),
        "checkpoint": log.checkpoint().decode(),
    }
    assert (
        verified(tmp_path, whole, trust(**given | {"consistency": json.dumps(told).encode()})).exit_code == 0
    )
    given["consistency"] = proof(told_log())
    assert found(verified(tmp_path, whole, trust(**given))) == {f"checkpoint.fork {CHECKPOINT} -"}
    del given["consistency"]
    assert verified(tmp_path, whole, trust(**given)).exit_code == 2


def test_suffix(log: MemoryLog, tmp_path: Path) -> None:
    """The end of a scope that is left out, proven anew and signed by the office, is found by the files of the log."""
    pack = made_pack(log)
    for hand in (t.without_fact("v4"), t.lines(FACTS, lambda lines: lines.pop()), t.without_leaf("fact", 19),
                 t.without_leaf("set_aside", None),
                 t.value("manifest.json", lambda said: said.update(seq=18))):  # fmt: skip
        hand(pack, log)
    with_files = trust(tiles=written(tmp_path / "log", log.files()))
    assert essential(verified(tmp_path, t.relisted(pack), with_files)) == {
        f"leaf.cut {LEAVES} 19", f"leaf.cut {LEAVES} -",
    }  # fmt: skip


def test_log_cut(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """A log that is shorter than it was is found by a head that was kept, or by a pack."""
    kept = trust(checkpoint=log.checkpoint())
    assert found(verified_tiles(tmp_path / "short", log.files(25), kept)) == {"checkpoint.cut --checkpoint -"}
    by_pack = trust(tiles=tmp_path / "short")
    assert found(verified(tmp_path, whole, by_pack)) == {"checkpoint.cut --tiles/checkpoint -"}


def test_witness(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """Who asks for a witness's signature is told where it is missing."""
    witness = Cosigner("witness.example", Ed25519PrivateKey.generate())
    asked = trust(witnesses=[witness.verifier.vkey])
    assert found(verified(tmp_path, whole, asked)) == {f"checkpoint.witness {CHECKPOINT} -"}
    signature = witness.cosign(
        log.checkpoint().decode().rpartition("\n\n")[0] + "\n", parse_instant("2026-03-07T00:00:00Z")
    )
    pack = dict(whole) | {"checkpoint": log.checkpoint() + signature.line.encode()}
    assert verified(tmp_path, t.relisted(pack), asked).exit_code == 0


def test_two_logs(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """Who trusts two logs is not told by the key of the one what stands in the other."""
    other = NoteSigner("second.example/panke", Ed25519PrivateKey.from_private_bytes(b"s" * 32))
    both = {"keys": [KEY.verifier.vkey, other.verifier.vkey]}
    head = parse_checkpoint(parse_note(log.checkpoint()).text)
    forged = dict(whole) | {CHECKPOINT: bytes(sign_note(head.text, [other]))}
    assert found(verified(tmp_path, t.relisted(forged), trust_of(**both))) == {
        f"checkpoint.signature {CHECKPOINT} -"
    }
    by_other = t.relisted(dict(whole), other)
    assert found(verified(tmp_path, by_other, trust_of(**both))) == {"manifest.signature manifest.note -"}
    beside = bytes(sign_note(head._replace(origin=other.verifier.name).text, [other]))
    assert found(verified(tmp_path, whole, trust_of(**both, checkpoint=beside))) == {
        "checkpoint.origin --checkpoint -"
    }
    files = written(tmp_path / "log", log.files() | {"checkpoint": beside})
    assert found(verified(tmp_path, whole, trust_of(**both, tiles=files))) == {
        "checkpoint.origin --tiles/checkpoint -"
    }


def test_voucher_of_another_log(log: MemoryLog, whole: t.Files, tmp_path: Path) -> None:
    """What a key has signed for another log vouches for nobody in this one."""
    entry = KeyLeaf(OTHER_KEY.verifier.vkey).encode()
    head = Checkpoint("other.example", 1, root_of([leaf_hash(entry)]))
    voucher = bytes(Voucher(OTHER_KEY.verifier.vkey, TlogProof(0, (), bytes(sign_note(head.text, [KEY])))))
    pack = dict(whole) | {"keys.json": json.dumps([voucher.decode()]).encode()}
    assert found(verified(tmp_path, t.relisted(pack))) == {"key.history keys.json -"}
    own = bytes(sign_note(head._replace(origin=ORIGIN).text, [KEY]))
    pack["keys.json"] = json.dumps(
        [bytes(Voucher(OTHER_KEY.verifier.vkey, TlogProof(0, (), own))).decode()]
    ).encode()
    assert found(verified(tmp_path, t.relisted(pack, OTHER_KEY))) == set()


def test_wrong_key(whole: t.Files, tmp_path: Path) -> None:
    """A key that is not the log's verifies nothing."""
    assert "checkpoint.signature" in {
        one.kind for one in verified(tmp_path, whole, trust(OTHER_KEY)).findings
    }


def test_zip(whole: t.Files, tmp_path: Path) -> None:
    """A bit of the zip, and a name that stands there twice, are found."""
    raw = zipped(whole)
    at = raw.index(b"facts.ndjson") + 300
    assert "archive.damaged facts.ndjson -" in found(verified(tmp_path, t.bit(raw, at)))
    path = tmp_path / "twice.zip"
    path.write_bytes(raw)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as more:
        more.writestr("alerts.json", b"[1]")
    assert "archive.repeated alerts.json -" in found(verified(tmp_path, path.read_bytes()))


def rezipped(whole: t.Files, how: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", how) as packed:
        for name, data in whole.items():
            packed.writestr(name, data)
    return target.getvalue()


class Unseekable(io.BytesIO):
    """What a zip is streamed into: sizes stand behind each file."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_: int) -> int:
        raise OSError


def streamed(whole: t.Files) -> bytes:
    target = Unseekable()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in whole.items():
            packed.writestr(name, data)
    return target.getvalue()


ZIPS: dict[str, tuple[Callable[[t.Files], bytes], int]] = {
    "stored": (lambda whole: rezipped(whole, zipfile.ZIP_STORED), 0),
    "deflated": (lambda whole: rezipped(whole, zipfile.ZIP_DEFLATED), 0),
    "streamed": (streamed, 0),
    "packed by bzip2": (lambda whole: rezipped(whole, zipfile.ZIP_BZIP2), 1),
    "packed by lzma": (lambda whole: rezipped(whole, zipfile.ZIP_LZMA), 1),
    "a bit of what lzma packed": (
        lambda whole: t.bit(raw := rezipped(whole, zipfile.ZIP_LZMA), raw.index(b"facts.ndjson") + 30), 1,
    ),
    "another pack in front": (lambda whole: zipped({"alerts.json": b"[1]"}) + zipped(whole), 2),
    "another pack behind": (lambda whole: zipped(whole) + zipped({"alerts.json": b"[1]"}), 2),
    "bytes behind": (lambda whole: zipped(whole) + b"more", 2),
    "bytes in front": (lambda whole: b"PK\x03\x04more" + zipped(whole), 2),
    "a comment": (lambda whole: zipped(whole)[:-2] + b"\x04\0more", 2),
    "a file that the list does not have": (lambda whole: unlisted(zipped(whole)), 2),
    "a file that begins beyond all": (lambda whole: moved(rezipped(whole, 0), 0x7FFFFFFF), 2),
    "a file that begins before all": (lambda whole: moved(rezipped(whole, 0), 7), 2),
    "a size that stands otherwise before the file": (
        lambda whole: (raw := rezipped(whole, 0))[:18] + bytes(4) + raw[22:], 2,
    ),
    "a list that says it has fewer": (lambda whole: fewer(zipped(whole)), 2),
    "a list of 64 bits that is not where it is": (lambda whole: far_list(zipped(whole)), 2),
}  # fmt: skip


def unlisted(raw: bytes) -> bytes:
    """The first file of the zip taken out of the list, while it stands there still."""
    first, end = raw.index(b"PK\x01\x02"), raw.index(b"PK\x05\x06")
    second = raw.index(b"PK\x01\x02", first + 4)
    count = int.from_bytes(raw[end + 10 : end + 12], "little") - 1
    counted = count.to_bytes(2, "little") * 2
    length = (end - second).to_bytes(4, "little")
    return raw[:first] + raw[second:end] + raw[end : end + 8] + counted + length + raw[end + 16 :]


def moved(raw: bytes, to: int) -> bytes:
    """The list says of its first file that it begins elsewhere."""
    at = raw.index(b"PK\x01\x02") + 42
    return raw[:at] + to.to_bytes(4, "little") + raw[at + 4 :]


def fewer(raw: bytes) -> bytes:
    """The list counts one file, and holds them all."""
    at = raw.index(b"PK\x05\x06") + 8
    return raw[:at] + b"\x01\0\x01\0" + raw[at + 4 :]


def far_list(raw: bytes) -> bytes:
    """A locator of 64 bits whose field reads as the mark of what it should lead to."""
    end = raw.index(b"PK\x05\x06")
    locator = b"PK\x06\x07" + bytes(4) + b"PK\x06\x06" + bytes(4) + b"\x01\0\0\0"
    return raw[:end] + locator + raw[end:]


@pytest.mark.parametrize("name", ZIPS)
def test_zips(name: str, whole: t.Files, tmp_path: Path) -> None:
    """A plain zip of the same files passes, whoever packed it; one that other readers would read otherwise does not."""
    make, code = ZIPS[name]
    path = tmp_path / "pack.zip"
    path.write_bytes(make(whole))
    done = CliRunner().invoke(command(), ["verify", str(path), "--key", KEY.verifier.vkey])
    assert isinstance(done.exception, SystemExit) or done.exception is None
    assert done.exit_code == code
