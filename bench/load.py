"""A load generator that costs little beside what it loads: raw HTTP/1.1 over kept connections, in its own process.

`python -m bench.load PORT CONNECTIONS BATCH SECONDS LIMIT TOKEN` posts events for so many seconds, at most LIMIT of
them, each connection one request at a time, and prints what came back as JSON. Bodies are made from facts of the
generator with new ids, by joining bytes, so that making one costs about a microsecond.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any, cast

import msgspec
import uvloop

from bench.generator import take

SCOPES = 200
DISTINCT = 2000
MARK = "00000000-0000-4000-8000-000000000000"
HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n"
)
REFUSED = 1
"""Counted under this: lines of a batch that got another answer than a place in the journal."""
CLOSED = 0
"""Counted under this: connections that the server closed."""
NAMES = {REFUSED: "lines not taken", CLOSED: "connections closed"}


class Requests:
    """Makes requests that no run before has made."""

    def __init__(self, batch: int, token: str) -> None:
        self._batch = batch
        self._run = time.time_ns() & 0xFFFF_FFFF_FFFF
        self._made = 0
        self._parts = [_around_id(made.body) for made in take(DISTINCT, SCOPES)]
        path = "/v1/events" if batch == 1 else "/v1/events:batch"
        self._head = HEAD.format(path=path, token=token, length="%d").encode()

    def next(self) -> bytes:
        """The bytes of one request."""
        body = self._event() if self._batch == 1 else b"\n".join([self._event() for _ in range(self._batch)])
        return self._head % len(body) + body

    def _event(self) -> bytes:
        before, after = self._parts[self._made % DISTINCT]
        self._made += 1
        return b"%b%08x-0000-4000-8000-%012x%b" % (before, self._made, self._run, after)


def _around_id(body: bytes) -> tuple[bytes, bytes]:
    """An envelope without `recorded_at`, cut where its id goes."""
    envelope: dict[str, Any] = msgspec.json.decode(body)
    del envelope["recorded_at"]
    before, after = msgspec.json.encode({**envelope, "id": MARK}).split(MARK.encode())
    return before, after


class Client(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last one is whole."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass of it

    def begin(self) -> None:
        """Send a request, or nothing more when the load has ended."""
        assert self._transport is not None
        if self._load.over():
            self._load.ended()
            return
        self._sent = time.perf_counter()
        self._transport.write(self._load.requests.next())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = b""
        self._load.answered(int(head[9:12]), body, time.perf_counter() - self._sent)
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.index(b"content-length:") + len(b"content-length:")
    return int(lowered[at:].split(b"\r\n", 1)[0])


class Load:
    """The whole of one run, and what it counted."""

    def __init__(self, batch: int, seconds: float, limit: int, token: str) -> None:
        self.requests = Requests(batch, token)
        self._batch = batch
        self._seconds = seconds
        self._limit = limit
        self._asked = 0
        self._begun = 0.0
        self._last = 0.0
        self._statuses: Counter[int] = Counter()
        self._waits: list[float] = []
        self._open = 0
        self._closed = False
        self._done = asyncio.Event()

    async def run(self, port: int, connections: int) -> dict[str, Any]:
        """Connect first, then count from the first request to the last answer."""
        loop = asyncio.get_running_loop()
        clients = []
        for _ in range(connections):
            _, client = await loop.create_connection(lambda: Client(self), "127.0.0.1", port)
            clients.append(client)
        self._open = connections
        self._begun = time.perf_counter()
        for client in clients:
            client.begin()
        await asyncio.wait_for(self._done.wait(), self._seconds + 30)
        self._closed = True
        for client in clients:
            client.close()
        return self._told()

    def over(self) -> bool:
        if self._asked + self._batch > self._limit or time.perf_counter() - self._begun > self._seconds:
            return True
        self._asked += self._batch
        return False

    def answered(self, status: int, body: bytes, wait: float) -> None:
        self._last = time.perf_counter()
        self._waits.append(wait)
        if self._batch == 1:
            self._statuses[status] += 1
        else:
            taken = body.count(b'"recorded_at"')
            self._statuses[202] += taken
            self._statuses[REFUSED] += self._batch - taken

    def ended(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._done.set()

    def lost(self) -> None:
        """A connection that the server closed; at the end it is we who close them."""
        if not self._closed:
            self._statuses[CLOSED] += 1
            self.ended()

    def _told(self) -> dict[str, Any]:
        waits = sorted(self._waits)
        seconds = self._last - self._begun
        return {
            "accepted": self._statuses[202],
            "seconds": seconds,
            "events_per_second": self._statuses[202] / seconds,
            "other_statuses": {NAMES.get(k, str(k)): v for k, v in self._statuses.items() if k != 202 and v},
            "p50_ms": waits[len(waits) // 2] * 1000,
            "p99_ms": waits[len(waits) * 99 // 100] * 1000,
        }


def main(port: str, connections: str, batch: str, seconds: str, limit: str, token: str) -> None:
    async def load() -> dict[str, Any]:
        return await Load(int(batch), float(seconds), int(limit), token).run(int(port), int(connections))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(load())))


if __name__ == "__main__":
    main(*sys.argv[1:])
