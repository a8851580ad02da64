"""A proof of inclusion as one text, with the checkpoint that it leads to (C2SP tlog-proof)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.i18n import bilingual
from shared.tlog.checkpoints import SignedCheckpoint, decode_hash, encode_hash, is_decimal, open_checkpoint
from shared.tlog.errors import BadProofError
from shared.tlog.notes import Verifier
from shared.tlog.proofs import Proof, verify_inclusion

HEAD: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Where an entry stands, the way from it to the root, and the signed checkpoint with that root."""

    index: int
    proof: Proof
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        lines = [HEAD, f"index {self.index}", *map(encode_hash, self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint

    def verify(
        self, leaf: bytes, verifiers: Sequence[Verifier], origin: str | None = None
    ) -> SignedCheckpoint:
        """The checkpoint, in which this leaf hash stands at the index; raises a `TlogError`."""
        signed = open_checkpoint(self.checkpoint, verifiers, origin)
        size, root = signed.checkpoint.size, signed.checkpoint.root
        verify_inclusion(self.index, size, leaf, self.proof, root)
        return signed


def parse_tlog_proof(raw: bytes) -> TlogProof:
    """The proof that a text holds; raises `BadProofError`."""
    head, _, checkpoint = raw.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError:
        lines = []
    if lines[:1] == [HEAD] and lines[1:2] and lines[1].startswith("extra "):
        del lines[1]
    word, _, index = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
    hashes = [decode_hash(line) for line in lines[2:]]
    if lines[:1] != [HEAD] or word != "index" or not is_decimal(index) or None in hashes or not checkpoint:
        raise BadProofError(bilingual("not a proof of the form {form}", form=HEAD))
    return TlogProof(int(index), tuple(hash_ for hash_ in hashes if hash_ is not None), checkpoint)
