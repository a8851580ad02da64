"""When a relay counts as stuck."""

from __future__ import annotations

from shared.platform.liveness import Progress, Watchdog


class Machine:
    """A machine clock and parts that answer or not, as a test says."""

    def __init__(self) -> None:
        self.time = 100.0
        self.answers = True

    def monotonic(self) -> float:
        return self.time

    async def parts_answer(self) -> bool:
        return self.answers


def parts() -> tuple[Machine, Progress, Watchdog]:
    machine = Machine()
    progress = Progress(machine.monotonic)
    return machine, progress, Watchdog(progress, machine.parts_answer, machine.monotonic)


async def test_a_relay_without_work_is_never_stuck() -> None:
    """However long nothing happens."""
    machine, progress, watchdog = parts()
    machine.time += 1000
    await watchdog.look()
    assert (progress.stuck_for(), watchdog.stuck_for()) == (0.0, 0.0)


async def test_a_relay_with_work_that_does_not_move_is_stuck() -> None:
    """From the moment since which broker and database answered, until something is acknowledged."""
    machine, progress, watchdog = parts()
    progress.working()
    machine.time += 10
    await watchdog.look()
    machine.time += 20
    await watchdog.look()
    assert watchdog.stuck_for() == 20.0
    progress.moved()
    assert watchdog.stuck_for() == 0.0


async def test_work_whose_steps_go_on_is_not_stuck_however_long_it_takes() -> None:
    """Time counts from the last step that was seen; steps without work make nothing stuck."""
    machine, progress, watchdog = parts()
    progress.working()
    for _ in range(100):
        machine.time += 10
        progress.step()
        await watchdog.look()
    assert watchdog.stuck_for() == 0.0
    for _ in range(3):
        machine.time += 10
        await watchdog.look()
    assert watchdog.stuck_for() == 20.0
    progress.moved()
    progress.step()
    assert watchdog.stuck_for() == 0.0


async def test_a_broker_that_is_away_does_not_make_the_relay_stuck() -> None:
    """The time of the outage does not count, also when the broker is back."""
    machine, progress, watchdog = parts()
    progress.working()
    machine.answers = False
    machine.time += 1000
    await watchdog.look()
    machine.answers = True
    machine.time += 1
    await watchdog.look()
    machine.time += 2
    assert watchdog.stuck_for() == 2.0


async def test_a_wedged_relay_ends_the_process() -> None:
    """Past the limit the watchdog calls for the end, which only a new process can follow."""
    machine, progress, watchdog = parts()
    progress.working()
    machine.time += 10
    await watchdog.look()
    machine.time += 100

    def end() -> None:
        raise SystemExit(70)

    try:
        await watchdog.run(90.0, end)
    except SystemExit as wedged:
        assert wedged.code == 70


def test_a_blocked_relay_tells_why_and_is_not_stuck() -> None:
    """A deployment that is wrong is not cured by a new process."""
    machine, progress, _ = parts()
    progress.working()
    progress.blocked("the topic has 5 partitions")
    machine.time += 1000
    assert progress.stuck_for() == 0.0
    assert progress.problem == "the topic has 5 partitions"
