"""What a deployment may set of access; read by the composition root alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shared.access.caller import GrantableRole
from shared.contract.events import Role
from shared.platform.settings import CommonSettings, Count, Port, Seconds


class AccessSettings(CommonSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    access_port: Port = 8005
    # The file of keys, outside the database; made at the first start of all.
    access_keys: Annotated[str, Meta(min_length=1)]
    # What tokens name as their issuer; the other services take no other.
    access_issuer: Annotated[str, Meta(min_length=1)] = "panke"
    # Providers of OpenID Connect, and where this service is reached from outside.
    access_providers: str = ""
    access_public_url: str = "http://127.0.0.1:8005"
    access_return_to: tuple[str, ...] = ()
    access_session_hours: Seconds = 168.0
    access_idle_hours: Seconds = 12.0
    # Who signs in with a password and holds one of these roles has it only with an authenticator.
    access_second_factor_for: tuple[Role | GrantableRole, ...] = ()
    # Customers whom somebody may open within an hour before it is told as many; those on pages of lists count too.
    access_many_openings: Count = 500
    access_stuck_after: Seconds = 30.0
    access_exit_after: Seconds = 90.0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.access_port
