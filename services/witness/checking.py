"""What a witness makes of a checkpoint that it is shown; pure, and in the order that C2SP tlog-witness asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shared.i18n import bilingual
from shared.tlog.checkpoints import Checkpoint, parse_checkpoint
from shared.tlog.errors import BadNoteError, BadProofError
from shared.tlog.hashing import EMPTY_ROOT
from shared.tlog.notes import SignedNote, Verifier, parse_note, verified_by
from shared.tlog.proofs import verify_consistency
from shared.tlog.witnessing import AddCheckpoint


class Known(NamedTuple):
    """The last checkpoint of a log that the witness has signed."""

    size: int
    root: bytes


NOTHING = Known(0, EMPTY_ROOT)


class RefusedCheckpointError(Exception):
    """The checkpoint is not signed; `status` is that of HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class OtherSizeError(Exception):
    """The log believes that the witness knows another size; `size` is the one that it does."""

    def __init__(self, size: int) -> None:
        super().__init__(str(size))
        self.size = size


def read(asked: AddCheckpoint, logs: Sequence[Verifier]) -> tuple[SignedNote, Checkpoint]:
    """The checkpoint with the signatures of its log's known keys alone; raises `RefusedCheckpointError`."""
    try:
        note = parse_note(asked.note)
        checkpoint = parse_checkpoint(note.text)
    except BadNoteError as error:
        raise RefusedCheckpointError(400, str(error)) from None
    keys = [one for one in logs if one.name == checkpoint.origin]
    if not keys:
        raise RefusedCheckpointError(404, bilingual("this witness does not know the log"))
    try:
        verified = verified_by(note, keys)
    except BadNoteError as error:
        raise RefusedCheckpointError(403, str(error)) from None
    if not verified:
        raise RefusedCheckpointError(
            403, bilingual("no key of the log that this witness knows has signed it")
        )
    if asked.old > checkpoint.size:
        raise RefusedCheckpointError(400, bilingual("the old size is larger than the checkpoint's"))
    return SignedNote(note.text, tuple(one.signature for one in verified)), checkpoint


def demand_consistent(asked: AddCheckpoint, checkpoint: Checkpoint, known: Known) -> None:
    """Raise `OtherSizeError`, or `RefusedCheckpointError` for one that does not go on from what is known."""
    if asked.old != known.size:
        raise OtherSizeError(known.size)
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise RefusedCheckpointError(422, bilingual("the root of an empty log is another one"))
    try:
        verify_consistency(known.size, checkpoint.size, asked.proof, known.root, checkpoint.root)
    except BadProofError as error:
        raise RefusedCheckpointError(422, str(error)) from None
