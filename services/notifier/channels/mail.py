"""Alerts by e-mail, over SMTP.

The Message-ID is made from the alert's id: an alert that is sent again after a lost answer is the same
message to every mail client that looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from services.notifier.alert import Notice, Person
from services.notifier.channels import NoAnswer, Refused, Temporary

# SMTP, RFC 5321 section 4.2.1: a code of 5xx is a permanent refusal, 4xx a temporary one.
_PERMANENT = 500


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in; `security` is `none` only for a server on this machine."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: str = ""
    security: Literal["none", "starttls", "tls"] = "starttls"


class MailChannel:
    """Sends an alert to the e-mail address that a person is enrolled with."""

    name = "email"
    after_crash: Literal["resend"] = "resend"

    def __init__(self, server: MailServer, timeout: float) -> None:
        self.server = server
        self.timeout = timeout

    def destination(self, person: Person) -> str | None:
        return person.contact("email")

    async def send(self, notice: Notice, destination: str) -> str:
        message = _message(notice, self.server.sender, destination)
        server = self.server
        try:
            _, answer = await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                username=server.username or None,
                password=server.password or None,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=self.timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(max(refused.code for refused in error.recipients), str(error)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code, f"{error.code} {error.message}") from error
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPConnectTimeoutError) as error:
            raise Temporary(str(error)) from error
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError) as error:
            raise NoAnswer(str(error)) from error
        except (aiosmtplib.SMTPException, ValueError) as error:
            raise Refused(str(error)) from error
        except OSError as error:
            raise NoAnswer(str(error)) from error
        return answer

    async def close(self) -> None:
        """Each message has a connection of its own."""


def _message(notice: Notice, sender: str, destination: str) -> EmailMessage:
    try:
        to = Address(addr_spec=destination)
    except ValueError as error:
        raise Refused("not an e-mail address") from error
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = notice.words.subject
    message["Message-ID"] = f"<{notice.id}@alerts.panke.invalid>"
    message["Date"] = format_datetime(datetime.now(UTC))
    # RFC 3834: no out-of-office answer to a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.words.text)
    return message


def _refusal(code: int, said: str) -> Refused | Temporary:
    return Refused(said) if code >= _PERMANENT else Temporary(said)
