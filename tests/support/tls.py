"""A server on this machine with a certificate that nobody has vouched for, over HTTPS and SMTP."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_STARTTLS = (b"220 post.example\r\n", b"250-post.example\r\n250 STARTTLS\r\n", b"220 go on\r\n")


def self_signed(folder: Path) -> ssl.SSLContext:
    """What a server needs to show such a certificate, for `localhost` and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "self-signed.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def handshaking(context: ssl.SSLContext | None, *, mail: bool = False) -> Iterator[int]:
    """The port of a server that shakes hands with whoever comes (`mail`: when STARTTLS was said), and says no more.

    Without a context it answers a handshake in words that are no TLS.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with suppress(TimeoutError, OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(5)
                    _answer(connection, context, mail=mail)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        listening.close()


def _answer(connection: socket.socket, context: ssl.SSLContext | None, *, mail: bool) -> None:
    if mail:
        for number, line in enumerate(_STARTTLS):
            if number:
                connection.recv(1000)
            connection.sendall(line)
    if context is None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return
    with context.wrap_socket(connection, server_side=True) as talking:
        talking.recv(1000)
