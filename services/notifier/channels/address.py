"""Where an outgoing call may go: an allow-list of hosts, resolved once, never into the inner network.

hazards.md#addresses-that-lead-inside: a webhook address is a way to make this service call something that its
author cannot reach. Only listed hosts are called; the name is resolved once and the call goes to that very
address, so that a second answer of the name server cannot lead elsewhere; private, link-local and other special
addresses are refused, loopback only unless the deployment says that it is for development.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from services.notifier.channels import RefusedError, TemporaryError
from services.notifier.channels.provider_verdict import Reason
from shared.i18n import bilingual

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(ValueError):
    """The address of a receiver cannot be called; the message says why."""


@dataclass(frozen=True)
class ReceiverAddress:
    """The address of a receiver, taken apart and checked as far as that needs no name server."""

    url: str
    scheme: str
    host: str
    port: int
    target: str


@dataclass(frozen=True)
class AddressPolicy:
    """Which hosts may be called; `allow_loopback` is for development and tests."""

    hosts: frozenset[str]
    allow_loopback: bool = False

    def check(self, url: str) -> ReceiverAddress:
        """The receiver of a URL, or AddressError; done when the service starts, so that a mistake shows
        then."""
        parts = _split(url)
        host = (parts.hostname or "").rstrip(".").lower()
        if host not in self.hosts:
            raise AddressError(
                bilingual("the host {host} is not in the list of allowed receivers", host=repr(host))
            )
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise AddressError(bilingual("an address of a receiver has no user, password or fragment"))
        if parts.scheme == "http" and not self.allow_loopback:
            raise AddressError(bilingual("a receiver is called by https; http is for development only"))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return ReceiverAddress(
            url, parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80), target
        )

    async def resolve(self, receiver: ReceiverAddress) -> str:
        """The one address to call. If any address of the name is inside, the name is not trusted at all."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(receiver.host, receiver.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise TemporaryError(f"the name {receiver.host} was not resolved: {error.strerror}") from error
        return str(self.choose([ipaddress.ip_address(entry[4][0]) for entry in found]))

    def choose(self, addresses: Sequence[_IP]) -> _IP:
        for address in addresses:
            if not self._may_call(address):
                reason = f"the receiver's name leads to {address}, which is not a public address"
                raise RefusedError(reason, Reason.ADDRESS)
        return addresses[0]

    def _may_call(self, address: _IP) -> bool:
        inner = getattr(address, "ipv4_mapped", None) or address
        if inner.is_loopback:
            return self.allow_loopback
        return inner.is_global and not inner.is_multicast and not _carries_ipv4(inner)


def _carries_ipv4(address: _IP) -> bool:
    """6to4, Teredo and NAT64 addresses lead to an IPv4 address that stands inside them."""
    if isinstance(address, ipaddress.IPv4Address):
        return False
    nat64 = address in ipaddress.ip_network("64:ff9b::/96")
    return address.sixtofour is not None or address.teredo is not None or nat64


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is none is found on asking
    except ValueError as error:
        raise AddressError(bilingual("not a URL: {error}", error=error)) from error
    if parts.scheme not in ("http", "https"):
        raise AddressError(
            bilingual("a receiver is called by http or https, not {scheme}", scheme=repr(parts.scheme))
        )
    return parts
