"""Alerts by e-mail, over SMTP.

The Message-ID is made from the alert's id: an alert that is sent again after a lost answer is the same
message to every mail client that looks at it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal, NamedTuple

import aiosmtplib

from services.notifier.channels import (
    ChannelError,
    NoAnswerError,
    NotThisPersonError,
    RefusedError,
    TemporaryError,
    composing,
)
from services.notifier.channels.contact import mail_address, sender_address
from services.notifier.channels.faults import connect_time, reached_not, tls_fault
from services.notifier.channels.provider_verdict import Reason, presentable
from services.notifier.model.alert import Person, RenderedMessage
from shared.platform.text.plain import lines, one_line

# SMTP, RFC 5321 section 4.2.1: a code of 5xx is a permanent refusal, 4xx a temporary one.
_PERMANENT = 500
# RFC 4954: who hands in is not admitted, whatever the mail.
_NOT_ADMITTED = frozenset({530, 534, 535, 538})
# RFC 5321: the mailbox that sends is not accepted here; a message that is too large has another code.
_NOT_THIS_SENDER = frozenset({550, 551, 553})
# RFC 3463: of the mailbox (full, switched off) or of policies (no relaying for it), which somebody may mend meanwhile.
_MENDED = re.compile(r"\b[45]\.[27]\.\d")
# The connection was not made, or is there no more.
_GONE = (
    aiosmtplib.SMTPConnectError,
    aiosmtplib.SMTPServerDisconnected,
    aiosmtplib.SMTPTimeoutError,
    OSError,
)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Seconds that a server may take for its last word, behind which nothing follows.
_GOODBYE = 1.0


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in; `security` is `none` only for a server on this machine."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    security: Literal["none", "starttls", "tls"] = "starttls"


class Attached(NamedTuple):
    """A file that a mail carries."""

    name: str
    content: bytes


Attaching = Callable[[RenderedMessage], Awaitable[Attached | None]]
"""Which file goes with a message; None where there is none, or where it cannot be had now."""


class MailChannel:
    """Sends an alert to the e-mail address that a person is enrolled with."""

    name = "email"
    after_crash: Literal["resend"] = "resend"

    def __init__(self, server: MailServer, timeout: float, workbook: Attaching | None = None) -> None:
        self.server = server
        self.timeout = timeout
        self._workbook = workbook

    def destination(self, person: Person) -> str | None:
        return mail_address(person.contact("email"))

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        with composing():
            message = _message(notice, self.server.sender, destination)
            attached = None if self._workbook is None else await self._workbook(notice)
            if attached is not None:
                maintype, _, subtype = XLSX.partition("/")
                message.add_attachment(
                    attached.content, maintype=maintype, subtype=subtype, filename=attached.name
                )
        client = self._client()
        try:
            try:
                async with asyncio.timeout(connect_time(self.timeout)):
                    await client.connect()
            except Exception as error:
                raise self._not_handed_in(error) from None
            try:
                _, answer = await client.send_message(message)
            except Exception as error:
                raise self._not_taken(error) from None
            await _leave(client)
        finally:
            client.close()
        return self._storable(answer)

    def _client(self) -> aiosmtplib.SMTP:
        server = self.server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            timeout=self.timeout,
        )

    def _not_handed_in(self, error: Exception) -> ChannelError:
        """What it means that the server did not let us in: nothing was sent, and somebody may mend it."""
        if tls_fault(error) is not None:
            return TemporaryError(reached_not(error))
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return self._refusal(error.code, f"{error.code} {error.message}", Reason.ADDRESS)
        if isinstance(error, _GONE):
            return TemporaryError(self._storable(str(error) or reached_not(error)))
        return RefusedError(self._storable(str(error)), Reason.ADDRESS)

    def _not_taken(self, error: Exception) -> ChannelError:
        """What it means that the server did not take the message."""
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            code = max(refused.code for refused in error.recipients)
            refusal = self._refusal(code, str(error), Reason.OTHER if _MENDED.search(str(error)) else None)
            return refusal if isinstance(refusal, RefusedError) else NotThisPersonError(refusal.answer)
        if isinstance(error, aiosmtplib.SMTPSenderRefused):
            reason = Reason.PERMISSION if error.code in _NOT_THIS_SENDER else None
            return self._refusal(error.code, f"{error.code} {error.message}", reason)
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return self._refusal(error.code, f"{error.code} {error.message}")
        if isinstance(error, _GONE):
            return NoAnswerError(self._storable(str(error)))
        return RefusedError(self._storable(str(error)))

    def _refusal(self, code: int, said: str, reason: Reason | None = None) -> RefusedError | TemporaryError:
        answer = self._storable(said)
        if code < _PERMANENT:
            return TemporaryError(answer)
        return RefusedError(answer, Reason.SIGNATURE if code in _NOT_ADMITTED else reason)

    def _storable(self, text: str) -> str:
        """What the server said, as it may be stored: servers repeat what they were given."""
        return presentable(text, [self.server.password])

    async def close(self) -> None:
        """Each message has a connection of its own."""


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Say goodbye to a server that has the message; one that does not answer that keeps nobody."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            await client.quit()


def _message(notice: RenderedMessage, sender: str, destination: str) -> EmailMessage:
    try:
        to = Address(addr_spec=destination)
    except Exception:  # on half an address the library's parser breaks off in half a dozen ways
        raise RefusedError("not an e-mail address") from None
    message = EmailMessage()
    message["From"] = sender_address(sender)
    message["To"] = to
    message["Subject"] = one_line(notice.words.subject)
    message["Message-ID"] = f"<{notice.id}@alerts.panke.invalid>"
    message["Date"] = format_datetime(datetime.now(UTC))
    # RFC 3834: no out-of-office answer to a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(lines(notice.words.text))
    return message
