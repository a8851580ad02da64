"""Told to end, services end by themselves, also while a part that they need is away."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.parts import embedded_kafka, embedded_postgres, eventually
from tests.support.receiver import Receiver, notified_by
from tests.support.system import PATIENCE, running

BEGIN = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("away", ["database", "broker"])
def test_services_end_while_a_part_is_away(away: str, directory: Path, receiver: Receiver) -> None:
    """As where a machine goes down and the parts end in any order: nobody has to kill them."""
    with (
        embedded_postgres() as postgres,
        embedded_kafka() as kafka,
        running(directory, postgres.dsn, kafka.address, BEGIN, settings=notified_by(receiver)) as system,
    ):
        (postgres if away == "database" else kafka).kill()
        for name, service in system.services.items():
            eventually(lambda service=service: not service.ready(), f"{name} waits for it", PATIENCE)
            assert service.pid is not None
            os.kill(service.pid, signal.SIGTERM)
        for name, service in system.services.items():
            eventually(lambda service=service: service.pid is None, f"{name} has ended", PATIENCE)
        if away == "database":
            postgres.start()
