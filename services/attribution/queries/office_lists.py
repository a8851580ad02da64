"""What an office looks for in its lists: its people and offices, its deals with their dates, and who did what when.

What the judgement holds stays as contract.md#result has it, byte for byte; what stands here besides is
read from the recorded facts, a page at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from services.attribution.queries.cursor import Cursor
from services.attribution.queries.recorded import summary
from services.attribution.queries.snapshot import FoldedHead, Snapshot
from services.attribution.store.codec import decode_record
from services.attribution.store.store import book_id
from shared.contract import format_instant
from shared.contract.answers import ListedOffice, ListedWarning, RulebookInForce, ScopeAnswer, StaffMember
from shared.contract.answers.scopes import AdoptedRulebook
from shared.contract.warnings import DEPARTED_STAFF, MESSAGES, UNKNOWN_SCOPE, UNKNOWN_STAFF, WarningRule
from shared.ids import OfficeId, StaffId
from shared.rules.domain.case import book_at
from shared.rules.domain.state import Adopted, BookId, RosterEntry, Scope
from shared.rules.judge.result import instant


def scopes_page(
    ask: Callable[[str, Any], list[Any]],
    cursor: Cursor,
    limit: int,
    now: datetime,
    known: list[str] | None = None,
) -> tuple[list[ScopeAnswer], Cursor | None]:
    """Every scope that has a fact, or those of `known`, by name, each with how far it is folded."""
    rows = ask("page_of_scopes", {"after": cursor.after, "limit": limit + 1, "known": known})
    scopes = [_scope(row, now) for row in rows[:limit]]
    return scopes, Cursor(0, scopes[-1].scope) if len(rows) > limit else None


def _scope(row: Sequence[Any], now: datetime) -> ScopeAnswer:
    name, seq, book, since, state, offices = row
    known = decode_record("scope", state) if state is not None else None
    head = FoldedHead(name, seq, 0, book_id(book), since)
    if isinstance(known, Scope):
        return _scope_answer(head, book_at(known, now), known.timezone, offices, known.adoptions)
    return _scope_answer(head, head.book, None, offices)


def _scope_answer(
    head: FoldedHead,
    book: BookId,
    timezone: str | None,
    offices: list[OfficeId],
    adoptions: Sequence[Adopted] = (),
) -> ScopeAnswer:
    told = [AdoptedRulebook(one.seq, *one.book, format_instant(one.effective_from)) for one in adoptions]
    return ScopeAnswer(head.scope, offices, RulebookInForce(*book), timezone, told, **head.answer_head())


def scope_of(snapshot: Snapshot, now: datetime) -> ScopeAnswer:
    """One scope: its offices, the rulebook in force, its local time."""
    scope = snapshot.scope
    offices = sorted(scope.offices)
    return _scope_answer(snapshot.head, book_at(scope, now), scope.timezone, offices, scope.adoptions)


def offices_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> tuple[list[ListedOffice], Cursor | None]:
    """The offices of a scope by name, each with the record by which it came to be known."""
    rows = snapshot.ask("page_of_offices", _parameters(snapshot, cursor, limit))
    offices = [ListedOffice(snapshot.head.scope, office, summary(body)) for office, body in rows[:limit]]
    return offices, Cursor(0, offices[-1].office) if len(rows) > limit else None


def staff_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> tuple[list[StaffMember], Cursor | None]:
    """Who was ever enrolled in a scope, by id: role, office, whether they have left, and whether they are away."""
    rows = snapshot.ask("page_of_staff", _parameters(snapshot, cursor, limit))
    enrolled = _latest(entry for entry in snapshot.scope.roster if entry.role is not None)
    departed = _latest(entry for entry in snapshot.scope.roster if entry.role is None)
    staff = []
    for id_, name, role, office, away, since in rows[:limit]:
        left = snapshot.scope.departed(id_)
        member = StaffMember(
            scope=snapshot.head.scope,
            staff=id_,
            name=name,
            role=role,
            office=office,
            away=away,
            away_since=instant(since),
            status="departed" if left else "enrolled",
            enrolled_at=instant(enrolled.get(id_)),
            departed_at=instant(departed.get(id_)) if left else None,
        )
        staff.append(member)
    return staff, Cursor(0, staff[-1].staff) if len(rows) > limit else None


def _latest(entries: Iterable[RosterEntry]) -> dict[str, datetime]:
    """When each was enrolled last, or left last."""
    found: dict[str, datetime] = {}
    for entry in entries:
        found[entry.staff] = max(entry.at, found.get(entry.staff, entry.at))
    return found


def warnings_page(
    snapshot: Snapshot, cursor: Cursor, limit: int
) -> tuple[list[ListedWarning], Cursor | None]:
    """Whom and what records name though nobody enrolled it, each once, by the first record that does."""
    asked = _parameters(snapshot, cursor, limit) | snapshot.reach.filters
    rows = snapshot.ask("page_of_warnings", asked | {"born": cursor.born})
    warned = [_warned(snapshot.scope, *row[:6]) for row in rows[:limit]]
    if len(rows) <= limit:
        return warned, None
    rule, value, *_, seq = rows[limit - 1]
    return warned, Cursor(seq, f"{rule}:{value}")


def _warned(
    scope: Scope,
    rule: WarningRule,
    value: str,
    path: str,
    records: int,
    first: bytes | None,
    last: bytes | None,
) -> ListedWarning:
    return ListedWarning(
        scope=scope.name,
        rule=rule,
        value=value,
        path=path,
        message=MESSAGES[rule],
        records=records,
        first=summary(first),
        last=summary(last),
        settled=_settled(scope, rule, value),
    )


def _settled(scope: Scope, rule: str, value: str) -> bool:
    """Whether somebody was enrolled since."""
    if rule == UNKNOWN_SCOPE:
        return bool(scope.staff)
    return (
        rule in (UNKNOWN_STAFF, DEPARTED_STAFF)
        and value in scope.staff
        and not scope.departed(StaffId(value))
    )


def _parameters(snapshot: Snapshot, cursor: Cursor, limit: int) -> dict[str, Any]:
    return {"scope": snapshot.head.scope, "after": cursor.after, "limit": limit + 1}
