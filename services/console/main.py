"""Composition root of the console: the one place that reads settings and takes clocks."""

from __future__ import annotations

import time
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from services.console.asking.services import ServiceClients
from services.console.door.browser_sessions import BrowserSessions
from services.console.door.door import ConsoleDoor, SessionCookie
from services.console.door.entering import Entrance, entrance_routes
from services.console.door.key_file import ConsoleKeyError, SessionSeal
from services.console.door.providers import ProviderEntrance, provider_routes
from services.console.frame.assets import PATH, WORKER, send_asset, send_worker
from services.console.frame.office_books import OfficeBooks
from services.console.frame.page import ConsoleParts
from services.console.frame.place_facts import SeenScopes
from services.console.frame.problem_pages import ProblemPages
from services.console.frame.refused import handle_refused
from services.console.live.stream import LiveScopes, live_routes
from services.console.pages.routes import page_routes
from services.console.settings import ConsoleSettings
from shared.access.guard import AccessGuard, OfflineDoorkeeper
from shared.access.keys import FetchedKeys
from shared.access.limits import MINUTE, Bound, CallerLimit
from shared.access.table import permission_table
from shared.access.tokens import TokenVerifier
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock, clock_problem, open_clock
from shared.platform.http.app import Door, create_app, serve
from shared.platform.place_names import place_names_of
from shared.platform.service import ServiceHost, ServicePart, in_background, run_service
from shared.platform.settings import SettingsError, variable
from shared.platform.telemetry.telemetry import new_registry, render_metrics

FORM: Final = "application/x-www-form-urlencoded"
MEDIA: Final = (FORM, "application/json")


class ConsoleService:
    """The parts of one process of the console."""

    def __init__(self, settings: ConsoleSettings, clock: BusinessClock) -> None:
        self.settings = settings
        self.clock = clock
        version = metadata.version("panke")
        access = _access(settings)
        self.clients = ServiceClients(
            {
                "access": access,
                "intake": settings.console_intake,
                "attribution": settings.console_attribution,
                "notifier": settings.console_notifier,
                "audit": settings.console_audit,
                "registers": settings.console_registers,
            },
            settings.console_wait,
        )
        self.keys = FetchedKeys(access, time.monotonic)
        seal, secure = _seal(settings), bool(settings.tls_cert) or settings.tls_proxy
        self.sessions = BrowserSessions(seal, self.clients, time.monotonic)
        self.cookie = SessionCookie(secure=secure)
        elsewhere = ProviderEntrance(self.sessions, self.cookie, seal, time.time, secure=secure)
        self.live = LiveScopes(settings.console_look)
        registry = new_registry("console", version)
        host = ServiceHost(self._parts())
        self.app = create_app(
            "Panke console 判客工作台",
            version,
            live=host.live,
            ready=host.ready,
            metrics=partial(render_metrics, registry),
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            media=MEDIA,
            pages=ProblemPages,
            door=Door(self._door, lambda _method, _path: False),
        )
        self.app.state.console = ConsoleParts(
            self.clients,
            SeenScopes(time.monotonic),
            clock.now,
            OfficeBooks(settings.rulebook_folder, settings.scheme_folder),
            place_names_of(settings.place_names),
        )
        handle_refused(self.app)
        self.app.add_api_route(
            PATH, send_asset, methods=["GET"], response_model=None, include_in_schema=False
        )
        self.app.add_api_route(
            WORKER, send_worker, methods=["GET"], response_model=None, include_in_schema=False
        )
        self.app.include_router(entrance_routes(Entrance(self.sessions, self.cookie)))
        self.app.include_router(provider_routes(elsewhere))
        self.app.include_router(live_routes(self.live, time.time))
        self.app.include_router(page_routes())

    def _door(self, app: ASGIApp) -> ASGIApp:
        """A browser's session, then the guard that stands before every service."""
        table = permission_table()
        verifier = TokenVerifier(self.keys, self.settings.tokens_issuer, time.time)
        guarded = AccessGuard(
            app,
            service="console",
            table=table,
            doorkeeper=OfflineDoorkeeper(verifier, self.keys),
            limit=CallerLimit([Bound(self.settings.caller_requests, MINUTE)], time.monotonic),
            doubt=partial(clock_problem, self.clock),
        )
        return ConsoleDoor(guarded, table, self.sessions, self.cookie)

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start."""
        return [
            ServicePart("clock", ready=partial(clock_problem, self.clock)),
            ServicePart("services", stop=self.clients.close),
            in_background("token keys", self.keys.run),
            ServicePart("live", stop=self.live.close),
        ]


def _access(settings: ConsoleSettings) -> str:
    where = settings.tokens_from
    if not where.startswith(("http://", "https://")):
        wanted = bilingual("is required: the address of access, at which people sign in")
        raise SettingsError(f"{variable('tokens_from')} {wanted}")
    return where.rstrip("/")


def _seal(settings: ConsoleSettings) -> SessionSeal:
    try:
        return SessionSeal.of(Path(settings.console_keys))
    except ConsoleKeyError as error:
        raise SettingsError(f"{variable('console_keys')}: {error}") from None


def create_service(settings: ConsoleSettings) -> ConsoleService:
    return ConsoleService(settings, open_clock(settings.clock, demonstration=settings.demonstration))


def run() -> None:
    """Serve until a signal."""
    run_service(
        "console",
        ConsoleSettings,
        lambda settings: serve(create_service(settings).app, settings, settings.trusted_proxies),
    )


if __name__ == "__main__":
    run()
