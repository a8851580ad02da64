"""What an entry of the log says, and the one way to write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.tlog.errors import BadLeafError
from shared.tlog.leaves import (
    MAX_INLINE,
    Body,
    FactLeaf,
    KeyLeaf,
    Leaf,
    RulebookLeaf,
    SetAsideLeaf,
    decode_entry,
    fact_entry,
    set_aside_entry,
)
from shared.tlog.notes import NoteSigner
from shared.tlog.tiles import MAX_ENTRY

AT = datetime(2026, 3, 2, 3, 0, 4, tzinfo=UTC)
BODY = b'{"id":"0195a000-0000-7000-8000-000000000007"}'


def test_a_fact_is_written_as_documented() -> None:
    """Its head in lines, its envelope byte for byte: this form is for good."""
    entry = fact_entry("east", 6, AT, BODY)
    assert entry == (
        b"panke.log/v1 fact\nscope east\nseq 6\nrecorded_at 2026-03-02T03:00:04Z\nbody %d\n\n" % len(BODY)
        + BODY
    )
    assert decode_entry(entry) == FactLeaf("east", 6, AT, Body.of(BODY))


@pytest.mark.parametrize(
    "leaf",
    [
        FactLeaf("east", 1, AT, Body.of(b"")),
        FactLeaf("east", 1, AT.replace(microsecond=120), Body.of(b"\n\nbody 1\n\n\xff")),
        FactLeaf("east", 10**17, AT, Body.of(bytes(MAX_INLINE))),
        FactLeaf("x" * 64, 10**17, AT.replace(microsecond=1), Body.of(bytes(MAX_INLINE + 1))),
        RulebookLeaf("east", 1, "石家庄 (base)", 12, "ab" * 32),
        SetAsideLeaf("east", Body.of('{"set_aside":"…"}'.encode())),
        KeyLeaf(NoteSigner("example.com/log", Ed25519PrivateKey.generate()).verifier.vkey),
    ],
)
def test_an_entry_is_read_back_as_it_was_written(leaf: Leaf) -> None:
    """Whatever its body holds, and within what a bundle can hold."""
    entry = leaf.encode()
    assert (decode_entry(entry), len(entry) <= MAX_ENTRY) == (leaf, True)


def test_a_long_body_stands_by_its_digest() -> None:
    """The entry names the bytes, which lie beside it; others are told from them."""
    raw = b"x" * 200_000
    leaf = decode_entry(fact_entry("east", 6, AT, raw))
    assert isinstance(leaf, FactLeaf)
    assert (leaf.body.raw, leaf.body.length, leaf.body.path) == (None, 200_000, f"body/{leaf.body.sha256}")
    assert (leaf.body.holds(raw), leaf.body.holds(raw[1:]), leaf.body.holds(raw[1:] + b"y")) == (
        True,
        False,
        False,
    )


def test_an_entry_that_is_written_otherwise_is_refused() -> None:
    """Two entries that say the same would be the same bytes."""
    good = fact_entry("east", 6, AT, BODY)
    aside = set_aside_entry("east", b"{}")
    wrong = [
        b"", b"\n\n", good.replace(b"v1", b"v2"), good.replace(b"fact", b"fakt"), good.replace(b"seq 6", b"seq 06"),
        good.replace(b"seq 6", b"seq 0"), good.replace(b"scope east\n", b""),
        good.replace(b"scope east", b"scope East"),
        good.replace(b"scope east\nseq 6", b"seq 6\nscope east"), good + b"x", good[:-1],
        good.replace(b"04Z", b"04.000Z"), good.replace(b"04Z", b"04+00:00"), good.replace(b"body 45", b"body 045"),
        good.replace(b"body 45", b"body 45 sha256 " + b"0" * 64), aside.replace(b"scope east", b"scope east\nseq 1"),
        good.replace(b"\n", b"\r\n"), good.replace(b"scope east", b"scope  east"), good.replace(b"east", b"\xff"),
        RulebookLeaf("east", 1, "a\nb", 1, "ab" * 32).encode(), RulebookLeaf("east", 1, "a", 1, "AB" * 32).encode(),
        KeyLeaf("nobody").encode(),
    ]  # fmt: skip
    for entry in wrong:
        with pytest.raises(BadLeafError):
            decode_entry(entry)
