"""Leases last as long as the process that has them: kept while it works, and soon over when it was killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner

from services.notifier.cli import alerts
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.queue import Queue, SendAttempt, Terms
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Listing
from services.notifier.main import LEASE
from services.notifier.model.metrics import Metrics
from tests.support.notifier import Keeping, Office, local, one_reminder_due
from tests.support.parts import eventually
from tests.support.patience import PATIENCE

BEATING = RetryPolicy(attempts=1, heartbeat=0.05, longest_sleep=0.05)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    with one_reminder_due(database) as office:
        yield office


class Slow(Keeping):
    """A provider that answers when the test says."""

    def __init__(self) -> None:
        super().__init__("slow", timeout=60.0)
        self.called, self.may = asyncio.Event(), asyncio.Event()

    async def send(self, notice: Any, destination: str) -> str:
        self.called.set()
        await self.may.wait()
        return await super().send(notice, destination)


def leased_until(office: Office) -> datetime | None:
    with office.database.connection() as connection:
        row: Any = connection.execute("SELECT max(leased_until) FROM alerts").fetchone()
    found: datetime | None = row[0]
    return found


def kept_for_long(office: Office) -> bool:
    with office.database.connection() as connection:
        row: Any = connection.execute(
            "SELECT bool_and(leased_until > clock_timestamp() + interval '25 s') FROM alerts WHERE lease IS NOT NULL"
        ).fetchone()
    return row[0] is True


async def test_a_call_that_takes_longer_than_a_lease_is_not_made_twice(office: Office) -> None:
    """While its process lives, the lease is kept: who looks for lost ones finds none, and the answer counts."""
    queue = Queue(office.database, Terms(lease=timedelta(seconds=30)))
    slow = Slow()
    clocks = (office.clock, office.machine)
    sender = Dispatcher(queue, [slow], clocks, office.plans, BEATING, Metrics())
    stop = asyncio.Event()
    running = asyncio.create_task(sender.run(stop))
    async with asyncio.timeout(PATIENCE):
        await slow.called.wait()
        for _ in range(4):
            office.pass_time(timedelta(seconds=20))
            assert queue.recover(office.machine.now(), ["slow"]) == []
            await asyncio.to_thread(eventually, partial(kept_for_long, office), "the lease is kept")
        slow.may.set()
        stop.set()
        await running
        await sender.drain(90)
    assert (len(slow.sent), leased_until(office)) == (1, None)


async def test_what_a_killed_process_had_under_way_is_taken_up_within_half_a_minute(office: Office) -> None:
    """The lease of the service is over twenty seconds behind its last heartbeat."""
    queue = Queue(office.database, Terms(LEASE))
    (alert,) = queue.claim(10, office.clock.now(), office.machine.now())
    office.pass_time(timedelta(seconds=21))
    kept = Keeping()
    sender = Dispatcher(queue, [kept], (office.clock, office.machine), office.plans, RetryPolicy(), Metrics())
    await sender.tick()
    await sender.drain(90)
    assert [one.id for one in kept.sent] == [alert.id]


@pytest.mark.parametrize("apart", [timedelta(hours=1), timedelta(hours=-1)])
async def test_notifiers_whose_clocks_differ_take_none_of_each_others_leases(
    office: Office, apart: timedelta
) -> None:
    """Leases go by the clock of the database: another machine's may be an hour ahead or behind: it takes nothing
    while the lease lasts, and takes it up once it is over."""
    mine, other = (Queue(office.database, Terms(LEASE)) for _ in range(2))
    (alert,) = mine.claim(10, office.clock.now(), office.machine.now())
    its_now = office.machine.now() + apart
    assert (other.work().lost, other.recover(its_now, ["keeping"])) == (False, [])
    at = (office.clock.now(), office.machine.now())
    assert mine.begin_attempt(alert, SendAttempt("keeping", "keep:li", "words", "li"), at) == 1
    office.pass_time(LEASE + timedelta(seconds=1))
    assert other.work().lost
    assert [found for found, _ in other.recover(its_now, ["keeping"])] == [alert.id]


async def test_what_is_under_way_for_long_counts_as_late(office: Office) -> None:
    """Begun and not settled, as after a kill: the figure of late alerts has it, as it has what was never begun."""
    listing, late = Listing(office.database), timedelta(minutes=1)
    office.clock.at = local(4, 9, 2)
    assert listing.backlog(office.clock.now(), late).late == 1
    office.queue.claim(10, office.clock.now(), office.machine.now())
    found = listing.backlog(office.clock.now(), late)
    assert (found.due, found.under_way, found.late) == (0, 1, 1)


def test_the_figures_tell_what_is_late_and_why_alerts_wait(office: Office, database: str) -> None:
    """`panke alerts figures`: an alert that a killed process had under way is late; one that was refused says why."""
    office.queue.claim(10, office.clock.now(), office.machine.now())
    with office.database.connection() as connection:
        connection.execute("DELETE FROM alerts WHERE lease IS NULL")
        connection.execute("UPDATE alerts SET due_at = clock_timestamp() - interval '5 minutes'")
    done = CliRunner().invoke(alerts, ["figures", "--database-url", database])
    assert done.exit_code == 0
    assert [line.split()[-1] for line in done.output.splitlines()] == ["0", "1", "1", "0", "0"]
    with office.database.connection() as connection:
        connection.execute(
            "UPDATE alerts SET state = 'failed', waits_for = 'signature' WHERE lease IS NOT NULL"
        )
    done = CliRunner().invoke(alerts, ["figures", "--database-url", database])
    assert "for signature    1" in done.output
