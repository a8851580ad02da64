"""The facts of a pack: proven to stand in the log, each as it was sealed, none left out, none back-dated.

The hashes of the leaves are held against the root first, so that each fact can then be held against its own leaf, and
what is wrong is told with its place. Facts are read in one pass; only where one does not fit are they looked through
again, to say what happened to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.contract import MAX_SEALED_BYTES
from shared.contract.times import parse_utc
from shared.evidence import form
from shared.evidence.archive import DamagedError, PackArchive
from shared.evidence.fact_places import PlacedFact, classify
from shared.evidence.form import LeafLine, Manifest
from shared.evidence.log import fact_leaf_hash, unpacked
from shared.evidence.multiproof import BrokenProofError, LeafAt, root_of
from shared.evidence.verdict import Discrepancy, Kind, UnverifiableError, Verdict
from shared.i18n import Text, translated
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.hashing import leaf_hash
from shared.tlog.leaves import set_aside_entry

LONGEST_LEAF: Final = 4 * MAX_SEALED_BYTES
_leaf: Final = msgspec.json.Decoder(LeafLine).decode


class FactGlance(Struct):
    """What of a fact is looked at in passing."""

    id: str
    scope: str
    recorded_at: str


class _Line(Struct):
    set_aside: str | None = None


_fact: Final = msgspec.json.Decoder(FactGlance).decode
_line: Final = msgspec.json.Decoder(_Line).decode
_BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def leaves_of(archive: PackArchive) -> Iterator[LeafLine]:
    """The leaves as the pack lists them; raises `DamagedError` and `UnverifiableError`."""
    for line in archive.lines(form.LEAVES, LONGEST_LEAF):
        try:
            yield _leaf(line)
        except _BROKEN as error:
            raise UnverifiableError(
                translated("{name} is not what a pack holds: {error}", name=form.LEAVES, error=error)
            ) from None


def check_proof(archive: PackArchive, checkpoint: Checkpoint, verdict: Verdict) -> bool:
    """Whether the leaves stand in the log of the checkpoint."""
    try:
        root = root_of(checkpoint.size, _hashes(archive), archive.read(form.NODES))
    except (DamagedError, UnverifiableError) as error:
        told = translated("the proofs cannot be read: {error}", error=error)
        verdict.find(Discrepancy("proof.unreadable", told, form.LEAVES))
        return False
    except BrokenProofError:
        root = b""
    if root != checkpoint.root:
        told = translated(
            "the leaves and the proof do not give the root that was signed: a leaf or a hash was altered, added or "
            "left out"
        )
        verdict.find(Discrepancy("proof.broken", told, form.LEAVES))
        return False
    return True


def _hashes(archive: PackArchive) -> Iterator[LeafAt]:
    for leaf in leaves_of(archive):
        yield leaf.index, unpacked(leaf.hash)


def check_facts(archive: PackArchive, manifest: Manifest, verdict: Verdict) -> bool:
    """Whether each fact is that of its leaf, in one pass; what is wrong is found."""
    try:
        fits = _fit(archive, manifest, verdict)
    except DamagedError:
        told = translated("the bytes are damaged, or a line is longer than any fact")
        verdict.find(Discrepancy("archive.damaged", told, form.FACTS))
        return False
    if not fits:
        expected = [leaf for leaf in leaves_of(archive) if leaf.kind == "fact"]
        found = (_placed(n, line) for n, line in enumerate(fact_lines(archive), start=1))
        classify(manifest.scope, expected, found, verdict)
    return fits


def _fit(archive: PackArchive, manifest: Manifest, verdict: Verdict) -> bool:
    """Whether every line is the fact of its leaf; gaps and times are found on the way."""
    order = _Order(manifest.scope, verdict)
    leaves = (leaf for leaf in leaves_of(archive) if leaf.kind == "fact")
    count = 0
    for line, leaf in zip_longest(fact_lines(archive), leaves):
        if line is None or leaf is None or leaf.seq is None:
            return False
        if fact_leaf_hash(manifest.scope, leaf.seq, line) != unpacked(leaf.hash):
            return False
        count += 1
        order.check(count, leaf, line)
    verdict.facts = count
    order.end(count, manifest.seq)
    return True


class _Order:
    """What shows across the facts of a scope: that no seq lacks, no time goes back, no id comes twice."""

    def __init__(self, scope: str, verdict: Verdict) -> None:
        self._scope = scope
        self._verdict = verdict
        self._before: datetime | None = None
        self._ids: set[int] = set()

    def check(self, number: int, leaf: LeafLine, line: bytes) -> None:
        place = {
            "file": form.FACTS,
            "line": number,
            "scope": self._scope,
            "seq": leaf.seq,
            "event": leaf.event,
        }
        if leaf.seq != number:
            told = translated(
                "the facts of the scope have a gap: {seq} stands where {number} is due",
                seq=leaf.seq,
                number=number,
            )
            self._find("leaf.gap", told, place)
            return
        try:
            fact = _fact(line)
        except _BROKEN:
            self._find("fact.unreadable", translated("the line is no fact"), place)
            return
        if fact.id != leaf.event:
            self._find("leaf.altered", translated("the leaf names another event than its fact"), place)
        if fact.scope != self._scope:
            told = translated("the fact says that it is of the scope {scope}", scope=fact.scope)
            self._find("fact.moved", told, place)
        recorded_at = parse_utc(fact.recorded_at)  # that of its leaf: as texts, 04.5Z comes before 04Z
        if self._before is not None and recorded_at < self._before:
            told = translated(
                "it is recorded at {at}, before the fact that stands before it", at=fact.recorded_at
            )
            self._find("fact.backdated", told, place)
        if hash(fact.id) in self._ids:
            self._find("fact.repeated", translated("the event stands in the scope twice"), place)
        self._ids.add(hash(fact.id))
        self._before = recorded_at if self._before is None else max(self._before, recorded_at)

    def end(self, count: int, said: int) -> None:
        if count != said:
            told = translated(
                "the manifest says that the scope has {said} facts, and there are {count}",
                said=said,
                count=count,
            )
            self._find("fact.cut", told, {"file": form.FACTS, "scope": self._scope})

    def _find(self, kind: Kind, text: Text, place: dict[str, Any]) -> None:
        self._verdict.find(Discrepancy(kind, text, **place))


def fact_lines(archive: PackArchive) -> Iterator[bytes]:
    """The lines of facts, without those that set one aside; raises `DamagedError`."""
    return (
        line for line in archive.lines(form.FACTS, MAX_SEALED_BYTES) if not line.startswith(b'{"set_aside"')
    )


def set_aside_lines(archive: PackArchive) -> Iterator[bytes]:
    """The lines that set facts aside."""
    return (line for line in archive.lines(form.FACTS, MAX_SEALED_BYTES) if line.startswith(b'{"set_aside"'))


def _placed(number: int, line: bytes) -> PlacedFact:
    try:
        fact = _fact(line)
    except _BROKEN:
        return PlacedFact(number, line, None, None)
    return PlacedFact(number, line, fact.id, fact.scope)


def check_set_asides(archive: PackArchive, scope: str, verdict: Verdict) -> bool:
    """Whether no more was set aside than the log has; what is wrong is found."""
    inserted = 0
    logged = {unpacked(leaf.hash): leaf for leaf in leaves_of(archive) if leaf.kind == "set_aside"}
    for line in set_aside_lines(archive):
        named = logged.pop(leaf_hash(set_aside_entry(scope, line)), None)
        event = _set_aside_in(line)
        if named is not None and named.event != event:
            told = translated("the leaf names another event than its fact")
            verdict.find(Discrepancy("leaf.altered", told, form.LEAVES, index=named.index))
        if named is None:
            inserted += 1
            told = translated("the log has no such line: somebody set a fact aside that counts")
            verdict.find(Discrepancy("set_aside.inserted", told, form.FACTS, event=event))
    for leaf in logged.values():
        told = translated("the log says that a fact is set aside, and the file does not")
        verdict.find(Discrepancy("set_aside.removed", told, form.FACTS, event=leaf.event, index=leaf.index))
    return not inserted


def _set_aside_in(line: bytes) -> str | None:
    """Which event a line sets aside; None where it says none."""
    try:
        return _line(line).set_aside
    except _BROKEN:
        return None
