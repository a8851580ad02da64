"""One question to a broker, in Kafka's own protocol: which cluster are you, and which brokers are alive?

hazards.md#a-port-that-another-server-has: a port that is in use answers for the *other* server, so ready means
our own cluster id. A Metadata request (version 2, no topics) is 30 bytes; a whole client with its event loop is
not needed for it.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from deploy.local.ports import HOST

_METADATA, _VERSION = 3, 2


@dataclass(frozen=True)
class Cluster:
    """What a broker says about itself: the cluster's id and the ports of the brokers that take requests."""

    id: str
    ports: tuple[int, ...]


def ask_cluster(port: int, timeout: float = 2.0) -> Cluster | None:
    """The cluster that answers on a loopback port; none while nothing does."""
    name = b"panke"
    body = struct.pack(">hhih", _METADATA, _VERSION, 1, len(name)) + name + struct.pack(">i", 0)
    try:
        with socket.create_connection((HOST, port), timeout=timeout) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            size = struct.unpack(">i", _exactly(connection, 4))[0]
            return _parse(_ResponseReader(_exactly(connection, min(size, 1 << 20))))
    except (OSError, struct.error, UnicodeDecodeError):
        return None  # refused, cut off, or not Kafka at all: not our broker yet


def _parse(reader: _ResponseReader) -> Cluster | None:
    reader.number(">i")  # correlation id
    ports = []
    for _ in range(reader.number(">i")):
        reader.number(">i")
        reader.text()
        ports.append(reader.number(">i"))
        reader.text()
    cluster = reader.text()
    return None if cluster is None else Cluster(cluster, tuple(ports))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise OSError("the connection was closed")
        data += more
    return data


class _ResponseReader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, form: str) -> int:
        value: int = struct.unpack_from(form, self._data, self._at)[0]
        self._at += struct.calcsize(form)
        return value

    def text(self) -> str | None:
        length = self.number(">h")
        if length < 0:
            return None
        self._at += length
        return self._data[self._at - length : self._at].decode()
