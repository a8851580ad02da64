"""A running access service for tests: served on loopback, on a database and a broker of the test's own."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from aiokafka import AIOKafkaProducer

from services.access.accounts.accounts import By, MadeAccount
from services.access.main import AccessService, create_service
from services.access.settings import AccessSettings
from shared.access.caller import GrantableRole, GrantedRole
from shared.contract.topics import Headers, encode_headers
from shared.platform.http.app import listen, server
from shared.platform.kafka.sender import ensure_topic
from shared.platform.postgres.database import connection_info
from tests.support.serving import At, until

PASSWORD = "four horses under a green bridge"
OTHER = "seven lamps beside an old harbour"


@dataclass
class Access:
    """The service, and a client of it that carries no token of its own."""

    service: AccessService
    client: httpx.AsyncClient
    dsn: str
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def post(
        self, path: str, body: Any = None, token: str | None = None, method: str = "POST"
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["content-type"] = "application/json"
        return await self.client.request(method, f"/v1/access/{path}", content=content, headers=headers)

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.get(f"/v1/access/{path}", params=query, headers=headers)

    def made(
        self, login: str, *staff: tuple[str, str], roles: Mapping[GrantableRole, str] | None = None
    ) -> MadeAccount:
        """An account of a person that waits to be set up."""
        made = self.service.accounts.make("person", login, staff, By(None))
        for role, scope in (roles or {}).items():
            self.service.accounts.grant(made.account, GrantedRole(role, (scope,)), By(None))
        return made

    async def person(
        self, login: str, *staff: tuple[str, str], roles: Mapping[GrantableRole, str] | None = None
    ) -> dict[str, Any]:
        """Somebody who has set up an account and is signed in."""
        made = self.made(login, *staff, roles=roles)
        answer = await self.post("set-up", {"code": made.set_up_code, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def sign_in(self, login: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        return await self.post("sign-in", {"login": login, "password": password, **more})

    def rows(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(connection_info(self.dsn, schema="access")) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def entries(self, *acts: str) -> list[dict[str, Any]]:
        """What is on the record, the oldest first."""
        found = self.rows("SELECT body FROM access_record.entries ORDER BY seq")
        told = [json.loads(bytes(row[0])) for row in found]
        return [one for one in told if not acts or one["act"] in acts]

    def forgive(self) -> None:
        """As if nobody had tried before."""
        with psycopg.connect(connection_info(self.dsn, schema="access")) as connection:
            connection.execute("DELETE FROM attempts")


def settings_of(dsn: str, kafka: str, prefix: str, folder: Path, **more: Any) -> AccessSettings:
    return AccessSettings(
        database_url=dsn, kafka=kafka, topic_prefix=prefix, access_port=0,
        access_keys=str(folder / "keys" / "access.json"), topic_poll=0.5, **more,
    )  # fmt: skip


@asynccontextmanager
async def serving(settings: AccessSettings) -> AsyncIterator[Access]:
    """The service, started, and stopped as it is by a signal: all its parts end."""
    service = create_service(settings)
    bound = listen(At())
    bound.listen()
    host, port = bound.getsockname()[:2]
    one = server(service.app)
    served = asyncio.create_task(one.serve(sockets=[bound]))
    await until(lambda: one.started or served.done())
    try:
        if served.done():
            served.result()
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=120) as client:
            yield Access(service, client, settings.database_url)
    finally:
        one.should_exit = True
        await served


class Facts:
    """Writes facts about staff to the topic of intake, as its relay does."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._seqs: dict[str, int] = {}

    async def __aenter__(self) -> Facts:
        await ensure_topic(self._bootstrap, self._topic, 3, 1, 20)
        make: Any = AIOKafkaProducer
        self._producer = make(bootstrap_servers=self._bootstrap)
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def enrolled(self, staff: str, role: str, scope: str = "east", office: str = "east-1") -> None:
        data = {"staff": staff, "name": "李娜", "role": role, "contacts": {"sms": "13800000001"}}
        await self.send(scope, office, "staff.enrolled", data)

    async def departed(self, staff: str, scope: str = "east", office: str = "east-1") -> None:
        await self.send(scope, office, "staff.departed", {"staff": staff})

    async def send(self, scope: str, office: str, kind: str, data: Any, seq: int | None = None) -> None:
        self._seqs[scope] = self._seqs.get(scope, 0) + 1
        envelope = {
            "id": str(uuid.uuid4()), "type": kind, "scope": scope, "office": office, "actor": "zhou",
            "occurred_at": "2026-03-01T02:00:00Z", "recorded_at": "2026-03-01T02:00:00Z", "data": data,
        }  # fmt: skip
        headers = encode_headers(Headers(seq=seq or self._seqs[scope]))
        body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
        await self._producer.send_and_wait(self._topic, body, key=scope.encode(), headers=headers)
