"""Signed notes, checkpoints and cosignatures: read as C2SP writes them, and refused where anything is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.tlog.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from shared.tlog.errors import BadNoteError, TlogError
from shared.tlog.hashing import EMPTY_ROOT, leaf_hash
from shared.tlog.keys import Voucher, parse_voucher, trusted_keys
from shared.tlog.leaves import KeyLeaf
from shared.tlog.notes import (
    COSIGNATURE,
    Cosigner,
    NoteSigner,
    SignedNote,
    open_note,
    parse_note,
    read_vkey,
    sign_note,
    verified_by,
)
from shared.tlog.tlog_proof import TlogProof, parse_tlog_proof

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
NOW = datetime(2026, 3, 2, 3, 0, 4, tzinfo=UTC)
CHECKPOINT = Checkpoint("example.com/log", 0, EMPTY_ROOT)


def signer(name: str = "example.com/log") -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.generate())


def test_the_published_note_is_verified_by_the_published_key() -> None:
    """The example of the specification holds, and its bytes come back."""
    note, verified = open_note(NOTE.encode(), [read_vkey(VKEY)])
    assert (bytes(note).decode(), note.text) == (NOTE, "This is an example message.\n")
    assert [(one.verifier.vkey, one.signed_at) for one in verified] == [(VKEY, None)]


def test_published_keys_have_the_published_numbers() -> None:
    """Of logs and of witnesses that sign with the time."""
    for vkey in [
        VKEY, "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ]:  # fmt: skip
        assert read_vkey(vkey).vkey == vkey
    for wrong in [
        VKEY[:-2],
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("+Ae", "+Be"),
        "a b+00000000+AQ==",
        "",
    ]:
        with pytest.raises(BadNoteError):
            read_vkey(wrong)


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    """Whoever else has signed; of known ones each counts once, and one that does not hold spoils the note."""
    known, other, stranger = signer(), signer(), signer("elsewhere")
    note = sign_note(CHECKPOINT.text, [stranger, known, other, known])
    verified = verified_by(parse_note(bytes(note)), [known.verifier, other.verifier])
    assert [one.verifier for one in verified] == [known.verifier, other.verifier]
    with pytest.raises(BadNoteError, match="elsewhere"):
        open_note(bytes(sign_note(CHECKPOINT.text, [stranger])), [known.verifier])
    forged = SignedNote("other\n" + note.text, note.signatures)
    with pytest.raises(BadNoteError):
        open_note(bytes(forged), [known.verifier])


def test_a_cosignature_tells_when_it_was_made() -> None:
    """And does so under the signature: the time cannot be altered, and the key signs no plain note."""
    witness = Cosigner("witness.example/w1", Ed25519PrivateKey.generate())
    line = witness.cosign(CHECKPOINT.text, NOW)
    note = SignedNote(CHECKPOINT.text, (line,))
    _, verified = open_note(bytes(note), [witness.verifier])
    assert (verified[0].signed_at, witness.verifier.kind) == (NOW, COSIGNATURE)
    later = type(line)(line.name, line.key_id, line.raw[:7] + b"\x00" + line.raw[8:])
    for wrong in (later, type(line)(line.name, line.key_id, line.raw[8:])):
        with pytest.raises(BadNoteError):
            open_note(bytes(SignedNote(CHECKPOINT.text, (wrong,))), [witness.verifier])


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"text\n", b"text\n\n", b"text\n\n\n", NOTE.encode()[:-1], NOTE.encode() + b"more\n",
        b"\xff" + NOTE.encode(),
        NOTE.replace("—", "-").encode(), NOTE.replace("\n\n", "\n").encode(), NOTE.replace("This", "T\this").encode(),
        NOTE.replace("= \n", "").replace("aQM=", "aQM").encode(), NOTE.encode() + b"x" * 70_000,
    ],
)  # fmt: skip
def test_what_is_no_signed_note_is_refused(raw: bytes) -> None:
    """Nothing is read of it."""
    with pytest.raises(BadNoteError):
        parse_note(raw)


def test_a_checkpoint_is_read_back_as_it_was_written() -> None:
    """With lines of the log's own behind the three; of another log, or written otherwise, it is refused."""
    log = signer()
    checkpoint = Checkpoint("example.com/log", 20852163, leaf_hash(b"x"), ("extension",))
    raw = bytes(sign_note(checkpoint.text, [log]))
    assert open_checkpoint(raw, [log.verifier], "example.com/log").checkpoint == checkpoint
    with pytest.raises(BadNoteError, match="not of"):
        open_checkpoint(raw, [log.verifier], "example.com/other")
    good = checkpoint.text
    for wrong in [
        "", "a\n1\n", good.replace("20852163", "020852163"), good.replace("20852163", "-1"), good.replace("=", ""),
        good.replace("extension", ""), good[:-1], good.replace("20852163", "9" * 19), good.replace("20852163", "١"),
    ]:  # fmt: skip
        with pytest.raises(BadNoteError):
            parse_checkpoint(wrong)


def test_a_proof_goes_through_a_file() -> None:
    """Index, hashes and checkpoint in one text; the `extra` line of others is passed over."""
    log, entry = signer(), KeyLeaf(signer().verifier.vkey).encode()
    checkpoint = bytes(sign_note(Checkpoint("example.com/log", 1, leaf_hash(entry)).text, [log]))
    raw = bytes(TlogProof(0, (), checkpoint))
    extra = raw.replace(b"\nindex", b"\nextra AAAA\nindex")
    for told in (raw, extra):
        signed = parse_tlog_proof(told).verify(leaf_hash(entry), [log.verifier])
        assert signed.checkpoint.size == 1
    for wrong in [
        b"",
        raw[:40],
        raw.replace(b"index 0", b"index 00"),
        raw.replace(b"index 0", b"index 0\nAAAA"),
    ]:
        with pytest.raises(TlogError):
            parse_tlog_proof(wrong).verify(leaf_hash(entry), [log.verifier])


def test_a_new_key_is_trusted_by_whom_the_one_before_vouches() -> None:
    """Over as many changes as there were and in any order; nobody vouches for himself."""
    first, second, third, stranger = (signer() for _ in range(4))

    def vouched(by: NoteSigner, of: NoteSigner) -> Voucher:
        root = leaf_hash(KeyLeaf(of.verifier.vkey).encode())
        note = sign_note(Checkpoint("example.com/log", 1, root).text, [by, of])
        return parse_voucher(bytes(Voucher(of.verifier.vkey, TlogProof(0, (), bytes(note)))))

    row = [vouched(second, third), vouched(first, second), vouched(stranger, signer())]
    assert trusted_keys(first.verifier, row) == [first.verifier, second.verifier, third.verifier]
    assert trusted_keys(third.verifier, row) == [third.verifier]
    wrong = Voucher(stranger.verifier.vkey, vouched(first, second).proof)
    with pytest.raises(TlogError):
        trusted_keys(first.verifier, [wrong])
