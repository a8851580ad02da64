"""What a service shows, refuses and lets be done comes on the record of access, also while access is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.service import ServiceProcess
from services.access.accounts.accounts import By, MadeAccount
from services.access.main import AccessService, create_service, migrated
from services.intake import cli
from services.intake.main import IntakeService
from services.intake.settings import IntakeSettings
from shared.access.caller import GrantableRole, GrantedRole, StaffRole
from shared.platform.clock import SystemClock
from shared.platform.postgres.database import connection_info
from tests.support import parts
from tests.support.access import PASSWORD, settings_of
from tests.support.answering import answering
from tests.support.contract import JSON_BODY
from tests.support.intake import raw, taking, visit
from tests.support.patience import PATIENCE
from tests.support.serving import until
from tests.support.tokens import admission

pytestmark = pytest.mark.anyio


@dataclass
class Deployment:
    """Access as a process that can be killed, and what its accounts are set up with."""

    database: str
    kafka: str
    prefix: str
    folder: Path
    process: ServiceProcess
    auditor: MadeAccount
    registry: MadeAccount

    @property
    def address(self) -> str:
        return self.process.address

    def intake(self, **changes: Any) -> IntakeSettings:
        given = {"tokens_from": self.address, "machine": str(self.folder / "machine.json"), **changes}
        return IntakeSettings(
            intake_journal_in_clear=True,
            database_url=self.database,
            kafka=self.kafka,
            topic_prefix=self.prefix,
            partitions=1,
            **given,
        )

    def entries(self, *acts: str) -> list[dict[str, Any]]:
        """What is on the record, the oldest first."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT body FROM access_record.entries ORDER BY seq").fetchall()
        told = [json.loads(bytes(body)) for (body,) in rows]
        return [one for one in told if one["act"] in acts]

    def waiting(self) -> int:
        return waiting(self.database)


def waiting(database: str) -> int:
    with psycopg.connect(connection_info(database, schema="intake")) as connection:
        row = connection.execute("SELECT count(*) FROM access_reports").fetchone()
    assert row is not None
    return int(row[0])


def made(service: AccessService, kind: Any, login: str, role: GrantableRole) -> MadeAccount:
    account = service.accounts.make(kind, login, (), By(None))
    service.accounts.grant(account.account, GrantedRole(role, ("*",)), By(None))
    return account


@pytest.fixture(scope="module")
def deployment(
    postgres_dsn: str, kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("access")
    with parts.fresh_database(postgres_dsn) as database:
        prefix = parts.fresh_prefix()
        settings = settings_of(database, kafka, prefix, folder)
        migrated(database)
        service = create_service(settings)
        service.database.open()
        auditor = made(service, "person", "auditor", "group_auditor")
        registry = made(service, "machine", "registry", "registry")
        own = made(service, "machine", "services", "service")
        service.database.close()
        secret = {"client_id": own.login, "client_secret": own.secret}
        (folder / "machine.json").write_text(json.dumps(secret))
        environment = {
            "PATH": "/usr/bin:/bin", "PANKE_DATABASE_URL": database, "PANKE_KAFKA": kafka,
            "PANKE_TOPIC_PREFIX": prefix, "PANKE_ACCESS_KEYS": settings.access_keys,
        }  # fmt: skip
        process = ServiceProcess("access", folder / "process", free_port(), environment)
        process.launch()
        yield Deployment(database, kafka, prefix, folder, process, auditor, registry)
        process.stop()


@dataclass
class Running:
    """Intake, and who asks it."""

    client: httpx.AsyncClient
    service: IntakeService
    auditor: dict[str, str]
    registry: dict[str, str]

    async def recorded(self) -> str:
        event = visit()
        answer = await self.client.post("/v1/events", content=raw(event), headers=self.registry)
        assert answer.status_code == 202, answer.text
        return str(event["id"])

    async def read(self, id: str) -> httpx.Response:
        return await self.client.get(f"/v1/events/{id}", headers=self.auditor)


@pytest.fixture(scope="module")
async def running(deployment: Deployment) -> AsyncIterator[Running]:
    async with httpx.AsyncClient(base_url=f"{deployment.address}/v1/access", headers=JSON_BODY) as access:
        await answers(deployment)
        code = {"code": deployment.auditor.set_up_code, "password": PASSWORD}
        auditor = await token(access, "set-up", code)
        given = {"client_id": deployment.registry.login, "client_secret": deployment.registry.secret}
        registry = await token(access, "machine-token", given)
    service = IntakeService(deployment.intake(), SystemClock())
    async with answering(service) as client:
        client.auth = None
        await taking(service)
        yield Running(client, service, auditor, registry)


async def answers(deployment: Deployment) -> None:
    """Until access answers."""
    async with httpx.AsyncClient() as client, asyncio.timeout(PATIENCE):
        while True:
            try:
                await client.get(f"{deployment.address}/.well-known/jwks.json")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def token(access: httpx.AsyncClient, path: str, given: Any) -> dict[str, str]:
    answer = await access.post(path, content=json.dumps(given))
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_every_opening_is_on_the_record_once_however_access_is_killed(
    deployment: Deployment, running: Running
) -> None:
    """Answered while access is up, killed, away and started again; each stands there once, and nothing waits."""
    id = await running.recorded()
    before = len(deployment.entries("opened"))

    async def some() -> None:
        for _ in range(10):
            assert (await running.read(id)).status_code == 200

    await some()
    await until(lambda: len(deployment.entries("opened")) > before)
    await asyncio.gather(some(), asyncio.to_thread(deployment.process.kill))
    await some()
    deployment.process.launch()
    await some()
    await until(lambda: len(deployment.entries("opened")) == before + 40 and deployment.waiting() == 0)
    told = deployment.entries("opened")[before:]
    assert len({one["id"] for one in told}) == 40
    assert {(one["login"], one["action"], one["role"], one["scope"], one["service"]) for one in told} == {
        ("auditor", "event.read", "group_auditor", "demo", "services")
    }
    assert all(one["session"] and one["address"] and one["at"] for one in told)


async def test_refusals_of_a_service_are_on_the_record(deployment: Deployment, running: Running) -> None:
    """401 is by nobody; 403 and an address that is not there name who was refused."""
    before = len(deployment.entries("refused"))
    asked = "/v1/journal/demo/set-asides"
    assert (await running.client.get(asked)).status_code == 401
    given = {"id": "018f3c5e-0000-7000-8000-000000000001", "reason": "x", "by": "auditor"}
    refused = await running.client.post(asked, content=raw(given), headers=running.auditor)
    assert refused.status_code == 403, refused.text
    assert (await running.client.get("/v1/nowhere", headers=running.auditor)).status_code == 404
    await until(lambda: len(deployment.entries("refused")) == before + 3)
    told = deployment.entries("refused")[before:]
    assert [(one["status"], one.get("login"), one.get("action"), one.get("scope")) for one in told] == [
        (401, None, "journal.list_set_asides", "demo"),
        (403, "auditor", "journal.set_aside", "demo"),
        (404, "auditor", None, None),
    ]


async def test_what_was_entered_for_others_is_on_the_record(deployment: Deployment, running: Running) -> None:
    """Whoever enters a ruling that somebody else signed stands there with the role; a repetition once."""
    event = visit(
        type="dispute.ruled", actor="registry",
        data={"dispute": "d-1", "ruled_by": "chen", "reason": "x"},
    )  # fmt: skip
    before = len(deployment.entries("privileged"))
    answer = await running.client.post("/v1/events", content=raw(event), headers=running.registry)
    again = await running.client.post("/v1/events", content=raw(event), headers=running.registry)
    assert (answer.status_code, again.status_code) == (202, 200), answer.text
    await until(lambda: len(deployment.entries("privileged")) > before)
    (told,) = deployment.entries("privileged")[before:]
    assert (told["login"], told["action"], told["role"]) == ("registry", "event.decide", "registry")
    assert (told["scope"], event["id"] in told["detail"]) == ("demo", True)


async def test_an_export_in_clear_is_on_the_record_and_a_sealed_one_is_not(
    deployment: Deployment, running: Running
) -> None:
    """The command has no caller: it stands there by the login of the machine, before its first line is written."""
    await running.recorded()
    before = len(deployment.entries("exported"))
    for given in (["--sealed"], []):
        arguments = ["export", "demo", *given, "--database-url", deployment.database]
        done = await asyncio.to_thread(CliRunner().invoke, cli.journal, arguments)
        assert done.exit_code == 0, done.output
    await until(lambda: len(deployment.entries("exported")) > before)
    (told,) = deployment.entries("exported")[before:]
    assert (told["scope"], told["detail"]) == ("demo", "panke journal export")
    assert told["login"] and "account" not in told


async def test_without_an_access_service_reports_stay_and_the_figures_say_so(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """They are evidence: kept in the database of the service, and never dropped."""
    given = admission().settings()
    settings = IntakeSettings(
        intake_journal_in_clear=True,
        database_url=database,
        kafka=kafka,
        topic_prefix=topic_prefix,
        partitions=1,
        **given,
    )
    service = IntakeService(settings, SystemClock())
    who = admission().bearer(StaffRole("demo", "demo-office", "manager", "reception"))
    async with answering(service, who) as client:
        await taking(service)
        event = visit()
        assert (await client.post("/v1/events", content=raw(event))).status_code == 202
        assert (await client.get(f"/v1/events/{event['id']}")).status_code == 200
        assert waiting(database) == 1

        async def shown() -> bool:
            text = (await client.get("/metrics")).text
            figures = {
                sample.name: sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
            return (
                figures["panke_access_reports_waiting"] == 1 and "panke_access_reports_age_seconds" in figures
            )

        async with asyncio.timeout(PATIENCE):
            while not await shown():  # noqa: ASYNC110 - what is polled sets no event
                await asyncio.sleep(0.05)
