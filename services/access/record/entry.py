"""An entry of the record, and the chain that it is a link of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from shared.contract.answers.values import InstantText

BEGINNING: Final = bytes(32)
"""What the first entry has before it."""

Act: TypeAlias = Literal[
    "signed_in", "sign_in_refused", "went_on", "signed_out", "session_ended", "machine_let_in", "refused",
    "account_made", "account_changed", "account_disabled", "account_enabled", "account_renewed", "account_set_up",
    "password_changed", "second_factor_changed", "granted", "grant_ended", "keys_rotated", "record_read",
    "opened", "exported", "privileged",
]  # fmt: skip

Word = Annotated[str, Meta(max_length=200)]


class AccessEntry(Struct, frozen=True, omit_defaults=True):
    """Who did what, when, to which customer, under which permission; or was refused it, and why."""

    id: str
    at: InstantText
    act: Act
    account: Word | None = None
    login: Word | None = None
    session: Word | None = None
    address: Word | None = None
    service: Word | None = None
    action: Word | None = None
    role: Word | None = None
    scope: Word | None = None
    customer: Word | None = None
    count: int | None = None
    status: int | None = None
    detail: Word | None = None


_encode: Final = msgspec.json.Encoder().encode


def link(before: bytes, body: bytes) -> bytes:
    """The digest of an entry: over that of the one before it, and over its own body."""
    return hashlib.sha256(b"panke.access.record.v1\n" + before + body).digest()


def chained(
    seq: int, before: bytes, entries: Iterable[AccessEntry]
) -> Iterator[tuple[int, AccessEntry, bytes, bytes, bytes]]:
    """The entries behind the end of the chain: place, entry, body, digest before, digest."""
    for entry in entries:
        seq += 1
        body = _encode(entry)
        digest = link(before, body)
        yield seq, entry, body, before, digest
        before = digest
