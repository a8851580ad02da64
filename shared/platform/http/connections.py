"""What a connection may cost before a request is complete: time, header bytes, and a place among the others.

uvicorn closes idle connections between requests and knows no other limit (its issue 157): a header may grow for
ever, and a client that sends one byte a minute keeps its place. Here a request has to arrive within a deadline that
grows with what has arrived, its header is bounded, and a service holds a bounded number of connections; a newcomer
takes the place of whoever has waited longest without a request in hand. One sweep a second looks at the deadlines, so
that a request costs no timer (ADR 0025).
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import signal
import time
from array import array
from collections.abc import Iterator
from typing import Any, Final

import httptools
import structlog
import uvicorn
from msgspec import Struct
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from shared.i18n import bilingual
from shared.platform.http.answer_headers import SAID
from shared.platform.http.problem import PROBLEM_TYPE, problem

_log: Final = structlog.get_logger("http")


class Limits(Struct, frozen=True):
    """Times in seconds of machine time, sizes in bytes."""

    connections: int = 1000
    header_bytes: int = 32 * 1024
    header_time: float = 10.0
    """From the first byte of a connection, or of a request, to the end of its header."""
    body_grace: float = 10.0
    """How long a body may take besides what its size needs at `body_rate`."""
    body_rate: int = 64 * 1024
    """The least bytes a second of a body."""
    idle_time: float = 30.0
    """Between requests, whatever blank lines are sent meanwhile."""
    drain_time: float = 10.0
    """How long the rest of a refused body is still read, so that the refusal arrives and not a reset."""
    stall_time: float = 30.0
    """How long an answer may wait for a client that does not read it."""
    sent_ahead: int = 100
    """How many requests may wait on a connection while one is answered."""


class Phase(enum.Enum):
    """Where a connection stands."""

    HEADER = enum.auto()
    BODY = enum.auto()
    ANSWER = enum.auto()
    IDLE = enum.auto()


_WAITING: Final = frozenset({Phase.HEADER, Phase.IDLE})


class _Parser(httptools.HttpRequestParser):
    """Reads on behind a header that offers another protocol; the library's own takes what follows for that one's."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        super().__init__(protocol)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self._protocol = protocol

    def feed_data(self, data: bytes | bytearray | memoryview[int] | array[int]) -> None:
        """Parse; each header that stopped the parser is parsed again without what it offered."""
        parser = self
        while True:
            try:
                super(_Parser, parser).feed_data(data)
                return
            except httptools.HttpParserUpgrade as stop:
                if not self._protocol.offers_upgrade():
                    raise
                data = self._protocol.head_again() + bytes(data[stop.args[0] :])
                if not parser.should_keep_alive():  # it takes nothing in behind what is to be the last
                    parser = self._protocol.parser = _Parser(self._protocol)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines for what the client sends; `limits` is set by a subclass of the server."""

    limits: Limits = Limits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase = Phase.HEADER
        self._deadline = time.monotonic() + self.limits.header_time
        self._header = 0
        self._beside = 0
        self._finished = False
        self._refused = False
        self._stalled: float | None = None
        self.parser = _Parser(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, that of the connection that has waited longest where all are taken."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections and not self._displace():
            self._refuse(503, bilingual("too many connections; come again"))

    def _displace(self) -> bool:
        waiting = [one for one in self._others() if one._phase in _WAITING]
        if not waiting:
            return False
        longest = min(waiting, key=lambda one: one._deadline)
        longest.transport.abort()
        self.connections.discard(longest)
        return True

    def _others(self) -> Iterator[BoundedProtocol]:
        return (one for one in self.connections if isinstance(one, BoundedProtocol) and one is not self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a header that goes on past its limit ends the connection."""
        if self.transport.is_closing():
            return
        before = self._phase
        self._beside += len(data)
        self._finished = False
        super().data_received(data)
        if before in _WAITING and not self._finished and self._phase in _WAITING:
            self._header += len(data)
            self._check_header(self._header)
        elif self._phase is Phase.BODY:
            self._check_header(self._beside)

    def _check_header(self, size: int) -> bool:
        if size <= self.limits.header_bytes or self._refused:
            return not self._refused
        self._refuse(
            431,
            bilingual("the header is larger than {limit} bytes", limit=self.limits.header_bytes),
        )
        return False

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._header = 0
        self._enter(Phase.HEADER, self.limits.header_time)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the header; one that follows a body says nothing that anybody asks for."""
        if self._phase is not Phase.BODY:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The header is whole: what follows is the body."""
        if len(self.pipeline) >= self.limits.sent_ahead:
            self._refused = True
            self.transport.abort()
        if self._refused or self.offers_upgrade():
            return
        if self._check_header(len(self.url) + sum(len(name) + len(value) for name, value in self.headers)):
            super().on_headers_complete()
            self.cycle.keep_alive = self.cycle.keep_alive and not self.parser.should_upgrade()
            self._enter(Phase.BODY, self.limits.body_grace)

    def offers_upgrade(self) -> bool:
        """Whether the parser stops at this header: it comes again without the offer, which nobody takes up here."""
        return self.parser.should_upgrade() and any(name == b"upgrade" for name, _ in self.headers)

    def head_again(self) -> bytes:
        """The header as it came, but for the offer of another protocol (RFC 9110, 7.8)."""
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def on_body(self, body: bytes) -> None:
        """A part of the body, unless the request was refused by its header."""
        self._deadline += len(body) / self.limits.body_rate
        self._beside = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; how long its answer takes is the service's affair."""
        if self._refused or self.offers_upgrade():
            return
        self._beside = 0  # each request for itself: a connection lasts for many
        self._finished = True
        super().on_message_complete()
        answered = self.cycle is None or self.cycle.response_complete
        self._enter(Phase.IDLE if answered else Phase.ANSWER, self.limits.idle_time)

    def on_response_complete(self) -> None:
        """Answered: the next request, or the rest of a body that was refused."""
        super().on_response_complete()
        if self._phase is Phase.BODY:
            self._unset_keepalive_if_required()
            self._enter(Phase.BODY, self.limits.drain_time)
        elif self._phase is Phase.ANSWER:
            self._enter(Phase.IDLE, self.limits.idle_time)

    def pause_writing(self) -> None:
        """The client does not read: what was sent waits in memory."""
        super().pause_writing()
        self._stalled = time.monotonic()

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._stalled = None

    def _enter(self, phase: Phase, seconds: float) -> None:
        self._phase = phase
        self._deadline = time.monotonic() + seconds

    def expire(self, now: float) -> None:
        """End the connection if the client is past its deadline; waiting for our own pace counts for nobody."""
        if self._stalled is not None and now > self._stalled + self.limits.stall_time:
            self.transport.abort()
        if self._phase is Phase.ANSWER or now < self._deadline or self.transport.is_closing():
            return
        if self.flow is not None and self.flow.read_paused:
            self._deadline = now + 1.0
        elif self._phase is Phase.BODY and self.cycle is not None and not self.cycle.response_complete:
            _log.info("http.too_slow", phase=self._phase.name.lower())
            self.transport.abort()
        elif self._phase is Phase.HEADER and self._header:
            self._refuse(408, bilingual("the header did not arrive in time"))
        else:
            self.transport.abort()

    def _refuse(self, status: int, detail: str) -> None:
        """An answer that no application gives, and the end of the connection."""
        self._refused = True
        _log.info("http.refused", status=status)
        answer = problem(status, detail, headers={"Retry-After": "1"} if status == 503 else None)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(answer.body)}\r\nconnection: close\r\n"
        )
        besides = (b"%b: %b\r\n" % field for field in (*SAID, *self.server_state.default_headers))
        self.transport.write(head.encode() + b"".join(besides) + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What cannot be read as HTTP, said in the form of every other refusal."""
        self._refuse(400, bilingual("this is no request of HTTP"))


_REASONS: Final = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class BoundedServer(uvicorn.Server):
    """Ends what is past its deadline, stops on a signal and returns, so that the caller can close what it opened.

    The stock one raises the signal again when it has stopped, which ends the process there.
    """

    async def on_tick(self, counter: int) -> bool:
        """Once a second, of uvicorn's ten ticks."""
        if counter % 10 == 0:
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.expire(now)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask for an orderly end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def bounded_by(limits: Limits) -> type[BoundedProtocol]:
    """The protocol under these limits."""
    return type("LimitedProtocol", (BoundedProtocol,), {"limits": limits})
