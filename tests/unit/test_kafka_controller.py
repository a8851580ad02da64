"""A cluster that has no controller yet is waited for: it is starting, and nothing is wrong with it."""

from __future__ import annotations

from types import SimpleNamespace

from shared.platform.kafka.sender import controller_known


class Starting:
    """A cluster that says who controls it when it is asked for the third time."""

    def __init__(self) -> None:
        self.asked = 0
        self.cluster = SimpleNamespace(controller=None)

    async def force_metadata_update(self) -> None:
        self.asked += 1
        if self.asked == 3:
            self.cluster.controller = SimpleNamespace(nodeId=1)


async def test_a_cluster_without_a_controller_is_asked_until_it_has_one() -> None:
    """The question that needs a controller is put only then."""
    starting = Starting()
    await controller_known(SimpleNamespace(_client=starting))
    assert starting.asked == 3
