"""Ports of the embedded parts: nobody is given one that another has been given."""

from __future__ import annotations

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
    """Three ports in a row on which nothing listens, as if there were no others."""
    while True:
        begin = random.randrange(32_001, 32_700)
        found = range(begin, begin + 3)
        if all(ports.is_free(port) for port in found):
            monkeypatch.setattr(ports, "_RANGE", found)
            return found


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
