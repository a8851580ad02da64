"""Which keys sign a log today, for who trusts an earlier one (log.md#keys).

A new key is vouched for by the log itself: its `vkey` stands in it as an entry, under a checkpoint that the key before
has signed. A voucher is the entry with its proof and that checkpoint; a row of them leads from the key that somebody
trusts to the one that signs now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.i18n import bilingual
from shared.tlog.errors import BadProofError
from shared.tlog.hashing import leaf_hash
from shared.tlog.leaves import KeyLeaf
from shared.tlog.notes import Verifier, parse_note, read_vkey
from shared.tlog.tlog_proof import TlogProof, parse_tlog_proof


class Voucher(NamedTuple):
    """The `vkey` of a new key and the proof that a trusted checkpoint holds it: two texts behind one another."""

    vkey: str
    proof: TlogProof

    def __bytes__(self) -> bytes:
        return f"{self.vkey}\n".encode() + bytes(self.proof)


def parse_voucher(raw: bytes) -> Voucher:
    """The voucher that a file holds; raises a `TlogError`."""
    vkey, newline, proof = raw.partition(b"\n")
    if not newline:
        raise BadProofError(
            bilingual("not a voucher of a key: a verifier key, and a proof that the log holds it")
        )
    return Voucher(read_vkey(vkey.decode("ascii", "replace")).vkey, parse_tlog_proof(proof))


def trusted_keys(
    trusted: Verifier, vouchers: Iterable[Voucher], origin: str | None = None
) -> Sequence[Verifier]:
    """The key that is trusted and all that it vouches for, whatever the order; raises a `TlogError` for a voucher of a
    trusted key that does not hold.
    """
    keys, left = [trusted], list(vouchers)
    while found := [one for one in left if _signed_by(one, keys)]:
        for voucher in found:
            left.remove(voucher)
            if read_vkey(voucher.vkey) in keys:
                continue
            voucher.proof.verify(leaf_hash(KeyLeaf(voucher.vkey).encode()), keys, origin)
            keys.append(read_vkey(voucher.vkey))
    return keys


def _signed_by(voucher: Voucher, keys: Sequence[Verifier]) -> bool:
    places = {(key.name, key.key_id) for key in keys}
    note = parse_note(voucher.proof.checkpoint)
    return any((one.name, one.key_id) in places for one in note.signatures)
