"""Servers as a deployment secures them: TLS by an authority of its own, and SCRAM.

The embedded PostgreSQL is built without TLS: a line before it speaks that, as before some managed databases.
"""

from __future__ import annotations

import re
import secrets
import select
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import EmbeddedKafka
from deploy.local.ports import HOST, free_port
from deploy.local.private import write_private

USER = "panke"
_SSL_REQUEST = struct.pack(">ii", 8, 80877103)
COMPOSED = Path(__file__).resolve().parents[2] / "deploy" / "kafka" / "server.properties"
"""The settings of the broker of docker-compose.yml, of which those of TLS and SCRAM are tried here."""
_SECURES = re.compile(r"sasl\.|ssl\.|listener\.name\.")


@contextmanager
def tls_before(server: tuple[str, int], tls: Path) -> Iterator[int]:
    """The port of a line that speaks TLS as a PostgreSQL does, and hands on to a server that was built without it; who
    does not ask for TLS is hung up on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "cert.pem", tls / "key.pem")

    class Line(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(8, socket.MSG_WAITALL) != _SSL_REQUEST:
                return
            self.request.sendall(b"S")
            try:
                client = context.wrap_socket(self.request, server_side=True)
            except OSError:  # who does not believe the certificate leaves
                return
            with client, socket.create_connection(server) as plain:
                _join(client, plain)

    with socketserver.ThreadingTCPServer((HOST, 0), Line) as lines:
        lines.daemon_threads = True
        thread = threading.Thread(target=lines.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(lines.server_address[1])
        finally:
            lines.shutdown()
            thread.join()


def _join(client: ssl.SSLSocket, plain: socket.socket) -> None:
    """Until one side hangs up."""
    while True:
        ready = [client] if client.pending() else select.select([client, plain], [], [])[0]
        for one, other in ((client, plain), (plain, client)):
            if one in ready:
                try:
                    data = one.recv(65536)
                    other.sendall(data)
                except OSError:
                    return
                if not data:
                    return


class SecuredKafka(EmbeddedKafka):
    """Besides the plain line of this machine, by which it is found to be ready, one by TLS and SCRAM."""

    def __init__(self, directory: Path, tls: Path) -> None:
        super().__init__(directory)
        self._tls = tls
        self.password = secrets.token_urlsafe(12)
        self.secured_port = free_port()
        self.format_arguments = (f"--add-scram=SCRAM-SHA-512=[name={USER},password={self.password}]",)

    @property
    def secured(self) -> str:
        return f"{HOST}:{self.secured_port}"

    def _write_settings(self, port: int, controller: int, data: Path) -> Path:
        path = super()._write_settings(port, controller, data)
        given = _properties(path)
        for name in ("listeners", "advertised.listeners"):
            given[name] += f",SASL_SSL://{self.secured}"
        given["listener.security.protocol.map"] += ",SASL_SSL:SASL_SSL"
        given |= {key: value for key, value in _properties(COMPOSED).items() if _SECURES.match(key)}
        given["ssl.keystore.location"] = str(self._tls / "server.pem")
        write_private(path, "".join(f"{key}={value}\n" for key, value in given.items()))
        return path


def _properties(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)
