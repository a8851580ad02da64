"""The record of access as auditors read it."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from shared.contract.answers.values import InstantText


class LoggedEntry(Struct, frozen=True):
    """An entry with its place; what does not apply is left out. `staff` is by which id the records of the scope name
    whoever it was, as their account is linked now: the entry itself has none."""

    seq: int
    id: str
    at: InstantText
    act: str
    account: str | UnsetType = UNSET
    login: str | UnsetType = UNSET
    session: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    service: str | UnsetType = UNSET
    action: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    customer: str | UnsetType = UNSET
    count: int | UnsetType = UNSET
    status: int | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    staff: str | UnsetType = UNSET


class ChainEnd(Struct, frozen=True):
    """The end of the chain. Kept elsewhere, `panke access log verify --expect` tells whether it is still in it."""

    seq: int
    digest: str


class AccessLogPage(Struct, frozen=True):
    """Entries, the newest first; `next` is null on the last page."""

    entries: list[LoggedEntry]
    next: int | None
    head: ChainEnd
