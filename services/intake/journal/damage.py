"""Holds the journal's tables against one another: rows that were deleted, or a table that came back alone.

A comparison with the topic reads on from what was acknowledged, and the offsets say nothing of what became of the rows
below them. Seqs have no gaps, so the number of the facts tells of a hole, and how far each scope was sent of an end
that was cut off. Where either is so, the offsets are not believed, and the topic is read from its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.intake.journal.journal import SQL, Connection
from services.intake.journal.spans import Spans

LOGGED: Final = 100
"""Scopes that the log names."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What does not agree in the journal's own tables; nothing where all is well."""

    torn: tuple[str, ...] = ()
    """Scopes of which head, facts and what was sent part."""
    holes: Mapping[str, Spans] = field(default_factory=dict)
    """Where a fact was and is none."""
    behind: tuple[str, ...] = ()
    """Scopes whose head lies before their last fact."""
    without_id: int = 0
    """Facts whose id is not known, so that a repetition would be recorded anew."""

    def __bool__(self) -> bool:
        return bool(self.torn or self.holes or self.without_id)


def examine(connection: Connection) -> Damage:
    """Count, and look for what is lacking only where the numbers part; however long that takes."""
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        torn = connection.execute(SQL["torn_scopes"]).fetchall()
        (agree,) = connection.execute(SQL["tables_agree"]).fetchone() or (False,)
        if agree and not torn:
            return Damage()
        scopes = tuple(scope for scope, *_ in torn)
        holes: dict[str, Spans] = {}
        for scope, first, last in connection.execute(SQL["holes"], {"scopes": list(scopes)}):
            holes.setdefault(scope, Spans()).add(first, last)
        (without_id,) = connection.execute(SQL["facts_without_id"]).fetchone() or (0,)
    behind = tuple(scope for scope, head, last in torn if last > head)
    return Damage(scopes, holes, behind, int(without_id))


def void_damaged(connection: Connection) -> Damage:
    """Let what was compared before count no more where rows are gone since: this journal would number anew."""
    damage = examine(connection)
    if damage:
        connection.execute(SQL["void_comparison"])
    return damage


def logged(damage: Damage) -> dict[str, object]:
    """As the log tells it, up to a bound."""
    return {
        "scopes": damage.torn[:LOGGED],
        "holes": {scope: str(spans) for scope, spans in list(damage.holes.items())[:LOGGED]},
        "heads_behind": damage.behind[:LOGGED],
        "facts_without_id": damage.without_id,
    }
