"""What holds of every tree, every entry and every note."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tlog.errors import BadLeafError, BadNoteError, TlogError
from shared.tlog.hashing import Frontier, leaf_hash, root_of
from shared.tlog.leaves import Body, FactLeaf, decode_entry
from shared.tlog.notes import NoteSigner, open_note, parse_note, sign_note
from shared.tlog.policy import parse_policy
from shared.tlog.proofs import (
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from shared.tlog.tiles import Tile, decode_bundle, encode_bundle, parse_path, subtree_root
from shared.tlog.tlog_proof import parse_tlog_proof
from shared.tlog.witnessing import parse_add_checkpoint

few = settings(derandomize=True, max_examples=25, database=None)
sizes = st.integers(1, 700)
SIGNER = NoteSigner("log.example", Ed25519PrivateKey.generate())
LEAVES = [leaf_hash(b"%d" % number) for number in range(700)]


def subtrees(level: int, index: int) -> bytes:
    return subtree_root(LEAVES[index << level : (index + 1) << level])


@few
@given(sizes, st.data())
def test_every_proof_proves_what_it_is_made_of_and_nothing_else(size: int, data: st.DataObject) -> None:
    """Whatever the tree, the leaf and the earlier tree; one hash altered, and it proves nothing."""
    root = root_of(LEAVES[:size])
    assert root_at(size, subtrees) == root
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    included = prove_inclusion(index, size, subtrees)
    grown = prove_consistency(first, size, subtrees)
    verify_inclusion(index, size, LEAVES[index], included, root)
    verify_consistency(first, size, grown, root_of(LEAVES[:first]), root)
    for proof, verify in (
        (included, lambda found: verify_inclusion(index, size, LEAVES[index], found, root)),
        (grown, lambda found: verify_consistency(first, size, found, root_of(LEAVES[:first]), root)),
    ):
        if proof:
            at = data.draw(st.integers(0, len(proof) - 1))
            with pytest.raises(TlogError):
                verify((*proof[:at], leaf_hash(proof[at]), *proof[at + 1 :]))
            with pytest.raises(TlogError):
                verify(proof[:-1])


@few
@given(sizes, st.integers(0, 700))
def test_a_frontier_is_all_that_an_append_needs(size: int, more: int) -> None:
    """Kept at any size, it goes on to the root of the whole."""
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    kept = Frontier(frontier.size, frontier.peaks)
    for leaf in LEAVES[size:more]:
        kept.append(leaf)
    assert kept.root() == root_of(LEAVES[: max(size, more)])


@few
@given(
    st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True), st.integers(1, 10**18 - 1),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC)), st.binary(max_size=300),
)  # fmt: skip
def test_an_entry_is_read_as_it_was_written(scope: str, seq: int, at: datetime, body: bytes) -> None:
    """Whatever bytes a fact has."""
    leaf = FactLeaf(scope, seq, at, Body.of(body))
    assert decode_entry(leaf.encode()) == leaf


@few
@given(st.binary(max_size=200))
def test_whatever_is_given_is_refused_in_words(raw: bytes) -> None:
    """Neither an entry, a note, a request nor a policy of a stranger ends in anything but a refusal."""
    for read in (decode_entry, parse_note, parse_tlog_proof, parse_add_checkpoint):
        with pytest.raises((BadLeafError, BadNoteError, TlogError)):
            read(raw)
    text = raw.decode("latin-1")
    assert parse_path(text) is None
    with pytest.raises(TlogError):
        parse_policy(text)


@few
@given(st.lists(st.binary(max_size=600), min_size=1, max_size=256))
def test_a_bundle_holds_its_entries(entries: list[bytes]) -> None:
    """In their order, each whole."""
    assert decode_bundle(Tile(None, 0, len(entries)), encode_bundle(entries)) == entries


@few
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_a_note_says_what_was_signed(line: str) -> None:
    """Whatever its text, also with empty lines at its end."""
    note = sign_note(f"{line}\n", [SIGNER])
    assert open_note(bytes(note), [SIGNER.verifier])[0] == note
