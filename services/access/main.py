"""Composition root of access: the one place that reads settings and takes the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from fastapi import FastAPI

from services.access.accounts.accounts import SQL, Accounts
from services.access.admin_http import SCHEMAS as ADMINISTRATION_SCHEMAS
from services.access.admin_http import AdministrationApi, add_administration
from services.access.http import SCHEMAS as ACCOUNT_SCHEMAS
from services.access.http import AccountApi, add_routes
from services.access.keys.keyring import KeyFileError, Keyring, make_keys
from services.access.model.metrics import AccessMetrics
from services.access.openid.client import OpenidClient
from services.access.openid.flow import PATH as OPENID
from services.access.openid.flow import OpenidSignIn
from services.access.openid.providers import ProviderFileError, read_providers
from services.access.openid_http import SCHEMAS as OPENID_SCHEMAS
from services.access.openid_http import OpenidApi, add_openid_routes
from services.access.record.record import PACKAGE as RECORD_PACKAGE
from services.access.record.record import RECORD_SCHEMA, AccessRecord
from services.access.record.refusals import RefusalLog
from services.access.sessions.sessions import Sessions, SessionTerms
from services.access.sessions.sign_in import SignIn
from services.access.settings import AccessSettings
from services.access.staff.processor import StaffProcessor
from shared.access.caller import Caller
from shared.access.guard import AccessGuard, OfflineDoorkeeper
from shared.access.limits import MINUTE, Bound, CallerLimit
from shared.access.table import permission_table
from shared.access.tokens import TokenVerifier
from shared.contract.topics import Topics
from shared.i18n import bilingual
from shared.platform.clock import MachineClock
from shared.platform.http.app import Door, create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.consumed_topic import ConsumedTopic
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings
from shared.platform.kafka.readiness import both_answer, broker_problem
from shared.platform.kafka.topic_watch import TopicWatch, Watched
from shared.platform.kafka.watermarks import Watermarks
from shared.platform.liveness import Progress
from shared.platform.postgres.database import Database, migrate
from shared.platform.service import (
    LivenessLimits,
    ServiceHost,
    ServicePart,
    as_step,
    closed,
    database_part,
    in_background,
    run_service,
)
from shared.platform.settings import SettingsError, variable
from shared.platform.telemetry.telemetry import new_registry, render_metrics
from shared.platform.threads import Threads

log: Final = structlog.get_logger()

SCHEMA: Final = "access"
PACKAGE: Final = "services.access"
BROKER_WAIT: Final = 5.0
# A hash takes 64 MB and a core for a moment: so many at once, and so many that wait for it.
HASHING: Final = 2
HASHES_WAITING: Final = 32
READERS: Final = 4
HOUR: Final = timedelta(hours=1)
FIGURES_EVERY: Final = 30.0


class AccessService:
    """The parts of one access process."""

    def __init__(self, settings: AccessSettings) -> None:
        self.settings = settings
        self.machine = MachineClock()
        self.metrics = AccessMetrics(new_registry("access", metadata.version("panke")))
        self.database = Database(
            settings.database_url, schema=SCHEMA, name="panke-access", max_size=HASHING + READERS + 3
        )
        self.keyring = Keyring(Path(settings.access_keys), self._seconds)
        self.record = AccessRecord(self.database, self.machine.now, self.metrics)
        self.refusals = RefusalLog(self.record, self.metrics)
        self.accounts = Accounts(self.database, self.record, self.machine.now)
        self.sessions = self._sessions()
        self.hashing = Threads("passwords", HASHING, HASHES_WAITING)
        self.threads = Threads("access", READERS, 256)
        self.staff = self._staff()
        host = ServiceHost(self._parts())
        self.app = create_app(
            "Panke access 判客登录",
            metadata.version("panke"),
            live=host.live,
            ready=host.ready,
            metrics=partial(render_metrics, self.metrics.registry),
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of(PACKAGE),
            schemas=ACCOUNT_SCHEMAS | ADMINISTRATION_SCHEMAS | OPENID_SCHEMAS,
            door=self._door(),
        )
        self._add_routes(self.app)

    def _seconds(self) -> float:
        return self.machine.now().timestamp()

    def _sessions(self) -> Sessions:
        settings = self.settings
        terms = SessionTerms(
            timedelta(hours=settings.access_session_hours),
            timedelta(hours=settings.access_idle_hours),
            frozenset(settings.access_second_factor_for),
        )
        return Sessions(
            self.database, self.accounts, self.record, self.keyring, self.metrics, terms, settings.access_issuer,
            self.machine.now,
        )  # fmt: skip

    def _staff(self) -> ConsumedTopic:
        """The topic of facts, of which those about staff are kept; it is waited for."""
        settings, topics = self.settings, Topics(self.settings.topic_prefix)
        watched = Watched(settings.brokers, topics.intake, None, BROKER_WAIT, settings.topic_poll)
        return ConsumedTopic(
            ConsumerSettings(
                settings.brokers, topics.intake, f"{settings.topic_prefix}panke-access", "panke-access"
            ),
            StaffProcessor(self.database, topics.intake, self.metrics),
            TopicWatch(watched, self.metrics.unfit.labels(topics.intake)),
            topics.intake_watermark,
            Watermarks(),
            ConsumerProgress(Progress(self.machine.monotonic), Progress(self.machine.monotonic)),
        )

    def _door(self) -> Door:
        """The own door: verifies by the file of keys, and asks whether the session still stands."""
        verifier = TokenVerifier(self.keyring, self.settings.access_issuer, self._seconds)

        async def standing(caller: Caller) -> str | None:
            return await self.threads.run(self.sessions.problem, caller)

        table = permission_table()
        before = partial(
            AccessGuard,
            service="access",
            table=table,
            doorkeeper=OfflineDoorkeeper(verifier, self.keyring),
            refused=self.refusals.refused,
            session=standing,
            limit=CallerLimit([Bound(self.settings.caller_requests, MINUTE)], time.monotonic),
        )
        return Door(before, partial(table.closed, "access"))

    def _add_routes(self, app: FastAPI) -> None:
        settings = self.settings
        sign_in = SignIn(
            self.database,
            self.accounts,
            self.sessions,
            self.record,
            self.keyring,
            self.metrics,
            self.machine.now,
        )
        account = AccountApi(sign_in, self.sessions, self.keyring, self.hashing, self.threads, self.refusals)
        add_routes(app, account)
        add_administration(app, AdministrationApi(self.accounts, self.record, self.threads))
        base = settings.access_public_url.rstrip("/")
        self.openid_clients = {
            name: OpenidClient(one, f"{base}{OPENID}/{name}/callback", self._seconds)
            for name, one in _providers(settings).items()
        }
        openid = OpenidSignIn(
            self.database, self.accounts, self.sessions, self.openid_clients, settings.access_return_to,
            self.machine.now,
        )  # fmt: skip
        back = next(iter(settings.access_return_to), None)
        add_openid_routes(app, OpenidApi(openid, self.threads, self.refusals, base, back))

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start; people sign in also while the broker is away."""
        settings, database = self.settings, self.database
        limits = LivenessLimits(
            settings.access_stuck_after,
            settings.access_exit_after,
            both_answer(database.ping, settings.brokers, BROKER_WAIT),
        )
        topic = Topics(settings.topic_prefix).intake
        return [
            database_part(database, partial(migrated, settings.database_url)),
            ServicePart("keys", as_step(self._open_keys), ready=self._keys_ready),
            closed("hashing", self.hashing.close),
            closed("threads", self.threads.close),
            ServicePart("broker", ready=partial(broker_problem, settings.brokers, BROKER_WAIT, topic)),
            in_background("refusals", self.refusals.run, after=self.refusals.flush),
            *self.staff.parts("consumer", limits, self._show_lag),
            in_background("figures", self._figures),
        ]

    def _show_lag(self, lag: Mapping[int, int]) -> None:
        self.metrics.show_lag(dict(lag))

    def _open_keys(self) -> None:
        """Made at the first start of all; a file that was lost later is none of these, and no other one is begun."""
        path = Path(self.settings.access_keys)
        with self.database.connection() as connection:
            known = {str(row[0]) for row in connection.execute(SQL["known_kids"]).fetchall()}
            try:
                if not known and make_keys(path, self._seconds()):
                    log.info("keys_made", path=str(path))
                kids = self.keyring.kids()
            except (KeyFileError, OSError) as error:
                raise SettingsError(f"{variable('access_keys')}: {error}") from None
            if known and not known & set(kids):
                raise SettingsError(
                    f"{variable('access_keys')}: {bilingual('this file has none of the keys that signed here')}"
                )
            for kid in kids:
                connection.execute(SQL["put_kid"], {"kid": kid, "now": self.machine.now()})

    def _keys_ready(self) -> str | None:
        try:
            self.keyring.signer()
        except KeyFileError as error:
            return str(error)
        return None

    async def _figures(self) -> None:
        """Who opens many, and what nobody can use any more; figures are no reason to fail."""
        swept = time.monotonic() - HOUR.total_seconds()
        while True:
            try:
                now = self.machine.now()
                since, most = now - HOUR, self.settings.access_many_openings
                many = await asyncio.to_thread(self.record.many_openings, since, most)
                self.metrics.many_openings.set(many)
                if time.monotonic() - swept >= HOUR.total_seconds():
                    await asyncio.to_thread(self._sweep)
                    swept = time.monotonic()
            except psycopg.Error as error:
                log.warning("figures_unknown", error=type(error).__name__)
            await asyncio.sleep(FIGURES_EVERY)

    def _sweep(self) -> None:
        with self.database.connection() as connection:
            connection.execute(SQL["sweep"], {"now": self.machine.now()})


def migrated(database_url: str) -> list[str]:
    """The own schema, and that of the record, which is kept apart."""
    own = migrate(database_url, PACKAGE, SCHEMA)
    return own + migrate(database_url, RECORD_PACKAGE, RECORD_SCHEMA)


def _providers(settings: AccessSettings) -> Mapping[str, Any]:
    try:
        return read_providers(settings.access_providers)
    except ProviderFileError as error:
        raise SettingsError(f"{variable('access_providers')}: {error}") from None


def create_service(settings: AccessSettings) -> AccessService:
    return AccessService(settings)


def run() -> None:
    """Serve until a signal."""
    run_service(
        "access",
        AccessSettings,
        lambda settings: serve(create_service(settings).app, settings, settings.trusted_proxies),
    )


if __name__ == "__main__":
    run()
