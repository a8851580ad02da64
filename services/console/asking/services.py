"""Calls to the services with the token of whoever is signed in; answers are read as the types of the contract.

Fields that a page does not show are not read, and a field that is missing is an error that names it: a console and a
service of other versions say so instead of showing half of something.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, TypeVar

import httpx
import msgspec
import structlog

from services.console.asking.refusals import GONE, ServiceRefusedError, refusal
from shared.i18n import bilingual

T = TypeVar("T")
log: Final = structlog.get_logger()

ServiceName: TypeAlias = Literal["access", "intake", "attribution", "notifier", "audit", "registers"]
Query: TypeAlias = Mapping[str, str | int | bool | None]

CONNECTIONS: Final = 64
FILE_WAIT: Final = 180.0
"""How many seconds a service may take over a file before it begins: a pack of evidence is made while one waits."""


class ServiceClients:
    """A pool of connections to each service; opened with the console and closed with it."""

    def __init__(self, addresses: Mapping[ServiceName, str], wait: float) -> None:
        trust = ssl.create_default_context()
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._of = {
            name: httpx.AsyncClient(
                base_url=address, timeout=wait, trust_env=False, verify=trust, limits=limits
            )
            for name, address in addresses.items()
        }

    def client(self, service: ServiceName) -> httpx.AsyncClient:
        return self._of[service]

    async def close(self) -> None:
        for one in self._of.values():
            await one.aclose()

    def asked_by(self, token: str | None, address: str | None) -> ServicesAsPerson:
        """Calls in somebody's name; `address` is where their browser is, for whoever counts and records that."""
        return ServicesAsPerson(self, token, address)


class ServicesAsPerson:
    """The services as one person may ask them."""

    def __init__(self, clients: ServiceClients, token: str | None, address: str | None) -> None:
        self._clients = clients
        self._headers: dict[str, str] = {}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        if address is not None:
            self._headers["X-Forwarded-For"] = address

    async def get(
        self, service: ServiceName, path: str, kind: type[T], /, **query: str | int | bool | None
    ) -> T:
        """The answer to a question as a type. Raises `ServiceRefusedError`."""
        answer = await self.call(service, "GET", path, query=query)
        return _read(service, path, answer, kind)

    async def post(
        self, service: ServiceName, path: str, body: object, kind: type[T], **query: str | int | bool | None
    ) -> T:
        """The answer to a body as a type. Raises `ServiceRefusedError`."""
        answer = await self.call(service, "POST", path, query=query, body=body)
        return _read(service, path, answer, kind)

    async def call(
        self,
        service: ServiceName,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
    ) -> httpx.Response:
        """An answer as it came, where it is no refusal. Raises `ServiceRefusedError`."""
        headers, content = dict(self._headers), None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        asked = self._clients.client(service).build_request(
            method, path, params=_given(query or {}), content=content, headers=headers
        )
        return await self._sent(service, asked)

    async def opened(
        self, service: ServiceName, path: str, **query: str | int | bool | None
    ) -> httpx.Response:
        """An answer whose body is yet to come, for files; whoever has it reads and closes it.

        Raises `ServiceRefusedError`.
        """
        client = self._clients.client(service)
        wait = httpx.Timeout(client.timeout.connect, read=FILE_WAIT)
        asked = client.build_request("GET", path, params=_given(query), headers=self._headers, timeout=wait)
        return await self._sent(service, asked, stream=True)

    async def _sent(
        self, service: ServiceName, asked: httpx.Request, *, stream: bool = False
    ) -> httpx.Response:
        try:
            answer = await self._clients.client(service).send(asked, stream=stream)
            if not answer.is_success:
                await answer.aread()
        except httpx.HTTPError as error:
            log.warning("service_unreached", service=service, path=asked.url.path, error=type(error).__name__)
            away = bilingual("{service} does not answer; come again in a moment", service=service)
            raise ServiceRefusedError(service, GONE, away) from None
        if not answer.is_success:
            raise refusal(service, answer)
        return answer


def _given(query: Query) -> dict[str, str]:
    """What is asked for; what is None is not asked."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def _read(service: ServiceName, path: str, answer: httpx.Response, kind: type[T]) -> T:
    if kind is type(None):
        return None
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        log.error("answer_unread", service=service, path=path, error=str(error))
        told = bilingual("{service} answers in a way that this console does not know", service=service)
        raise ServiceRefusedError(service, 502, told) from None
