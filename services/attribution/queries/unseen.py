"""What a preview does not know of: visits, deals and disputes out of the caller's reach (ADR 0043).

Whoever asks by a made-up id is told the same, whether somebody else's record has it or nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.attribution.queries.snapshot import Snapshot
from shared.contract import Event
from shared.ids import DisputeId, StaffId, VisitId
from shared.rules.domain.state import Key, taken_key

_NAMED = ("visit", "deal", "dispute")
"""Fields of events that hold an id which a client makes up; ids of events are drawn, and nobody guesses them."""


def forget_unseen(snapshot: Snapshot, event: Event) -> None:
    """Have the rules find nothing under ids that the event names and that are out of reach."""
    if snapshot.reach.knows_all:
        return
    for kind, id_ in _ids(event):
        snapshot.load({Key(kind, id_), taken_key(kind, id_)})
        if not _seen(snapshot, kind, id_):
            snapshot.work.slice.forget(Key(kind, id_))
            snapshot.work.slice.forget(taken_key(kind, id_))


def _ids(event: Event) -> Iterator[tuple[str, str]]:
    for kind in _NAMED:
        id_ = getattr(event.data, kind, None)
        if isinstance(id_, str):
            yield kind, id_


def _seen(snapshot: Snapshot, kind: str, id_: str) -> bool:
    if kind == "deal":
        stored = snapshot.ask("these_deals", [snapshot.head.scope, [id_]])
        return any(snapshot.reach.knows_deal(born, deal) for born, deal, _ in stored)
    if kind == "dispute":
        dispute = snapshot.work.slice.dispute(DisputeId(id_))
        born = snapshot.work.slice.born.get(Key("dispute", id_))
        return dispute is not None and born is not None and snapshot.reach.knows_dispute(born, id_)
    return _visit_seen(snapshot, VisitId(id_))


def _visit_seen(snapshot: Snapshot, visit: VisitId) -> bool:
    """That of a customer whom the caller may read, or received by whom the caller reaches."""
    home = snapshot.pointed("visit", visit)
    receiver: StaffId | None = snapshot.receiver_of(visit)
    return (home is not None and snapshot.reach.knows(home)) or (
        receiver is not None and snapshot.reach.knows_staff(receiver)
    )
