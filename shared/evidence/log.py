"""What a verifier trusts of a log, and the log's formats as packs, exports and tiles are held against them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from shared.contract import BadEvent
from shared.contract.times import parse_utc
from shared.evidence.verdict import Discrepancy, UnverifiableError, Verdict
from shared.i18n import translated
from shared.tlog.checkpoints import Checkpoint, decode_hash, parse_checkpoint
from shared.tlog.errors import BadNoteError, TlogError
from shared.tlog.hashing import leaf_hash
from shared.tlog.keys import parse_voucher, trusted_keys
from shared.tlog.leaves import fact_entry
from shared.tlog.notes import Signer, Verifier, open_note, parse_note, read_vkey, sign_note, verified_by

SIGNED_FORM: Final = "panke.evidence/v1"
"""The first line of what is signed over a manifest. A checkpoint has three lines, and this note two."""


class _Recorded(Struct):
    recorded_at: str


_recorded: Final = msgspec.json.Decoder(_Recorded).decode


@dataclass(slots=True)
class Trust:
    """What the auditor brings: keys of the log and of witnesses, a checkpoint, and the log's files."""

    keys: Sequence[Verifier]
    witnesses: Sequence[Verifier] = ()
    checkpoint: bytes | None = None
    consistency: bytes | None = None
    tiles: Path | None = None
    vouched: list[Verifier] = field(default_factory=list)

    @property
    def all_keys(self) -> Sequence[Verifier]:
        """The keys that were given, and those that the log vouches for under them."""
        return (*self.keys, *self.vouched)

    def keys_of(self, origin: str) -> Sequence[Verifier]:
        """Those of one log: a key speaks for the log of its name, and for no other that is trusted as well."""
        return [key for key in self.all_keys if key.name == origin]

    def take_vouchers(self, vouchers: Iterable[bytes], verdict: Verdict, file: str) -> None:
        """Trust the keys that these vouchers lead to; one that does not hold is found."""
        try:
            parsed = [parse_voucher(raw) for raw in vouchers]
            for key in self.keys:
                self.vouched += [
                    one for one in trusted_keys(key, parsed, key.name) if one not in self.all_keys
                ]
        except TlogError as error:
            told = translated("the history of the log's keys does not hold: {error}", error=error)
            verdict.find(Discrepancy("key.history", told, file))


def trust_of(
    keys: Iterable[str],
    witnesses: Iterable[str] = (),
    checkpoint: bytes | None = None,
    consistency: bytes | None = None,
    tiles: Path | None = None,
) -> Trust:
    """What the texts of keys stand for; raises `UnverifiableError` for one that is none, and where there is none."""
    try:
        known = [read_vkey(text) for text in keys]
        cosigners = [read_vkey(text) for text in witnesses]
    except TlogError as error:
        raise UnverifiableError(translated("a key cannot be read: {error}", error=error)) from None
    if not known:
        raise UnverifiableError(translated("without a public key of the log nothing can be told: --key VKEY"))
    return Trust(known, cosigners, checkpoint, consistency, tiles)


def check_checkpoint(
    raw: bytes, trust: Trust, verdict: Verdict, file: str, origin: str | None = None
) -> Checkpoint | None:
    """The checkpoint, where the log's key has signed it; what is wrong with it is found, also where it is of another
    log than that of `origin`.
    """
    try:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
    except TlogError as error:
        verdict.find(
            Discrepancy("checkpoint.unreadable", translated("no checkpoint: {error}", error=error), file)
        )
        return None
    keys = trust.keys_of(checkpoint.origin)
    if not keys or origin not in (None, checkpoint.origin):
        told = translated("the checkpoint is of another log, {origin}", origin=checkpoint.origin)
        verdict.find(Discrepancy("checkpoint.origin", told, file))
        return None
    try:
        open_note(raw, keys)
    except BadNoteError as error:
        told = translated("the key of the log has not signed this checkpoint: {error}", error=error)
        verdict.find(Discrepancy("checkpoint.signature", told, file))
        return None
    for witness in trust.witnesses:
        try:
            signed = bool(verified_by(note, [witness]))
        except TlogError:
            signed = False
        if not signed:
            told = translated("the witness {name} has not signed this checkpoint", name=witness.name)
            verdict.find(Discrepancy("checkpoint.witness", told, file))
    return checkpoint


def signed_manifest(manifest: bytes, signers: Sequence[Signer]) -> bytes:
    """The note over the bytes of a manifest."""
    return bytes(sign_note(_manifest_text(manifest), signers))


def signs_manifest(note: bytes, manifest: bytes, keys: Sequence[Verifier]) -> bool:
    """Whether one of these keys has signed this manifest."""
    try:
        told, _ = open_note(note, keys)
    except TlogError:
        return False
    return told.text == _manifest_text(manifest)


def _manifest_text(manifest: bytes) -> str:
    return f"{SIGNED_FORM}\nsha256 {hashlib.sha256(manifest).hexdigest()}\n"


def fact_leaf_hash(scope: str, seq: int, body: bytes) -> bytes:
    """The hash of the leaf that a fact has at its place; of what is no fact, one that no leaf has."""
    try:
        recorded_at = parse_utc(_recorded(body).recorded_at, "recorded_at")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadEvent):
        return b""
    return leaf_hash(fact_entry(scope, seq, recorded_at, body))


def unpacked(text: str) -> bytes | None:
    """A hash as a line of a pack has it."""
    return decode_hash(text)
