"""What a log and a witness say to each other (C2SP tlog-witness, `add-checkpoint`)."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.i18n import bilingual
from shared.tlog.checkpoints import decode_hash, encode_hash, is_decimal
from shared.tlog.errors import BadNoteError
from shared.tlog.proofs import MAX_HASHES, Proof

ADD_CHECKPOINT: Final = "add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
"""The type of the answer that says which size the witness knows."""


class AddCheckpoint(NamedTuple):
    """A new checkpoint, and the proof that it goes on from the one of the size `old`."""

    old: int
    proof: Proof
    note: bytes

    def __bytes__(self) -> bytes:
        lines = [f"old {self.old}", *map(encode_hash, self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note


def parse_add_checkpoint(raw: bytes) -> AddCheckpoint:
    """What a log asks for; raises `BadNoteError`."""
    head, blank, note = raw.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        first, hashes = "", []
    word, _, old = first.partition(" ")
    proof = [decode_hash(line) for line in hashes]
    if not blank or word != "old" or not is_decimal(old) or None in proof or len(proof) > MAX_HASHES:
        raise BadNoteError(
            bilingual(
                "not a request for a cosignature: old SIZE, hashes of a proof, an empty line, a checkpoint"
            )
        )
    return AddCheckpoint(int(old), tuple(one for one in proof if one is not None), note)
