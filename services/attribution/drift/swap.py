"""Makes the live rows of a scope those that were built beside them: what is the same is left alone.

One transaction, in which nobody folds the scope; who reads sees the rows of before, or those of after.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import sql

from services.attribution.drift.refold import AuditedHead, Refold
from services.attribution.drift.shadow import SHADOW, TWINS, Connection, Twin
from services.attribution.store.batch import SQL
from services.attribution.store.mapper import EventRow
from services.attribution.store.recorder import SCHEMA
from shared.contract.topics import ClaimMessage, encode_message
from shared.platform.postgres.binary_arrays import columns
from shared.rules.domain.state import SCOPE, Key, Scope

MADE: Final = ("decisions", "deal_decisions", "flags", "penalties")
"""Views of what was decided: from the facts they are added to, and nothing of them goes or becomes another."""
_LEAVES: Final = Twin(("customer", "list", "leaf"), ("state",))
_STANDING: Final = ("owner", "status", "expires_at")


def swap(connection: Connection, head: AuditedHead, made: Refold) -> tuple[dict[str, int], int]:
    """Change what differs; answers how many rows of each table that were, and how many claims are told anew."""
    told = _raise_generations(connection, head)
    rows = {}
    decided, missing = _decided(made)
    for table, twin in {**TWINS, "leaves": _LEAVES}.items():
        if made.source == "facts" and table in MADE:
            _leave(connection, table, decided)
            changed = _put(connection, head, table, twin, only_add=True)
        else:
            changed = _delete(connection, head, table, twin) + _put(connection, head, table, twin)
        if changed:
            rows[table] = changed
    if missing:
        rows["stored_events"] = connection.execute(SQL["put_missing_events"], columns(missing)).rowcount
    _queue_claims(connection, head, made, told)
    return rows, len(told)


def _decided(made: Refold) -> tuple[list[int], list[EventRow]]:
    """Versions at which something was decided otherwise, which stay as they are; and the events that are gone.

    Where the event store has other events of a fact than the facts give, none of that fact is added.
    """
    otherwise = {one.seq for one in made.differences if one.stored is not None}
    decided = [one.made.originator_version for one in made.differences if one.made and one.seq in otherwise]
    missing = [one.made for one in made.differences if one.made and one.seq not in otherwise]
    return decided, missing


def _leave(connection: Connection, table: str, versions: list[int]) -> None:
    """Of what was decided otherwise the new rows go."""
    statement = sql.SQL("DELETE FROM {made} WHERE version = ANY(%(versions)s::bigint[])")
    connection.execute(statement.format(made=sql.Identifier(SHADOW, table)), {"versions": versions})


def _names(table: str, twin: Twin) -> dict[str, sql.Composable]:
    keys = twin.keys if table == "offices" else ("scope", *twin.keys)
    named = [sql.Identifier(name) for name in keys]
    return {
        "live": sql.Identifier(SCHEMA, table),
        "made": sql.Identifier(SHADOW, table),
        "keys": sql.SQL(", ").join(named),
        "same_row": sql.SQL(" AND ").join(sql.SQL("made.{0} = live.{0}").format(name) for name in named),
    }


def _delete(connection: Connection, head: AuditedHead, table: str, twin: Twin) -> int:
    statement = sql.SQL("""
        DELETE FROM {live} AS live
        WHERE live.scope = %(scope)s AND NOT EXISTS (SELECT FROM {made} AS made WHERE {same_row})
    """)
    given = {"scope": head.scope}
    return connection.execute(statement.format(**_names(table, twin)), given).rowcount


def _put(connection: Connection, head: AuditedHead, table: str, twin: Twin, *, only_add: bool = False) -> int:
    done: sql.Composable = sql.SQL("NOTHING")
    if twin.values and not only_add:
        values = [sql.Identifier(name) for name in twin.values]
        sets = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in values)
        other = sql.SQL(" OR ").join(
            sql.SQL("live.{0} IS DISTINCT FROM excluded.{0}").format(name) for name in values
        )
        done = sql.SQL("UPDATE SET {sets} WHERE {other}").format(sets=sets, other=other)
    statement = sql.SQL("""
        INSERT INTO {live} AS live SELECT * FROM {made} AS made WHERE made.scope = %(scope)s
        ON CONFLICT ({keys}) DO {done}
    """)
    named = _names(table, twin) | {"done": done}
    return connection.execute(statement.format(**named), {"scope": head.scope}).rowcount


def _raise_generations(connection: Connection, head: AuditedHead) -> list[Any]:
    """No generation goes back, and whoever's claim stands otherwise now gets the next one: which is told."""
    other = sql.SQL(" OR ").join(
        sql.SQL("live.{0} IS DISTINCT FROM made.{0}").format(sql.Identifier(name)) for name in _STANDING
    )
    statement = sql.SQL("""
        UPDATE {made} AS made
        SET generation = greatest(live.generation, made.generation) + CASE WHEN {other} THEN 1 ELSE 0 END
        FROM {live} AS live
        WHERE live.scope = made.scope AND live.customer = made.customer AND made.scope = %(scope)s
          AND (live.generation > made.generation OR {other})
        RETURNING made.customer, made.generation, made.owner, made.status, made.expires_at, {other}
    """).format(made=sql.Identifier(SHADOW, "claims"), live=sql.Identifier(SCHEMA, "claims"), other=other)
    rows = connection.execute(statement, {"scope": head.scope}).fetchall()
    return [row[:-1] for row in rows if row[-1]]


def _queue_claims(connection: Connection, head: AuditedHead, made: Refold, told: list[Any]) -> None:
    if not told:
        return
    scope = made.record(Key(*SCOPE))
    timezone = scope.timezone if isinstance(scope, Scope) else None
    rows = []
    for seq, (customer, generation, owner, status, expires_at) in enumerate(told, head.sent + 1):
        message = ClaimMessage(
            scope=head.scope, seq=seq, customer=customer, generation=generation, replaces=(), owner=owner,
            status=status, expires_at=expires_at, timezone=timezone,
        )  # fmt: skip
        rows.append((head.partition, head.scope, seq, encode_message(message)))
    connection.execute(SQL["put_restated"], columns(rows))
