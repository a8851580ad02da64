"""Audits of what is stored against what the facts give, and what differs (contract.md#calls-of-attribution)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from shared.contract.answers.values import Count, InstantText
from shared.ids import ScopeId

AuditState = Literal["waiting", "running", "ended", "failed"]
DifferenceState = Literal["open", "seen", "gone"]
Comparison = Literal["facts", "events", "messages", "journal"]


class AuditAnswer(Struct, frozen=True):
    """One audit. `scope` is null where it is of all; `unknown` names the scopes of which it cannot tell, and why."""

    audit: str
    scope: ScopeId | None
    asked_by: str
    asked_at: InstantText
    state: AuditState
    scopes: Count
    audited: Count
    facts: Count
    differences: Count
    unknown: list[str]
    ended_at: InstantText | None
    problem: str | None


class AuditsPage(Struct, frozen=True):
    """A page of audits, the last one first."""

    audits: list[AuditAnswer]
    cursor: str | None


class DifferenceAnswer(Struct, frozen=True):
    """A place at which what is `stored` is not what is `given` by the facts, the events or the topic; contacts are
    masked, texts of people told by a digest. Null: there is none."""

    difference: int
    state: DifferenceState
    scope: ScopeId
    comparison: Comparison
    place: str
    row: str
    field: str
    stored: str | None
    given: str | None
    found_at: InstantText
    found_by: str
    last_at: InstantText
    gone_at: InstantText | None
    seen_at: InstantText | None
    seen_by: str | None
    note: str | None


class DifferencesPage(Struct, frozen=True):
    """A page of differences in the order in which they were found."""

    differences: list[DifferenceAnswer]
    cursor: str | None
