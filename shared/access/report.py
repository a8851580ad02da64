"""What a service has to tell the record of access (ADR 0037): who was shown what by which role, and who was refused.

A handler says with `disclosed` what its answer shows. The door, which knows who calls and by which role, makes a report
of it before the answer leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from shared.access.caller import Caller
from shared.access.roles import Reach
from shared.access.table import Permit
from shared.contract.answers.values import InstantText
from shared.contract.fields import ScopeId

PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""A text without control characters: no database keeps the first of them, no terminal should be shown the others."""
Word = Annotated[str, Meta(max_length=64, pattern=PLAIN)]
Line = Annotated[str, Meta(max_length=200, pattern=PLAIN)]
ReportedAct: TypeAlias = Literal["opened", "exported", "privileged", "refused"]
MOST: Final = 100
"""Reports of one request."""

_WIDEST: Final[tuple[Reach, ...]] = ("granted", "scope", "office", "own")


class AccessReport(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """That personal data was opened or exported, that somebody did what is privileged, or that somebody was refused."""

    id: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
            description="UUID; a repetition changes nothing",
        ),
    ]
    at: InstantText
    act: ReportedAct
    account: Word | None = None
    login: Line | None = None
    action: Word | None = None
    role: Word | None = None
    scope: ScopeId | None = None
    customer: Line | None = None
    session: Word | None = None
    address: Word | None = None
    count: Annotated[int, Meta(ge=0)] | None = None
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    detail: Line | None = None


@dataclass(slots=True)
class Disclosure:
    """What an answer shows, as its handler told; what it did not tell is known from the request, or does not apply."""

    scope: str | None = None
    customer: str | None = None
    count: int | None = None
    role: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """An answer that is about to leave through the door: to whom, by which permits, and what it shows."""

    act: ReportedAct
    action: str
    caller: Caller
    permits: tuple[Permit, ...]
    address: str | None
    shown: Disclosure

    @property
    def role(self) -> str | None:
        """By which role it was allowed: the one that the handler told, else the one that reaches furthest."""
        return self.shown.role or widest_role(self.permits)


_CURRENT: Final[ContextVar[Disclosure | None]] = ContextVar("disclosure", default=None)


def disclosed(
    *,
    scope: str | None = None,
    customer: str | None = None,
    count: int | None = None,
    role: str | None = None,
    detail: str | None = None,
) -> None:
    """Tell what the answer shows that is being made, here or in a thread that makes it."""
    shown = _CURRENT.get()
    if shown is None:  # nothing stands before this application
        return
    shown.scope = scope or shown.scope
    shown.customer = customer or shown.customer
    shown.count = shown.count if count is None else count
    shown.role = role or shown.role
    shown.detail = detail or shown.detail


@contextmanager
def disclosing(shown: Disclosure) -> Iterator[None]:
    """What is told inside is told of this answer."""
    token = _CURRENT.set(shown)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def widest_role(permits: Sequence[Permit]) -> str | None:
    """The role of the permit that reaches furthest."""
    return min(permits, key=lambda one: _WIDEST.index(one.reach)).role if permits else None
