"""Where the brokers are and how they are spoken to: by a plain line on this machine, by TLS and SCRAM elsewhere."""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

Security = Literal["PLAINTEXT", "SSL", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-256", "SCRAM-SHA-512"]
SASL: Final = "SASL_SSL"
PLAIN: Final = "PLAINTEXT"


class Brokers(Struct, frozen=True):
    """Addresses, and what a client says and asks for when it comes; never shown with its password."""

    bootstrap: str
    security: Security = PLAIN
    ca: str = ""
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Brokers({self.bootstrap!r}, {self.security!r})"

    __str__ = __repr__

    def connection(self) -> dict[str, Any]:
        """What a client of Kafka is made with."""
        made: dict[str, Any] = {"bootstrap_servers": self.bootstrap}
        return made | ({} if self.security == PLAIN else self.secured())

    def secured(self) -> dict[str, Any]:
        """How each of its connections is opened."""
        made: dict[str, Any] = {"security_protocol": self.security, "ssl_context": self.tls()}
        if self.security == SASL:
            made |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return made

    def tls(self) -> ssl.SSLContext:
        """By the authority of `ca`, else by those of this machine; raises OSError for a file that holds none."""
        return _context(self.ca)


Bootstrap: TypeAlias = Brokers | str
"""An address alone is one that is spoken to plainly."""


def brokers_at(place: Bootstrap) -> Brokers:
    """As brokers, whichever of the two it is."""
    return Brokers(place) if isinstance(place, str) else place


@lru_cache
def _context(ca: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
