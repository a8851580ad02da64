"""The kill test: under load everything is killed with -9 and started again, and nothing is missing or double.

contract.md#g1, contract.md#g2 and contract.md#g3. `PANKE_TEST_KILL_SECONDS` makes the storm longer; `-m soak`
runs more seeds of it.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from deploy.local import EmbeddedKafka, EmbeddedPostgres
from shared.contract import format_instant
from tests.support.audit import Audit
from tests.support.dumping import dump_plain
from tests.support.erasing import KeyDestroyer
from tests.support.keys import key_file
from tests.support.load import Desk
from tests.support.parts import Say, eventually
from tests.support.searching import files_below, found_in
from tests.support.storm import Storm
from tests.support.system import PATIENCE, System, running

SECONDS = float(os.environ.get("PANKE_TEST_KILL_SECONDS", "20"))
SOAK_SECONDS = max(SECONDS, 60.0)
SOAK_SEEDS = (2, 3, 4)
SCOPES = 4
BEGIN = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
# Business seconds in a real one: a claim's four days pass in a storm, so lapses are decided in it too.
SPEED = 20_000.0
PHONES = re.compile(rb"(?<![0-9])(?:86)?(137[0-9]{8})(?![0-9])").findall


@pytest.fixture
def system(directory: Path, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka) -> Iterator[System]:
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang", "PANKE_KEYS": key_file(directory)}
    with running(directory, own_postgres.dsn, own_kafka.address, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.timeout(900)
async def test_nothing_acknowledged_is_lost_or_doubled_however_the_parts_are_killed(
    system: System, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, say: Say
) -> None:
    """What was answered is in the journal once, in the topic once and in order, and is decided as judge decides, also
    of people who were erased meanwhile; and nothing that was entered can be read in any file."""
    await weather(Storm(system, own_postgres, own_kafka, seed=1), SECONDS, say)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", SOAK_SEEDS)
async def test_nothing_is_lost_or_doubled_in_a_long_storm(
    system: System, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, say: Say, seed: int
) -> None:
    """The same over a minute and more, from other seeds."""
    await weather(Storm(system, own_postgres, own_kafka, seed=seed), SOAK_SECONDS, say)


async def weather(storm: Storm, seconds: float, say: Say) -> None:
    """Load, storm, calm, and the check of everything."""
    system = storm.system
    stop, give_up = threading.Event(), threading.Event()
    system.clock.run(until=None, speed=SPEED)
    destroyer = KeyDestroyer(system.database_url, system.settings["PANKE_KEYS"], give_up)
    desks = [
        Desk(
            f"s{n}",
            system.address("intake"),
            storm.seed,
            system.clock.now,
            stop,
            give_up,
            destroyer=destroyer,
        )
        for n in range(SCOPES)
    ]
    for desk in desks:
        desk.start()
    try:
        storm.blow(seconds)
        storm.pass_over()
        stop.set()
        for desk in desks:
            desk.join(PATIENCE)
    finally:
        stop.set()
        give_up.set()
    assert not any(desk.is_alive() for desk in desks), "a desk still waits for an answer"
    assert [problem for desk in desks for problem in desk.wrong] == []

    as_of = system.clock.halt()
    eventually(lambda: system.behind() == 0.0, "the watermark reaches the notifier", PATIENCE)
    recorded, repeated = sum(len(d.acknowledged) for d in desks), sum(d.repeated for d in desks)
    say(
        f"kill test, seed {storm.seed}: {recorded} events acknowledged, {repeated} times sent again,"
        f" killed {dict(storm.kills)}, ended by themselves {dict(storm.ended)}"
    )
    assert await Audit(system, desks).problems(format_instant(as_of)) == []
    assert any(desk.erased for desk in desks), "nobody was erased in this storm"
    demand_nothing_personal(storm, {phone for desk in desks for phone in desk.phones})


def demand_nothing_personal(storm: Storm, phones: set[str]) -> None:
    """No file of the deployment, and none that was taken out of it, holds a phone or a name that was entered."""
    system = storm.system
    dump_plain(system.database_url, system.directory / "whole.sql")
    folders = (storm.postgres.data, storm.postgres.directory, storm.kafka.directory, system.directory)
    files = {file for folder in folders for file in files_below(folder)}
    assert any(file.name == "whole.sql" for file in files) and any(file.suffix == ".log" for file in files)
    for file in files:
        data = file.read_bytes()
        there = {number.decode() for number in PHONES(data)} & phones
        assert not there and not found_in(data, ["演示客户"]), f"{file}: {sorted(there)}"
