"""Liveness: standing still with work is told, having nothing to do is not, and neither is a database that is away."""

from __future__ import annotations

from shared.platform.liveness import Progress


class Watch:
    """A clock of the machine that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_part_that_has_work_and_does_not_move_is_stuck() -> None:
    """The same mark with work counts the seconds since it last changed."""
    watch = Watch()
    part = Progress(watch)
    for second in (0.0, 10.0, 90.0):
        watch.seconds = second
        part.look("offset 5", has_work=True)
    assert part.stuck_for() == 90.0


def test_a_part_that_moves_is_not_stuck() -> None:
    """Each change of the mark begins the count anew."""
    watch = Watch()
    part = Progress(watch)
    for second in (0.0, 50.0, 100.0):
        watch.seconds = second
        part.look(f"offset {second}", has_work=True)
    assert part.stuck_for() == 0.0


def test_a_part_without_work_is_not_stuck() -> None:
    """Without work, or while the database is away, no time counts."""
    watch = Watch()
    part = Progress(watch)
    for second in (0.0, 500.0):
        watch.seconds = second
        part.look("offset 5", has_work=False)
    assert part.stuck_for() == 0.0
