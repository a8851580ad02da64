"""When a relay's topic must be filled again: told from what was kept of it."""

from __future__ import annotations

import pytest

from shared.platform.kafka.kept_topic import CUT, EMPTY, OTHER, Kept, refill_reason
from shared.platform.kafka.topic_state import Extent, TopicState, place_of, without_id

STATE = TopicState("cluster", "t.panke.intake.v1", "Zm9v", 2)
KEPT = Kept("cluster", "Zm9v", Extent([0, 0], [5, 7]))


@pytest.mark.parametrize(
    ("reached", "reason"),
    [
        (Extent([0, 0], [5, 7]), None),
        (Extent([0, 0], [9, 7]), None),
        (Extent([0, 0], [5, 6]), CUT),
        (Extent([0, 3], [5, 7]), CUT),
        (Extent([0, 0], [0, 0]), CUT),
        (Extent([5, 7], [5, 7]), CUT),
    ],
    ids=[
        "as it was",
        "longer",
        "shorter",
        "cut at its beginning",
        "without records",
        "with its records deleted",
    ],
)
def test_a_topic_that_has_less_than_it_had_is_filled_again(reached: Extent, reason: str | None) -> None:
    """Less at the end is a log restored from of old; less at the beginning, one that somebody cut or emptied."""
    assert refill_reason(KEPT, STATE, reached) == reason


@pytest.mark.parametrize("change", [{"cluster": "another"}, {"id": "YmFy"}])
def test_another_topic_is_filled_whatever_it_has(change: dict[str, str]) -> None:
    """Another cluster or another id: what was acknowledged was acknowledged elsewhere."""
    state = TopicState(
        **({"cluster": "cluster", "topic": STATE.topic, "id": "Zm9v", "partitions": 2} | change)
    )
    assert refill_reason(KEPT, state, Extent([0, 0], [50, 70])) == OTHER


def test_a_topic_of_which_nothing_was_kept_is_filled_only_while_it_is_empty() -> None:
    """After an upgrade a topic with records is taken for the one that has them."""
    assert refill_reason(None, STATE, Extent([0, 0], [0, 1])) is None
    assert refill_reason(None, STATE, Extent([0, 0], [0, 0])) == EMPTY


def test_a_position_is_named_by_cluster_topic_and_id() -> None:
    """Topic and partition can be read off the name, also off one of before topics had ids."""
    name = STATE.source(1)
    assert (name, place_of(name)) == ("cluster/t.panke.intake.v1@Zm9v:1", ("t.panke.intake.v1", 1))
    assert (without_id(name), place_of(without_id(name))) == ("cluster/t.panke.intake.v1:1", (STATE.topic, 1))
