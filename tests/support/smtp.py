"""A mail server on this machine that does as it is told at each command: refuses, hangs, cuts, talks garbage.

A server of a library would be well-behaved; what a sender must bear is the others.
"""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CUT = "cut"
HANG = "hang"
USER, PASSWORD = "panke", "password-of-the-mail-server"


@dataclass
class Post:
    """`says` replaces the answer to a command: a line, `CUT` or `HANG`. `received` are the messages that were taken."""

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    # Of so many more messages that are taken, the answer does not come back.
    lost: int = 0
    free: threading.Event = field(default_factory=threading.Event)

    def answer(self, verb: str, rest: str) -> str:
        self.commands.append(verb)
        if verb in self.says:
            return self.says[verb]
        if verb == "AUTH":
            given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
            return "235 welcome" if given[1:] == [USER, PASSWORD] else "535 5.7.8 wrong"
        return {
            "CONNECT": "220 post.example",
            "EHLO": "250-post.example\r\n250-SIZE 1000000\r\n250 AUTH PLAIN",
            "DATA": "354 go on",
            "END": "250 2.0.0 kept as 4ABC",
            "QUIT": "221 bye",
        }.get(verb, "250 ok")


@contextmanager
def posting() -> Iterator[Post]:
    """The server on a free port, stopped at the end."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if not self._say("CONNECT", ""):
                return
            while line := self.rfile.readline().decode().strip():
                verb, _, rest = line.partition(" ")
                verb = verb.upper()
                if not self._say(verb, rest):
                    return
                if verb == "DATA" and "DATA" not in kept.says:
                    body = self._body()
                    if kept.lost > 0:
                        kept.lost -= 1
                        kept.received.append(body)
                        return
                    if not self._say("END", ""):
                        return
                    if "END" not in kept.says:
                        kept.received.append(body)

        def _body(self) -> str:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.decode())
            return "".join(lines)

        def _say(self, verb: str, rest: str) -> bool:
            answer = kept.answer(verb, rest)
            if answer == HANG:
                kept.free.wait(120)
            if answer in (HANG, CUT):
                return False
            self.wfile.write(f"{answer}\r\n".encode())
            return True

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A caller that gave up does not wait for its answer."""

    server = Server(("127.0.0.1", 0), Handler)
    kept = Post(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kept
    finally:
        kept.free.set()
        server.shutdown()
        thread.join()
        server.server_close()
