"""Holds the journal's tables against one another: rows that were deleted or altered, or a table that came back alone.

A comparison with the topic reads on from what was acknowledged, and the offsets say nothing of what became of the rows
below them. Seqs have no gaps, so the number of the facts tells of a hole, and how far each scope was sent of an end
that was cut off; fingerprints tell of facts that are not what was taken, tallies of the tables that facts do not count.
Where any of these is so, the offsets are not believed, and the topic is read from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from services.intake.journal.journal import SQL, Connection
from services.intake.journal.spans import Spans

LOGGED: Final = 100
"""Scopes that the log names."""
SET_ASIDES: Final = "set_asides"


class UnevenTable(NamedTuple):
    """A side table that has more or fewer rows of a scope than were put into it."""

    table: str
    scope: str
    kept: int
    there: int

    def __str__(self) -> str:
        return f"{self.table} {self.scope}"

    @property
    def lost(self) -> bool:
        """Whether no fact tells what is missing."""
        return self.table == SET_ASIDES and self.there < self.kept


@dataclass(frozen=True, slots=True)
class Damage:
    """What does not agree in the journal's own tables; nothing where all is well."""

    torn: tuple[str, ...] = ()
    """Scopes of which head, facts and what was sent part."""
    holes: Mapping[str, Spans] = field(default_factory=dict)
    """Where a fact was and is none."""
    behind: tuple[str, ...] = ()
    """Scopes whose head lies before their last fact, or is of another time."""
    without_id: int = 0
    """Facts whose id is not known, so that a repetition would be recorded anew."""
    changed: Mapping[str, Spans] = field(default_factory=dict)
    """Facts that are not what was taken, or what is known of their ids is not."""
    uneven: tuple[UnevenTable, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.torn or self.holes or self.behind or self.without_id or self.changed or self.uneven)

    @property
    def scopes(self) -> frozenset[str]:
        """All that are known to be concerned."""
        side = (one.scope for one in self.uneven)
        return frozenset((*self.torn, *self.holes, *self.behind, *self.changed, *side))


def examine(connection: Connection) -> Damage:
    """Count, and look for what is lacking only where the numbers part; however long that takes."""
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        torn = connection.execute(SQL["torn_scopes"]).fetchall()
        changed = _spans((scope, seq, seq) for scope, seq in connection.execute(SQL["changed_facts"]))
        uneven = tuple(UnevenTable(*row) for row in connection.execute(SQL["uneven_tables"]))
        astray = [scope for (scope,) in connection.execute(SQL["astray_heads"]) if scope not in changed]
        behind = (*(scope for scope, head, last in torn if last > head), *astray)
        (agree,) = connection.execute(SQL["tables_agree"]).fetchone() or (False,)
        if agree and not torn:
            return Damage(behind=behind, changed=changed, uneven=uneven)
        scopes = tuple(scope for scope, *_ in torn)
        holes = _spans(connection.execute(SQL["holes"], {"scopes": list(scopes)}))
        (without_id,) = connection.execute(SQL["facts_without_id"]).fetchone() or (0,)
    return Damage(scopes, holes, behind, int(without_id), changed, uneven)


def _spans(rows: Iterable[Any]) -> dict[str, Spans]:
    found: dict[str, Spans] = {}
    for scope, first, last in rows:
        found.setdefault(scope, Spans()).add(first, last)
    return found


def logged(damage: Damage) -> dict[str, object]:
    """As the log tells it, up to a bound."""
    return {
        "scopes": damage.torn[:LOGGED],
        "holes": _named(damage.holes),
        "heads_behind": damage.behind[:LOGGED],
        "facts_without_id": damage.without_id,
        "changed": _named(damage.changed),
        "uneven": [f"{one}: {one.there} of {one.kept}" for one in damage.uneven[:LOGGED]],
    }


def _named(found: Mapping[str, Spans]) -> dict[str, str]:
    return {scope: str(spans) for scope, spans in list(found.items())[:LOGGED]}
