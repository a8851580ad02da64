"""A pack held against what the auditor has of the same log: another checkpoint, a proof, the files."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from shared.evidence import form
from shared.evidence.archive import DamagedError, PackArchive
from shared.evidence.form import Manifest
from shared.evidence.log import Trust, check_checkpoint
from shared.evidence.pack_facts import leaves_of
from shared.evidence.pack_opened import notice_erased
from shared.evidence.tiles import CHECKPOINT, VOUCHERS, Entry, LogFiles, checked_entries
from shared.evidence.verdict import Discrepancy, UnverifiableError, Verdict
from shared.i18n import translated
from shared.tlog.checkpoints import Checkpoint, decode_hash
from shared.tlog.errors import BadProofError, TlogError
from shared.tlog.leaves import FactLeaf, KeyLeaf
from shared.tlog.proofs import verify_consistency


class _ConsistencyAnswer(Struct):
    proof: list[str]


def check_trusted(
    archive: PackArchive, manifest: Manifest, checkpoint: Checkpoint, trust: Trust, verdict: Verdict
) -> None:
    """What the pack alone cannot show: that the log was not forked, and that the scope has no further entry."""
    if trust.tiles is not None:
        _check_tiles(archive, manifest, checkpoint, trust, verdict)
    elif trust.checkpoint is not None:
        _check_checkpoint(checkpoint, trust, verdict)


def _check_checkpoint(checkpoint: Checkpoint, trust: Trust, verdict: Verdict) -> None:
    trusted = check_checkpoint(trust.checkpoint or b"", trust, verdict, "--checkpoint", checkpoint.origin)
    if trusted is None:
        return
    if trusted.size == checkpoint.size:
        if trusted.root != checkpoint.root:
            told = translated(
                "two heads of the log of {size} entries were signed: it was forked", size=trusted.size
            )
            verdict.find(Discrepancy("checkpoint.fork", told, form.CHECKPOINT))
        return
    first, second = sorted((trusted, checkpoint), key=lambda one: one.size)
    if trust.consistency is None:
        verdict.unknown.append(
            translated(
                "the trusted checkpoint has {size} entries, that of the pack {other}: whether one goes on from the "
                "other, the log's files (--tiles) or its proof from {first} to {second} (--consistency) can tell",
                size=trusted.size, other=checkpoint.size, first=first.size, second=second.size,
            )
        )  # fmt: skip
        return
    try:
        proof = _hashes(trust.consistency)
        verify_consistency(first.size, second.size, proof, first.root, second.root)
    except TlogError as error:
        told = translated("the proof does not lead from one checkpoint to the other: {error}", error=error)
        verdict.find(Discrepancy("checkpoint.fork", told, form.CHECKPOINT))


def _hashes(raw: bytes) -> list[bytes]:
    """The hashes of a proof: of the log's answer, or one in each line. Raises `TlogError`."""
    try:
        lines = (
            msgspec.json.decode(raw, type=_ConsistencyAnswer).proof
            if raw[:1] == b"{"
            else raw.decode().split()
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadProofError(str(error)) from None
    hashes = [decode_hash(line) for line in lines]
    return [one if one is not None else b"" for one in hashes]


def _check_tiles(
    archive: PackArchive, manifest: Manifest, checkpoint: Checkpoint, trust: Trust, verdict: Verdict
) -> None:
    assert trust.tiles is not None
    files = LogFiles(trust.tiles)
    trust.take_vouchers(files.vouchers(), verdict, f"--tiles/{VOUCHERS}")
    head = check_checkpoint(files.checkpoint(), trust, verdict, f"--tiles/{CHECKPOINT}", checkpoint.origin)
    if head is None:
        return
    if head.size < checkpoint.size:
        told = translated(
            "the files of the log end at {size} entries, before the checkpoint of the pack at {other}",
            size=head.size, other=checkpoint.size,
        )  # fmt: skip
        verdict.find(Discrepancy("checkpoint.cut", told, f"--tiles/{CHECKPOINT}"))
        return
    own = Verdict("tiles", str(trust.tiles))
    entries = checked_entries(files, head, trust, own, {0: checkpoint})
    notice_erased(_later(entries, archive, manifest, checkpoint, verdict), _shown(archive), verdict)
    for finding in own.findings:
        verdict.find(finding)


def _later(
    entries: Iterator[Entry],
    archive: PackArchive,
    manifest: Manifest,
    checkpoint: Checkpoint,
    verdict: Verdict,
) -> Iterator[bytes]:
    """The facts behind the pack's checkpoint; before it, whatever is of the scope must be in the pack."""
    listed = (leaf.index for leaf in leaves_of(archive))
    expected = next(listed, None)
    for entry in entries:
        if entry.place >= checkpoint.size:
            if isinstance(entry.leaf, FactLeaf) and entry.leaf.scope == manifest.scope:
                yield entry.body
        elif entry.place == expected:
            expected = next(listed, None)
        elif not isinstance(entry.leaf, KeyLeaf) and entry.leaf.scope == manifest.scope:
            told = translated("the log has an entry of the scope that the pack leaves out")
            seq = getattr(entry.leaf, "seq", None)
            verdict.find(
                Discrepancy("leaf.cut", told, form.LEAVES, scope=manifest.scope, seq=seq, index=entry.place)
            )


def _shown(archive: PackArchive) -> set[str]:
    try:
        return set(form.decoded(archive.read(form.PEOPLE), dict[str, object], form.PEOPLE))
    except (DamagedError, UnverifiableError):
        return set()
