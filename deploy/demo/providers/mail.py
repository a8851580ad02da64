"""A mail server as an office has one: SMTP on this machine, each message kept as a mail program shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller

from deploy.demo.providers.message import Arrivals, DeliveredMessage, paragraphs, reached
from deploy.local.ports import HOST, free_port

SENDER = "panke@office.invalid"


class _Mailbox:
    """What the server does with a message."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (the server's name)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        (address,) = envelope.rcpt_tos
        self._arrivals.took(
            DeliveredMessage(
                self._arrivals.now(),
                "email",
                reached("email", address),
                address,
                str(mail["subject"]),
                tuple(paragraphs(mail.get_content())),
                str(mail["message-id"]).strip("<>").partition("@")[0],
            )
        )
        return "250 OK"


@contextmanager
def mailing(arrivals: Arrivals) -> Iterator[int]:
    """The port of a mail server that runs until the end of the block."""
    server = Controller(_Mailbox(arrivals), hostname=HOST, port=free_port())
    server.start()
    try:
        yield int(server.port)
    finally:
        server.stop()
