"""Loopback ports for the embedded parts.

hazards.md#a-port-that-another-server-has: a probe of a port that is in use succeeds against the other server,
so it is checked first. Ports are taken below the range that the kernel hands to outgoing connections, so that a
restart finds its own port free again. A port that was chosen is held until the process that chose it ends, also
while nothing listens on it: of two processes that choose at the same moment, or while a server of the other one is
started again, neither takes the other's.
"""

from __future__ import annotations

import random
import socket
import time

HOST = "127.0.0.1"
LOOPBACK = (HOST, "localhost")
_TICK = 0.05
_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; connections that are closing do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def soon_free(port: int, seconds: float = 5.0) -> bool:
    """As `is_free`; what was killed may hold its port for a moment more."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(_TICK)
    return True


def free_port(besides: tuple[int, ...] = ()) -> int:
    """A port on which nothing listens, and that no other caller has been given or will be while this process runs."""
    for port in random.sample(_RANGE, len(_RANGE)):
        if port not in besides and take(port):
            return port
    raise OSError(f"no free port on {HOST} in {_RANGE.start}-{_RANGE.stop}")


def take(port: int) -> bool:
    """Whether nothing listens on the port, and it is this caller's from now on.

    Whoever chose a port has the datagram socket of its number. The servers listen for connections only, so the mark is
    in nobody's way; the kernel takes it back with the process.
    """
    if not is_free(port):
        return False
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        mark.bind((HOST, port))
    except OSError:
        mark.close()
        return False
    mark.detach()
    return True
