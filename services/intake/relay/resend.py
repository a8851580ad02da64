"""Send a scope again from a seq on (contract.md#order-and-repetition): for a consumer that found a gap.

The facts go back into the outbox, and whichever process leads sends them like any other: there is never a
second sender beside the relay. Facts of the scope that were still unsent are queued anew behind them, so that
the order stays that of seq; the head is locked meanwhile, so that no new fact slips in between.
"""

from __future__ import annotations

from services.intake.journal.journal import SQL, Connection, enqueue
from services.intake.journal.numbering import RANGE, ranges


class ScopeWithoutFactsError(LookupError):
    """The journal has no fact of this scope."""


def send_again(connection: Connection, scope: str, first: int) -> int:
    """Queue the facts of `scope` from seq `first` on; answers how many."""
    parameters = {"scope": scope, "first": first}
    with connection.transaction():
        head = connection.execute(SQL["lock_head"], parameters).fetchone()
        if head is None:
            raise ScopeWithoutFactsError(scope)
        last = int(head[0])
        if last < first:
            return 0
        connection.execute(SQL["forget_unsent"], parameters)
        connection.execute(SQL["shorten_unsent"], parameters)
        enqueue(connection, ranges(scope, first, last))
        connection.execute(SQL["mark_again"], parameters)
        return last - first + 1


def send_all_again(connection: Connection) -> int:
    """Queue the whole journal; answers how many facts."""
    with connection.transaction():
        heads = connection.execute(SQL["lock_all_heads"]).fetchall()
        connection.execute(SQL["forget_all_unsent"])
        connection.execute(SQL["refill"], {"range": RANGE})
    return sum(int(seq) for _, seq in heads)
