"""The tail of the intake topic is read from every partition, whatever the client knows of the topic at first."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition

from services.intake.journal import topic_tail
from services.intake.journal.topic_tail import Tail


class LateClient:
    """A client to which each question tells as many partitions as stand there, the last of them for good."""

    def __init__(self, *told: int) -> None:
        self._told = list(told)
        self._client = self
        self.assigned: Sequence[TopicPartition] = ()

    async def add_topic(self, topic: str) -> None: ...

    async def force_metadata_update(self) -> bool:
        if len(self._told) > 1:
            del self._told[0]
        return True

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._told[0])) or None

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self.assigned = partitions

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 7)

    def seek(self, partition: TopicPartition, offset: int) -> None: ...


async def test_a_topic_of_which_the_client_knows_nothing_yet_is_asked_for_again() -> None:
    """Else nothing would be read, and a journal that is older than its topic would be said to lack nothing."""
    client = LateClient(0, 0, 1, 3)
    tail = Tail(client, "panke.intake.v1", {}, 3)
    await tail.begin()
    assert tail.ends == {0: 7, 1: 7, 2: 7}
    assert len(client.assigned) == 3


async def test_a_topic_that_stays_unknown_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told as a broker that does not answer."""
    monkeypatch.setattr(topic_tail, "WAIT", 0.2)
    with pytest.raises(TimeoutError):
        await Tail(LateClient(0), "panke.intake.v1", {}, 3).begin()
