"""The door of a service as a deployment has it: by whose keys tokens are verified, who the service is itself, and how
what it shows comes on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from shared.access.guard import AccessGuard, OfflineDoorkeeper
from shared.access.keys import FetchedKeys, FileKeys
from shared.access.limits import MINUTE, Bound, CallerLimit
from shared.access.machine import MachineTokens
from shared.access.report_metrics import ReportMetrics
from shared.access.report_sending import ReportSender
from shared.access.reporting import Reporting
from shared.access.reports import KeptReports
from shared.access.table import permission_table
from shared.access.tokens import TokenVerifier
from shared.i18n import bilingual
from shared.platform.http.app import Door
from shared.platform.postgres.database import Database
from shared.platform.service import ServicePart, as_step, in_background
from shared.platform.settings import CommonSettings, SettingsError, variable

REPORTING: Final = 2
"""Connections: one that keeps reports, one that sends what waits."""
_ADDRESS: Final = ("http://", "https://")


class ServiceDoor:
    """What one service needs of access. Raises `SettingsError` where nobody says by whose keys tokens are verified.

    `service` is its name, and that of its schema; `seconds` is the time of day as tokens state it, `monotonic` a clock
    that never goes back.
    """

    def __init__(
        self,
        settings: CommonSettings,
        service: str,
        seconds: Callable[[], float],
        monotonic: Callable[[], float],
        registry: CollectorRegistry,
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
        # Connections of its own: whoever asks waits for the report, and must not wait behind who reads for long.
        self._database = Database(
            settings.database_url, schema=service, name=f"panke-{service}-reports", max_size=REPORTING
        )
        kept = KeptReports(self._database)
        metrics = ReportMetrics(registry, seconds)
        self.reporting = Reporting(kept, metrics, lambda: datetime.fromtimestamp(seconds(), UTC))
        self._sender = ReportSender(kept, self.reporting, self.machine, self.access)

    def door(self, doubt: Callable[[], str | None] = lambda: None) -> Door:
        """What stands before the application; `doubt` says why this machine's time is not believed."""
        table = permission_table()
        before = partial(
            AccessGuard,
            service=self._service,
            table=table,
            doorkeeper=OfflineDoorkeeper(self._verifier, self._keys),
            limit=self._limit,
            doubt=doubt,
            refused=self.reporting.refused,
            passed=self.reporting.passed,
        )
        return Door(before, partial(table.closed, self._service))

    def parts(self) -> list[ServicePart]:
        """What runs beside the application: the keys are looked at again and again, and reports are sent."""
        return [
            ServicePart("reports", as_step(self._database.open), as_step(self._database.close)),
            in_background("token keys", self._keys.run),
            in_background("refusals", self.reporting.run, after=self.reporting.close),
            in_background("reports sent", self._sender.run, after=self._sender.close),
        ]
