"""What the pages of auditors show of the answers of access, audit and intake."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class ShownLogKeys(Struct, frozen=True):
    """By which keys the log is verified."""

    origin: str
    keys: list[str]


class ShownAccess(Struct, frozen=True):
    """An entry of the record of access; what does not apply is left out."""

    seq: int
    at: str
    act: str
    login: str | None = None
    service: str | None = None
    action: str | None = None
    role: str | None = None
    customer: str | None = None
    count: int | None = None
    status: int | None = None
    detail: str | None = None
    staff: str | None = None


class ShownChainEnd(Struct, frozen=True):
    """The end of the chain of the record."""

    seq: int
    digest: str


class ShownAccessPage(Struct, frozen=True):
    """Entries of the record of access, the newest first."""

    entries: list[ShownAccess]
    next: int | None
    head: ShownChainEnd


class ShownSetAside(Struct, frozen=True):
    """A fact that is left out of the judging: why, by whom, since when."""

    set_aside: str
    reason: str
    by: str
    at: str


class ShownSetAsides(Struct, frozen=True):
    """The facts of a scope that are left out."""

    set_asides: list[ShownSetAside]


class ShownEvent(Struct, frozen=True):
    """A record as it was handed in."""

    id: str
    type: str
    office: str
    actor: str
    occurred_at: str
    recorded_at: str
    data: dict[str, Any]


class ShownInclusion(Struct, frozen=True):
    """That an entry of this leaf hash stands at the index; `checkpoint` is the signed note of that size."""

    index: int
    size: int
    leaf: str
    proof: list[str]
    checkpoint: str | None
