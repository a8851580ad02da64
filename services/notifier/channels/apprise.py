"""Everything else, by Apprise (the optional extra `apprise`): some hundred services behind one form of address.

hazards.md#a-refusal-inside-http-200: Apprise looks at the HTTP status alone and tells no more than yes or no, so a
service that puts its refusal into HTTP 200 loses alerts in silence; and what a no means, it does not say.
Therefore the services that have a sender of their own here are refused, and a yes is stored as what it is; a no may be
one of several addresses, or an answer that did not come, so that nobody knows whether the alert arrived.
Apprise makes its own connections: the list of allowed hosts does not bind it, its addresses are an operator's.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import apprise

from services.notifier.channels import NoAnswerError, composing
from services.notifier.channels.robot import masked, text_of, title_of
from services.notifier.model.alert import Person, RenderedMessage
from shared.i18n import bilingual
from shared.platform.text.plain import one_line

# Those that have a sender here, and those that would go around the list of allowed hosts with any address.
_REFUSED = ("dingtalk", "wecombot", "feishu", "lark", "json", "jsons", "xml", "xmls", "form", "forms")
_REFUSED_ALSO = ("mailto", "mailtos", "syslog", "dbus", "windows", "macosx", "gnome", "glib", "qt", "file")

# What is markup, a link or a mention in one service or another.
_INERT = str.maketrans("<>[]*_`#@&\\", "＜＞［］＊＿｀＃＠＆＼")


class AppriseAddressError(ValueError):
    """An address that Apprise cannot call, or that it must not; it is not repeated, since it holds secrets."""


class AppriseChannel:
    """Sends each alert to every address that was given."""

    name = "apprise"
    after_crash: Literal["resend"] = "resend"

    def __init__(self, addresses: Sequence[str], *, timeout: float) -> None:
        self.timeout = timeout
        # Its log lines name addresses and bodies.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._apprise = apprise.Apprise()
        for number, address in enumerate(addresses, 1):
            scheme = address.partition("://")[0].lower()
            if scheme in _REFUSED or scheme in _REFUSED_ALSO:
                raise AppriseAddressError(
                    bilingual(
                        "address {number}: {scheme} is not for Apprise here", number=number, scheme=scheme
                    )
                )
            if not self._apprise.add(address):
                raise AppriseAddressError(
                    bilingual("address {number} is none that Apprise knows", number=number)
                )
        for server in self._apprise:
            # Its own four seconds are shorter than a slow service takes.
            server.socket_connect_timeout = server.socket_read_timeout = timeout

    def destination(self, person: Person) -> str | None:
        """A shared place, in which the person is named."""
        return f"apprise:{person.staff}"

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        with composing():
            title, body = _written(notice)
        if await self._apprise.async_notify(body=body, title=title):
            return "by HTTP status only: accepted"
        raise NoAnswerError("Apprise says no, and no more than that: it may have arrived")

    def fits(self, notice: RenderedMessage, destination: str) -> bool:
        """Whether every service takes the whole text, as far as Apprise knows their limits."""
        _, body = _written(notice)
        limits = (server.body_maxlen for server in self._apprise)
        return all(limit <= 0 or len(body) <= limit for limit in limits)

    async def close(self) -> None:
        """Each call has connections of its own."""


def _written(notice: RenderedMessage) -> tuple[str, str]:
    """Title and body: some services read Markdown or HTML, and which, nobody says here."""
    who = masked(one_line(notice.to.name or notice.to.staff), notice)
    return title_of(notice).translate(_INERT), f"{who}\n{text_of(notice)}".translate(_INERT)
