"""What a relay knows of the topic that it sent to, and when that topic must be filled again.

The rows that a relay sends from are deleted once they are acknowledged, so a topic that is new, was emptied or made
anew lacks them. Whoever relays keeps beside its rows which topic had them and how far it reached; where another one is
found, or less of it, everything is sent again: consumers drop what they have seen.
"""

from __future__ import annotations

from typing import Final, Protocol

from msgspec import Struct

from shared.i18n import bilingual
from shared.platform.kafka.topic_state import Extent, TopicState
from shared.platform.postgres.leader_lock import Lead

EMPTY: Final = bilingual("the topic is empty")
OTHER: Final = bilingual("another cluster, or the topic was made anew")
CUT: Final = bilingual("the topic lacks records that it had acknowledged")


class Refill(Struct, frozen=True):
    """What is sent again, and why."""

    reason: str
    records: int


class RelayLead(Lead, Protocol):
    """The lead of a relay, and what it keeps of its topic."""

    def keep_topic(self, state: TopicState, reached: Extent) -> Refill | None:
        """Note the topic as it is now; where it is not the one that was kept, have everything sent again."""


class Kept(Struct, frozen=True):
    """The topic as it was noted last."""

    cluster: str
    id: str
    extent: Extent

    @classmethod
    def of(cls, row: tuple[str, str, list[int], list[int]] | None) -> Kept | None:
        """From a row of the table, if there is one."""
        return None if row is None else cls(row[0], row[1], Extent(row[2], row[3]))


def refill_reason(kept: Kept | None, state: TopicState, reached: Extent) -> str | None:
    """Why the topic must be filled again, or None where it has what it had."""
    if kept is None:
        return EMPTY if reached.firsts == reached.ends else None
    if (kept.cluster, kept.id) != (state.cluster, state.id):
        return OTHER
    return CUT if reached.lost(kept.extent) else None


def kept_row(state: TopicState, reached: Extent) -> dict[str, object]:
    """The row to keep."""
    return {
        "topic": state.topic,
        "cluster": state.cluster,
        "id": state.id,
        "firsts": reached.firsts,
        "ends": reached.ends,
    }
