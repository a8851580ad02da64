"""The door of a service as a deployment has it: by whose keys tokens are verified, and who the service is itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from shared.access.guard import AccessGuard, OfflineDoorkeeper
from shared.access.keys import FetchedKeys, FileKeys
from shared.access.limits import MINUTE, Bound, CallerLimit
from shared.access.machine import MachineTokens
from shared.access.table import permission_table
from shared.access.tokens import TokenVerifier
from shared.i18n import bilingual
from shared.platform.http.app import Door
from shared.platform.service import ServicePart, in_background
from shared.platform.settings import CommonSettings, SettingsError, variable

_ADDRESS: Final = ("http://", "https://")


class ServiceDoor:
    """What one service needs of access. Raises `SettingsError` where nobody says by whose keys tokens are verified.

    `seconds` is the time of day as tokens state it, `monotonic` a clock that never goes back.
    """

    def __init__(
        self,
        settings: CommonSettings,
        service: str,
        seconds: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        where = settings.tokens_from
        if not where:
            wanted = bilingual("is required: the address of access, or the path of a set of public keys")
            raise SettingsError(f"{variable('tokens_from')} {wanted}")
        self.access = where.rstrip("/") if where.startswith(_ADDRESS) else None
        self._keys = (
            FileKeys(Path(where), monotonic) if self.access is None else FetchedKeys(self.access, monotonic)
        )
        self._service = service
        self._limit = CallerLimit([Bound(settings.caller_requests, MINUTE)], monotonic)
        self._verifier = TokenVerifier(self._keys, settings.tokens_issuer, seconds)
        self.machine = MachineTokens(
            Path(settings.machine) if settings.machine else None, self.access, monotonic
        )

    def door(self) -> Door:
        """What stands before the application."""
        table = permission_table()
        before = partial(
            AccessGuard,
            service=self._service,
            table=table,
            doorkeeper=OfflineDoorkeeper(self._verifier, self._keys),
            limit=self._limit,
        )
        return Door(before, partial(table.closed, self._service))

    def parts(self) -> list[ServicePart]:
        """What runs beside the application: the keys are looked at again and again."""
        return [in_background("token keys", self._keys.run)]
