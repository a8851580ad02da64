"""Ports of the embedded parts: nobody is given one that another has been given."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys

import pytest

from deploy.local import ports

CHOOSE = """
import sys
from deploy.local import ports
ports._RANGE = range(int(sys.argv[1]), int(sys.argv[1]) + 3)
print(ports.free_port())
"""


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> range:
    """Three ports in a row on which nothing listens and that nobody holds, as if there were no others.

    A port that an earlier test was given is held until its process ends, and workers choose at the same moment: each
    has a row of its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        begin = 32_001 + 80 * (worker % 9) + random.randrange(77)
        found = range(begin, begin + 3)
        if all(ports.is_free(port) and unheld(port) for port in found):
            monkeypatch.setattr(ports, "_RANGE", found)
            return found


def unheld(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mark:
        try:
            mark.bind((ports.HOST, port))
        except OSError:
            return False
    return True


def test_a_port_is_given_to_one_caller(three: range) -> None:
    """Chosen and not yet listened on, it is given to no other caller of the process."""
    assert {ports.free_port() for _ in three} == set(three)
    with pytest.raises(OSError, match="no free port"):
        ports.free_port()


def test_a_port_that_another_process_chose_is_left_alone(three: range) -> None:
    """Also while nothing listens on it, as between a kill of its server and the next start."""
    mine = {ports.free_port(), ports.free_port()}
    command = [sys.executable, "-c", CHOOSE, str(three.start)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert {int(done.stdout)} == set(three) - mine


def test_a_chosen_port_can_be_listened_on(three: range) -> None:
    """What keeps others away does not keep the server away."""
    with socket.create_server((ports.HOST, ports.free_port())):
        pass


def test_a_usual_port_is_taken_by_one_of_those_who_find_it_free(three: range) -> None:
    """Two demonstrations that start at the same moment get ports of their own."""
    assert ports.is_free(three.start)
    assert ports.take(three.start)
    assert ports.is_free(three.start)
    assert not ports.take(three.start)
    with socket.create_server((ports.HOST, three.start + 1)):
        assert not ports.take(three.start + 1)
